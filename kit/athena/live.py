"""Tables that are neither in the catalog nor in storage: their rows come as Arrow, as they are when the query runs.

A database of them is handed to Athena by whoever composes the services (the streams of a workspace, as `streams`).
Fields that a table has as JSON inside of its column `data` are taken out here, so that DuckDB parses a document once
for all fields that a query uses, and none where it uses none. Nothing of it is billed: no object is scanned.

A document that is no JSON object has NULL fields; a value that does not fit its field's type raises `HIVE_BAD_DATA`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from kit.athena.planning import Pruned, ScanPlan
from kit.athena.scan import values
from kit.athena.scan.source import Watch, hive_type, literal, quote
from kit.base.domain import Between, Domain, OneOf
from kit.catalog.types import BIGINT, BOOLEAN, DOUBLE, to_duckdb
from kit.sql.relations import Relation, RelationColumn, Scan

DOCUMENT = "data"
ARRIVAL = "arrival_time"
SHARD = "shard_id"


class LiveColumn(Protocol):
    """`json_key` is set where the column is a member of the JSON objects in the column `data`."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def json_key(self) -> str | None: ...


class LiveTable(Protocol):
    """A table as it is while a query is planned."""

    @property
    def name(self) -> str: ...

    @property
    def location(self) -> str: ...

    @property
    def columns(self) -> Sequence[LiveColumn]: ...


class LiveTables(Protocol):
    """A database of such tables."""

    @property
    def database(self) -> str: ...

    def names(self) -> Sequence[str]: ...

    def find(self, name: str) -> LiveTable | None: ...

    def schema(self, columns: Sequence[str]) -> Any:
        """The Arrow schema of `rows`."""
        ...

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        start: datetime | None,
        end: datetime | None,
        shards: Sequence[str] | None,
    ) -> Iterator[Any]:
        """Record batches of the columns that are not JSON fields, of what arrived in a time and in some shards."""
        ...


def relation(database: str, table: LiveTable) -> Relation:
    """The table as the binder sees it."""
    columns = tuple(RelationColumn(column.name, column.type) for column in table.columns)
    return Relation(database, table.name.lower(), columns)


def plan(scan: Scan, table: LiveTable, tables: LiveTables, watch: Watch) -> ScanPlan:
    """How DuckDB reads the columns that a query uses of the table."""
    used = [column for column in table.columns if column.name in scan.columns]
    keys = [column.json_key for column in used if column.json_key is not None]
    plain = [column.name for column in used if column.json_key is None]
    # A stream without columns has no rows either: something must be asked for, and this costs least.
    needed = sorted({*plain, *([DOCUMENT] if keys else [])}) or [ARRIVAL]
    stream = f"{scan.relation}_rows"
    picked = ", ".join(f"{_read(column, table, keys)} AS {quote(column.name)}" for column in used)
    return ScanPlan(
        scan,
        "live",
        table.location,
        Pruned(None, 0),
        Pruned(None, 0),
        Pruned(None, 0),
        0,
        0,
        f"SELECT {picked or '1 AS one'} FROM {_parsed(stream, keys)}",
        {},
        {stream: _Rows(tables, table.name, needed, scan.domains, watch)},
    )


class _Rows:
    """The rows as an Arrow stream, afresh for each time that it is read."""

    def __init__(
        self, tables: LiveTables, table: str, columns: Sequence[str], domains: Mapping[str, Domain], watch: Watch
    ) -> None:
        self._tables = tables
        self._table = table
        self._columns = columns
        self._domains = domains
        self._watch = watch

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        start, end = _times(self._domains.get(ARRIVAL))
        shards = _texts(self._domains.get(SHARD))
        batches = self._tables.rows(self._table, self._columns, start=start, end=end, shards=shards)
        reader = pa.RecordBatchReader.from_batches(self._tables.schema(self._columns), self._kept(batches))
        return reader.__arrow_c_stream__(requested_schema)

    def _kept(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Errors of reading reach the query as they are: Arrow would hand on their text alone."""
        with self._watch.keeping_error():
            yield from batches


def _parsed(stream: str, keys: Sequence[str]) -> str:
    """What to select from: the rows, and beside them the values of the JSON keys as one list of texts."""
    if not keys:
        return quote(stream)
    pointers = ", ".join(literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys)
    document = f"TRY(decode({quote(DOCUMENT)}))"
    return (
        f"(SELECT *, json_extract_string(document, [{pointers}]) AS members FROM (SELECT *, "
        f"CASE WHEN TRY(json_type({document})) = 'OBJECT' THEN {document} END AS document FROM {quote(stream)}))"
    )


def _read(column: LiveColumn, table: LiveTable, keys: Sequence[str]) -> str:
    """The column in its declared type."""
    kind = hive_type(column.type)
    if column.json_key is None:
        return f"CAST({quote(column.name)} AS {to_duckdb(kind)})"
    text = f"members[{keys.index(column.json_key) + 1}]"
    if kind not in {BIGINT, DOUBLE, BOOLEAN}:
        return text
    place = f"' for field {column.name} of {table.location}, which is a {column.type} in a sample of the records"
    message = f"'HIVE_BAD_DATA: Error parsing field value ''' || {text} || {literal(place)}"
    return values.or_fail(values.lenient(text, kind), text, message)


def _times(domain: Domain | None) -> tuple[datetime | None, datetime | None]:
    """From when on and before when; bounds that are no times restrict nothing."""
    match domain:
        case Between(low, high):
            bounds = low, high
        case OneOf(chosen):
            times = [each for each in chosen if isinstance(each, datetime)]
            bounds = (min(times), max(times)) if times and len(times) == len(chosen) else (None, None)
        case _:
            return None, None
    start, end = (each if isinstance(each, datetime) else None for each in bounds)
    # Times have three digits: what arrived within the last millisecond is still wanted.
    return start, None if end is None else end + timedelta(milliseconds=1)


def _texts(domain: Domain | None) -> list[str] | None:
    return [str(each) for each in domain.values] if isinstance(domain, OneOf) else None
