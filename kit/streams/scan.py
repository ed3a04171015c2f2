"""Reading what a stream's log holds, as Arrow or record by record: bounded, without limits, without moving anything.

A scan is a plan: for each shard the indexes from which and up to which to read. Batches point into the log's files.
Shards come in the order of their indexes, so parents before their children.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pyarrow as pa

from kit.base.clock import instant
from kit.base.errors import KitError, did_you_mean
from kit.streams import sequence, sequence_column
from kit.streams.errors import InvalidArgumentException
from kit.streams.live_shard import LiveShard
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ShardId, shard_index
from kit.streams.records import Record

Start: TypeAlias = str | datetime | Mapping[ShardId, str]
"""TRIM_HORIZON, LATEST, a time, or for each shard the sequence number of the last record not wanted any more."""

SCHEMA = pa.schema(
    [
        ("partition_key", pa.string()),
        ("data", pa.binary()),
        ("sequence_number", pa.string()),
        ("shard_id", pa.dictionary(pa.int32(), pa.string())),
        ("arrival_time", pa.timestamp("ms", "UTC")),
    ]
)
RECORDS_AT_ONCE = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN_RECORDS = 262_144


@dataclass(frozen=True, slots=True)
class Span:
    """The records of one shard from `begin` up to `end`."""

    shard: ShardState
    live: LiveShard
    begin: int
    end: int


def plan(
    stream: StreamState,
    live: Callable[[ShardState], LiveShard],
    now_ms: int,
    *,
    start: Start,
    end: datetime | None,
    shards: Sequence[str] | None,
) -> list[Span]:
    """Where to read. Raises `InvalidArgumentException` for a start or a shard that there is not."""
    chosen = stream.shards
    if shards is not None:
        wanted = {found_shard(stream, name).index for name in shards}
        chosen = tuple(shard for shard in chosen if shard.index in wanted)
    spans: list[Span] = []
    for shard in chosen:
        reads = live(shard)
        first, last = reads.first_index(stream, now_ms), reads.end_index()
        if end is not None:
            last = min(last, reads.reader.index_at(milliseconds(end)))
        spans.append(Span(shard, reads, max(first, _begin(shard, reads, start, last)), last))
    return spans


def found_shard(stream: StreamState, name: str) -> ShardState:
    """The shard by its id or number. Raises `InvalidArgumentException`."""
    index = shard_index(name)
    shard = None if index is None else stream.by_index.get(index)
    if shard is None:
        known = [each.shard_id for each in stream.shards]
        raise InvalidArgumentException(f"Stream {stream.name} has no shard '{name}'.", did_you_mean(name, known))
    return shard


def milliseconds(time: datetime) -> int:
    """Milliseconds since the epoch, rounded up; a time without a zone is local, as boto3 takes it."""
    return -((_EPOCH - time.astimezone(UTC)) // timedelta(milliseconds=1))


def batches(spans: Sequence[Span], columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Record batches of `SCHEMA`, or of the named columns of it."""
    names = _selected(columns)
    ids = _ids(spans)
    for place, span in enumerate(spans):
        for first, rows in span.live.reader.batches(span.begin, span.end):
            yield pa.record_batch([_column(name, span, place, ids, first, rows) for name in names], names=names)


def table(spans: Sequence[Span], pool: Executor, columns: Sequence[str] | None = None) -> Any:
    """All of it as one table."""
    names = _selected(columns)
    ids = _ids(spans)
    chunks: dict[str, list[Any]] = {name: [] for name in names}
    pieces = [(place, piece) for place, span in enumerate(spans) for piece in _cut(span)]

    def read(piece: Span) -> tuple[list[tuple[int, Any]], list[Any]]:
        held = list(piece.live.reader.batches(piece.begin, piece.end))
        return held, [_numbers(piece, held)] if held and "sequence_number" in names else []

    for (place, span), (held, numbers) in zip(pieces, pool.map(read, [piece for _, piece in pieces]), strict=True):
        for name in names:
            if name == "sequence_number":
                chunks[name] += numbers
            else:
                chunks[name] += (_column(name, span, place, ids, first, rows) for first, rows in held)
    return pa.table([pa.chunked_array(chunks[name], SCHEMA.field(name).type) for name in names], names=names)


