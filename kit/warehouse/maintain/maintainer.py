"""Runs VACUUM and ANALYZE: table by table, each in a transaction of its own where no block is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from kit.base.errors import KitError
from kit.sql.redshift.statements import Analyze, TableName, Vacuum
from kit.warehouse.catalog import Table
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.maintain.analyze import analyzed, is_current, predicate_columns
from kit.warehouse.maintain.vacuum import task_of, vacuumed
from kit.warehouse.system.events import Analyzed, Vacuumed
from kit.warehouse.transact.locks import Mode
from kit.warehouse.transact.transaction import Claim

if TYPE_CHECKING:
    from kit.warehouse.commands import Call

# STL_VACUUM counts blocks of 1 MB.
_BLOCK_BYTES = 1 << 20


class Maintainer:
    """Each method answers the completion tag."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def vacuum(self, call: Call, statement: Vacuum) -> str:
        call.session.block.refuse_inside("VACUUM")
        if statement.mode == "REINDEX" and statement.threshold_percent is not None:
            raise KitError("0A000", "VACUUM REINDEX cannot be used with TO threshold PERCENT")
        for key in self._tables(call, statement.table):
            call.cancellation.check()
            with self._transaction(call, key) as transaction:
                table = transaction.catalog.relations.get(key)
                if isinstance(table, Table):
                    self._vacuum(call, statement, transaction, table)
        return "VACUUM"

    def analyze(self, call: Call, statement: Analyze) -> str:
        for key in self._tables(call, statement.table):
            call.cancellation.check()
            with self._transaction(call, key) as transaction:
                table = transaction.catalog.relations.get(key)
                if isinstance(table, Table):
                    self._analyze(call, statement, transaction, table)
        return "ANALYZE"

    def _vacuum(self, call: Call, statement: Vacuum, transaction: Transaction, table: Table) -> None:
        shape, now_ms = transaction.catalog.shape, self._cluster.now_ms()
        task = task_of(table, statement)
        mode = {"FULL": "", "SORT ONLY": " Sort Only", "DELETE ONLY": " Delete Only"}.get(
            statement.mode, f" {statement.mode.capitalize()}"
        )
        if not task.is_needed:
            self._note(transaction, table, task.status, statement)
            return
        self._note(transaction, table, f"Started{mode}", statement)
        with call.cancellation.running(transaction.cursor), self._cluster.all_cores():
            table = vacuumed(transaction.cursor, table, task, shape, now_ms)
        transaction.catalog = transaction.catalog.with_relation(table)
        self._note(transaction, table, "Finished", statement)

    def _analyze(self, call: Call, statement: Analyze, transaction: Transaction, table: Table) -> None:
        threshold = int(float(call.session.get("analyze_threshold_percent")))
        columns = statement.columns or (predicate_columns(table) if statement.predicate_columns else ())
        start_ms = self._cluster.now_ms()
        known = table
        status: Literal["Full", "PredicateColumn", "Skipped"] = "Skipped"
        if not is_current(table, columns, threshold):
            status = "PredicateColumn" if statement.predicate_columns and columns else "Full"
            with call.cancellation.running(transaction.cursor), self._cluster.all_cores():
                known = analyzed(transaction.cursor, table, columns, transaction.catalog.shape, start_ms)
            transaction.catalog = transaction.catalog.with_relation(known)
        self._cluster.journal.add(
            [
                Analyzed(
                    transaction.xid,
                    table.id,
                    table.schema,
                    table.name,
                    status,
                    known.rows,
                    table.changed_rows,
                    start_ms * 1_000,
                    self._cluster.now_ms() * 1_000,
                    table.analyzed_ms * 1_000 if table.analyzed_ms is not None else None,
                    threshold_percent=threshold,
                )
            ]
        )

    def _tables(self, call: Call, name: TableName | None) -> list[tuple[str, str]]:
        catalog = call.unit.catalog if call.unit.has_begun else self._cluster.catalog
        if name is not None:
            found = catalog.table_named(name, call.session.path)
            return [(found.schema, found.name)]
        return sorted(key for key, each in catalog.relations.items() if isinstance(each, Table))

    @contextmanager
    def _transaction(self, call: Call, key: tuple[str, str]) -> Iterator[Transaction]:
        """The block's transaction, or one for this table alone, with the table locked against other writers."""
        claim = Claim(key, Mode.WRITE)
        if call.inside is not None:
            call.inside.claim([claim], call.cancellation.check)
            yield call.inside
            return
        with self._cluster.transaction(call.session.pid) as transaction:
            transaction.claim([claim], call.cancellation.check)
            yield transaction

    def _note(self, transaction: Transaction, table: Table, status: str, statement: Vacuum) -> None:
        in_order = sum(table.sorted_rows) - sum(table.displaced_rows)
        held = table.rows + table.ghosts
        self._cluster.journal.add(
            [
                Vacuumed(
                    transaction.xid,
                    table.id,
                    status,
                    held,
                    min(in_order, table.rows) if table.sortkey.columns else held,
                    max(1, round(held * table.width_bytes / _BLOCK_BYTES)) if held else 0,
                    self._cluster.now_ms() * 1_000,
                    table.ghosts,
                    statement.mode == "RECLUSTER",
                )
            ]
        )
