"""How shards are split and merged, decided on values: the shards that close and the shards that are made.

A child is younger than its parents by its second of creation, whatever the clock says, so a partition key's sequence
numbers go on increasing across resharding.

Source: Amazon Kinesis Data Streams API Reference, SplitShard, MergeShards, UpdateShardCount, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kit.streams import hashing
from kit.streams.errors import InvalidArgumentException, LimitExceededException
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ACCOUNT

SCALINGS_PER_DAY = 10


@dataclass(frozen=True, slots=True)
class Resharding:
    """`closed` were open before; of `made`, those that were only a step on the way are closed already."""

    closed: tuple[ShardState, ...]
    made: tuple[ShardState, ...]

    @property
    def shards(self) -> tuple[ShardState, ...]:
        return self.closed + self.made


def split(stream: StreamState, shard: ShardState, key: int, now_ms: int) -> Resharding:
    """Two shards in place of one; `key` is where the second begins."""
    _require_open(stream, shard)
    if not shard.low < key <= shard.high:
        raise InvalidArgumentException(
            f"NewStartingHashKey {key} used in SplitShard() on shard {shard.shard_id} in stream {stream.name} under "
            f"account {ACCOUNT} is not both greater than one plus the shard's StartingHashKey {shard.low} and less "
            f"than the shard's EndingHashKey {shard.high}.",
            f"Choose a key in the middle: {(shard.low + shard.high + 1) // 2}.",
        )
    change = _Change(stream, now_ms)
    change.split(shard, key)
    return change.done()


def merge(stream: StreamState, shard: ShardState, adjacent: ShardState, now_ms: int) -> Resharding:
    """One shard in place of two whose ranges touch."""
    _require_open(stream, shard)
    _require_open(stream, adjacent)
    low, high = sorted((shard, adjacent), key=lambda each: each.low)
    if low.high + 1 != high.low:
        raise InvalidArgumentException(
            f"Shards {shard.shard_id} and {adjacent.shard_id} in stream {stream.name} under account {ACCOUNT} are not "
            "an adjacent pair of shards eligible for merging."
        )
    change = _Change(stream, now_ms)
    change.merge(shard, adjacent)
    return change.done()


def scale(stream: StreamState, target: int, now_ms: int) -> Resharding:
    """As many shards as `target`, of even ranges, by splits and merges as UNIFORM_SCALING does them."""
    count = len(stream.open_shards)
    if target > 2 * count or target < (count + 1) // 2:
        raise LimitExceededException(
            f"UpdateShardCount cannot scale {'up over double' if target > count else 'down below half'} your current "
            f"open shard count. Current open shard count: {count}. Target shard count: {target}.",
            "Scale in several steps.",
        )
    change = _Change(stream, now_ms)
    ranges = hashing.even_ranges(target)
    for start, _ in ranges[1:]:
        holding = change.holding(start)
        if holding.low != start:
            change.split(holding, start)
    for low, high in ranges:
        while (first := change.holding(low)).high != high:
            change.merge(first, change.holding(first.high + 1))
    return change.done()


class _Change:
    """The shards while they are split and merged."""

    def __init__(self, stream: StreamState, now_ms: int) -> None:
        self._open = {shard.index: shard for shard in stream.open_shards}
        self._before = frozenset(self._open)
        self._finished: list[ShardState] = []
        self._next_index = stream.next_shard_index
        self._now_ms = now_ms

    def split(self, shard: ShardState, key: int) -> None:
        self._close(shard)
        self._make(shard.low, key - 1, (shard,))
        self._make(key, shard.high, (shard,))

    def merge(self, shard: ShardState, adjacent: ShardState) -> None:
        self._close(shard)
        self._close(adjacent)
        self._make(min(shard.low, adjacent.low), max(shard.high, adjacent.high), (shard, adjacent))

    def holding(self, key: int) -> ShardState:
        return next(shard for shard in self._open.values() if shard.low <= key <= shard.high)

    def done(self) -> Resharding:
        everything = sorted([*self._finished, *self._open.values()], key=lambda shard: shard.index)
        return Resharding(
            tuple(shard for shard in everything if shard.index in self._before and not shard.is_open),
            tuple(shard for shard in everything if shard.index not in self._before),
        )

    def _close(self, shard: ShardState) -> None:
        closed_ms = max(self._now_ms, shard.created_s * 1000)
        self._finished.append(replace(self._open.pop(shard.index), closed_ms=closed_ms))

    def _make(self, low: int, high: int, parents: Iterable[ShardState]) -> None:
        parents = tuple(parents)
        created_s = max(self._now_ms // 1000, *(parent.created_s + 1 for parent in parents))
        adjacent = parents[1].index if len(parents) > 1 else None
        self._open[self._next_index] = ShardState(self._next_index, low, high, created_s, parents[0].index, adjacent)
        self._next_index += 1


def _require_open(stream: StreamState, shard: ShardState) -> None:
    if not shard.is_open:
        raise InvalidArgumentException(
            f"Shard {shard.shard_id} in stream {stream.name} under account {ACCOUNT} has already been merged or split, "
            "and thus is not eligible for merging or splitting."
        )
