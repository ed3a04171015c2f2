"""Windows that follow from the rows of a key: SESSION and STAGGER."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kit.analytics import boundaries
from kit.analytics.engine import Engine
from kit.analytics.stepping import (
    TIME,
    WINDOW,
    Asked,
    Held,
    Step,
    integers,
    joined,
    none_late,
    split,
    times_of,
    watermarks_of,
)
from kit.analytics.watermark import ALWAYS, NEVER
from kit.sql.athena.types import quote
from kit.sql.streaming.plan import KEY
from kit.sql.streaming.windows import Session, Stagger


class KeyedWindows:
    """SESSION and STAGGER: the windows of a key follow from all its rows, and are looked for when one may close."""

    def __init__(self, asked: Asked, window: Session | Stagger, held: Held) -> None:
        self._asked = asked
        self._window = window
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms
        self._length_ms = window.gap_ms if isinstance(window, Session) else window.size_ms
        self._next_ms = NEVER if self._tables else ALWAYS
        self._keys = [quote(f"{KEY}{place}") for place in range(asked.stage.keys)]

    @property
    def held(self) -> Held:
        return Held(joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = none_late()
        if rows is not None and rows.num_rows:
            times = times_of(rows)
            late, rows, times = split(rows, times, times < np.maximum(watermarks_of(rows), self._closed_ms))
            if rows.num_rows:
                self._tables.append(self._asked.prepared(engine, rows))
                self._next_ms = min(self._next_ms, int(times.min()) + self._length_ms)
        answer = None
        if watermark_ms > self._closed_ms:
            if self._tables and self._next_ms <= watermark_ms:
                answer = self._close(engine, watermark_ms)
            self._closed_ms = watermark_ms
        # A session that ends at the watermark is still open, and its answer is of the millisecond before.
        return Step(answer, late, self._closed_ms - isinstance(self._window, Session))

    def _close(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = joined(self._tables)
        assert rows is not None, "there are tables"
        match self._window:
            case Session(gap):
                found = engine.query(_sessions_sql(self._keys, gap), {"held": rows})
                is_open = integers(found, "end_ms") >= watermark_ms
            case Stagger(size):
                found = self._staggered(engine, rows, size)
                is_open = integers(found, "end_ms") > watermark_ms
        ends = integers(found, "end_ms")
        self._next_ms = int(ends[is_open].min()) if is_open.any() else ALWAYS
        left = found.filter(pa.array(is_open)).select(rows.column_names)
        self._tables = [left] if left.num_rows else []
        closed = found.filter(pa.array(~is_open))
        if not closed.num_rows:
            return None
        columns = ", ".join(quote(name) for name in rows.column_names)
        windows = engine.query(f"SELECT {columns}, {WINDOW} FROM held", {"held": closed})
        return self._asked.answer(engine, windows)

    def _staggered(self, engine: Engine, rows: pa.Table, size_ms: int) -> pa.Table:
        keys = ", ".join(self._keys)
        code = f"dense_rank() OVER (ORDER BY {keys})" if keys else "1"
        found = engine.query(
            f"SELECT *, {code} AS code, {TIME} AS time_ms FROM held ORDER BY code, time_ms", {"held": rows}
        )
        starts = boundaries.stagger(integers(found, "code"), integers(found, "time_ms"), size_ms)
        return (
            found.drop_columns(["code", "time_ms"])
            .append_column("start_ms", pa.array(starts))
            .append_column("end_ms", pa.array(starts + size_ms))
        )


def _sessions_sql(keys: list[str], gap_ms: int) -> str:
    """Rows with `start_ms` and `end_ms` of their session: a new one begins more than the gap after the last row."""
    by = f"PARTITION BY {', '.join(keys)} " if keys else ""
    inside = f"PARTITION BY {', '.join([*keys, 'session'])}"
    silence = f"time_ms - lag(time_ms) OVER ({by}ORDER BY time_ms)"
    return (
        f"SELECT * EXCLUDE (time_ms, starts, session), min(time_ms) OVER ({inside}) AS start_ms, "
        f"max(time_ms) OVER ({inside}) + {gap_ms} AS end_ms FROM ("
        f"SELECT *, sum(starts) OVER ({by}ORDER BY time_ms ROWS UNBOUNDED PRECEDING) AS session FROM ("
        f"SELECT *, CASE WHEN {silence} <= {gap_ms} THEN 0 ELSE 1 END AS starts "
        f"FROM (SELECT *, {TIME} AS time_ms FROM held)))"
    )
