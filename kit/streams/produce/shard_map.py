"""Which open shard takes which hash key: the producer's picture of a stream, as of its last look.

Pure values. The picture may be stale: whoever uses it must compare what it predicts with where a record landed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HashRange:
    """Both ends belong to the range."""

    first: int
    last: int

    def __contains__(self, hash_key: int) -> bool:
        return self.first <= hash_key <= self.last


@dataclass(frozen=True, slots=True)
class ShardMap:
    """`starts` are the first hash keys of the open shards, ascending; `shards` their ids, in the same order.

    `ranges` holds every shard that the stream still lists, closed ones too.
    """

    starts: tuple[int, ...]
    shards: tuple[str, ...]
    ranges: Mapping[str, HashRange]

    @classmethod
    def of_listing(cls, listing: Iterable[Mapping[str, Any]]) -> ShardMap:
        """The map of the `Shards` that ListShards answers."""
        ranges: dict[str, HashRange] = {}
        opened: list[tuple[int, str]] = []
        for shard in listing:
            bounds = shard["HashKeyRange"]
            held = HashRange(int(bounds["StartingHashKey"]), int(bounds["EndingHashKey"]))
            ranges[shard["ShardId"]] = held
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]:
                opened.append((held.first, shard["ShardId"]))
        opened.sort()
        return cls(tuple(first for first, _ in opened), tuple(shard for _, shard in opened), ranges)

    def shard_of(self, hash_key: int) -> str:
        """The open shard whose range holds `hash_key`."""
        return self.shards[bisect_right(self.starts, hash_key) - 1]

    def holds(self, shard: str, hash_key: int) -> bool:
        """Whether `shard`, open or closed, takes or took `hash_key`; a shard that is not listed takes nothing."""
        held = self.ranges.get(shard)
        return held is not None and hash_key in held
