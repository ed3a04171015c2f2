"""Streaming SQL over the streams of a workspace: bounded runs, and continuous ones in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kit.analytics.engine import Engine
from kit.analytics.options import Duration, Options, milliseconds
from kit.analytics.pipeline import Pipeline
from kit.analytics.preparing import Prepared, Tables, prepare
from kit.analytics.run import Counts, turn
from kit.analytics.source import TRACED
from kit.base import display
from kit.base.clock import Clock, Stopwatch, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.progress import Progress, Silent
from kit.base.result import Result, Stats
from kit.base.running import run_interruptibly
from kit.base.settings import Settings

if TYPE_CHECKING:
    from kit.storage import Storage
    from kit.streams import Streams

IDLE = "5s"


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


class Analytics:
    """Streaming SQL, as in Kinesis Analytics and Flink."""

    def __init__(
        self,
        folder: Path,
        *,
        streams: Callable[[], Streams],
        tables: Callable[[], Tables],
        storage: Callable[[], Storage],
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
    ) -> None:
        """`streams`, `tables` and `storage` are asked for when a query first needs them."""
        self._folder = folder
        self._streams = streams
        self._tables = tables
        self._storage = storage
        self._clock = clock
        self._entropy = entropy
        self._settings = settings

    def sql(
        self,
        text: str,
        *,
        time: str = "",
        lateness: Duration = 0,
        idle: Duration | None = IDLE,
        inputs: Mapping[str, str] | None = None,
        schema: Mapping[str, str] | None = None,
        database: str = "default",
        answer: str = "",
        params: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        batch_records: int = Options().batch_records,
    ) -> WindowResult:
        """The final answer over what the streams hold until now: all windows are closed at its end.

        `time` is the column of the event time where the text does not say (`ROWTIME`), else records go by their
        arrival. `lateness` is how far a record may be behind its shard's latest. `inputs` gives streams further names,
        as in `{"SOURCE_SQL_STREAM_001": "clicks"}`.
        """
        options = options_of(lateness, idle, batch_records)
        streams = self._streams()
        prepared = prepare(
            text,
            streams,
            self._tables(),
            inputs=inputs or {},
            schema=schema,
            time=time,
            database=database,
            answer=answer,
            parameters=params or {},
        )
        watch = Stopwatch()
        engine = Engine(self._settings)
        run = _Bounded(prepared, streams, options, engine, self._clock)
        try:
            shown = progress or Silent()
            run_interruptibly(run.run, cancel=run.cancel, poll=lambda: shown.update(run.fraction))
        finally:
            engine.close()
        return run.result(watch, self._settings.page_rows)

    def close(self) -> None:
        """Let go of what is held; the workspace may be opened again."""


def options_of(lateness: Duration, idle: Duration | None, batch_records: int) -> Options:
    """Options from what a caller gives."""
    return Options(
        lateness_ms=milliseconds(lateness),
        idle_ms=None if idle is None else milliseconds(idle),
        batch_records=batch_records,
    )


class _Bounded:
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
