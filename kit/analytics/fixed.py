"""Windows that the clock cuts: TUMBLE, HOP and CUMULATE."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kit.analytics import boundaries
from kit.analytics.engine import Engine
from kit.analytics.stepping import TIME, WINDOW, Asked, Held, Step, joined, none_late, split, times_of, watermarks_of
from kit.analytics.watermark import ALWAYS
from kit.sql.athena.types import quote
from kit.sql.streaming.plan import FROM
from kit.sql.streaming.windows import Fixed, step_ms


class FixedWindows:
    """TUMBLE, HOP and CUMULATE: a row is kept once, and put into its windows when they close."""

    def __init__(self, asked: Asked, window: Fixed, held: Held) -> None:
        self._asked = asked
        self._window = window
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms
        self._next_ms = self._closed_ms + 1 if self._tables else ALWAYS

    @property
    def held(self) -> Held:
        return Held(joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = none_late()
        if rows is not None and rows.num_rows:
            late = self._take(engine, rows)
        answer = None
        if watermark_ms > self._closed_ms:
            if self._tables and self._next_ms <= watermark_ms:
                answer = self._close(engine, watermark_ms)
            self._closed_ms = watermark_ms
        return Step(answer, late, self._closed_ms)

    def _take(self, engine: Engine, rows: pa.Table) -> pa.Array:
        """Keep what a window that is still open holds; the numbers of the others."""
        times, before = times_of(rows), watermarks_of(rows)
        is_late = boundaries.last_ends(self._window, times) <= np.maximum(before, self._closed_ms)
        rows = rows.append_column(FROM, pa.array(before, mask=before <= times))
        late, rows, times = split(rows, times, is_late)
        if rows.num_rows:
            self._tables.append(self._asked.prepared(engine, rows))
            first = int(boundaries.first_ends(self._window, times).min())
            # A window that closed before the row came does not take it.
            self._next_ms = min(self._next_ms, max(first, self._closed_ms + 1))
        return late

    def _close(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = joined(self._tables)
        assert rows is not None, "there are tables"
        columns = ", ".join(quote(name) for name in rows.column_names)
        assigned = boundaries.assigned_sql(self._window, columns, TIME, "held")
        closed = engine.query(
            f"SELECT {columns}, {WINDOW} FROM ({assigned}) "
            f"WHERE end_ms > {self._closed_ms} AND end_ms <= {watermark_ms} "
            f"AND ({quote(FROM)} IS NULL OR end_ms > {quote(FROM)})",
            {"held": rows},
        )
        left = rows.filter(pa.array(boundaries.last_ends(self._window, times_of(rows)) > watermark_ms))
        self._tables = [left] if left.num_rows else []
        step, offset = step_ms(self._window), self._window.offset_ms
        self._next_ms = (watermark_ms - offset) // step * step + offset + step if left.num_rows else ALWAYS
        return self._asked.answer(engine, closed) if closed.num_rows else None
