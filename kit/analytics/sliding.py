"""Rows with what came before them: OVER a range of time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kit.analytics.engine import Engine
from kit.analytics.stepping import Asked, Held, Step, joined, milliseconds, none_late, split, times_of, watermarks_of
from kit.sql.streaming.plan import MARK


class SlidingRange:
    """OVER a range of time: a row is answered once nothing of its time or before can come any more."""

    def __init__(self, asked: Asked, range_ms: int, held: Held) -> None:
        self._asked = asked
        self._range_ms = range_ms
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms

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
        answer = None
        if watermark_ms > self._closed_ms:
            answer = self._pass(engine, watermark_ms)
            self._closed_ms = watermark_ms
        return Step(answer, late, self._closed_ms)

    def _pass(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = joined(self._tables)
        if rows is None:
            return None
        times = times_of(rows)
        left = rows.filter(pa.array(times >= watermark_ms - self._range_ms))
        self._tables = [left] if left.num_rows else []
        if not ((times >= self._closed_ms) & (times < watermark_ms)).any():
            return None
        answer = self._asked.answer(engine, rows.filter(pa.array(times < watermark_ms)))
        return answer.filter(pa.array(milliseconds(answer.column(MARK)) >= self._closed_ms))
