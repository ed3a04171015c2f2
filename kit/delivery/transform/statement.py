"""Transforming a batch by SQL in Athena's dialect, over the records as the table `records`.

Each row of the answer becomes a record: its columns as a JSON object, or, where the only column is `data`, that text.
An answer's rows do not say which records they came from: they have no partition key, and count as arrived when the
batch's oldest record did.
A record that is no JSON object, or whose field does not fit its declared type, fails by itself; a statement that fails
fails the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from kit.base.clock import Clock, now, now_ms
from kit.base.errors import KitError
from kit.catalog.model import Column
from kit.catalog.types import parse
from kit.delivery import records
from kit.delivery.configuration import SqlTransform
from kit.delivery.conversion.documents import NOT_UTF8, texts
from kit.delivery.conversion.rows import Rows, Rules, typed_rows
from kit.delivery.engine import Engine, quote
from kit.delivery.errors import InvalidArgumentException
from kit.delivery.failures import Failed
from kit.delivery.transform.outcome import Transformed
from kit.sql.athena import MACROS, Query, compile_query
from kit.sql.athena import parse as parse_sql
from kit.sql.relations import CompiledQuery, Relation, RelationColumn

if TYPE_CHECKING:
    from datetime import datetime

TABLE = "records"
DATABASE = "delivery"
SQL_FAILED = "Sql.StatementFailed"
_OWN = (("data", "string"), ("arrival_time", "timestamp"))
_ANSWER = "answer"

__all__ = ["MACROS", "check", "transform"]


class _Schema:
    """The one table that a transformation may name."""

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        own = [pair for pair in _OWN if pair[0] not in {name for name, _ in columns}]
        self._relation = Relation(DATABASE, TABLE, tuple(RelationColumn(name, kind) for name, kind in [*own, *columns]))

    def relation(self, database: str, name: str) -> Relation | None:
        return self._relation if (database, name) == (DATABASE, TABLE) else None

    def databases(self) -> Sequence[str]:
        return (DATABASE,)

    def relations(self, database: str) -> Sequence[str]:
        return (TABLE,) if database == DATABASE else ()


def check(options: SqlTransform) -> None:
    """Raises what is wrong with the statement, with its place; and `InvalidArgumentException` for columns."""
    for name, kind in options.columns:
        if name != name.lower():
            raise InvalidArgumentException(f"The column '{name}' is not in lower case.", "Keys match in any case.")
        parse(kind)
    _compiled(options, None)


def transform(table: pa.Table, options: SqlTransform, engine: Engine, clock: Clock) -> Transformed:
    """What the statement makes of the records."""
    rows = _rows(table, options, engine)
    good = table.take(rows.parents)
    failed: list[Failed] = []
    if rows.rejected:
        places = pa.array(list(rows.rejected), pa.int64())
        reasons = tuple(rows.rejected.values())
        failed.append(Failed("processing-failed", table.take(places), SQL_FAILED, reasons, 1, now_ms(clock)))
    try:
        answer = _answer(good, rows.table, options, engine, now(clock))
    except (KitError, duckdb.Error) as error:
        message = error.message if isinstance(error, KitError) else str(error)
        if good.num_rows:
            failed.append(Failed("processing-failed", good, SQL_FAILED, (message,), 1, now_ms(clock)))
        return Transformed(records.empty(), tuple(failed))
    made = _made(good, answer)
    return Transformed(made, tuple(failed), max(good.num_rows - made.num_rows, 0))


def _rows(table: pa.Table, options: SqlTransform, engine: Engine) -> Rows:
    """The declared fields of the records; of a record that is no text, why not."""
    documents = texts(table)
    columns = [Column(name, kind) for name, kind in options.columns]
    if columns:
        return typed_rows(documents, columns, Rules(), engine)
    is_text = records.compute.is_valid(documents)
    places = pa.array(range(len(documents)), pa.int64())
    rejected = dict.fromkeys(places.filter(records.compute.invert(is_text).combine_chunks()).to_pylist(), NOT_UTF8)
    return Rows(pa.table({}), places.filter(is_text.combine_chunks()), rejected)


def _compiled(options: SqlTransform, time: datetime | None) -> CompiledQuery:
    statement = parse_sql(options.sql)
    if not isinstance(statement, Query):
        raise InvalidArgumentException("A transformation is a query: SELECT … FROM records.")
    return compile_query(statement.tree, statement.text, _Schema(options.columns), DATABASE, {}, now=time)


def _answer(table: pa.Table, fields: pa.Table, options: SqlTransform, engine: Engine, time: datetime) -> pa.Table:
    compiled = _compiled(options, time)
    if not table.num_rows:
        return pa.table({_ANSWER: pa.array([], pa.string())})
    columns = {
        "data": table.column("data").cast(pa.string()),
        "arrival_time": table.column("arrival_ms").cast(pa.timestamp("ms")).cast(pa.timestamp("us")),
    }
    columns.update({name: fields.column(name) for name in fields.column_names})
    source = pa.table(columns)
    tables = {scan.relation: source for scan in compiled.scans}
    names = [column.name for column in compiled.columns]
    listed = ", ".join(f"c{place}" for place in range(len(names)))
    if names == ["data"]:
        shown = "CAST(c0 AS VARCHAR)"
    else:
        packed = ", ".join(f"{quote(name)} := c{place}" for place, name in enumerate(names))
        shown = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
    return engine.query(
        f"SELECT {shown} AS {_ANSWER} FROM (\n{compiled.sql}\n) AS q({listed})", tables, compiled.parameters
    )


def _made(source: pa.Table, answer: pa.Table) -> pa.Table:
    """The rows of an answer as records; NULL is no record."""
    data = records.compute.drop_null(answer.column(_ANSWER)).cast(pa.binary())
    count = len(data)
    if not count:
        return records.empty()
    first = source.slice(0, 1).to_pylist()[0]
    oldest_ms = records.oldest_ms(source, 0)
    return pa.table(
        [
            data,
            pa.repeat(pa.scalar("", pa.string()), count),
            pa.repeat(pa.scalar(oldest_ms, pa.int64()), count),
            pa.repeat(pa.scalar(first["shard"], pa.int32()), count),
            pa.repeat(pa.scalar(first["index"], pa.int64()), count),
        ],
        schema=records.SCHEMA,
    )
