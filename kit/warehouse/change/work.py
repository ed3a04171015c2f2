"""One statement's work on one table: its transaction, where its rows wait, and the table as it is after each step.

A found row is a row of a temporary table of the transaction's connection: its `place`, NULL where it has none, and
values. Every step leaves the table's figures in `table`; `keep` puts them into the transaction's catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kit.sql.redshift import BoundChange, BoundQuery
from kit.sql.redshift import Session as BindingSession
from kit.sql.redshift.statements import TableName
from kit.sql.redshift.types import Kind
from kit.warehouse.binding import binding_session, current_values, refuse_leader_only
from kit.warehouse.catalog import Catalog, Table
from kit.warehouse.change import slices
from kit.warehouse.change.accounts import Touched, after_delete, after_update
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import Connection, fetch, value
from kit.warehouse.execute.exchange import create_as
from kit.warehouse.load.appending import Staging, append, staging_inside
from kit.warehouse.load.placing import identity_sql, stage
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import PLACES, ColumnFacts, Shape, TableFacts
from kit.warehouse.query import Compiled, Queries
from kit.warehouse.system.schemas import AllTables

if TYPE_CHECKING:
    from kit.warehouse.commands import Call

# A private-use character, so that no column of a table is called the same.
PLACE = "\ue003place"
_ON_ALL_NODES = "a copy of every row on each node"


class Work:
    """See the module. Not for two threads at once."""

    def __init__(
        self, cluster: Cluster, queries: Queries, call: Call, transaction: Transaction, area: Staging, table: Table
    ) -> None:
        self.table = table
        self._cluster = cluster
        self._queries = queries
        self._call = call
        self._transaction = transaction
        self._area = area
        self._now_ms = cluster.now_ms()

    @property
    def cursor(self) -> Connection:
        return self._transaction.cursor

    @property
    def catalog(self) -> Catalog:
        return self._transaction.catalog

    @property
    def shape(self) -> Shape:
        return self._transaction.catalog.shape

    def binding(self) -> BindingSession:
        """What the statement is bound against. Decimals are wide at once: an overflow would end the transaction."""
        return binding_session(self.catalog, self._call.session, self._call.values, wide=True)

    def simply(self, change: BoundChange) -> list[Touched]:
        """Run a statement that asks for nothing but the row itself on every part."""
        refuse_leader_only(change.uses)
        values = current_values(change.uses, self._call.values, self._call.session, self._cluster.clock)
        with self._call.cancellation.running(self.cursor), self._cluster.all_cores():
            return slices.change_simply(self.cursor, self.table, change.tree, values, self.shape)

    def found(self, query: BoundQuery, columns: Sequence[str], keep: str = "*") -> str:
        """Run a query for rows; the name of the relation that has them, as `columns`. `keep`: what is kept of them."""
        refuse_leader_only(query)
        relation = self._area.relation()
        named = ", ".join(map(quote, columns))

        def consume(cursor: Connection, sql: str, parameters: Mapping[str, Any]) -> None:
            value(cursor, create_as(relation, f"SELECT {keep} FROM ({sql}) AS found({named})"), dict(parameters))

        compiled = planned_rows(self._queries, self.catalog, self.table, query)
        call = self._call
        self._queries.run_into(
            compiled, call.values, call.session, call.cancellation, consume, self._transaction, call.runs
        )
        return relation

    def delete(self, touched: list[Touched]) -> int:
        """Note what was deleted; how many rows."""
        self.table = after_delete(self.table, self.shape, touched, self._now_ms)
        self.keep()
        return self._once(touched)

    def delete_found(self, found: str) -> int:
        with self._running():
            touched = slices.delete_found(self.cursor, self.table, found, self.shape)
        return self.delete(touched)

    def update(self, touched: list[Touched], columns: Sequence[str]) -> int:
        """Note what was updated where it lies; how many rows."""
        table = after_update(self.table, self.shape, touched, self._now_ms)
        text = [
            column.name
            for column in table.columns
            if column.name in columns and column.type.kind is Kind.VARCHAR and not column.has_trailing_blanks
        ]
        blank = slices.ends_in_blank(self.cursor, table, text, self.shape)
        self.table = replace(
            table,
            columns=tuple(
                replace(column, has_trailing_blanks=column.has_trailing_blanks or column.name in blank)
                for column in table.columns
            ),
        )
        self.keep()
        return self._once(touched)

    def update_found(self, found: str, columns: Mapping[str, str]) -> int:
        """Give found rows, no place twice, new values: of `found`'s columns, by the table's."""
        if self.table.effective == "KEY" and self.table.distkey in columns:
            return self._move(found, columns)
        with self._running():
            touched = slices.update_found(self.cursor, self.table, found, columns, self.shape)
        return self.update(touched, list(columns))

    def append(self, source: str, columns: Mapping[str, str]) -> int:
        """Add the rows of a SELECT; `columns` maps the table's to expressions over it. Others are NULL or numbered."""
        items = [
            f"CAST({columns[column.name]} AS {column.type.duckdb}) AS {quote(column.name)}"
            if column.name in columns
            else f"{identity_sql(self.table, column)} AS {quote(column.name)}"
            for column in self.table.columns
        ]
        with self._running():
            sql = f"SELECT {', '.join(items)} FROM {source}"
            staged = stage(self.cursor, self._area.relation(), self.table, sql, {}, self.shape)
        if staged.rows:
            self.table = append(self._transaction, self._area, self.table, staged, self.shape, self._now_ms)
        return staged.rows

    def keep(self) -> None:
        """Let the transaction's catalog have the table's figures."""
        self._transaction.catalog = self._transaction.catalog.with_relation(self.table)

    def _move(self, found: str, columns: Mapping[str, str]) -> int:
        """Give found rows new values and put each on the slice that its distribution key now says."""
        changed = self.table.changed_rows
        relation = self._area.relation()
        items = ", ".join(
            f"found.{quote(columns[column.name])} AS {quote(column.name)}"
            if column.name in columns
            else f"part.{quote(column.name)} AS {quote(column.name)}"
            for column in self.table.columns
        )
        parts = " UNION ALL ".join(
            f'SELECT {items} FROM "slice{number}".{quote(self.table.relation)} AS part, {found} AS found '
            f"WHERE found.place % {PLACES} = {number} AND part.rowid = found.place // {PLACES}"
            for number in self.table.places(self.shape)
        )
        with self._running():
            fetch(self.cursor, create_as(relation, parts))
        rows = self.delete_found(found)
        self.append(relation, {column.name: quote(column.name) for column in self.table.columns})
        # A row that moves is one change, and AUTO has nothing to decide: the table's rows are as many as before.
        self.table = replace(self.table, changed_rows=changed + rows)
        self.keep()
        return rows

    @contextmanager
    def _running(self) -> Iterator[None]:
        with self._call.cancellation.running(self.cursor), self._cluster.all_cores():
            yield

    def _once(self, touched: Sequence[Touched]) -> int:
        """Rows, copies not counted."""
        figures = [each.rows for each in touched]
        return max(figures, default=0) if self.table.effective == "ALL" else sum(figures)


