"""One stream as an application reads it: batch after batch of rows, with the watermark before each.

Owns where reading is in each shard, parents before children. What is bad or has expired is counted and told of; nothing
is moved in the stream.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute

from kit.analytics.decoding import REASON, Layout, columns_used, decoding_sql
from kit.analytics.engine import Engine
from kit.analytics.watermark import ALWAYS, NEVER, Chunk, Watermarks
from kit.sql.streaming.plan import ROW, ROWTIME, WATERMARK
from kit.streams.scan import Span, Start
from kit.streams.stream import Stream

if TYPE_CHECKING:
    from kit.analytics.options import Options

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

LOG: Final = ("partition_key", "data", "arrival_time")
TRACED: Final = pa.schema(
    [
        ("reason", pa.string()),
        ("partition_key", pa.string()),
        ("data", pa.binary()),
        ("sequence_number", pa.string()),
        ("shard_id", pa.string()),
        ("arrival_time", pa.timestamp("ms")),
    ]
)
"""A record that did not become a row, or came too late for a window, and why."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of records of one shard in a batch: rows [begin, end) of it."""

    span: Span
    first_index: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """`rows` have the columns used, `rowtime`, `watermark$` and `row$`; `errors` are `TRACED`.

    `read` counts records taken, `expired` those that were trimmed away before they were read. `at_end` says that the
    log holds no more that could be read now.
    """

    rows: pa.Table
    errors: pa.Table
    watermark_ms: int
    read: int
    expired: int
    at_end: bool
    _log: pa.Table = field(repr=False)
    _parts: tuple[_Part, ...] = field(repr=False)

    def traced(self, numbers: pa.Array, reason: str) -> pa.Table:
        """The records of rows, by their `row$`."""
        return _traced(self._log, self._parts, numbers, pa.repeat(pa.scalar(reason, pa.string()), len(numbers)))


