"""INSERT and CREATE TABLE AS: a query's rows, or written ones, into a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.statements import CreateTableAs, DefaultValue, Insert
from kit.sql.redshift.types import MAX_VARCHAR_BYTES, Type, varchar
from kit.warehouse import ddl
from kit.warehouse.catalog import StoredColumn, Table
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import Connection
from kit.warehouse.load.appending import Staging, append, staging
from kit.warehouse.load.conversion import stored
from kit.warehouse.load.placing import Staged, stage
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.trees import QueryTree, ScalarTree, as_type, null, rows_of, scalar
from kit.warehouse.query import Compiled, Queries

if TYPE_CHECKING:
    from kit.warehouse.commands import Call


class Inserter:
    """Runs the statements that add a query's rows to a table."""

    def __init__(self, cluster: Cluster, queries: Queries) -> None:
        self._cluster = cluster
        self._queries = queries

    def create_as(self, call: Call, statement: CreateTableAs) -> str:
        with staging(self._cluster, call.cancellation) as area, self._cluster.transaction() as transaction:
            compiled = self._compiled(call, statement.query)
            table = ddl.create_table_as(
                transaction, statement, compiled.bound.columns, call.session.path, self._cluster.now_ms()
            )
            self._append(call, transaction, area, table, compiled, table.columns)
        return "SELECT"

    def insert(self, call: Call, statement: Insert) -> str:
        with staging(self._cluster, call.cancellation) as area, self._cluster.transaction() as transaction:
            table = transaction.catalog.table_named(statement.table, call.session.path)
            columns = _columns(table, statement.columns)
            tree = statement.query if statement.query is not None else _written(table, columns, statement)
            compiled = self._compiled(call, tree)
            given = len(compiled.bound.columns)
            if given > len(columns):
                raise KitError("42601", "INSERT has more expressions than target columns")
            if statement.columns and given < len(columns):
                raise KitError("42601", "INSERT has more target columns than expressions")
            rows = self._append(call, transaction, area, table, compiled, columns[:given])
        return f"INSERT 0 {rows}"

    def _compiled(self, call: Call, tree: QueryTree) -> Compiled:
        return self._queries.compiled(tree, call.parsed.text, call.script, call.session, call.values)

    def _append(
        self,
        call: Call,
        transaction: Transaction,
        area: Staging,
        table: Table,
        compiled: Compiled,
        columns: Sequence[StoredColumn],
    ) -> int:
        shape = transaction.catalog.shape
        types = [column.type for column in compiled.bound.columns]

        def consume(cursor: Connection, sql: str, parameters: Mapping[str, Any]) -> Staged:
            return stage(cursor, area.relation(), table, _assigned(table, columns, types, sql), parameters, shape)

        staged = self._queries.run_into(compiled, call.values, call.session, call.cancellation, consume)
        append(transaction, area, table, staged, shape, self._cluster.now_ms())
        return staged.rows


def _columns(table: Table, names: Sequence[str]) -> list[StoredColumn]:
    """The target columns, in the order in which values come."""
    if not names:
        return list(table.columns)
    found: list[StoredColumn] = []
    for name in names:
        column = table.column(name)
        if column is None:
            known = [each.name for each in table.columns]
            raise KitError(
                "42703", f'column "{name}" of relation "{table.name}" does not exist', did_you_mean(name, known)
            )
        if column in found:
            raise KitError("42701", f'column "{name}" specified more than once')
        found.append(column)
    return found


def _assigned(table: Table, columns: Sequence[StoredColumn], types: Sequence[Type], sql: str) -> str:
    """A SELECT of all columns of a table from rows that hold some of them, by position, in the table's types."""
    names = {column.name: quote(f"value {index}") for index, column in enumerate(columns)}
    kinds = {column.name: kind for column, kind in zip(columns, types, strict=True)}
    items = [
        f"{stored(names[column.name], kinds[column.name], column.type)} AS {quote(column.name)}"
        if column.name in names
        else f"CAST({_default(column)} AS {column.type.duckdb}) AS {quote(column.name)}"
        for column in table.columns
    ]
    return f'SELECT {", ".join(items)} FROM ({sql}) AS "written"({", ".join(names.values())})'


def _default(column: StoredColumn) -> str:
    return f"({column.default_text})" if column.default_text else "NULL"


def _written(table: Table, columns: Sequence[StoredColumn], statement: Insert) -> QueryTree:
    """Rows that were written out, as a query of their values; no rows are DEFAULT VALUES."""
    if not statement.rows:
        return rows_of([[_default_tree(column) for column in table.columns]])
    width = len(statement.rows[0])
    if any(len(row) != width for row in statement.rows):
        raise KitError("42601", "VALUES lists must all be the same length")
    if width > len(columns):
        raise KitError("42601", "INSERT has more expressions than target columns")
    return rows_of(
        [
            [
                _default_tree(column) if isinstance(each, DefaultValue) else _typed(each, column)
                for column, each in zip(columns, row, strict=False)
            ]
            for row in statement.rows
        ]
    )


def _typed(tree: ScalarTree, column: StoredColumn) -> ScalarTree:
    """A written value as its column's type, so that rows of unlike literals agree. Text keeps its length for a check."""
    return as_type(tree, varchar(MAX_VARCHAR_BYTES) if column.type.is_text else column.type)


def _default_tree(column: StoredColumn) -> ScalarTree:
    return _typed(scalar(column.default_text) if column.default_text else null(), column)
