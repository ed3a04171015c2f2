"""Materialised views: a table with the query that it holds the answer of, and what the query's tables were like then.

REFRESH is incremental where that is right: a query that filters and projects the rows of one table, to which others
have only added rows since; the new ones are those that lie behind the old ones on each slice. Everything else is
computed anew: an aggregate, a join, DISTINCT, a window; a table of which rows were deleted, updated or moved, or which
the same transaction has written. Redshift can do more of these incrementally; the answer is the same.

Source: Amazon Redshift Database Developer Guide, "Materialized views", "REFRESH MATERIALIZED VIEW", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import parse
from kit.sql.redshift import statements as s
from kit.sql.redshift.bound import BoundQuery
from kit.warehouse import ddl
from kit.warehouse.alter.references import named_in
from kit.warehouse.binding import bound
from kit.warehouse.catalog import Catalog, Mark, Materialized, Table, View, is_stale
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import Connection
from kit.warehouse.load.appending import Staging, append, staging_inside
from kit.warehouse.load.inserting import named
from kit.warehouse.load.placing import Staged, stage
from kit.warehouse.plan.expression import generate, quote
from kit.warehouse.query import Queries
from kit.warehouse.session import Session
from kit.warehouse.system.events import Refreshed
from kit.warehouse.views import reads_of

if TYPE_CHECKING:
    from kit.warehouse.commands import Call

INCREMENTAL = "Refresh successfully updated MV incrementally"
RECOMPUTED = "Refresh successfully recomputed MV from scratch"
CURRENT = "Refresh completed, MV was already updated"

_PLAIN = frozenset({"expressions", "from_", "where", "kind"})
_NOT_PLAIN = (exp.AggFunc, exp.Window, exp.Subquery, exp.Exists, exp.Unnest, exp.Explode)


class MaterializedViews:
    """Makes and refreshes the materialised views of one cluster. Each method answers the completion tag."""

    def __init__(self, cluster: Cluster, queries: Queries) -> None:
        self._cluster = cluster
        self._queries = queries

    def create(self, call: Call, statement: s.CreateMaterializedView) -> str:
        if statement.auto_refresh:
            raise KitError(
                "0A000", "AUTO REFRESH YES is not supported", "REFRESH MATERIALIZED VIEW when its tables have changed."
            )
        with call.transaction() as transaction, staging_inside(self._cluster, transaction, call.cancellation) as area:
            path = call.session.schemas
            query = _bound(statement.text, path, transaction.catalog)
            _check(query, statement.text, call.session, transaction.catalog)
            as_table = s.CreateTableAs(statement.table, statement.query, statement.columns, statement.attributes)
            table = ddl.create_table_as(transaction, as_table, query.columns, call.session.path, self._cluster.now_ms())
            reads = reads_of(statement.text, query, transaction.catalog, call.session.path)
            table = replace(table, materialized=Materialized(statement.text, path, reads))
            transaction.catalog = transaction.catalog.with_relation(table)
            self._compute(call, transaction, area, table, query)
        return "CREATE MATERIALIZED VIEW"

    def refresh(self, call: Call, statement: s.RefreshMaterializedView) -> str:
        if statement.cascade:
            raise KitError("0A000", "REFRESH ... CASCADE is not supported", "Refresh the views below it first.")
        start_us = self._cluster.recorder.now_us()
        with call.transaction() as transaction, staging_inside(self._cluster, transaction, call.cancellation) as area:
            table = transaction.catalog.table_named(statement.table, call.session.path)
            if table.materialized is None:
                raise KitError("42809", f'"{statement.table}" is not a materialized view')
            status = self._refresh(call, transaction, area, table, table.materialized)
        record = Refreshed(call.unit.xid, table.schema, table.name, status, start_us, self._cluster.recorder.now_us())
        self._cluster.journal.add([record])
        return "REFRESH"

    def _refresh(self, call: Call, transaction: Transaction, area: Staging, table: Table, known: Materialized) -> str:
        if not is_stale(table, transaction.catalog):
            return CURRENT
        query = _bound(known.text, known.path, transaction.catalog)
        transaction.read(known.reads, call.cancellation.check)
        is_own = any(each in transaction.history().writes for each in known.reads)
        added = _added(query, known, transaction.catalog) if not is_own else None
        if added is None:
            ddl.truncate(transaction, table)
            empty = transaction.catalog.relations[table.schema, table.name]
            assert isinstance(empty, Table)
            self._compute(call, transaction, area, empty, query)
            return RECOMPUTED
        shape = transaction.catalog.shape
        with call.cancellation.running(transaction.cursor):
            names = [column.name for column in table.columns]
            staged = stage(transaction.cursor, area.relation(), table, named(table, names, added), {}, shape)
        append(transaction, area, table, staged, shape, self._cluster.now_ms())
        self._mark(transaction, table, query)
        return INCREMENTAL

    def _compute(self, call: Call, transaction: Transaction, area: Staging, table: Table, query: BoundQuery) -> None:
        """Fill an empty table with the query's answer."""
        shape = transaction.catalog.shape
        compiled = self._queries.planned(query, transaction.catalog)
        names = [column.name for column in table.columns]

        def consume(cursor: Connection, sql: str, parameters: Mapping[str, Any]) -> Staged:
            return stage(cursor, area.relation(), table, named(table, names, sql), parameters, shape)

        staged = self._queries.run_into(compiled, {}, call.session, call.cancellation, consume, transaction, call.runs)
        append(transaction, area, table, staged, shape, self._cluster.now_ms())
        self._mark(transaction, table, query)

    def _mark(self, transaction: Transaction, table: Table, query: BoundQuery) -> None:
        """Remember what the query's tables are like now."""
        found = transaction.catalog.relations[table.schema, table.name]
        assert isinstance(found, Table)
        assert found.materialized is not None
        made = replace(found.materialized, marks=_marks(query, transaction.catalog), xid=transaction.xid)
        transaction.catalog = transaction.catalog.with_relation(replace(found, materialized=made))


