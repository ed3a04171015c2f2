"""One execution from its submission to its end: the states it goes through, the answer, what it cost.

Owns the life of an execution's record. Must not know what statements do (`statements`), nor how rows are shown.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kit.athena.engine import CANCELLED
from kit.athena.execution import Execution, State
from kit.athena.history import History
from kit.athena.job import Answer, Job, Listed, Services, Streamed, Told
from kit.athena.lake import Lake
from kit.athena.meter import AthenaStats, bytes_read, cost_usd
from kit.athena.output import Output
from kit.athena.reuse import ReusableResults, Reused, reuse_key
from kit.athena.running import Running
from kit.athena.statements import kind_of, parsed, run
from kit.athena.workgroups import Workgroup
from kit.base.clock import Clock, Stopwatch, now
from kit.base.errors import KitError
from kit.base.ids import QueryId
from kit.base.result import Result
from kit.base.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True, eq=False)
class Registry:
    """What runs in this process, by id."""

    _running: dict[QueryId, Run] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, query_id: QueryId, run: Run) -> None:
        with self._lock:
            self._running[query_id] = run

    def get(self, query_id: QueryId) -> Run | None:
        with self._lock:
            return self._running.get(query_id)

    def remove(self, query_id: QueryId) -> None:
        with self._lock:
            self._running.pop(query_id, None)

    def all(self) -> list[Run]:
        with self._lock:
            return list(self._running.values())


@dataclass(frozen=True, slots=True)
class Runtime:
    """What all executions of a process share."""

    services: Services
    history: History
    reusable: ReusableResults
    registry: Registry
    clock: Clock
    settings: Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for: parameters by name or by position, and how old a result may be that is given again."""

    workgroup: Workgroup
    named: Mapping[str, Any]
    listed: Sequence[Any]
    reuse_minutes: int | None


