"""One stage at work: rows in, rows of closed windows out, rows of open windows kept as Arrow.

An operator is handed rows and a watermark: no row that is not late comes later with a time before it. It gives the
answer over the windows that this closes, each once. What it keeps are the rows of open windows, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, assert_never

import numpy as np
import pyarrow as pa
import pyarrow.compute

from kit.analytics import boundaries
from kit.analytics.engine import Engine
from kit.analytics.forest import Scores
from kit.analytics.watermark import ALWAYS, NEVER
from kit.sql.athena.types import quote
from kit.sql.streaming.plan import FROM, KEY, MARK, ROW, ROWTIME, SCORE, WATERMARK, Plain, Stage
from kit.sql.streaming.windows import Cumulate, Fixed, Forest, Hop, Session, Sliding, Stagger, Tumble, step_ms

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

_TIME: Final = f"epoch_ms({quote(ROWTIME)})"


@dataclass(frozen=True, slots=True)
class Step:
    """What one call gives: `rows` of the answer, or None; the numbers of `late` rows; and the watermark behind it."""

    rows: pa.Table | None
    late: pa.Array
    watermark_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """What an operator keeps between calls: its rows, and up to which watermark it has closed windows."""

    rows: pa.Table | None
    closed_ms: int = NEVER


class Operator(Protocol):
    @property
    def held(self) -> Held:
        """What is kept, to begin again from."""
        ...

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        """Take rows in and move the watermark up."""
        ...


References: TypeAlias = Mapping[str, pa.Table]
"""Tables that a stage joins with, by the names that its SQL has for them."""


def empty(stage: Stage, references: References, engine: Engine) -> pa.Table:
    """The answer of a stage over no rows: its columns, and whether it can be answered at all."""
    return _Asked(stage, references).empty(engine)


def operator(stage: Stage, references: References, held: Held) -> Operator:
    """The operator of a stage, as it was when it kept `held`."""
    asked = _Asked(stage, references)
    match stage.shape:
        case Tumble() | Hop() | Cumulate() as window:
            return FixedWindows(asked, window, held)
        case Session() | Stagger() as window:
            return KeyedWindows(asked, window, held)
        case Sliding(range_ms):
            return SlidingRange(asked, range_ms, held)
        case Forest() as forest:
            return ScoredRows(asked, forest, held)
        case Plain():
            return Passing(asked)
    assert_never(stage.shape)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A stage's SQL, ready to be asked."""

    stage: Stage
    references: References

    def prepared(self, engine: Engine, rows: pa.Table) -> pa.Table:
        """What of the source's rows the stage keeps."""
        stage = self.stage
        return engine.query(stage.prepare, {stage.source_scan: rows}, stage.parameters_of(stage.prepare))

    def answer(self, engine: Engine, rows: pa.Table) -> pa.Table:
        """The answer over rows, which have their windows."""
        stage = self.stage
        return engine.query(stage.sql, {**self.references, stage.scan: rows}, stage.parameters_of(stage.sql))

    def empty(self, engine: Engine) -> pa.Table:
        """The answer over no rows, for its columns."""
        kinds = {**self.stage.source_columns, ROWTIME: "TIMESTAMP", WATERMARK: "BIGINT", ROW: "BIGINT", FROM: "BIGINT"}
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {quote(name)}" for name, kind in kinds.items())
        rows = self.prepared(engine, engine.query(f"SELECT {columns} LIMIT 0", {}))
        if isinstance(self.stage.shape, Forest):
            return _scored_columns(self.stage, rows, pa.array([], pa.float64()))
        windows = "" if isinstance(self.stage.shape, (Plain, Sliding)) else f", {_WINDOW}"
        source = "(SELECT *, 0 AS start_ms, 0 AS end_ms FROM held)"
        named = ", ".join(quote(name) for name in rows.column_names)
        return self.answer(engine, engine.query(f"SELECT {named}{windows} FROM {source}", {"held": rows}))


