"""What a change does to the figures of a table: rows, order, ghosts, and how far statistics are behind. Pure.

In Redshift an update is a delete and an insert: the old row stays as a ghost until VACUUM DELETE ONLY, the new one goes
to the unsorted region. These counts follow that rule. On disk DuckDB updates in place where a row stays on its slice,
and gives the room of deleted rows back when it checkpoints; a row that is deleted is in no one's way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kit.warehouse.catalog import Table
from kit.warehouse.plan.facts import Shape


@dataclass(frozen=True, slots=True)
class Touched:
    """Rows of one slice's part that a statement changed; `in_order` of them lay in the part's sorted beginning."""

    slice: int
    rows: int
    in_order: int


def counts(shape: Shape, figures: tuple[int, ...]) -> list[int]:
    """Figures by slice, zeros where there are none yet."""
    return list(figures or (0,) * shape.slices)


def after_delete(table: Table, shape: Shape, touched: list[Touched], now_ms: int) -> Table:
    """Rows are gone; each leaves a ghost."""
    rows, in_order = counts(shape, table.slice_rows), counts(shape, table.sorted_rows)
    ghosts, displaced = counts(shape, table.ghost_rows), counts(shape, table.displaced_rows)
    for each in touched:
        rows[each.slice] -= each.rows
        in_order[each.slice] -= each.in_order
        ghosts[each.slice] += each.rows
        displaced[each.slice] = min(displaced[each.slice], in_order[each.slice])
    return replace(
        table,
        slice_rows=tuple(rows),
        sorted_rows=tuple(in_order),
        ghost_rows=tuple(ghosts),
        displaced_rows=tuple(displaced),
        changed_rows=table.changed_rows + _once(table, touched),
        changed_ms=now_ms,
    )


def after_update(table: Table, shape: Shape, touched: list[Touched], now_ms: int) -> Table:
    """Rows were replaced where they lie: each leaves a ghost, and counts as unsorted."""
    in_order = counts(shape, table.sorted_rows)
    ghosts, displaced = counts(shape, table.ghost_rows), counts(shape, table.displaced_rows)
    for each in touched:
        ghosts[each.slice] += each.rows
        displaced[each.slice] = min(in_order[each.slice], displaced[each.slice] + each.in_order)
    return replace(
        table,
        ghost_rows=tuple(ghosts),
        displaced_rows=tuple(displaced),
        changed_rows=table.changed_rows + _once(table, touched),
        changed_ms=now_ms,
    )


def _once(table: Table, touched: list[Touched]) -> int:
    """Rows, copies not counted."""
    figures = [each.rows for each in touched]
    return max(figures, default=0) if table.effective == "ALL" else sum(figures)
