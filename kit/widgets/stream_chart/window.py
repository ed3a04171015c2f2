"""The rows that a chart shows: those of the last stretch of time, thinned to what the screen can tell apart.

Thinning keeps whole rows: of each series and each column of pixels the first and the last row and those with the
least and the greatest value (as M4 does, Jugel et al., VLDB 2014), so that a line is drawn as if by all of them. It
can be repeated on what it has left, so memory is bounded by the screen and not by the rate. What must not be thinned
is kept whole up to a limit, and refused beyond it. Pure: no clock, no threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute

from kit.base.errors import KitError
from kit.widgets.stream_chart.plan import Plan

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

MARKS = 2_000
"""Rows drawn at most where they may be thinned; beyond it, drawing falls below ten pictures a second."""
WHOLE_MARKS = 5_000
"""Rows drawn at most where they may not."""
PIXELS = 512
"""Columns of pixels that a window is divided into, to begin with."""


class Window:
    """Rows no older than `length_ms` behind the newest; without a length, all of them. `table` is what to draw."""

    def __init__(self, plan: Plan, length_ms: float | None, empty: Any) -> None:
        self._plan = plan
        self._bucket_ms = (length_ms or 0.0) / PIXELS
        self.length_ms = length_ms
        self.table = empty
        self.end_ms = -math.inf
        self.begin_seen_ms = math.inf
        self.newest_ms = -math.inf

    def add(self, rows: Any, now_ms: float | None = None, pinned_end_ms: float | None = None) -> None:
        """Take rows, and let go of what has left the window.

        The window ends at its newest row, or at `now_ms` where it is given. While `pinned_end_ms` is given it ends
        there, and newer rows pass it by. Raises `TOO_MANY_MARKS`.
        """
        if rows.num_rows:
            spread = _compute.min_max(rows.column(self._plan.time)).as_py()
            self.newest_ms = max(self.newest_ms, spread["max"])
            self.end_ms = max(self.end_ms, self.newest_ms)
            self.begin_seen_ms = min(self.begin_seen_ms, spread["min"])
            self.table = pa.concat_tables([self.table, rows])
        if now_ms is not None:
            self.end_ms = max(self.end_ms, now_ms)
        end = self.end_ms if pinned_end_ms is None else pinned_end_ms
        self._cut(end, only_newer_go=pinned_end_ms is None)
        self._thin()

    def begin_ms(self, end_ms: float) -> float:
        return end_ms - self.length_ms if self.length_ms is not None else self.begin_seen_ms

    def _cut(self, end: float, *, only_newer_go: bool) -> None:
        if self.length_ms is None or not self.table.num_rows:
            return
        times = self.table.column(self._plan.time)
        # One row to the left of the window stays as long as it must for a line to enter the picture from the side.
        inside = _compute.greater_equal(times, end - self.length_ms - 2 * self._bucket_ms)
        if not only_newer_go:
            inside = _compute.and_(inside, _compute.less_equal(times, end))
        if not _compute.all(inside).as_py():
            self.table = self.table.filter(inside)

    def _thin(self) -> None:
        if not self._plan.thins:
            if self.table.num_rows > WHOLE_MARKS:
                raise KitError(
                    "TOO_MANY_MARKS",
                    f"The window holds more than {WHOLE_MARKS:,} rows, and this chart computes with every one of them.",
                    "Shorten the window, or let a continuous query count or average first and show its answers.",
                )
            return
        plan, spread_ms = self._plan, max(self.end_ms - self.begin_seen_ms, self.length_ms or 0.0, 1.0)
        self._bucket_ms = self._bucket_ms or spread_ms / PIXELS
        while self.table.num_rows > MARKS:
            kept = extremes(self.table, plan.time, plan.y, plan.series, self._bucket_ms)
            self.table = self.table.take(kept).combine_chunks()
            if self.table.num_rows > MARKS and self._bucket_ms > spread_ms:
                raise KitError(
                    "TOO_MANY_MARKS",
                    f"The series of the window alone make more than {MARKS:,} marks.",
                    "Colour by a column of fewer values, or let a continuous query pick the series to show.",
                )
            if self.table.num_rows > MARKS * 3 // 4:
                self._bucket_ms *= 2


def extremes(table: Any, x: str, ys: Sequence[str], series: Sequence[str], bucket: float) -> Any:
    """Places of the rows to keep, ascending: of each series and bucket of x the first and last, and each y's extremes.

    Missing and infinite values are no extremes.
    """
    slot = _compute.floor(_compute.divide(table.column(x), bucket)).cast(pa.int64())
    group = {"slot": slot, "series": _codes(table, series)}
    kept: list[Any] = []
    for name in (x, *ys):
        values = table.column(name)
        rows = pa.table({**group, "row": pa.arange(0, table.num_rows), "value": values})
        finite = _compute.fill_null(_compute.is_finite(values), False)
        if not _compute.all(finite).as_py():
            rows = rows.filter(finite)
        if not rows.num_rows:
            continue
        keys = [("series", "ascending"), ("slot", "ascending"), ("value", "ascending"), ("row", "ascending")]
        rows = rows.take(_compute.sort_indices(rows, keys))
        starts = _starts(rows)
        ends = pa.concat_arrays([starts.slice(1), pa.array([rows.num_rows], pa.int64())])
        row = rows.column("row")
        kept += [*row.take(starts).chunks, *row.take(_compute.subtract(ends, 1)).chunks]
    if not kept:
        return pa.array([], pa.int64())
    unique = _compute.unique(pa.chunked_array(kept, pa.int64()))
    return unique.take(_compute.sort_indices(unique))


def _starts(rows: Any) -> Any:
    """Where the groups of sorted rows begin."""
    changes: Any = None
    for name in ("series", "slot"):
        column = rows.column(name).combine_chunks()
        change = _compute.not_equal(column.slice(1), column.slice(0, len(column) - 1))
        changes = change if changes is None else _compute.or_(changes, change)
    later = _compute.add(_compute.indices_nonzero(changes).cast(pa.int64()), 1)
    return pa.concat_arrays([pa.array([0], pa.int64()), later])


def _codes(table: Any, names: Sequence[str]) -> Any:
    """A number for each combination of values of the named columns, the same for the same."""
    codes: Any = pa.nulls(table.num_rows, pa.int64()).fill_null(0)
    for name in names:
        encoded = _compute.dictionary_encode(table.column(name).combine_chunks())
        places = encoded.indices.cast(pa.int64())
        codes = _compute.add(_compute.multiply(codes, len(encoded.dictionary) + 1), places)
    return codes
