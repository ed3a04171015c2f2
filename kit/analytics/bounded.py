"""A run to the end of what the log holds when it begins: the final answer, with all windows closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from kit.analytics.engine import Engine
from kit.analytics.options import Options
from kit.analytics.pipeline import Pipeline
from kit.analytics.preparing import Prepared
from kit.analytics.run import Counts, turn
from kit.analytics.source import TRACED
from kit.base import display
from kit.base.clock import Clock, Stopwatch, now_ms
from kit.base.errors import KitError
from kit.base.result import Result, Stats

if TYPE_CHECKING:
    from kit.streams import Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStats(Stats):
    """What a run over streams read: records, and those that were bad, late, or gone before they were read."""

    records: int
    bad: int
    late: int
    expired: int

    def parts(self) -> list[str]:
        shown = [*Stats.parts(self), display.count(self.records, "record") + " read"]
        shown += [f"{count:,} {what}" for count, what in self._left() if count]
        return shown

    def _left(self) -> list[tuple[int, str]]:
        return [(self.bad, "bad"), (self.late, "late"), (self.expired, "expired")]


class WindowResult(Result):
    """The answer of a bounded run, and beside it the records that are not in it, each with its reason."""

    late: pa.Table
    errors: pa.Table


class BoundedRun:
    """One run to the end of what the log holds when it begins."""

    def __init__(self, prepared: Prepared, streams: Streams, options: Options, engine: Engine, clock: Clock) -> None:
        self._prepared = prepared
        self._engine = engine
        self._clock = clock
        self._sources = prepared.sources(streams, options)
        self._pipeline = Pipeline(prepared.application, engine, prepared.references)
        self._spans = {name: source.spans() for name, source in self._sources.items()}
        self._total = sum(span.end - span.begin for spans in self._spans.values() for span in spans)
        self._counts = Counts()
        self._answers: list[pa.Table] = [self._pipeline.empty()]
        self._late: list[pa.Table] = [TRACED.empty_table()]
        self._errors: list[pa.Table] = [TRACED.empty_table()]
        self._is_cancelled = False

    @property
    def fraction(self) -> float:
        return self._counts.read / self._total if self._total else 1.0

    def cancel(self) -> None:
        self._is_cancelled = True
        self._engine.interrupt()

    def run(self) -> None:
        while True:
            if self._is_cancelled:
                raise KitError("QUERY_CANCELLED", "The query was cancelled.")
            now = now_ms(self._clock)
            taken = turn(self._engine, self._sources, self._spans, self._pipeline, now, is_bounded=True)
            self._counts.add(taken.counts)
            self._late.append(taken.late)
            self._errors.append(taken.errors)
            if taken.answer is not None:
                self._answers.append(taken.answer)
            if taken.at_end:
                break
            assert taken.counts.read, "each round takes something until the end"
        last = self._pipeline.finish()
        if last.answer is not None:
            self._answers.append(last.answer)

    def result(self, watch: Stopwatch, page_rows: int) -> WindowResult:
        answer = pa.concat_tables(self._answers)
        counts = self._counts
        stats = WindowStats(
            ms=watch.ms,
            rows=answer.num_rows,
            records=counts.read,
            bad=counts.bad,
            late=counts.late,
            expired=counts.expired,
        )
        result = WindowResult(answer.schema, answer.to_batches(), stats=stats, page_rows=page_rows)
        result.late = pa.concat_tables(self._late)
        result.errors = pa.concat_tables(self._errors)
        return result
