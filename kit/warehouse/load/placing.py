"""Put staged rows where a table's distribution says, in the order that its sort key says.

Rows are staged once, in memory that spills, with the number of their slice; each slice then takes its own. (One
filtered statement a slice over the source would read and convert the source once a slice: measured 12.4 against 2.8 CPU
seconds.) Each batch is sorted as it is loaded; what comes after the first one is the table's unsorted region.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kit.base.errors import KitError
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import (
    AUTO_ALL_BYTES,
    ColumnStatistics,
    StoredColumn,
    Table,
    assumed_width,
)
from kit.warehouse.connection import Connection, fetch, row, value
from kit.warehouse.execute.exchange import create_as
from kit.warehouse.order import ordered
from kit.warehouse.plan.distribution import at_rest, slice_of
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import EffectiveStyle, Shape

ANALYZE_THRESHOLD = 0.1
_EPOCH = date(1970, 1, 1)
# A private-use character, so that no column of a table is called the same.
_DESTINATION = quote("\ue003slice")


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows that wait to be placed: a table of an exchange database, with the table's columns in the table's types."""

    relation: str
    rows: int


def stage(
    cursor: Connection,
    relation: str,
    table: Table,
    source: str,
    parameters: Mapping[str, Any],
    shape: Shape,
) -> Staged:
    """Run `source`, a SELECT of the table's columns by name, into a staging table, each row with its slice."""
    sql = create_as(relation, staging_select(table, source, shape))
    return Staged(relation, value(cursor, sql, dict(parameters)))


def staging_select(table: Table, source: str, shape: Shape) -> str:
    """What a staging table holds of `source`, a SELECT of the table's columns by name: these, and each row's slice.

    CHAR loses its trailing blanks on the way, which Redshift never counts.
    """
    items = []
    for column in table.columns:
        name = quote(column.name)
        if column.type.kind is Kind.CHAR:
            items.append(f"CASE WHEN suffix({name}, ' ') THEN rtrim({name}, ' ') ELSE {name} END AS {name}")
        else:
            items.append(name)
    destination = _destination(table, shape)
    if destination is not None:
        items.append(f"{destination} AS {_DESTINATION}")
    return f"SELECT {', '.join(items)} FROM ({source})"


def place(cursor: Connection, table: Table, staged: Staged, shape: Shape, now_ms: int) -> Table:
    """Append staged rows to a table's slices; the table as it is then known."""
    before = table.analyzed_rows or 0
    is_much = staged.rows > ANALYZE_THRESHOLD * before
    found = _examined(cursor, table, staged, counts=is_much)
    columns = ", ".join(quote(column.name) for column in table.columns)
    counts = list(table.slice_rows or (0,) * shape.slices)
    in_order = list(table.sorted_rows or (0,) * shape.slices)
    for number in table.places(shape):
        where = _where(table, number, shape)
        sql = ordered(staged.relation, columns, table.sortkey, where)
        added = value(cursor, f'INSERT INTO "slice{number}".{quote(table.relation)} {sql}')
        if counts[number] == 0:
            in_order[number] = added
        counts[number] += added
    known = replace(
        table,
        columns=tuple(
            replace(column, has_trailing_blanks=column.has_trailing_blanks or column.name in found.with_blanks)
            for column in table.columns
        ),
        slice_rows=tuple(counts),
        sorted_rows=tuple(in_order),
        next_slice=(table.next_slice + staged.rows) % shape.slices if table.effective == "EVEN" else table.next_slice,
        next_identity=table.next_identity + staged.rows,
        changed_rows=table.changed_rows + staged.rows,
        changed_ms=now_ms,
    )
    if is_much:
        merged = {name: _merged(table.statistics.get(name), each) for name, each in found.statistics.items()}
        known = replace(
            known, statistics=merged, analyzed_rows=known.rows, analyzed_ms=now_ms, changed_rows=0, is_measured=False
        )
    return known


