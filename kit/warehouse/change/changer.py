"""Runs UPDATE, DELETE and MERGE.

A statement that asks for nothing but the row itself runs on every part as it stands. Others become a query for the
places of their rows and their new values, which is planned and distributed like any other.

Source: Amazon Redshift Database Developer Guide, "UPDATE", "DELETE", "MERGE", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kit.base.errors import KitError
from kit.sql.redshift import BoundMerge, bind_delete, bind_merge, bind_update
from kit.sql.redshift.finding import (
    rows_of_delete,
    rows_of_merge,
    rows_of_update,
    rows_to_replace,
    source_of,
    source_rows,
)
from kit.sql.redshift.statements import Delete, Merge, Update
from kit.warehouse.binding import binding_session
from kit.warehouse.catalog import Table
from kit.warehouse.change.work import PLACE, Work, planned_rows, work_on
from kit.warehouse.cluster import Cluster
from kit.warehouse.connection import row
from kit.warehouse.plan.expression import quote
from kit.warehouse.query import Compiled, Queries

if TYPE_CHECKING:
    from kit.warehouse.commands import Call

_ONCE = "DISTINCT ON (place) *"


class Changer:
    """Runs the statements that change rows; each answers its completion tag."""

    def __init__(self, cluster: Cluster, queries: Queries) -> None:
        self._cluster = cluster
        self._queries = queries

    def planned(self, call: Call, statement: Update | Delete | Merge) -> Compiled:
        """The plan by which a statement finds its rows, for EXPLAIN; a simple one runs where the rows are anyway."""
        catalog = call.inside.catalog if call.inside is not None else self._cluster.catalog
        table = catalog.table_named(statement.table, call.session.path)
        binding = binding_session(catalog, call.session, call.values, wide=True)
        match statement:
            case Update():
                change = bind_update(statement, call.script, binding)
                assigned = {pair.this.name for pair in change.tree.expressions}
                columns = [column.schema() for column in table.columns if column.name in assigned]
                query = rows_of_update(change, PLACE, columns)
            case Delete():
                query = rows_of_delete(bind_delete(statement, call.script, binding), PLACE)
            case Merge():
                merge = bind_merge(statement, call.script, binding)
                query = rows_to_replace(merge, PLACE) if merge.remove_duplicates else rows_of_merge(merge, PLACE)
            case _:
                assert_never(statement)
        return planned_rows(self._queries, catalog, table, query)

    def update(self, call: Call, statement: Update) -> str:
        with work_on(self._cluster, self._queries, call, statement.table) as work:
            change = bind_update(statement, call.script, work.binding())
            assigned = [pair.this.name for pair in change.tree.expressions]
            moves = work.table.effective == "KEY" and work.table.distkey in assigned
            if change.is_simple and not moves:
                rows = work.update(work.simply(change), assigned)
            else:
                columns = [column.schema() for column in work.table.columns if column.name in assigned]
                values = {column.name: f"v{index}" for index, column in enumerate(columns)}
                # A row that FROM finds more than once is updated once, by any of them.
                keep = _ONCE if change.tree.args.get("from_") is not None else "*"
                found = work.found(rows_of_update(change, PLACE, columns), ["place", *values.values()], keep)
                rows = work.update_found(found, values)
        return f"UPDATE {rows}"

    def delete(self, call: Call, statement: Delete) -> str:
        with work_on(self._cluster, self._queries, call, statement.table) as work:
            change = bind_delete(statement, call.script, work.binding())
            if change.is_simple:
                rows = work.delete(work.simply(change))
            else:
                rows = work.delete_found(work.found(rows_of_delete(change, PLACE), ["place"], "DISTINCT place"))
        return f"DELETE {rows}"

    def merge(self, call: Call, statement: Merge) -> str:
        with work_on(self._cluster, self._queries, call, statement.table) as work:
            merge = bind_merge(statement, call.script, work.binding())
            source = _source(work, merge)
            if merge.remove_duplicates:
                _replace(work, merge, source)
            else:
                _merge(work, merge)
        return "MERGE"


def _merge(work: Work, merge: BoundMerge) -> None:
    """Update or delete what the source matches, insert what matches nothing: found by one join, done in that order."""
    updates = {name: f"u{index}" for index, (name, _) in enumerate(merge.update)}
    inserts = {name: f"i{index}" for index, (name, _) in enumerate(merge.insert)}
    found = work.found(rows_of_merge(merge, PLACE), ["place", *updates.values(), *inserts.values()])
    matches, distinct = row(work.cursor, f"SELECT count(place), count(DISTINCT place) FROM {found}")
    if merge.delete_matched:
        work.delete_found(found)
    elif matches != distinct:
        raise KitError(
            "21000",
            "Found multiple matches to update the same tuple.",
            "Of the source, at most one row may match each row of the target: remove its duplicates first.",
        )
    elif matches:
        work.update_found(found, updates)
    if inserts:
        work.append(f"{found} WHERE place IS NULL", {name: quote(given) for name, given in inserts.items()})


def _replace(work: Work, merge: BoundMerge, source: Table) -> None:
    """REMOVE DUPLICATES: every row that the source matches goes, every row of the source comes."""
    own, given = work.table.columns, source.columns
    if [column.type.kind for column in own] != [column.type.kind for column in given]:
        raise KitError(
            "42804",
            "MERGE with REMOVE DUPLICATES needs a target and a source with the same columns",
            f'"{work.table.name}" has {len(own)} and "{source.name}" has {len(given)}, or their types differ.',
        )
    names = [f"i{index}" for index in range(len(given))]
    rows = work.found(source_rows(merge, [column.schema() for column in given]), names)
    work.delete_found(work.found(rows_to_replace(merge, PLACE), ["place"], "DISTINCT place"))
    work.append(rows, {column.name: quote(name) for column, name in zip(own, names, strict=True)})


def _source(work: Work, merge: BoundMerge) -> Table:
    """The table that a MERGE reads; nothing else may stand there."""
    key = source_of(merge)
    found = work.catalog.relations.get(key) if key is not None else None
    if not isinstance(found, Table):
        raise KitError(
            "0A000", "MERGE source must be a table", "A view or a subquery cannot be one: make a temporary table of it."
        )
    return found