@contextmanager
def work_on(cluster: Cluster, queries: Queries, call: Call, name: TableName) -> Iterator[Work]:
    """A statement's work on the table that it names."""
    with call.transaction() as transaction, staging_inside(cluster, transaction, call.cancellation) as area:
        table = transaction.catalog.table_named(name, call.session.path)
        yield Work(cluster, queries, call, transaction, area, table)


def planned_rows(queries: Queries, catalog: Catalog, target: Table, query: BoundQuery) -> Compiled:
    """The plan of a query for places of a table's rows; where all nodes have a copy, places are those of the first."""
    reason = _ON_ALL_NODES if target.effective == "ALL" and PLACE in str(query.tree) else ""
    return queries.planned(query, catalog, tables=_WithPlaces(catalog, target), leader_reason=reason)


class _WithPlaces:
    """The tables as the planner sees them, one of them with the places of its rows."""

    def __init__(self, catalog: Catalog, target: Table) -> None:
        self._tables = AllTables(catalog)
        self._target = (target.schema, target.name)

    def facts(self, schema: str, name: str) -> TableFacts:
        known = self._tables.facts(schema, name)
        if (schema, name) != self._target:
            return known
        place = ColumnFacts(PLACE, "BIGINT", 8, nullable=False)
        return replace(known, columns={**known.columns, PLACE: place}, place=PLACE)