def identity_sql(table: Table, column: StoredColumn) -> str:
    """SQL of a column that no value was given for: a number of its own for each row of an IDENTITY, else NULL."""
    if column.identity is None:
        return f"CAST(NULL AS {column.type.duckdb})"
    seed, step = column.identity.seed, column.identity.step
    number = f"({table.next_identity} + row_number() OVER () - 1)"
    return f"CAST({seed} + {number} * {step} AS {column.type.duckdb})"


def effective_style(table: Table, rows: int, width_bytes: float) -> EffectiveStyle:
    """Where the rows of a table go: as declared, or for AUTO what its size suggests.

    Source: Amazon Redshift Database Developer Guide, "Distribution styles", AUTO, read 2026-11: small tables on ALL,
    then KEY by the primary key, else EVEN.
    """
    match table.style:
        case "EVEN" | "KEY" | "ALL":
            return table.style
        case "AUTO":
            if rows * width_bytes <= AUTO_ALL_BYTES:
                return "ALL"
            return "KEY" if auto_key(table) is not None else "EVEN"


def auto_key(table: Table) -> str | None:
    """The column that AUTO distributes a large table by: a primary key of one column that can be hashed."""
    for constraint in table.constraints:
        if constraint.kind == "PRIMARY KEY" and len(constraint.columns) == 1:
            column = table.column(constraint.columns[0])
            if column is not None and at_rest(column.type.duckdb) is not None:
                return column.name
    return None


@dataclass(frozen=True, slots=True)
class _Examined:
    statistics: Mapping[str, ColumnStatistics]
    with_blanks: frozenset[str]


def _examined(cursor: Connection, table: Table, staged: Staged, *, counts: bool) -> _Examined:
    """Look at staged rows: refuse text that is too long, gather statistics, see which text ends in blanks.

    `counts`: distinct values too, which costs a pass over the rows where the engine has not made it already.
    """
    if not staged.rows:
        return _Examined({}, frozenset())
    asked = ", ".join(_stats(column) for column in table.columns)
    answer = row(cursor, f"SELECT {asked} FROM {staged.relation} LIMIT 1")
    found = [json.loads(each) if isinstance(each, str) else each for each in answer]
    distinct = _distinct(cursor, table, staged, found) if counts else [{}] * len(found)
    statistics: dict[str, ColumnStatistics] = {}
    for column, each, count in zip(table.columns, found, distinct, strict=True):
        known = {**(each if isinstance(each, dict) else {}), **count}
        _check_length(column.type, known)
        statistics[column.name] = _statistics(column, known, staged.rows)
    text = [column.name for column in table.columns if column.type.kind is Kind.VARCHAR]
    if not text:
        return _Examined(statistics, frozenset())
    ends = ", ".join(f"coalesce(bool_or(suffix({quote(name)}, ' ')), false)" for name in text)
    blanks = row(cursor, f"SELECT {ends} FROM {staged.relation}")
    return _Examined(statistics, frozenset(name for name, has in zip(text, blanks, strict=True) if has))


def _distinct(cursor: Connection, table: Table, staged: Staged, found: Sequence[object]) -> Sequence[Mapping[str, int]]:
    """Distinct values of each column where the engine has not counted them: it does so when a transaction commits."""
    if any(isinstance(each, dict) and "approx_unique" in each for each in found):
        return [{}] * len(found)
    counts = ", ".join(f"approx_count_distinct({quote(column.name)})" for column in table.columns)
    return [{"approx_unique": each} for each in row(cursor, f"SELECT {counts} FROM {staged.relation}")]


def _stats(column: StoredColumn) -> str:
    # Moments come as text: DuckDB would import a library of time zones to make Python's of them.
    asked = f"stats({quote(column.name)})"
    return f"to_json({asked})" if column.type.kind is Kind.TIMESTAMPTZ else asked


def _check_length(kind: Type, known: Mapping[str, Any]) -> None:
    longest = known.get("max_string_length")
    if kind.kind in {Kind.CHAR, Kind.VARCHAR} and longest is not None and longest > kind.size:
        raise KitError("22001", f"value too long for type {kind}", f"The longest value takes {longest} bytes.")