class Run:
    """One execution. Used by one thread at a time, but for `cancel`."""

    def __init__(self, runtime: Runtime, execution: Execution, running: Running, ask: Ask) -> None:
        self.execution = execution
        self._runtime = runtime
        self._running = running
        self._ask = ask
        self._clock = Stopwatch()
        self._planning_ms = 0.0
        self._answer: Answer | None = None
        self._ending: _Ending | None = None

    def leave_queue(self) -> None:
        self._change(replace(self.execution, state="RUNNING"))

    def answer(self) -> Result:
        """Run it. Raises what the statement raises; the record then says so too."""
        try:
            return self._run()
        except BaseException as error:
            self.fail(error)
            raise

    def cancel(self) -> None:
        """Stop it; from any thread."""
        self._running.cancel()

    def close(self) -> None:
        """Stop it, and note that it was stopped where nobody else will."""
        self.cancel()
        if self._ending is not None:
            self._ending.close()

    def _run(self) -> Result:
        self._running.check()
        execution, ask = self.execution, self._ask
        key = ""
        if ask.reuse_minutes is not None:
            key = reuse_key(execution.workgroup, execution.database, execution.statement, ask.named, ask.listed)
            reused = self._runtime.reusable.find(key, ask.reuse_minutes)
            if reused is not None:
                return self._reuse(reused)
        statement = parsed(execution.statement)
        kind, statement_type = kind_of(statement)
        self.execution = replace(execution, kind=kind, statement_type=statement_type)
        job = Job(
            self._runtime.services,
            self._running,
            Lake(self._runtime.services.catalog, self._runtime.services.live),
            execution.id,
            execution.statement,
            execution.database,
            ask.workgroup,
            ask.named,
            ask.listed,
            now(self._runtime.clock),
            self._runtime.settings.result_bytes,
        )
        self._answer = run(job, statement)
        self._planning_ms = self._running.planning_ms
        output = Output(job) if ask.workgroup.output_location else None
        match self._answer:
            case Told():
                return self._told(self._answer, output)
            case Listed():
                return self._list(self._answer, output)
            case Streamed():
                return self._stream(self._answer, output, key)

    def _told(self, answer: Told, output: Output | None) -> Result:
        if output is not None:
            self._locate(output.told(answer))
        return Result.of_message(answer.message, stats=self.succeed(answer.rows))

    def _list(self, answer: Listed, output: Output | None) -> Result:
        import pyarrow as pa

        columns = list(zip(*answer.rows, strict=True)) or [()] * len(answer.columns)
        table = pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], list(answer.columns))
        if output is not None:
            self._locate(output.listed(answer))
        page_rows = max(self._runtime.settings.page_rows, table.num_rows)
        return Result.of_table(table, stats=self.succeed(table.num_rows), page_rows=page_rows)

    def _stream(self, answer: Streamed, output: Output | None, key: str) -> Result:
        settings = self._runtime.settings
        try:
            if output is not None:
                held, rest, location = output.rows(answer)
                self._locate(location)
            else:
                held, rest = answer.batches.held, answer.batches.rest
        except BaseException:
            answer.connection.close()
            raise
        rows = sum(batch.num_rows for batch in held)
        if rest is None:
            stats = self.succeed(rows)
            answer.connection.close()
            result = Result(answer.schema, held, stats=stats, page_rows=settings.page_rows)
            if key:
                self._runtime.reusable.keep(key, self.execution.id, result.table)
            return result
        self._ending = _Ending(self, answer)
        result = Result(
            answer.schema,
            held,
            stats=self._stats(None),
            rest=self._ending.rest(rest, rows),
            close=self._ending.close,
            page_rows=settings.page_rows,
        )
        self._ending.watch(result)
        return result

    def _reuse(self, reused: Reused) -> Result:
        rows = reused.table.num_rows
        stats = AthenaStats(ms=self._clock.ms, rows=rows, query_id=self.execution.id, reused_from=reused.query_id)
        execution = replace(self.execution, rows=rows, total_ms=stats.ms, reused_from=reused.query_id)
        self._change(replace(execution, state="SUCCEEDED"))
        return Result.of_table(reused.table, stats=stats, page_rows=self._runtime.settings.page_rows)

    def _locate(self, location: str) -> None:
        self.execution = replace(self.execution, output_location=location)

    def succeed(self, rows: int | None) -> AthenaStats:
        """Note that it is over, and what it cost."""
        stats = self._stats(rows)
        self._end(stats, "SUCCEEDED", "")
        return stats

    def _end(self, stats: AthenaStats, state: State, reason: str) -> None:
        self._change(
            replace(
                self.execution,
                state=state,
                reason=reason,
                bytes_scanned=stats.bytes_scanned,
                rows=stats.rows,
                planning_ms=stats.planning_ms,
                engine_ms=stats.engine_ms,
                total_ms=stats.ms,
            )
        )

    def _stats(self, rows: int | None, *, fraction: float = 1.0) -> AthenaStats:
        running = self._running
        measured: int | None = None
        if isinstance(self._answer, Streamed):
            profile = self._answer.connection.profile(self._answer.statement)
            measured = bytes_read(profile, running.watch.bytes_read)
        scanned = running.scanned(fraction)
        total_ms = self._clock.ms
        planning_ms = self._planning_ms or total_ms
        return AthenaStats(
            ms=total_ms,
            rows=rows,
            query_id=self.execution.id,
            bytes_scanned=scanned,
            bytes_read=measured,
            cost_usd=cost_usd(scanned),
            partitions=running.metered.partitions,
            files=running.metered.files,
            row_groups=running.metered.row_groups,
            planning_ms=planning_ms,
            engine_ms=total_ms - planning_ms,
            output_location=self.execution.output_location,
        )

    def fail(self, error: BaseException) -> None:
        """Note how it ended. One that was stopped is billed for what it scanned, one that failed is free."""
        if self.execution.is_over:
            return
        if is_stop(error):
            stats = self._stats(None, fraction=self._running.fraction)
            self._end(stats, "CANCELLED", error.message if isinstance(error, KitError) else CANCELLED)
        else:
            reason = f"{error.code}: {error.message}" if isinstance(error, KitError) else repr(error)
            self._change(replace(self.execution, state="FAILED", reason=reason, total_ms=self._clock.ms))

    def _change(self, execution: Execution) -> None:
        self.execution = self._runtime.history.change(execution, self._runtime.clock.now_ns())
        if self.execution.is_over:
            self._runtime.registry.remove(self.execution.id)


def is_stop(error: BaseException) -> bool:
    """Whether somebody stopped the execution, rather than something."""
    return isinstance(error, (KeyboardInterrupt, GeneratorExit)) or (
        isinstance(error, KitError) and error.code == "QUERY_CANCELLED"
    )


class _Ending:
    """What becomes of an execution whose rows are still being taken from the engine."""

    def __init__(self, run: Run, answer: Streamed) -> None:
        self._run = run
        self._answer = answer
        self._result: weakref.ref[Result] | None = None

    def watch(self, result: Result) -> None:
        """Let go of the engine when nobody holds the result any more."""
        self._result = weakref.ref(result)
        finalizer: Any = weakref.finalize(result, self.close)
        finalizer.atexit = False

    def rest(self, batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in batches:
                rows += batch.num_rows
                yield batch
        except BaseException as error:
            self._run.fail(error)
            raise
        stats = self._run.succeed(rows)
        result = None if self._result is None else self._result()
        if result is not None:
            result.stats = stats

    def close(self) -> None:
        if not self._run.execution.is_over:
            self._run.cancel()
            self._run.fail(KeyboardInterrupt())
        self._answer.connection.close()
