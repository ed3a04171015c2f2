"""From records to rows: which columns a stream has, and the SQL that takes them out of the records' JSON.

A record is *bad* where it is no JSON object, where a field that is used does not fit its type, or where it has no
event time; the reason says which. A field that is missing or null is NULL, as long as it is not the time. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.sql.athena.types import duckdb_type, from_hive, quote
from kit.sql.relations import Relation, RelationColumn
from kit.sql.streaming.plan import HIDDEN, ROWTIME, STREAMS

ARRIVALS: Final = ("arrival_time", "approximate_arrival_time")
LOG_COLUMNS: Final = {
    "partition_key": "string",
    "data": "binary",
    "sequence_number": "string",
    "shard_id": "string",
    "arrival_time": "timestamp",
    "approximate_arrival_time": "timestamp",
}
REASON: Final = "reason$"
_TYPES: Final = ("bigint", "int", "smallint", "tinyint", "double", "float", "boolean", "string", "timestamp", "date")
_ARRIVED: Final = "arrived$"
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is a member of the records' JSON; `type` is Hive's."""

    name: str
    type: str
    key: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a stream: its fields, and `time`, the one that is the event time; arrival where it is empty."""

    fields: tuple[Field, ...]
    time: str = ""

    def relation(self, name: str) -> Relation:
        """The stream as a query sees it: the log's own columns can be named, and are no part of `*`."""
        shown = tuple(RelationColumn(field.name, field.type) for field in self.fields)
        taken = {field.name for field in self.fields}
        log = tuple(
            RelationColumn(column, kind, hidden=True) for column, kind in LOG_COLUMNS.items() if column not in taken
        )
        return Relation(STREAMS, name, shown + log + HIDDEN)

    def with_time(self, time: str) -> Layout:
        """The same with an event time, which is a timestamp then. Raises `COLUMN_NOT_FOUND`."""
        time = time.lower()
        if not time or time in (ROWTIME, *ARRIVALS):
            return Layout(self.fields, "")
        names = [field.name for field in self.fields]
        if time not in names:
            raise KitError("COLUMN_NOT_FOUND", f"Column '{time}' cannot be resolved", did_you_mean(time, names))
        fields = tuple(Field(each.name, "timestamp", each.key) if each.name == time else each for each in self.fields)
        return Layout(fields, time)


def layout_of(columns: Mapping[str, str]) -> Layout:
    """A layout that is given by name and Hive type, each column under its own name in the JSON."""
    for name, kind in columns.items():
        if kind.partition("(")[0] not in (*_TYPES, "decimal"):
            raise KitError(
                "INVALID_ARGUMENT", f"A field of type {kind} is not supported", f"One of {', '.join(_TYPES)}."
            )
        if name.lower() in LOG_COLUMNS:
            raise KitError("INVALID_ARGUMENT", f"Every stream has a column '{name}' already.")
    return Layout(tuple(Field(name.lower(), kind, name) for name, kind in columns.items()))


def decoding_sql(layout: Layout, used: Collection[str], rows: str) -> str:
    """SQL over the log's rows that gives the columns used, the event time as `rowtime` and the reason of bad records.

    One row a record, in order.
    """
    fields = [field for field in layout.fields if field.name in used or field.name == layout.time]
    taken = {field.name for field in layout.fields}
    log = [name for name in LOG_COLUMNS if name in used and name not in taken]
    shown = [f"{_log_column(name)} AS {quote(name)}" for name in log]
    if not fields:
        time = f"{_log_column('arrival_time')} AS {quote(ROWTIME)}"
        reason = f"CASE WHEN {_document()} IS NULL THEN 'NOT_JSON: the record is no JSON object' END"
        return f"SELECT {', '.join([*shown, time])}, {reason} AS {quote(REASON)} FROM {rows}"
    texts = {field.name: f"members[{place + 1}]" for place, field in enumerate(fields)}
    values = [f"{_value(field, texts[field.name])} AS {quote(field.name)}" for field in fields]
    pointers = ", ".join(_literal("/" + field.key.replace("~", "~0").replace("/", "~1")) for field in fields)
    checks = ["CASE WHEN document IS NULL THEN 'NOT_JSON: the record is no JSON object'"]
    checks += [
        f"WHEN {quote(field.name)} IS NULL AND {texts[field.name]} IS NOT NULL THEN 'TYPE_MISMATCH: "
        f"{_escaped(field.key)} is not a {field.type}: ' || left({texts[field.name]}, {_SHOWN})"
        for field in fields
    ]
    if layout.time:
        key = next(field.key for field in fields if field.name == layout.time)
        checks.append(f"WHEN {quote(layout.time)} IS NULL THEN 'NO_EVENT_TIME: {_escaped(key)} is missing'")
    log_values = [f"{_log_column(name)} AS {quote(name)}" for name in log]
    made = ", ".join([*log_values, *values, f"document, members, {_log_column('arrival_time')} AS {quote(_ARRIVED)}"])
    names = [quote(name) for name in (*log, *(field.name for field in fields))]
    # As in Flink, a time that windows go by is of milliseconds.
    rowtime = f"date_trunc('milliseconds', {quote(layout.time)})" if layout.time else quote(_ARRIVED)
    return (
        f"SELECT {', '.join([*names, f'{rowtime} AS {quote(ROWTIME)}'])}, {' '.join(checks)} END AS {quote(REASON)} "
        f"FROM (SELECT {made} FROM (SELECT *, json_extract_string(document, [{pointers}]) AS members "
        f"FROM (SELECT *, {_document()} AS document FROM {rows})))"
    )


def _document() -> str:
    text = f"TRY(decode({quote('data')}))"
    return f"CASE WHEN TRY(json_type({text})) = 'OBJECT' THEN {text} END"


def _log_column(name: str) -> str:
    if name in ARRIVALS:
        return "CAST(arrival_time AS TIMESTAMP)"
    return f"CAST({quote(name)} AS VARCHAR)" if name == "shard_id" else quote(name)


def _value(field: Field, text: str) -> str:
    """The field in its type; NULL where the text does not fit."""
    match field.type:
        case "string":
            return text
        case "boolean":
            return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"
        case "bigint" | "int" | "smallint" | "tinyint":
            # A cast of text rounds: 1.5 is no whole number, 1.0 is.
            whole = f"TRY_CAST({text} AS DOUBLE) = trunc(TRY_CAST({text} AS DOUBLE))"
            kind = duckdb_type(from_hive(field.type))
            return f"CASE WHEN NOT contains({text}, '.') OR {whole} THEN TRY_CAST({text} AS {kind}) END"
        case "timestamp":
            # An offset in the text counts; a number is milliseconds since the epoch.
            moment = f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
            return f"coalesce({moment}, TRY(make_timestamp_ms(TRY_CAST({text} AS BIGINT))))"
        case _:
            return f"TRY_CAST({text} AS {duckdb_type(from_hive(field.type))})"


def _literal(text: str) -> str:
    return f"'{_escaped(text)}'"


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def columns_used(layout: Layout, names: Sequence[str]) -> tuple[str, ...]:
    """Which of the names are columns of records, those that are added later apart."""
    known = {field.name for field in layout.fields} | set(LOG_COLUMNS)
    return tuple(name for name in names if name in known)
