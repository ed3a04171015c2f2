"""VACUUM of one table: what has to be done (pure), and the parts written anew.

A part is written anew as a whole, beside the old one and inside the transaction, so that readers keep what they see and
a kill leaves the one or the other. Ghost rows are counted by Redshift's rule (`change/accounts.py`): SORT ONLY leaves
them in the count.

Source: Amazon Redshift Database Developer Guide, "VACUUM", "Managing the size of the unsorted region", read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kit.sql.redshift.statements import Vacuum
from kit.warehouse.catalog import NO_ORDER, Table
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.load.placing import create_parts, drop_parts
from kit.warehouse.order import ordered
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import Shape

DEFAULT_THRESHOLD = 95


@dataclass(frozen=True, slots=True)
class Task:
    """What VACUUM does to a table. `status` is the second half of STL_VACUUM's: why nothing is done, or empty."""

    sorts: bool
    reclaims: bool
    status: str = ""

    @property
    def is_needed(self) -> bool:
        return self.sorts or self.reclaims


def task_of(table: Table, statement: Vacuum) -> Task:
    """Sorting is skipped where enough rows are in order, reclaiming where few enough are ghosts."""
    threshold = statement.threshold_percent if statement.threshold_percent is not None else DEFAULT_THRESHOLD
    sorts, reclaims = table.unsorted_fraction > 0, table.ghosts > 0
    if statement.mode != "REINDEX":
        in_order = 100 * (1 - table.unsorted_fraction)
        dead = 100 * table.ghosts / max(1, table.ghosts + table.rows)
        sorts = sorts and (in_order < threshold or threshold == 100)
        reclaims = reclaims and (dead > 100 - threshold or threshold == 100)
    elif table.sortkey.style == "INTERLEAVED":
        sorts = bool(table.rows)
    match statement.mode:
        case "SORT ONLY" | "RECLUSTER":
            reclaims = False
        case "DELETE ONLY":
            sorts = False
        case _:
            pass
    if sorts or reclaims:
        return Task(sorts, reclaims)
    wanted = "deleted rows" if statement.mode == "DELETE ONLY" else f"sorted>={threshold}%"
    return Task(sorts=False, reclaims=False, status=f"Skipped({wanted})")


def vacuumed(cursor: Connection, table: Table, task: Task, shape: Shape, now_ms: int) -> Table:
    """The table after its parts were written anew."""
    new = replace(table, generation=table.generation + 1)
    create_parts(cursor, new, shape)
    key = table.sortkey if task.sorts else NO_ORDER
    columns = ", ".join(quote(column.name) for column in table.columns)
    for number in table.places(shape):
        old = f'"slice{number}".{quote(table.relation)}'
        fetch(cursor, f'INSERT INTO "slice{number}".{quote(new.relation)} {ordered(old, columns, key, "TRUE")}')
    drop_parts(cursor, table, shape)
    if task.sorts:
        new = replace(new, sorted_rows=table.slice_rows, displaced_rows=())
    return replace(new, ghost_rows=() if task.reclaims else table.ghost_rows, vacuumed_ms=now_ms)