def records(spans: Sequence[Span]) -> Iterator[Record]:
    """Record by record in the order of arrival, where that does not put a shard's record before its parents'."""
    by_index = {span.shard.index: span for span in spans}
    waiting = set(by_index)
    heads: list[tuple[Any, int, Record, Iterator[Record]]] = []
    done: set[int] = set()

    def advance(index: int, source: Iterator[Record]) -> None:
        record = next(source, None)
        if record is None:
            done.add(index)
            admit()
        else:
            heapq.heappush(heads, (record.arrival_time, index, record, source))

    def admit() -> None:
        for index in sorted(waiting):
            parents = by_index[index].shard.parents
            if index in waiting and all(parent in done or parent not in by_index for parent in parents):
                waiting.discard(index)
                advance(index, _records_of(by_index[index]))

    admit()
    while heads:
        _, index, record, source = heapq.heappop(heads)
        yield record
        advance(index, source)


def _begin(shard: ShardState, live: LiveShard, start: Start, end: int) -> int:
    match start:
        case "TRIM_HORIZON":
            return 0
        case "LATEST":
            return end
        case datetime():
            return live.reader.index_at(milliseconds(start))
        case str():
            raise InvalidArgumentException(
                f"'{start}' is no start.", "TRIM_HORIZON, LATEST, a time, or sequence numbers by shard."
            )
    number = start.get(shard.shard_id)
    if number is None:
        return 0
    position = sequence.decode(number)
    if position is None or (position.shard, position.created_s) != (shard.index, shard.created_s):
        raise InvalidArgumentException(f"{number} is no sequence number of {shard.shard_id}.")
    return position.index + 1


def _records_of(span: Span) -> Iterator[Record]:
    index = span.begin
    while index < span.end:
        rows = span.live.reader.rows(index, min(RECORDS_AT_ONCE, span.end - index), 1 << 22)
        if not rows.keys:
            return
        shard_id = span.shard.shard_id
        for place, (data, key, arrival_ms) in enumerate(zip(rows.data, rows.keys, rows.arrivals_ms, strict=True)):
            number = span.live.number(rows.first_index + place, arrival_ms)
            yield Record(data, key, number, shard_id, instant(arrival_ms * 1_000_000))
        index = rows.first_index + len(rows.keys)


def _cut(span: Span) -> Iterator[Span]:
    for begin in range(span.begin, span.end, _SPAN_RECORDS):
        yield Span(span.shard, span.live, begin, min(begin + _SPAN_RECORDS, span.end))


def _numbers(span: Span, held: Sequence[tuple[int, Any]]) -> Any:
    """The sequence numbers of neighbouring batches, each given with the index of its first record, as one array."""
    import numpy as np

    ends = [first + rows.num_rows for first, rows in held]
    if all(end == first for end, (first, _) in zip(ends, held[1:], strict=False)):
        indexes = np.arange(held[0][0], ends[-1], dtype=np.int64)
    else:
        indexes = np.concatenate([np.arange(first, end) for end, (first, _) in zip(ends, held, strict=True)])
    arrivals = pa.chunked_array([rows.column("arrival_time") for _, rows in held])
    seconds = arrivals.cast(pa.int64()).to_numpy() // 1000
    return sequence_column.column(span.shard.sequence_base, indexes, seconds)


def _column(name: str, span: Span, place: int, ids: Any, first: int, rows: Any) -> Any:
    match name:
        case "sequence_number":
            return _numbers(span, [(first, rows)])
        case "shard_id":
            return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(place, pa.int32()), rows.num_rows), ids)
        case _:
            return rows.column(name)


def _ids(spans: Sequence[Span]) -> Any:
    return pa.array([span.shard.shard_id for span in spans], pa.string())


def _selected(columns: Sequence[str] | None) -> list[str]:
    for name in columns or ():
        if name not in SCHEMA.names:
            raise KitError("INVALID_ARGUMENT", f"A stream has no column '{name}'.", did_you_mean(name, SCHEMA.names))
    return list(SCHEMA.names if columns is None else columns)
