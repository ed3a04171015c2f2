"""Every statement by its kind: queries to the planner, the rest to the module that acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress, Silent
from kit.base.result import Result
from kit.sql.redshift import parse
from kit.sql.redshift import statements as s
from kit.storage import Storage
from kit.warehouse import ddl, views
from kit.warehouse.alter.act import alter
from kit.warehouse.alter.append import append_from
from kit.warehouse.alter.schemas import alter_schema
from kit.warehouse.catalog import Catalog
from kit.warehouse.change.changer import Changer
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.execute.measures import Run
from kit.warehouse.failures import translated
from kit.warehouse.load.inserting import Inserter
from kit.warehouse.load.loader import Loader
from kit.warehouse.load.unload import Unloader
from kit.warehouse.maintain.maintainer import Maintainer
from kit.warehouse.materialized import MaterializedViews, refuse_change
from kit.warehouse.plan.explain import explain
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.trees import QueryTree
from kit.warehouse.query import Compiled, Queries
from kit.warehouse.session import DEFAULTS, Session
from kit.warehouse.showing import definition, listing
from kit.warehouse.stats import WarehouseStats
from kit.warehouse.transact import blocks
from kit.warehouse.transact.claims import claims_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Call:
    """One statement to run, with all that belongs to it.

    `unit` is the transaction that it runs in: the block's, or one of its own, which has not begun yet. `runs` gathers
    what was measured of the plans that it ran.
    """

    parsed: s.ParsedStatement
    script: str
    session: Session
    values: Mapping[str, Any]
    cancellation: Cancellation
    query_id: int
    clock: Stopwatch
    cluster: Cluster
    unit: Transaction
    progress: Progress = field(default_factory=Silent, compare=False)
    runs: list[Run] = field(default_factory=list, compare=False)

    @property
    def inside(self) -> Transaction | None:
        """The open block's transaction; None for a statement that is a transaction of its own."""
        return self.unit if self.unit is self.session.block.transaction else None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The statement's transaction, with locks on the tables that it changes.

        In a block it goes on after the statement; else it is committed here, or rolled back by any error.
        """
        statement = self.parsed.statement
        catalog = self.unit.catalog if self.unit.has_begun else self.cluster.catalog
        refuse_change(statement, catalog, self.session)
        if self.inside is not None:
            self.unit.claim(claims_of(statement, catalog, self.session.path), self.cancellation.check)
            yield self.unit
            return
        try:
            self.unit.claim(claims_of(statement, catalog, self.session.path), self.cancellation.check)
            yield self.unit
            self.cluster.commit(self.unit)
        except BaseException as error:
            self.cluster.roll_back(self.unit)
            if isinstance(error, KitError) or not isinstance(error, Exception):
                raise
            raise translated(error) from error


class Commands:
    """Runs parsed statements against one cluster."""

    def __init__(self, cluster: Cluster, queries: Queries, storage: Storage) -> None:
        self._cluster = cluster
        self._queries = queries
        self._inserter = Inserter(cluster, queries)
        self._changer = Changer(cluster, queries)
        self._materialized = MaterializedViews(cluster, queries)
        self._maintainer = Maintainer(cluster)
        self._loader = Loader(cluster, queries, storage, cluster.journal)
        self._unloader = Unloader(cluster, queries, storage, cluster.journal)

    def run(self, call: Call) -> Result:
        """The answer of a statement: rows, or the completion tag that Redshift's clients see."""
        statement = call.parsed.statement
        try:
            if not isinstance(statement, s.Commit | s.Rollback):
                call.session.block.check()
            match statement:
                case s.Query() if statement.into is None:
                    return self._query(call, statement.tree)
                case s.Explain():
                    return self._explain(call, statement.statement)
                case s.Show():
                    return self._show(call, statement.name)
                case s.ShowObject():
                    heading, text = definition(statement, self._catalog(call), call.session.path)
                    return Result.of_table(self._table({heading: [text]}), stats=self._stats(call, 1))
                case s.ShowList():
                    return self._list(call, statement)
                case s.Copy():
                    return self._loader.copy(call, statement, call.progress)
                case s.Unload():
                    return self._unloader.unload(call, statement, call.progress)
                case s.Commit() | s.Rollback():
                    return self._done(call, blocks.end(call, statement))
                case _:
                    return self._done(call, self._tag(call, statement))
        except KitError as error:
            raise error.at(call.script, call.parsed.line, call.parsed.column) from error.__cause__

    def _tag(self, call: Call, statement: s.Statement) -> str:
        """Do what a statement without rows asks; its completion tag."""
        match statement:
            case s.Query(into=s.TableName() as target):
                made = s.CreateTableAs(target, statement.tree, temporary=statement.into_temporary)
                return self._inserter.create_as(call, made)
            case s.Begin():
                return blocks.begin(call, statement)
            case s.Lock():
                return blocks.lock(call, statement)
            case s.CreateTable():
                with call.transaction() as transaction:
                    ddl.create_table(transaction, statement, call.session.path, self._cluster.now_ms())
                return "CREATE TABLE"
            case s.CreateTableAs():
                return self._inserter.create_as(call, statement)
            case s.Insert():
                return self._inserter.insert(call, statement)
            case s.Update():
                return self._changer.update(call, statement)
            case s.Delete():
                return self._changer.delete(call, statement)
            case s.Merge():
                return self._changer.merge(call, statement)
            case s.Drop():
                with call.transaction() as transaction:
                    ddl.drop(transaction, statement, call.session.path)
                return f"DROP {statement.kind}"
            case s.Truncate():
                with call.transaction() as transaction:
                    ddl.truncate(transaction, transaction.catalog.table_named(statement.table, call.session.path))
                blocks.commit_and_go_on(call)
                return "TRUNCATE TABLE"
            case s.AlterTable():
                with call.transaction() as transaction:
                    return alter(call, self._cluster, transaction, statement)
            case s.AlterTableAppend():
                call.session.block.refuse_inside("ALTER TABLE APPEND")
                with call.transaction() as transaction:
                    return append_from(call, self._cluster, transaction, statement)
            case s.AlterSchema():
                with call.transaction() as transaction:
                    return alter_schema(transaction, statement)
            case s.CreateMaterializedView():
                return self._materialized.create(call, statement)
            case s.RefreshMaterializedView():
                return self._materialized.refresh(call, statement)
            case s.CreateSchema():
                with call.transaction() as transaction:
                    ddl.create_schema(transaction, statement)
                return "CREATE SCHEMA"
            case s.DropSchema():
                with call.transaction() as transaction:
                    ddl.drop_schema(transaction, statement)
                return "DROP SCHEMA"
            case s.CreateView():
                with call.transaction() as transaction:
                    views.create(transaction, statement, call.script, call.session)
                return "CREATE VIEW"
            case s.Comment():
                with call.transaction() as transaction:
                    views.comment(transaction, statement, call.session.path)
                return "COMMENT"
            case s.Analyze():
                return self._maintainer.analyze(call, statement)
            case s.Vacuum():
                return self._maintainer.vacuum(call, statement)
            case s.Set():
                call.session.set(statement.name, statement.value)
                return "SET"
            case s.Reset():
                for name in [statement.name] if statement.name is not None else list(DEFAULTS):
                    call.session.set(name, None)
                return "RESET"
            case s.Accepted():
                return statement.command
            case _:
                raise KitError("0A000", f"{_named(call.parsed.text)} is not supported yet")

    def _query(self, call: Call, tree: QueryTree) -> Result:
        if call.inside is not None:
            call.inside.begin()
        result = self._queries.result(
            tree, call.parsed.text, call.script, call.session, call.values, call.cancellation, call.query_id, call.unit
        )
        if isinstance(result.stats, WarehouseStats) and result.stats.run is not None:
            call.runs.append(result.stats.run)
        return result

    def _explain(self, call: Call, statement: s.Statement) -> Result:
        match statement:
            case s.Query():
                tree = statement.tree
            case s.CreateTableAs():
                tree = statement.query
            case s.Insert() if statement.query is not None:
                tree = statement.query
            case s.Update() | s.Delete() | s.Merge():
                return self._explained(call, self._changer.planned(call, statement))
            case _:
                raise KitError(
                    "0A000",
                    "EXPLAIN shows the plan of a query",
                    "Put it before SELECT, WITH, CREATE TABLE AS, INSERT, UPDATE, DELETE or MERGE.",
                )
        return self._explained(
            call,
            self._queries.compiled(tree, call.parsed.text, call.script, call.session, call.values, inside=call.inside),
        )

    def _explained(self, call: Call, compiled: Compiled) -> Result:
        lines = explain(compiled.plan)
        table = self._table({"QUERY PLAN": lines})
        stats = WarehouseStats(
            ms=call.clock.ms, rows=len(lines), query_id=call.query_id, planning_ms=compiled.planning_ms
        )
        return Result.of_table(table, stats=stats, page_rows=max(len(lines), self._cluster.settings.page_rows))

    def _show(self, call: Call, name: str | None) -> Result:
        if name is None:
            names = sorted(DEFAULTS)
            table = self._table({"name": names, "setting": [call.session.get(each) for each in names]})
        else:
            table = self._table({name: [call.session.get(name)]})
        return Result.of_table(table, stats=self._stats(call, table.num_rows))

    def _list(self, call: Call, statement: s.ShowList) -> Result:
        text, values = listing(statement, self._catalog(call))
        parsed = parse(text)[0].statement
        assert isinstance(parsed, s.Query)
        return self._queries.result(
            parsed.tree, text, text, call.session, values, call.cancellation, call.query_id, call.unit
        )

    def _catalog(self, call: Call) -> Catalog:
        return call.unit.catalog if call.unit.has_begun else self._cluster.catalog

    def _table(self, columns: Mapping[str, list[str]]) -> pa.Table:
        """Text columns as a table. Made by the engine: Arrow would import pandas to look at Python values."""
        items = ", ".join(f"unnest(${index}) AS {quote(name)}" for index, name in enumerate(columns, 1))
        cursor = self._cluster.cursor()
        try:
            table: pa.Table = cursor.sql(f"SELECT {items}", params=list(columns.values())).to_arrow_table()
            return table
        finally:
            self._cluster.give_back(cursor)

    def _done(self, call: Call, tag: str) -> Result:
        return Result.of_message(tag, stats=self._stats(call, None))

    def _stats(self, call: Call, rows: int | None) -> WarehouseStats:
        return WarehouseStats(ms=call.clock.ms, rows=rows, query_id=call.query_id)


def _named(text: str) -> str:
    """The statement's first words, as an error names it."""
    words = text.split(None, 2)[:2]
    return " ".join(word.upper() for word in words if word.isalpha())
