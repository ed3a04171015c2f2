"""When a delivery is due, and how much of what waits goes into it. Pure.

The buffer holds no records: the log of the source does. It knows how many bytes wait in which ranges, and since when.
A clock that jumps back starts the wait anew, so that no record waits longer than the interval on the clock as it is
now. Sizes are of data alone, before any transformation, as the service measures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from kit.delivery.configuration import Buffering
from kit.delivery.limits import MIB
from kit.delivery.progress import Range
from kit.delivery.records import compute


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one shard from index `first` on: their sizes in bytes and arrivals in ms, as Arrow arrays."""

    shard: int
    first: int
    sizes: Any
    arrivals_ms: Any


class Buffer:
    """What waits of one delivery stream, up to the size at which it is delivered."""

    def __init__(self) -> None:
        self.bytes = 0
        self.records = 0
        self.is_full = False
        self.oldest_ms: int | None = None
        self._opened_ms = 0
        self._ranges: dict[int, Range] = {}

    @property
    def ranges(self) -> tuple[Range, ...]:
        return tuple(self._ranges[shard] for shard in sorted(self._ranges))

    def next_index(self, shard: int, otherwise: int) -> int:
        """Where the part of the shard ends that is in the buffer."""
        held = self._ranges.get(shard)
        return otherwise if held is None else held.end

    def add(self, batch: Batch, buffering: Buffering, now_ms: int) -> None:
        """Take of a batch what fits; the record that reaches the size is the last one."""
        count = len(batch.sizes)
        if self.is_full or not count:
            return
        limit_bytes = buffering.size_mb * MIB
        size_bytes = int(compute.sum(batch.sizes).as_py())
        if self.bytes + size_bytes >= limit_bytes:
            sums = list(accumulate(batch.sizes.to_pylist(), initial=self.bytes))
            count = bisect_left(sums, limit_bytes, 1)
            size_bytes = sums[count] - self.bytes
            self.is_full = True
        oldest_ms = int(batch.arrivals_ms[0].as_py())
        if self.oldest_ms is None:
            self.oldest_ms, self._opened_ms = oldest_ms, min(oldest_ms, now_ms)
        self.oldest_ms = min(self.oldest_ms, oldest_ms)
        self._opened_ms = min(self._opened_ms, oldest_ms)
        self.bytes += size_bytes
        self.records += count
        begin = self._ranges.get(batch.shard, Range(batch.shard, batch.first, batch.first)).begin
        self._ranges[batch.shard] = Range(batch.shard, begin, batch.first + count)

    def is_due(self, buffering: Buffering, now_ms: int) -> bool:
        """Whether to deliver now."""
        if not self.records:
            return False
        if now_ms < self._opened_ms:
            self._opened_ms = now_ms
        return self.is_full or now_ms - self._opened_ms >= buffering.interval_s * 1000

    def waited_ms(self, now_ms: int) -> int:
        """How long the oldest record waits; no less than nothing."""
        return 0 if self.oldest_ms is None else max(now_ms - self.oldest_ms, 0)


def chunks(sizes: Sequence[int], limit_bytes: float, limit_records: int) -> Iterator[tuple[int, int]]:
    """Cut into runs (begin, end) of at most so many bytes and records; one record at least."""
    begin = size = 0
    for place, each in enumerate(sizes):
        if place > begin and (size + each > limit_bytes or place - begin >= limit_records):
            yield begin, place
            begin, size = place, 0
        size += each
    if begin < len(sizes):
        yield begin, len(sizes)
