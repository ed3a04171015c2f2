"""A query that goes on: a thread reads, closes windows, writes a checkpoint, delivers. Errors are kept to be shown.

The order of work makes each row arrive once. An epoch's rows are in its checkpoint before they go to the destination,
and the next checkpoint is written after they have arrived; so after a kill at any moment the last checkpoint's rows
are delivered again, to a destination that knows what it has, and reading goes on where that checkpoint stands.

One process runs a query at a time: the operating system's lock on a file of its folder goes with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

import pyarrow as pa
from filelock import FileLock, Timeout

from kit.analytics import checkpoint
from kit.analytics.checkpoint import Checkpoint, Given
from kit.analytics.definition import Definition
from kit.analytics.destinations import Destination, KeptRows, StoppedError, concatenated
from kit.analytics.engine import Database, Engine
from kit.analytics.pipeline import Pipeline
from kit.analytics.preparing import Prepared
from kit.analytics.run import Counts, Turn, turn
from kit.analytics.source import TRACED, Source
from kit.base.clock import Clock, instant, now_ms
from kit.base.errors import KitError
from kit.streams import Streams

State: TypeAlias = Literal["RUNNING", "STOPPED", "FAILED"]
LOCK = "lock"
FAILURE = "failure.txt"
POLL_SECONDS = 0.05
CHECKPOINT_MS = 1_000


class ContinuousQuery:
    """One query of a workspace. `start` runs it in the background; `step` is one round of the same by hand."""

    def __init__(
        self,
        folder: Path,
        definition: Definition,
        streams: Callable[[], Streams],
        prepared: Callable[[], Prepared],
        destination: Callable[[ContinuousQuery, pa.Schema], Destination],
        clock: Clock,
        database: Database,
    ) -> None:
        self.name = definition.name
        self.definition = definition
        self._folder = folder
        self._streams = streams
        self._prepare = prepared
        self._make_destination = destination
        self._clock = clock
        self._database = database
        self._lock = FileLock(str(folder / LOCK), mode=0o600, thread_local=False)
        self._work = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._running: _Running | None = None
        self._error: BaseException | None = None
        self._is_untold = False
        self._errors = KeptRows(folder / "errors")
        self._late = KeptRows(folder / "late")
        self._kept = KeptRows(folder / "answer")

    # What it is

    @property
    def state(self) -> State:
        """FAILED once an error has ended it; a query that another process runs is RUNNING."""
        if self._error is not None or (self._folder / FAILURE).exists():
            return "FAILED"
        return "RUNNING" if self._running is not None or self._is_run_elsewhere() else "STOPPED"

    @property
    def error(self) -> str:
        """What ended it, or nothing."""
        if self._error is not None:
            return str(self._error)
        with suppress(FileNotFoundError):
            return (self._folder / FAILURE).read_text(encoding="utf-8")
        return ""

    @property
    def counts(self) -> Counts:
        """How many records it has read, and which of them are not in its answer."""
        running = self._running
        if running is not None:
            return replace(running.counts)
        kept = checkpoint.read(self._folder)
        return Counts() if kept is None else kept.counts

    @property
    def watermark_ms(self) -> int:
        """Up to which event time windows have closed, in milliseconds since the epoch."""
        running = self._running
        if running is not None:
            return running.watermark_ms
        kept = checkpoint.read(self._folder)
        return checkpoint.NEVER if kept is None else kept.watermark_ms

    @property
    def open_rows(self) -> int:
        """How many rows of open windows are held in memory, while it runs here."""
        running = self._running
        return 0 if running is None else running.pipeline.open_rows

    def table(self) -> pa.Table:
        """The rows of windows that have closed, where they are kept with the query.

        Raises `INVALID_ARGUMENT` where they go elsewhere.
        """
        if self.definition.into or self.definition.table:
            place = self.definition.into or self.definition.table
            raise KitError("INVALID_ARGUMENT", f"The answer of '{self.name}' goes to {place}.", "Read it there.")
        rows = self._kept.rows()
        if rows:
            return pa.concat_tables(rows)
        schema = self._folder / "schema.arrow"
        return checkpoint.table_of(schema) if schema.exists() else pa.table({})

    def late(self) -> pa.Table:
        """The records that came after their windows had closed."""
        return concatenated(self._late.rows(), TRACED.empty_table())

    def errors(self) -> pa.Table:
        """The records that are no rows, each with the reason."""
        return concatenated(self._errors.rows(), TRACED.empty_table())

    def __repr__(self) -> str:
        counts = self.counts
        parts = [f"{self.name}: {self.state}", f"{counts.read:,} records read"]
        parts.append(f"{counts.late:,} late, {counts.bad:,} bad")
        mark = self.watermark_ms
        if checkpoint.NEVER < mark < -checkpoint.NEVER:
            parts.append(f"windows closed up to {instant(mark * 1_000_000):%Y-%m-%d %H:%M:%S}")
        return " · ".join(parts) + (f"\n{self.error}" if self.error else "")

    def take_failure(self) -> bool:
        """Whether an error has ended it here that nobody has been told of; true once."""
        untold, self._is_untold = self._is_untold, False
        return untold

    # Running

    def start(self) -> None:
        """Run in the background until it is stopped. Raises what makes it impossible to begin."""
        self.open()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"boathouse-window-{self.name}", daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Take up where the last checkpoint stands; what it gives is delivered first. Does nothing if it is open.

        Raises `ResourceInUseException` where another process runs it.
        """
        with self._work:
            if self._running is not None:
                return
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise KitError(
                    "ResourceInUseException",
                    f"The query '{self.name}' is run by another process.",
                    "Stop it there first.",
                ) from None
            try:
                self._error = None
                (self._folder / FAILURE).unlink(missing_ok=True)
                self._running = self._opened()
            except BaseException:
                self._lock.release()
                raise

    def step(self) -> bool:
        """One round: read, close windows, deliver. Whether there was anything to do."""
        with self._work:
            assert self._running is not None, "it is open"
            return self._running.step()

    def stop(self) -> None:
        """Let the round that is under way come to its end, and let go. It can be started again."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        with self._work:
            running, self._running = self._running, None
            if running is not None:
                try:
                    if self._error is None:
                        running.settle()
                finally:
                    running.engine.close()
                    self._lock.release()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self.step():
                    self._stopping.wait(POLL_SECONDS)
        except StoppedError:
            return
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Keep the error where the user looks: with the query, for this process and the next."""
        with self._work:
            self._error = error
            self._is_untold = True
            running, self._running = self._running, None
            with suppress(OSError):
                checkpoint.replace(self._folder / FAILURE, [str(error).encode()])
            if running is not None:
                running.engine.close()
                self._lock.release()

    def _opened(self) -> _Running:
        prepared = self._prepare()
        engine = self._database.connect()
        try:
            kept = checkpoint.read(self._folder) or Checkpoint()
            sources = prepared.sources(self._streams(), self.definition.options, kept.progress)
            pipeline = Pipeline(prepared.application, engine, prepared.references, kept.held or None)
            empty = pipeline.empty()
            checkpoint.replace(self._folder / "schema.arrow", [checkpoint.table_bytes(empty)])
            destination = self._make_destination(self, empty.schema)
            if not kept.progress:
                for source in sources.values():
                    source.begin(self.definition.start)
            outlets = _Outlets(destination, self._errors, self._late)
            running = _Running(self._folder, kept, sources, pipeline, engine, outlets, self._clock)
            outlets.deliver(engine, kept, again=True)
        except BaseException:
            engine.close()
            raise
        return running

    def kept_rows(self) -> KeptRows:
        """Where the answer goes if it goes nowhere else."""
        return self._kept

    def _is_run_elsewhere(self) -> bool:
        probe = FileLock(str(self._folder / LOCK), mode=0o600)
        try:
            probe.acquire(timeout=0)
        except Timeout:
            return True
        probe.release()
        return False


