"""Add rows to a table inside a transaction, and move a table's rows to where its distribution now says.

What comes from outside is staged on a cursor of its own: a DuckDB transaction writes one attached database only, and
the caller's writes the cluster's file. Each staging table is in a database of its own: a transaction that has touched
an attached database does not see what is made in it later. What comes from the cluster's own tables is staged on the
transaction's connection, in its temporary tables: there alone the transaction's own changes are seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kit.warehouse.catalog import Table
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.execute import exchange
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.load.placing import (
    Staged,
    all_rows,
    auto_key,
    create_parts,
    drop_parts,
    effective_style,
    place,
    stage,
)
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import EffectiveStyle, Shape


class Staging:
    """Where a statement's rows wait before they are placed. `is_inside`: on the transaction's own connection."""

    def __init__(
        self, cluster: Cluster, cursor: Connection, cancellation: Cancellation, *, is_inside: bool = False
    ) -> None:
        self.cursor = cursor
        self.cancellation = cancellation
        self.cluster = cluster
        self._is_inside = is_inside
        self._databases: list[str] = []
        self._tables: list[str] = []

    def relation(self) -> str:
        """The name of a new staging table."""
        if self._is_inside:
            return own_relation(self.cluster, self._tables)
        database = self.cluster.next_database()
        exchange.attach(self.cursor, database)
        self._databases.append(database)
        return f'"{database}"."staged"'

    def clear(self) -> None:
        """Drop what was staged; no transaction may still use it."""
        for database in self._databases:
            exchange.detach(self.cursor, database)
        for relation in self._tables:
            fetch(self.cursor, f"DROP TABLE IF EXISTS {relation}")

    def rows(self, table: Table, source: str, parameters: Mapping[str, Any], shape: Shape) -> Staged:
        """Run a SELECT of the table's columns into a staging table."""
        with self.cancellation.running(self.cursor):
            return stage(self.cursor, self.relation(), table, source, parameters, shape)


@contextmanager
def staging(cluster: Cluster, cancellation: Cancellation) -> Iterator[Staging]:
    """A staging area for rows from outside; open it around the statement's transaction, not inside of it."""
    cursor = cluster.cursor()
    area = Staging(cluster, cursor, cancellation)
    try:
        with cluster.all_cores():
            yield area
    finally:
        cluster.end(cursor)
        area.clear()
        cluster.give_back(cursor)


@contextmanager
def staging_inside(cluster: Cluster, transaction: Transaction, cancellation: Cancellation) -> Iterator[Staging]:
    """A staging area for rows that a transaction has computed. After an error the transaction has to be rolled back."""
    area = Staging(cluster, transaction.cursor, cancellation, is_inside=True)
    yield area
    area.clear()


def own_relation(cluster: Cluster, made: list[str]) -> str:
    """The name of a new temporary table of a connection, noted in `made`."""
    relation = f'"{exchange.OWN}"."staged_{cluster.next_database()}"'
    made.append(relation)
    return relation


def append(transaction: Transaction, area: Staging, table: Table, staged: Staged, shape: Shape, now_ms: int) -> Table:
    """Place staged rows; a table on AUTO that has outgrown its place moves first. The catalog then knows."""
    cursor = transaction.cursor
    with area.cancellation.running(cursor):
        style = effective_style(table, table.rows + staged.rows, table.width_bytes)
        if table.style == "AUTO" and style != table.effective and not transaction.is_stale(table):
            table = _moved(transaction, area, table, style, shape, now_ms)
        table = place(cursor, table, staged, shape, now_ms)
    transaction.catalog = transaction.catalog.with_relation(table)
    return table


def resized(transaction: Transaction, area: Staging, table: Table, before: Shape, after: Shape, now_ms: int) -> Table:
    """A table whose rows are placed anew for another number of slices."""
    with area.cancellation.running(transaction.cursor):
        return _replaced(transaction, area, table, table, before, after, now_ms)


def replaced(transaction: Transaction, area: Staging, old: Table, new: Table, shape: Shape, now_ms: int) -> Table:
    """A table whose rows are placed anew, where and in the order in which `new` has them."""
    with area.cancellation.running(transaction.cursor):
        return _replaced(transaction, area, old, new, shape, shape, now_ms)


def _moved(
    transaction: Transaction, area: Staging, table: Table, style: EffectiveStyle, shape: Shape, now_ms: int
) -> Table:
    changed = replace(table, effective=style, distkey=auto_key(table) if style == "KEY" else None)
    return _replaced(transaction, area, table, changed, shape, shape, now_ms)


def _replaced(
    transaction: Transaction, area: Staging, old: Table, new: Table, before: Shape, after: Shape, now_ms: int
) -> Table:
    """The same rows in other places."""
    empty = replace(
        new,
        slice_rows=(),
        sorted_rows=(),
        ghost_rows=(),
        displaced_rows=(),
        next_slice=0,
        generation=old.generation + 1,
    )
    cursor = transaction.cursor
    made: list[str] = []
    staged = None
    if old.rows:
        columns = [quote(column.name) for column in new.columns]
        staged = stage(cursor, own_relation(area.cluster, made), empty, all_rows(old, before, columns), {}, after)
    drop_parts(cursor, old, before)
    create_parts(cursor, empty, after)
    blank = replace(empty, slice_rows=(0,) * after.slices, sorted_rows=(0,) * after.slices)
    placed = place(cursor, blank, staged, after, now_ms) if staged is not None else blank
    for relation in made:
        fetch(cursor, f"DROP TABLE {relation}")
    return placed
