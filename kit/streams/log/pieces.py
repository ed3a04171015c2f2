"""A segment's frames as pieces worth handling: a frame of many records as it is, single records next to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from kit.streams.log import frame
from kit.streams.log.segment import Segment

PIECE_RECORDS = 8_192
_ARRIVAL = frame.SCHEMA.field("arrival_time").type


class Piece:
    """A BATCH frame, or neighbouring ROW frames, of a segment: those at the positions from `begin` to `end`."""

    __slots__ = ("_begin", "_end", "_is_batch", "_segment", "end_index", "first_index")

    def __init__(self, holding: Segment, begin: int, end: int) -> None:
        table = holding.table
        self._segment = holding
        self._begin = begin
        self._end = end
        self._is_batch = table.kinds[begin] == frame.Kind.BATCH
        self.first_index = table.first_indexes[begin]
        self.end_index = table.first_indexes[end - 1] + table.records[end - 1]

    def as_batch(self) -> Any:
        """All records, as a batch of `frame.SCHEMA`; without a copy where it is one frame."""
        if self._is_batch:
            return self._segment.batch(self._begin)
        arrivals, keys, data = zip(*self._segment.rows(self._begin, self._end), strict=True)
        columns = [
            pa.array(keys, pa.binary()).cast(pa.string()),
            pa.array(data, pa.binary()),
            pa.array(arrivals, pa.int64()).cast(_ARRIVAL),
        ]
        return pa.record_batch(columns, schema=frame.SCHEMA)

    def records(self, index: int, limit: int) -> Iterator[tuple[str, bytes, int]]:
        """Key, data and arrival of up to `limit` records, from the one at `index` on."""
        skip = max(index - self.first_index, 0)
        if not self._is_batch:
            begin = self._begin + skip
            found = self._segment.rows(begin, min(begin + limit, self._end))
            return ((key.decode(), data, arrival_ms) for arrival_ms, key, data in found)
        rows = self._segment.batch(self._begin).slice(skip, limit)
        return zip(
            rows.column("partition_key").to_pylist(),
            rows.column("data").to_pylist(),
            rows.column("arrival_time").cast(pa.int64()).to_pylist(),
            strict=True,
        )


def pieces(holding: Segment, begin: int) -> Iterator[Piece]:
    """The segment's records from the frame at `begin` on, as far as the segment is known now."""
    kinds = holding.table.kinds
    end = len(kinds)
    while begin < end:
        stop = begin + 1
        if kinds[begin] == frame.Kind.ROW:
            while stop < end and stop - begin < PIECE_RECORDS and kinds[stop] == frame.Kind.ROW:
                stop += 1
        yield Piece(holding, begin, stop)
        begin = stop