def _statistics(column: StoredColumn, known: Mapping[str, Any], rows: int) -> ColumnStatistics:
    total = known.get("total_string_length")
    return ColumnStatistics(
        distinct=float(min(known.get("approx_unique", rows * 0.1) or 1, rows)),
        null_fraction=0.1 if known.get("has_null") else 0.0,
        width_bytes=total / rows if total is not None else assumed_width(column.type),
        low=on_scale(_bound(column.type, known.get("min"))),
        high=on_scale(_bound(column.type, known.get("max"))),
    )


def _bound(kind: Type, found: object) -> object:
    """A bound as a value: moments come as text."""
    if kind.kind is Kind.TIMESTAMPTZ and isinstance(found, str) and found[:4].isdigit():
        return datetime.fromisoformat(found)
    return found


def on_scale(found: object) -> float | None:
    """A bound as the planner compares it: numbers as they are, instants in days since 1970, no text."""
    match found:
        case bool():
            return float(found)
        case int() | float() | Decimal():
            return float(found)
        case datetime():
            return (found.date() - _EPOCH).days + (found.hour * 3_600 + found.minute * 60 + found.second) / 86_400
        case date():
            return float((found - _EPOCH).days)
        case _:
            return None


def _merged(old: ColumnStatistics | None, new: ColumnStatistics) -> ColumnStatistics:
    """Statistics of old and new rows together: bounds widen, distinct values are at least those of either."""
    if old is None:
        return new
    lows = [each for each in (old.low, new.low) if each is not None]
    highs = [each for each in (old.high, new.high) if each is not None]
    return ColumnStatistics(
        max(old.distinct, new.distinct),
        max(old.null_fraction, new.null_fraction),
        (old.width_bytes + new.width_bytes) / 2,
        min(lows, default=None),
        max(highs, default=None),
    )


def _destination(table: Table, shape: Shape) -> str | None:
    """SQL of a staged row's slice; None where its place in the staging table, or none, decides."""
    key = table.distkey if table.style == "KEY" else auto_key(table) if table.style == "AUTO" else None
    column = table.column(key) if key is not None else None
    if column is None:
        return None
    hashed = at_rest(column.type.duckdb)
    assert hashed is not None
    return slice_of((quote(column.name),), (hashed[0],), hashed[1], shape.slices)


def _where(table: Table, number: int, shape: Shape) -> str:
    match table.effective:
        case "ALL":
            return "TRUE"
        case "KEY":
            return f"{_DESTINATION} = {number}"
        case "EVEN":
            return f"(rowid + {table.next_slice}) % {shape.slices} = {number}"


def create_parts(cursor: Connection, table: Table, shape: Shape) -> None:
    """Make a table's parts, one in each slice that holds rows of it."""
    columns = ", ".join(
        f"{quote(column.name)} {column.type.duckdb}{'' if column.nullable else ' NOT NULL'}" for column in table.columns
    )
    for number in table.places(shape):
        fetch(cursor, f'CREATE TABLE "slice{number}".{quote(table.relation)} ({columns})')


def drop_parts(cursor: Connection, table: Table, shape: Shape) -> None:
    for number in table.places(shape):
        fetch(cursor, f'DROP TABLE "slice{number}".{quote(table.relation)}')


def all_rows(table: Table, shape: Shape, columns: Sequence[str] = ("*",)) -> str:
    """A SELECT of a whole table, its slices one after the other."""
    places = table.places(shape)[:1] if table.effective == "ALL" else table.places(shape)
    listed = ", ".join(columns)
    return " UNION ALL ".join(f'SELECT {listed} FROM "slice{number}".{quote(table.relation)}' for number in places)


def count(cursor: Connection, table: Table, number: int) -> int:
    """Rows of one slice's part, counted."""
    return int(value(cursor, f'SELECT count(*) FROM "slice{number}".{quote(table.relation)}'))
