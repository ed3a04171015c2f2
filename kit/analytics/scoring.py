"""Rows with their anomaly scores: RANDOM_CUT_FOREST."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute

from kit.analytics.engine import Engine
from kit.analytics.forest import Scores
from kit.analytics.stepping import (
    TIME,
    Asked,
    Held,
    Step,
    joined,
    none_late,
    scored_columns,
    split,
    times_of,
    watermarks_of,
)
from kit.sql.athena.types import quote
from kit.sql.streaming.plan import ROWTIME
from kit.sql.streaming.windows import Forest

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

_NUMBER: Final = "number$"


class ScoredRows:
    """RANDOM_CUT_FOREST: rows are scored in the order of time, once nothing of their time or before can come.

    Rows of one time follow the order of their columns. Rows that were scored are kept as far as the forest needs them;
    they have their number in `number$`. A row that lacks a number has no score, and leaves no trace in the forest.
    """

    def __init__(self, asked: Asked, forest: Forest, held: Held) -> None:
        self._asked = asked
        self._forest = forest
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms
        self._scores: Scores | None = None
        self._count = 0

    @property
    def held(self) -> Held:
        return Held(joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = none_late()
        if rows is not None and rows.num_rows:
            times = times_of(rows)
            late, rows, times = split(rows, times, times < np.maximum(watermarks_of(rows), self._closed_ms))
            if rows.num_rows:
                fresh = self._asked.prepared(engine, rows)
                self._tables.append(fresh.append_column(_NUMBER, pa.nulls(fresh.num_rows, pa.int64())))
        answer = None
        if watermark_ms > self._closed_ms:
            answer = self._score(engine, watermark_ms)
            self._closed_ms = watermark_ms
        return Step(answer, late, self._closed_ms)

    def _score(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = joined(self._tables)
        if rows is None:
            return None
        columns = ", ".join(quote(name) for name in rows.column_names if name not in (ROWTIME, _NUMBER))
        ready = f"{quote(_NUMBER)} IS NULL AND {TIME} < {watermark_ms}"
        ordered = f"SELECT * FROM held WHERE {ready} ORDER BY {quote(ROWTIME)}, {columns}"
        waiting = engine.query(ordered, {"held": rows})
        if not waiting.num_rows:
            return None
        known = engine.query(
            f"SELECT * FROM held WHERE {quote(_NUMBER)} >= 0 ORDER BY {quote(_NUMBER)}", {"held": rows}
        )
        scores, numbers = self._scored(engine, known, waiting)
        numbered = waiting.set_column(waiting.schema.get_field_index(_NUMBER), _NUMBER, pa.array(numbers))
        first = Scores.first_needed(self._count, self._forest.sample) - self._forest.shingle
        left = engine.query(f"SELECT * FROM held WHERE NOT ({ready}) AND {quote(_NUMBER)} IS NULL", {"held": rows})
        history = pa.concat_tables([known, numbered])
        history = history.filter(_compute.greater_equal(history.column(_NUMBER), max(first, 0)))
        self._tables = [pa.concat_tables([history, left.cast(history.schema)])]
        answer = waiting.drop_columns([_NUMBER])
        return scored_columns(self._asked.stage, answer, pa.array(scores, pa.float64()))

    def _scored(self, engine: Engine, known: pa.Table, waiting: pa.Table) -> tuple[list[float | None], list[int]]:
        """The scores of rows in order, and their numbers: -1 for those without a score."""
        past = self._points(engine, known)
        if self._scores is None:
            begin = int(known.column(_NUMBER)[0].as_py()) if known.num_rows else 0
            self._count = begin + len(past)
            self._scores = Scores(self._forest.trees, self._forest.sample, self._shingled(past), begin)
        recent = list(past[-self._forest.shingle :])
        scores: list[float | None] = []
        numbers: list[int] = []
        for point in self._points(engine, waiting):
            if not np.isfinite(point).all():
                scores.append(None)
                numbers.append(-1)
                continue
            recent = [*recent, point][-self._forest.shingle :]
            padded = [recent[0]] * (self._forest.shingle - len(recent)) + recent
            scores.append(self._scores.score(np.concatenate(padded)))
            numbers.append(self._count)
            self._count += 1
        return scores, numbers

    def _shingled(self, points: Any) -> list[Any]:
        size = self._forest.shingle
        padded = [*([points[0]] * (size - 1) if len(points) else []), *points]
        return [np.concatenate(padded[place : place + size]) for place in range(len(points))]

    def _points(self, engine: Engine, rows: pa.Table) -> Any:
        names = enumerate(map(quote, self._forest.features))
        features = ", ".join(f"CAST({name} AS DOUBLE) AS f{place}" for place, name in names)
        found = engine.query(f"SELECT {features} FROM held", {"held": rows})
        return np.column_stack([column.to_numpy() for column in found.columns]).astype(float)