def refuse_change(statement: s.Statement, catalog: Catalog, session: Session) -> None:
    """Raise 0A000 for a statement that would write into a materialised view."""
    match statement:
        case s.Insert() | s.Update() | s.Delete() | s.Merge() | s.Copy() | s.Truncate():
            found = catalog.find(statement.table, session.path)
            if isinstance(found, Table) and found.materialized is not None:
                raise KitError(
                    "0A000",
                    f'cannot change materialized view "{found.name}"',
                    "Change the tables that it reads, then REFRESH MATERIALIZED VIEW.",
                )
        case _:
            pass


def _bound(text: str, path: tuple[str, ...], catalog: Catalog) -> BoundQuery:
    statement = parse(text)[0].statement
    assert isinstance(statement, s.Query)
    return bound(statement.tree, catalog, text, Session(values={"search_path": ", ".join(path)}), {}, wide=True)


def _check(query: BoundQuery, text: str, session: Session, catalog: Catalog) -> None:
    changing = query.volatile or query.session
    if changing:
        raise KitError(
            "0A000",
            f"Materialized view cannot use the mutable function {min(changing)}",
            "Its answer would change without any table changing.",
        )
    if query.parameters:
        raise KitError("0A000", "Materialized view cannot use parameters")
    for schema, name in ((each.schema, each.name) for each in query.tables):
        found = catalog.relations.get((schema, name))
        if found is None:
            raise KitError("0A000", f"Materialized view cannot read system table {name}")
        if isinstance(found, Table) and found.is_temporary:
            raise KitError("0A000", f"Materialized view cannot read temporary table {name}")
    for _, candidates in named_in(text, session.path):
        found = next((catalog.relations[each] for each in candidates if each in catalog.relations), None)
        if isinstance(found, View) and found.late_binding:
            raise KitError("0A000", f"Materialized view cannot read late-binding view {found.name}")


def _marks(query: BoundQuery, catalog: Catalog) -> tuple[Mark, ...]:
    found = [catalog.relations[each.schema, each.name] for each in query.tables]
    return tuple(each.mark for each in found if isinstance(each, Table))


def _added(query: BoundQuery, known: Materialized, catalog: Catalog) -> str | None:
    """SQL of the rows to add; None where the view has to be computed anew."""
    tree = query.tree
    if not isinstance(tree, exp.Select) or len(known.marks) != 1 or len(query.tables) != 1:
        return None
    is_plain = not any(value for key, value in tree.args.items() if key not in _PLAIN)
    sources = list(tree.find_all(exp.Table))
    if not is_plain or len(sources) != 1 or any(True for _ in tree.find_all(*_NOT_PLAIN)):
        return None
    mark = known.marks[0]
    table = catalog.relations.get((mark.schema, mark.name))
    if not isinstance(table, Table) or not _only_grew(mark, table.mark):
        return None
    places = table.places(catalog.shape)[:1] if table.effective == "ALL" else table.places(catalog.shape)
    parts = " UNION ALL ".join(
        f'SELECT * FROM "slice{number}".{quote(table.relation)} WHERE rowid >= {mark.slice_rows[number]}'
        for number in places
    )
    copy = tree.copy()
    source = next(copy.find_all(exp.Table))
    alias = source.alias_or_name
    new_rows = exp.Identifier(this="added rows", quoted=True)
    name = exp.TableAlias(this=exp.Identifier(this=alias, quoted=True))
    source.replace(exp.Table(this=new_rows, alias=name))
    return f'WITH "added rows" AS ({parts}) {generate(copy)}'


def _only_grew(before: Mark, now: Mark) -> bool:
    """Whether rows were added behind those that were there, and nothing else."""
    same = replace(now, slice_rows=before.slice_rows, inserted=before.inserted) == before
    return (
        same
        and not now.ghosts
        and len(before.slice_rows) == len(now.slice_rows)
        and all(old <= new for old, new in zip(before.slice_rows, now.slice_rows, strict=True))
    )
