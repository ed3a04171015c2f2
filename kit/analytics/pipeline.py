"""All stages of an application, one after the other: a batch of each source in, rows of the answer out.

The same object serves both drivers. What it holds between batches can be taken out and put back, which is what a
checkpoint is made of. Knows no stream and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute

from kit.analytics.engine import Engine
from kit.analytics.operators import Operator, empty, operator
from kit.analytics.stepping import Held, References, Step
from kit.analytics.watermark import ALWAYS
from kit.sql.streaming.plan import MARK, ROW, ROWTIME, WATERMARK, Application, Plain, Stage
from kit.sql.streaming.windows import Forest, Sliding

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute


@dataclass(frozen=True, slots=True)
class Flow:
    """Rows of a stream and its watermark behind them. `rows` have `rowtime`, `watermark$` and `row$` beside theirs."""

    rows: pa.Table | None
    watermark_ms: int


@dataclass(frozen=True, slots=True)
class Advance:
    """What a batch came to: rows of the answer, and by source the numbers of late rows, a number for each window."""

    answer: pa.Table | None
    late: Mapping[str, list[pa.Array]]
    watermark_ms: int


class Pipeline:
    """`references` are a stage's and `held` what it kept in an earlier run, in the order of the stages."""

    def __init__(
        self,
        application: Application,
        engine: Engine,
        references: Sequence[References],
        held: Sequence[Held] | None = None,
    ) -> None:
        self._application = application
        self._engine = engine
        self._references = references
        kept = held or [Held(None)] * len(application.stages)
        self._operators: list[tuple[Stage, Operator]] = [
            (stage, operator(stage, tables, each))
            for stage, tables, each in zip(application.stages, references, kept, strict=True)
        ]

    @property
    def held(self) -> list[Held]:
        """What each stage keeps now."""
        return [each.held for _, each in self._operators]

    @property
    def open_rows(self) -> int:
        """How many rows of open windows are held."""
        return sum(0 if held.rows is None else held.rows.num_rows for held in self.held)

    @property
    def open_bytes(self) -> int:
        return sum(0 if held.rows is None else held.rows.nbytes for held in self.held)

    def advance(self, sources: Mapping[str, Flow]) -> Advance:
        """Take in a batch of each source."""
        flows = dict(sources)
        late: dict[str, list[pa.Array]] = {}
        for stage, each in self._operators:
            flow = flows[stage.source]
            step = each.step(self._engine, flow.rows, flow.watermark_ms)
            if len(step.late):
                late.setdefault(self._origin(stage), []).append(step.late.drop_null())
            flows[stage.target] = _joined(flows.get(stage.target), _handed_on(stage, step))
        answer = flows[self._application.answer]
        return Advance(_shown(answer.rows), late, answer.watermark_ms)

    def finish(self) -> Advance:
        """Close all windows: nothing more will come."""
        return self.advance({source: Flow(None, ALWAYS) for source in self._application.sources})

    def empty(self) -> pa.Table:
        """The answer without rows. Raises what any stage would raise whatever its rows."""
        answer = pa.table({})
        for (stage, _), references in zip(self._operators, self._references, strict=True):
            found = empty(stage, references, self._engine)
            if stage.target == self._application.answer:
                answer = found.drop_columns(list(stage.marks))
        return answer

    def _origin(self, stage: Stage) -> str:
        """The source whose rows reach a stage with their numbers: through stages without windows only."""
        name = stage.source
        while name not in self._application.sources:
            name = next(
                each.source for each, _ in self._operators if each.target == name and isinstance(each.shape, Plain)
            )
        return name


def _handed_on(stage: Stage, step: Step) -> Flow:
    """The answer of a stage as rows of the stream that it feeds."""
    rows = step.rows
    if rows is None:
        return Flow(rows, step.watermark_ms)
    if not isinstance(stage.shape, Plain):
        rows = _by_window(rows)
    if not stage.marks:
        return Flow(rows, step.watermark_ms)
    if not stage.target:
        return Flow(rows.drop_columns(list(stage.marks)), step.watermark_ms)
    if isinstance(stage.shape, Plain):
        return Flow(rows.rename_columns([*rows.column_names[:-3], ROWTIME, WATERMARK, ROW]), step.watermark_ms)
    times: Any = rows.column(MARK).cast(pa.timestamp("ms")).cast(pa.int64())
    if not isinstance(stage.shape, (Sliding, Forest)):
        # As Flink's window_time: the last millisecond of the window, so that windows of windows nest.
        times = _compute.subtract(times, 1)
    rows = rows.drop_columns([MARK]).append_column(ROWTIME, times.cast(pa.timestamp("ms")).cast(pa.timestamp("us")))
    nothing = pa.nulls(rows.num_rows, pa.int64())
    return Flow(rows.append_column(WATERMARK, nothing).append_column(ROW, nothing), step.watermark_ms)


def _by_window(rows: pa.Table) -> pa.Table:
    """Rows in the order in which their windows close, as far as they tell their window."""
    times = [name for name in (MARK, "window_end", "window_start") if name in rows.column_names]
    return rows.take(_compute.sort_indices(rows.column(times[0]))) if times else rows


def _joined(held: Flow | None, more: Flow) -> Flow:
    if held is None:
        return more
    tables = [each.rows for each in (held, more) if each.rows is not None]
    return Flow(pa.concat_tables(tables) if tables else None, min(held.watermark_ms, more.watermark_ms))


def _shown(rows: pa.Table | None) -> pa.Table | None:
    if rows is None:
        return None
    return rows.drop_columns([name for name in (ROWTIME, WATERMARK, ROW) if name in rows.column_names])
