"""The streams as tables of a database: what columns they have, and their rows as Arrow, bounded and as of now.

Beside the columns of the log stand the top-level fields of the records' JSON, typed from a sample. Whoever runs the SQL
takes them out of `data` by their keys; here it is only said which there are. Knows no SQL.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kit.base.errors import KitError
from kit.streams.names import stream_arn

if TYPE_CHECKING:
    from kit.streams.service import Streams
    from kit.streams.stream import Stream

DATABASE = "streams"
SAMPLE_RECORDS = 1_000
_SAMPLE_BYTES = 4 << 20
_LOG_COLUMNS = (
    ("partition_key", "string"),
    ("data", "binary"),
    ("sequence_number", "string"),
    ("shard_id", "string"),
    ("arrival_time", "timestamp"),
)


@dataclass(frozen=True, slots=True)
class StreamColumn:
    """`type` is a Hive type string. `json_key` is set where the column is a field of the records' JSON."""

    name: str
    type: str
    json_key: str | None = None


@dataclass(frozen=True, slots=True)
class StreamTable:
    """A stream as a table; names of columns are in lower case and unique."""

    name: str
    location: str
    columns: tuple[StreamColumn, ...]


class StreamTables:
    """All streams of a workspace, as the tables of the database `streams`."""

    database = DATABASE

    def __init__(self, streams: Callable[[], Streams]) -> None:
        """`streams` is asked when a query first names one of them."""
        self._opened = streams

    @property
    def _streams(self) -> Streams:
        return self._opened()

    def names(self) -> list[str]:
        """The tables' names: the streams' names."""
        return list(self._streams)

    def find(self, name: str) -> StreamTable | None:
        """The table of that name, in any letter case. Raises `AMBIGUOUS_NAME` where streams differ in that alone."""
        found = [each for each in self._streams if each.lower() == name.lower()]
        if not found:
            return None
        if len(found) > 1:
            raise KitError(
                "AMBIGUOUS_NAME", f"The streams {', '.join(found)} differ in letter case only, which SQL does not see."
            )
        stream = self._streams[found[0]]
        return StreamTable(stream.name, stream_arn(stream.name), _columns(stream))

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """The Arrow schema of `rows`."""
        return pa.schema([pa.field(name, _ARROW[name]) for name in columns])

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        shards: Sequence[str] | None = None,
    ) -> Iterator[Any]:
        """The log's columns of that name, batch by batch: records that arrived from `start` on and before `end`, in
        these shards. Times without a zone are in UTC; `arrival_time` has none, `shard_id` is plain text."""
        stream = self._streams[table]
        if shards is not None:
            known = {shard.shard_id for shard in stream.shards()}
            shards = [shard for shard in shards if shard in known]
        begin = "TRIM_HORIZON" if start is None else _utc(start)
        schema = self.schema(columns)
        for batch in stream.batches(begin, end=None if end is None else _utc(end), shards=shards, columns=columns):
            plain = [_plain(name, batch.column(place)) for place, name in enumerate(columns)]
            yield pa.record_batch(plain, schema=schema)


_ARROW: dict[str, Any] = {
    "partition_key": pa.string(),
    "data": pa.binary(),
    "sequence_number": pa.string(),
    "shard_id": pa.string(),
    "arrival_time": pa.timestamp("ms"),
}


def fields(documents: Iterable[bytes]) -> tuple[StreamColumn, ...]:
    """The columns that the top-level fields of JSON documents make; documents that are no JSON object say nothing.

    Numbers are bigint, or double where one of them is; nested values are their JSON text; values of several kinds are
    text. A field that is named like a column of the log becomes `data_<name>`.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for document in documents:
        for key, value in _members(document).items():
            kinds[key].add(_kind(value))
    taken = {name for name, _ in _LOG_COLUMNS}
    found: list[StreamColumn] = []
    for key, seen in kinds.items():
        name = key.lower() if key.lower() not in {log for log, _ in _LOG_COLUMNS} else f"data_{key.lower()}"
        if not name or name in taken:
            continue
        taken.add(name)
        found.append(StreamColumn(name, _common(seen - {""}), key))
    return tuple(found)


def _columns(stream: Stream) -> tuple[StreamColumn, ...]:
    return tuple(StreamColumn(name, kind) for name, kind in _LOG_COLUMNS) + fields(_sample(stream))


def _sample(stream: Stream) -> Iterator[bytes]:
    """Data of the oldest and of the newest records of each shard."""
    spans = [span for span in stream.spans() if span.begin < span.end]
    for span in spans:
        count = max(SAMPLE_RECORDS // (2 * len(spans)), 1)
        middle = max(span.end - count, span.begin + count)
        for begin, end in ((span.begin, min(span.begin + count, span.end)), (middle, span.end)):
            if begin < end:
                yield from span.live.reader.rows(begin, end - begin, _SAMPLE_BYTES).data


def _members(document: bytes) -> dict[str, Any]:
    try:
        found = json.loads(document)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _kind(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "boolean"
        case int():
            return "bigint" if -(1 << 63) <= value < 1 << 63 else "string"
        case float():
            return "double"
        case _:
            return "string"


def _common(kinds: set[str]) -> str:
    if kinds == {"bigint", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else "string"


def _plain(name: str, column: Any) -> Any:
    match name:
        case "shard_id":
            return column.dictionary_decode()
        case "arrival_time":
            return column.cast(pa.timestamp("ms"))
        case _:
            return column


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