class Passing:
    """No window: rows pass, late or not."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self.held = Held(None)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        if rows is None or not rows.num_rows:
            return Step(None, _none(), watermark_ms)
        return Step(self._asked.answer(engine, rows), _none(), watermark_ms)


class FixedWindows:
    """TUMBLE, HOP and CUMULATE: a row is kept once, and put into its windows when they close."""

    def __init__(self, asked: _Asked, window: Fixed, held: Held) -> None:
        self._asked = asked
        self._window = window
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms
        self._next_ms = self._closed_ms + 1 if self._tables else ALWAYS

    @property
    def held(self) -> Held:
        return Held(_joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = _none()
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
        times, before = _times(rows), _watermarks(rows)
        is_late = boundaries.last_ends(self._window, times) <= np.maximum(before, self._closed_ms)
        rows = rows.append_column(FROM, pa.array(before, mask=before <= times))
        late, rows, times = _split(rows, times, is_late)
        if rows.num_rows:
            self._tables.append(self._asked.prepared(engine, rows))
            first = int(boundaries.first_ends(self._window, times).min())
            # A window that closed before the row came does not take it.
            self._next_ms = min(self._next_ms, max(first, self._closed_ms + 1))
        return late

    def _close(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = _joined(self._tables)
        assert rows is not None, "there are tables"
        columns = ", ".join(quote(name) for name in rows.column_names)
        assigned = boundaries.assigned_sql(self._window, columns, _TIME, "held")
        closed = engine.query(
            f"SELECT {columns}, {_WINDOW} FROM ({assigned}) "
            f"WHERE end_ms > {self._closed_ms} AND end_ms <= {watermark_ms} "
            f"AND ({quote(FROM)} IS NULL OR end_ms > {quote(FROM)})",
            {"held": rows},
        )
        left = rows.filter(pa.array(boundaries.last_ends(self._window, _times(rows)) > watermark_ms))
        self._tables = [left] if left.num_rows else []
        step, offset = step_ms(self._window), self._window.offset_ms
        self._next_ms = (watermark_ms - offset) // step * step + offset + step if left.num_rows else ALWAYS
        return self._asked.answer(engine, closed) if closed.num_rows else None


class KeyedWindows:
    """SESSION and STAGGER: the windows of a key follow from all its rows, and are looked for when one may close."""

    def __init__(self, asked: _Asked, window: Session | Stagger, held: Held) -> None:
        self._asked = asked
        self._window = window
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms
        self._length_ms = window.gap_ms if isinstance(window, Session) else window.size_ms
        self._next_ms = NEVER if self._tables else ALWAYS
        self._keys = [quote(f"{KEY}{place}") for place in range(asked.stage.keys)]

    @property
    def held(self) -> Held:
        return Held(_joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = _none()
        if rows is not None and rows.num_rows:
            times = _times(rows)
            late, rows, times = _split(rows, times, times < np.maximum(_watermarks(rows), self._closed_ms))
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
        rows = _joined(self._tables)
        assert rows is not None, "there are tables"
        match self._window:
            case Session(gap):
                found = engine.query(_sessions_sql(self._keys, gap), {"held": rows})
                is_open = _integers(found, "end_ms") >= watermark_ms
            case Stagger(size):
                found = self._staggered(engine, rows, size)
                is_open = _integers(found, "end_ms") > watermark_ms
        ends = _integers(found, "end_ms")
        self._next_ms = int(ends[is_open].min()) if is_open.any() else ALWAYS
        left = found.filter(pa.array(is_open)).select(rows.column_names)
        self._tables = [left] if left.num_rows else []
        closed = found.filter(pa.array(~is_open))
        if not closed.num_rows:
            return None
        columns = ", ".join(quote(name) for name in rows.column_names)
        windows = engine.query(f"SELECT {columns}, {_WINDOW} FROM held", {"held": closed})
        return self._asked.answer(engine, windows)

    def _staggered(self, engine: Engine, rows: pa.Table, size_ms: int) -> pa.Table:
        keys = ", ".join(self._keys)
        code = f"dense_rank() OVER (ORDER BY {keys})" if keys else "1"
        found = engine.query(
            f"SELECT *, {code} AS code, {_TIME} AS time_ms FROM held ORDER BY code, time_ms", {"held": rows}
        )
        starts = boundaries.stagger(_integers(found, "code"), _integers(found, "time_ms"), size_ms)
        return (
            found.drop_columns(["code", "time_ms"])
            .append_column("start_ms", pa.array(starts))
            .append_column("end_ms", pa.array(starts + size_ms))
        )


class SlidingRange:
    """OVER a range of time: a row is answered once nothing of its time or before can come any more."""

    def __init__(self, asked: _Asked, range_ms: int, held: Held) -> None:
        self._asked = asked
        self._range_ms = range_ms
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms

    @property
    def held(self) -> Held:
        return Held(_joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = _none()
        if rows is not None and rows.num_rows:
            times = _times(rows)
            late, rows, times = _split(rows, times, times < np.maximum(_watermarks(rows), self._closed_ms))
            if rows.num_rows:
                self._tables.append(self._asked.prepared(engine, rows))
        answer = None
        if watermark_ms > self._closed_ms:
            answer = self._pass(engine, watermark_ms)
            self._closed_ms = watermark_ms
        return Step(answer, late, self._closed_ms)

    def _pass(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = _joined(self._tables)
        if rows is None:
            return None
        times = _times(rows)
        left = rows.filter(pa.array(times >= watermark_ms - self._range_ms))
        self._tables = [left] if left.num_rows else []
        if not ((times >= self._closed_ms) & (times < watermark_ms)).any():
            return None
        answer = self._asked.answer(engine, rows.filter(pa.array(times < watermark_ms)))
        return answer.filter(pa.array(_milliseconds(answer.column(MARK)) >= self._closed_ms))


class ScoredRows:
    """RANDOM_CUT_FOREST: rows are scored in the order of time, once nothing of their time or before can come.

    Rows of one time follow the order of their columns. Rows that were scored are kept as far as the forest needs them;
    they have their number in `number$`. A row that lacks a number has no score, and leaves no trace in the forest.
    """

    def __init__(self, asked: _Asked, forest: Forest, held: Held) -> None:
        self._asked = asked
        self._forest = forest
        self._tables = [] if held.rows is None else [held.rows]
        self._closed_ms = held.closed_ms
        self._scores: Scores | None = None
        self._count = 0

    @property
    def held(self) -> Held:
        return Held(_joined(self._tables), self._closed_ms)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        late = _none()
        if rows is not None and rows.num_rows:
            times = _times(rows)
            late, rows, times = _split(rows, times, times < np.maximum(_watermarks(rows), self._closed_ms))
            if rows.num_rows:
                fresh = self._asked.prepared(engine, rows)
                self._tables.append(fresh.append_column(_NUMBER, pa.nulls(fresh.num_rows, pa.int64())))
        answer = None
        if watermark_ms > self._closed_ms:
            answer = self._score(engine, watermark_ms)
            self._closed_ms = watermark_ms
        return Step(answer, late, self._closed_ms)

    def _score(self, engine: Engine, watermark_ms: int) -> pa.Table | None:
        rows = _joined(self._tables)
        if rows is None:
            return None
        columns = ", ".join(quote(name) for name in rows.column_names if name not in (ROWTIME, _NUMBER))
        ready = f"{quote(_NUMBER)} IS NULL AND {_TIME} < {watermark_ms}"
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
        return _scored_columns(self._asked.stage, answer, pa.array(scores, pa.float64()))

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


def _scored_columns(stage: Stage, rows: pa.Table, scores: pa.Array) -> pa.Table:
    """The columns of a forest's answer: the cursor's, the score, the row time."""
    names = [column.name for column in stage.columns if column.name != SCORE]
    return rows.select(names).append_column(SCORE, scores).append_column(MARK, rows.column(ROWTIME))


_NUMBER: Final = "number$"
_WINDOW: Final = (
    "make_timestamp_ms(start_ms) AS window_start, make_timestamp_ms(end_ms) AS window_end, "
    "make_timestamp_ms(end_ms - 1) AS window_time"
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
        f"FROM (SELECT *, {_TIME} AS time_ms FROM held)))"
    )


def _split(rows: pa.Table, times: Any, is_late: Any) -> tuple[pa.Array, pa.Table, Any]:
    """The numbers of late rows, and the other rows with their times."""
    if not is_late.any():
        return _none(), rows, times
    late = rows.column(ROW).filter(pa.array(is_late)).combine_chunks()
    return late, rows.filter(pa.array(~is_late)), times[~is_late]


def _joined(tables: list[pa.Table]) -> pa.Table | None:
    """All rows as one table; the list is left with that one."""
    if not tables:
        return None
    if len(tables) > 1:
        tables[:] = [pa.concat_tables(tables)]
    return tables[0]


def _times(rows: pa.Table) -> Any:
    return _milliseconds(rows.column(ROWTIME))


def _milliseconds(times: Any) -> Any:
    return np.asarray(times.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()))


def _watermarks(rows: pa.Table) -> Any:
    return np.asarray(_compute.fill_null(rows.column(WATERMARK), NEVER))


def _integers(rows: pa.Table, name: str) -> Any:
    return np.asarray(rows.column(name).cast(pa.int64()))


def _none() -> pa.Array:
    return pa.array([], pa.int64())