class Source:
    """Reads one stream. `positions` are of an earlier run."""

    def __init__(
        self, stream: Stream, layout: Layout, used: Sequence[str], marks: Watermarks, options: Options
    ) -> None:
        self._stream = stream
        self._used = columns_used(layout, used)
        self._marks = marks
        self._options = options
        self._sql = decoding_sql(layout, self._used, "log")
        self._has_number = "sequence_number" in self._used

    @property
    def marks(self) -> Watermarks:
        return self._marks

    def begin(self, start: Start) -> None:
        """Begin where a run of its own begins."""
        spans = self._stream.spans(start)
        self._know(spans, {span.shard.index: span.begin for span in spans})

    def spans(self) -> list[Span]:
        """What the log holds now."""
        return self._stream.spans()

    def read(self, engine: Engine, spans: Sequence[Span], now_ms: int, *, is_bounded: bool) -> Batch:
        """The next batch of what `spans` hold.

        `now_ms` is the workspace's time. A bounded run takes the spans for all that there will ever be.
        """
        self._know(spans, {})
        shards = self._marks.shards
        expired = 0
        held: dict[int, Span] = {}
        for span in spans:
            index = span.shard.index
            if span.begin > shards[index].index:
                expired += span.begin - shards[index].index
                shards[index].index = span.begin
            shards[index].done = not span.shard.is_open and shards[index].index >= span.end
            if shards[index].index < span.end:
                held[index] = span
        readable = [index for index in held if self._marks.readable(index)]
        unread = [index for index in held if index not in readable]
        log, parts = self._log([held[index] for index in readable], self._options.batch_records)
        decoded = engine.query(self._sql, {"log": log}) if log.num_rows else None
        settled_ms = ALWAYS if is_bounded else now_ms - self._options.settle_ms
        if decoded is None:
            watermark_ms = self._common(unread, settled_ms)
            return Batch(_no_rows(), TRACED.empty_table(), watermark_ms, 0, expired, True, log, ())
        events, arrivals = _events(decoded), _milliseconds(log.column("arrival_time"))
        chunks = {part.span.shard.index: self._chunk(part, arrivals, events) for part in parts}
        admitted = self._marks.admit(chunks, unread, settled_ms)
        taken = np.zeros(log.num_rows, bool)
        watermarks = np.full(log.num_rows, NEVER, np.int64)
        waiting: set[int] = set(unread)
        for part in parts:
            index, span = part.span.shard.index, part.span
            end = part.begin + admitted[index].count
            taken[part.begin : end] = True
            watermarks[part.begin : end] = admitted[index].watermarks()
            shards[index].done = not span.shard.is_open and shards[index].index >= span.end
            if shards[index].index < span.end:
                waiting.add(index)
        heads = self._heads(parts, admitted, arrivals, waiting, settled_ms)
        read = int(taken.sum())
        return Batch(
            self._rows(decoded, taken, watermarks),
            self._errors(decoded, log, parts, taken),
            self._common(unread, heads),
            read,
            expired,
            not waiting or (read == 0 and not is_bounded),
            log,
            tuple(parts),
        )

    def _know(self, spans: Sequence[Span], at: Mapping[int, int]) -> None:
        self._marks.know(
            {span.shard.index: span.shard.parents for span in spans},
            {span.shard.index: span.shard.created_s * 1000 for span in spans},
            at=at or {span.shard.index: span.begin for span in spans},
        )

    def _log(self, spans: Sequence[Span], budget: int) -> tuple[pa.Table, list[_Part]]:
        """Up to so many records of all shards together, shard after shard."""
        batches: list[Any] = []
        parts: list[_Part] = []
        rows = 0
        for span in spans:
            first = self._marks.shards[span.shard.index].index
            end = min(span.end, first + max(budget // len(spans), 1))
            begin = rows
            for at, batch in span.live.reader.batches(first, end):
                if at != first + rows - begin:
                    break
                batches.append(self._with_shard(span, at, batch.select(LOG)))
                rows += batch.num_rows
            if rows > begin:
                parts.append(_Part(span, first, begin, rows))
        if not batches:
            return pa.table({name: pa.array([], kind) for name, kind in _LOG_TYPES.items()}), parts
        return pa.Table.from_batches(batches), parts

    def _with_shard(self, span: Span, first: int, batch: Any) -> Any:
        columns = {name: batch.column(name) for name in LOG}
        ids = pa.array([span.shard.shard_id])
        columns["shard_id"] = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), batch.num_rows), ids)
        if self._has_number:
            arrivals = _milliseconds(batch.column("arrival_time"))
            numbers = [span.live.number(first + place, int(each)) for place, each in enumerate(arrivals)]
            columns["sequence_number"] = pa.array(numbers, pa.string())
        return pa.record_batch(columns)

    def _chunk(self, part: _Part, arrivals: Any, events: Any) -> Chunk:
        rows = slice(part.begin, part.end)
        more = part.first_index + part.end - part.begin < part.span.end
        return Chunk(arrivals[rows], events[rows], more)

    def _heads(
        self, parts: Sequence[_Part], admitted: Mapping[int, Any], arrivals: Any, waiting: Collection[int], now_ms: int
    ) -> int:
        """The arrival of the first record that was left, else now."""
        heads = [now_ms]
        for part in parts:
            if part.span.shard.index in waiting:
                place = part.begin + admitted[part.span.shard.index].count
                heads.append(int(arrivals[min(place, part.end - 1)]))
        return min(heads)

    def _common(self, unread: Collection[int], at_ms: int) -> int:
        return self._marks.common(self._marks.horizon_ms(unread, at_ms))

    def _rows(self, decoded: pa.Table, taken: Any, watermarks: Any) -> pa.Table:
        good = _compute.and_(pa.array(taken), decoded.column(REASON).is_null().combine_chunks())
        rows = decoded.drop_columns([REASON])
        rows = rows.append_column(WATERMARK, pa.array(watermarks))
        rows = rows.append_column(ROW, pa.array(np.arange(len(taken), dtype=np.int64)))
        return rows if _compute.all(good).as_py() else rows.filter(good)

    def _errors(self, decoded: pa.Table, log: pa.Table, parts: Sequence[_Part], taken: Any) -> pa.Table:
        reasons = decoded.column(REASON)
        if reasons.null_count == len(reasons):
            return TRACED.empty_table()
        bad = np.flatnonzero(taken & reasons.is_valid().to_numpy())
        numbers = pa.array(bad)
        return _traced(log, parts, numbers, reasons.take(numbers).combine_chunks())


_LOG_TYPES: Final = {
    "partition_key": pa.string(),
    "data": pa.binary(),
    "arrival_time": pa.timestamp("ms", "UTC"),
    "shard_id": pa.string(),
}


def _traced(log: pa.Table, parts: Sequence[_Part], numbers: pa.Array, reasons: Any) -> pa.Table:
    rows = log.take(numbers)
    places = numbers.to_pylist()
    arrivals = _milliseconds(rows.column("arrival_time"))
    found = [
        part.span.live.number(part.first_index + place - part.begin, int(arrival))
        for place, arrival in zip(places, arrivals, strict=True)
        for part in parts
        if part.begin <= place < part.end
    ]
    columns = [
        reasons,
        rows.column("partition_key"),
        rows.column("data"),
        pa.array(found, pa.string()),
        rows.column("shard_id").cast(pa.string()),
        rows.column("arrival_time").cast(pa.timestamp("ms")),
    ]
    return pa.table(columns, schema=TRACED)


def _milliseconds(times: Any) -> Any:
    return np.asarray(times.cast(pa.int64()))


def _events(decoded: pa.Table) -> Any:
    """Event times in milliseconds, `NEVER` for bad records."""
    times = decoded.column(ROWTIME).cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
    times = _compute.if_else(decoded.column(REASON).is_null(), times, NEVER)
    return _compute.fill_null(times, NEVER).to_numpy()


def _no_rows() -> pa.Table:
    return pa.table({ROWTIME: pa.array([], pa.timestamp("us"))})