class _Outlets:
    """Where an epoch's rows go: the answer, and beside it what is bad and what is late."""

    def __init__(self, answer: Destination, errors: KeptRows, late: KeptRows) -> None:
        self.answer = answer
        self._errors = errors
        self._late = late

    def deliver(self, engine: Engine, state: Checkpoint, *, again: bool) -> None:
        given = state.given
        outlets: list[tuple[Destination, pa.Table | None]] = [
            (self.answer, given.answer),
            (self._errors, given.errors),
            (self._late, given.late),
        ]
        for outlet, rows in outlets:
            if rows is not None:
                outlet.deliver(engine, state.epoch, rows, state.tips, again=again)


class _Running:
    """The state of a query that is open in this process."""

    def __init__(
        self,
        folder: Path,
        kept: Checkpoint,
        sources: Mapping[str, Source],
        pipeline: Pipeline,
        engine: Engine,
        outlets: _Outlets,
        clock: Clock,
    ) -> None:
        self.pipeline = pipeline
        self.engine = engine
        self.counts = replace(kept.counts)
        self.watermark_ms = kept.watermark_ms
        self._folder = folder
        self._epoch = kept.epoch
        self._sources = sources
        self._outlets = outlets
        self._clock = clock
        self._unwritten = not kept.progress
        self._written_ms = now_ms(clock)

    def step(self) -> bool:
        spans = {name: source.spans() for name, source in self._sources.items()}
        now = now_ms(self._clock)
        taken = turn(self.engine, self._sources, spans, self.pipeline, now, is_bounded=False)
        self.counts.add(taken.counts)
        self.watermark_ms = taken.watermark_ms
        given = _given(taken)
        self._unwritten = self._unwritten or bool(taken.counts.read)
        if given or (self._unwritten and abs(now - self._written_ms) >= CHECKPOINT_MS):
            self._write(given, now)
        return bool(taken.counts.read) or bool(given)

    def settle(self) -> None:
        """Write what has not been written, before letting go."""
        if self._unwritten:
            self._write(Given(), now_ms(self._clock))

    def _write(self, given: Given, now: int) -> None:
        self._epoch += 1
        state = Checkpoint(
            self._epoch,
            {name: source.marks.shards for name, source in self._sources.items()},
            self.pipeline.held,
            given,
            self._outlets.answer.tips() if given.answer is not None else {},
            self.counts,
            self.watermark_ms,
        )
        checkpoint.write(self._folder, state)
        self._unwritten = False
        self._written_ms = now
        self._outlets.deliver(self.engine, state, again=False)


def _given(taken: Turn) -> Given:
    answer = taken.answer if taken.answer is not None and taken.answer.num_rows else None
    return Given(answer, taken.errors if taken.errors.num_rows else None, taken.late if taken.late.num_rows else None)
