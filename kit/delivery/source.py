"""Reading a stream as a delivery does: from positions on, by index, past the limits of its shards.

Needs no iterator and no lease: who delivers is decided elsewhere. Records that a producer has aggregated come apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from kit.base.clock import Clock, now_ms
from kit.delivery.progress import Position, Range
from kit.delivery.records import SCHEMA, compute
from kit.streams import Streams
from kit.streams.aggregate import disaggregate, looks_aggregated
from kit.streams.model import StreamState
from kit.streams.sequence import FIRST_INDEX

_MAGIC = b"\xf3\x89\x9a\xc2"


@dataclass(frozen=True, slots=True)
class Held:
    """What a shard holds: `first` is the oldest index that has not expired, `end` what the next record will get."""

    shard: int
    first: int
    end: int


class Source:
    """The stream `name`, as it is now: it may be deleted and made anew."""

    def __init__(self, streams: Streams, name: str, clock: Clock) -> None:
        self._streams = streams
        self.name = name
        self._clock = clock

    def incarnation(self) -> str:
        """Which stream of that name it is. Raises `ResourceNotFoundException`."""
        return self._state().stream_id

    def held(self) -> list[Held]:
        """What can be read, shard by shard; parents before their children. Raises `ResourceNotFoundException`."""
        stream, now = self._state(), now_ms(self._clock)
        found: list[Held] = []
        for shard in stream.shards:
            live = self._streams.live(stream, shard)
            end = live.end_index()
            found.append(Held(shard.index, min(live.first_index(stream, now), end), end))
        return found

    def tips(self) -> Position:
        """Behind the last record of each shard."""
        return Position(self.incarnation(), {held.shard: held.end for held in self.held()})

    def sizes(self, part: Range) -> Iterator[tuple[int, Any, Any]]:
        """Per batch the first index, and as arrays the bytes of the records' data and their arrivals in ms."""
        for first, rows in self._batches(part):
            yield first, compute.binary_length(rows.column("data")), rows.column("arrival_time").cast(pa.int64())

    def read(self, ranges: Sequence[Range]) -> tuple[pa.Table, int]:
        """The records of the ranges as `records.SCHEMA` has them, and how many of them have expired meanwhile."""
        batches: list[pa.RecordBatch] = []
        expired = sum(part.end - part.begin for part in ranges)
        for part in ranges:
            for first, rows in self._batches(part):
                count = rows.num_rows
                expired -= count
                columns = [
                    rows.column("data"),
                    rows.column("partition_key"),
                    rows.column("arrival_time").cast(pa.int64()),
                    pa.repeat(pa.scalar(part.shard, pa.int32()), count),
                    pa.array(range(first, first + count), pa.int64()),
                ]
                batches.append(_taken_apart(pa.record_batch(columns, schema=SCHEMA)))
        return pa.Table.from_batches(batches, SCHEMA), expired

    def numbers(self) -> Callable[[int, int, int], str]:
        """Sequence numbers by shard, index and arrival in ms."""
        stream = self._state()
        lives = {shard.index: self._streams.live(stream, shard) for shard in stream.shards}
        return lambda shard, index, arrival_ms: lives[shard].number(index, arrival_ms)

    def _state(self) -> StreamState:
        return self._streams.control.usable(self.name)

    def _batches(self, part: Range) -> Iterator[tuple[int, Any]]:
        stream = self._state()
        shard = stream.by_index.get(part.shard)
        if shard is not None:
            yield from self._streams.live(stream, shard).reader.batches(part.begin, part.end)


def waiting(held: Sequence[Held], next_index: Mapping[int, int]) -> list[Range]:
    """What is not delivered yet; shards that are new begin with their first record."""
    ranges = [Range(each.shard, max(next_index.get(each.shard, FIRST_INDEX), each.first), each.end) for each in held]
    return [part for part in ranges if part.begin < part.end]


def lost(held: Sequence[Held], next_index: Mapping[int, int]) -> dict[int, int]:
    """By shard, the first index that is still there, where records before it have expired undelivered."""
    return {each.shard: each.first for each in held if next_index.get(each.shard, FIRST_INDEX) < each.first}


def _taken_apart(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The user records of those that the Kinesis Producer Library has aggregated, in their place."""
    marked = compute.starts_with(batch.column("data"), pattern=_MAGIC)
    if not compute.any(marked).as_py():
        return batch
    rows: list[dict[str, Any]] = []
    for row in batch.to_pylist():
        users = disaggregate(row["data"]) if looks_aggregated(row["data"]) else None
        if users is None:
            rows.append(row)
        else:
            rows.extend({**row, "data": user.data, "partition_key": user.partition_key} for user in users)
    return pa.RecordBatch.from_pylist(rows, SCHEMA)
