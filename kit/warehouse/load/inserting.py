"""INSERT and CREATE TABLE AS: a query's rows, or written ones, into a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.sql.redshift.statements import CreateTableAs, Insert
from kit.warehouse import ddl
from kit.warehouse.binding import bound_insert
from kit.warehouse.catalog import Table
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import Connection
from kit.warehouse.load.appending import Staging, append, staging_inside
from kit.warehouse.load.placing import Staged, identity_sql, stage
from kit.warehouse.plan.expression import quote
from kit.warehouse.query import Compiled, Queries

if TYPE_CHECKING:
    from kit.warehouse.commands import Call


class Inserter:
    """Runs the statements that add a query's rows to a table."""

    def __init__(self, cluster: Cluster, queries: Queries) -> None:
        self._cluster = cluster
        self._queries = queries

    def create_as(self, call: Call, statement: CreateTableAs) -> str:
        with call.transaction() as transaction, staging_inside(self._cluster, transaction, call.cancellation) as area:
            # In 128 bits from the start: a product that is too large for 64 would end the statement half-way.
            compiled = self._queries.compiled(
                statement.query,
                call.parsed.text,
                call.script,
                call.session,
                call.values,
                wide=True,
                inside=transaction,
            )
            table = ddl.create_table_as(
                transaction, statement, compiled.bound.columns, call.session.path, self._cluster.now_ms()
            )
            self._append(call, transaction, area, table, compiled, [column.name for column in table.columns])
        return "SELECT"

    def insert(self, call: Call, statement: Insert) -> str:
        with call.transaction() as transaction, staging_inside(self._cluster, transaction, call.cancellation) as area:
            table = transaction.catalog.table_named(statement.table, call.session.path)
            insert = bound_insert(statement, transaction.catalog, call.script, call.session, call.values)
            compiled = self._queries.planned(insert.query, transaction.catalog)
            rows = self._append(call, transaction, area, table, compiled, insert.columns)
        return f"INSERT 0 {rows}"

    def _append(
        self,
        call: Call,
        transaction: Transaction,
        area: Staging,
        table: Table,
        compiled: Compiled,
        columns: Sequence[str],
    ) -> int:
        shape = transaction.catalog.shape

        def consume(cursor: Connection, sql: str, parameters: Mapping[str, Any]) -> Staged:
            return stage(cursor, area.relation(), table, named(table, columns, sql), parameters, shape)

        staged = self._queries.run_into(
            compiled, call.values, call.session, call.cancellation, consume, transaction, call.runs
        )
        append(transaction, area, table, staged, shape, self._cluster.now_ms())
        return staged.rows


def named(table: Table, columns: Sequence[str], sql: str) -> str:
    """A SELECT of a table's columns from rows that hold them by position, under names that may be anything."""
    names = {column: quote(f"value {index}") for index, column in enumerate(columns)}
    items = [
        f"CAST({names[column.name]} AS {column.type.duckdb}) AS {quote(column.name)}"
        if column.name in names
        else f"{identity_sql(table, column)} AS {quote(column.name)}"
        for column in table.columns
    ]
    return f'SELECT {", ".join(items)} FROM ({sql}) AS "written"({", ".join(names.values())})'
