"""The leader: runs a plan stage by stage, each fragment on its slice, and its own part at the end.

Faults it must survive: a fragment that fails while others run, a cancel between two stages and inside of one, an answer
that is never read to its end. In each the exchange is dropped, every transaction ended, every cursor given back.

Inside of a transaction that writes, all fragments run on its one connection, one after the other with all cores: only
there can its own changes be seen. The exchange is then the connection's temporary tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.result import drain
from kit.warehouse.connection import Connection, fetch, value
from kit.warehouse.execute import exchange
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.execute.measures import LEADER, Fragment, Moved
from kit.warehouse.failures import translated
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.planner import Plan
from kit.warehouse.plan.segments import Segment
from kit.warehouse.plan.template import filled

if TYPE_CHECKING:
    import pyarrow as pa

    from kit.warehouse.cluster import Cluster
    from kit.warehouse.transact.transaction import Transaction

T = TypeVar("T")

BATCH_ROWS = 65_536
# What the leader reads before it is worth a millisecond to let it use all cores.
WIDE_ROWS = 200_000


@dataclass(slots=True)
class Answer:
    """The rows of a query. What is not held is still with the leader; `close` lets go of it."""

    schema: pa.Schema
    held: list[pa.RecordBatch]
    rest: Iterator[pa.RecordBatch] | None
    close: _Release
    fragments: tuple[Fragment, ...]
    moved: tuple[Moved, ...]


class StalePlan(Exception):  # noqa: N818
    """The catalog has changed since the plan was made: plan again."""


def run(
    cluster: Cluster,
    plan: Plan,
    version: int,
    parameters: Mapping[str, Any],
    cancellation: Cancellation,
    limit_bytes: int,
    fill: Fill | None = None,
    inside: Transaction | None = None,
) -> Answer:
    """Run a plan that was made of the catalog's `version`; raises `StalePlan` where another is current.

    `fill` puts what the plan reads beside the slices' tables into the exchange's database, before anything runs.
    `inside` is the transaction whose catalog the plan was made of, and whose changes it sees.
    """
    return _Run(cluster, plan, parameters, cancellation, fill, inside).answer(version, limit_bytes)


Consume: TypeAlias = Callable[[Connection, str, Mapping[str, Any]], T]
Fill: TypeAlias = Callable[[Connection, str], None]


def run_into(
    cluster: Cluster,
    plan: Plan,
    version: int,
    parameters: Mapping[str, Any],
    cancellation: Cancellation,
    consume: Consume[T],
    fill: Fill | None = None,
    inside: Transaction | None = None,
) -> tuple[T, tuple[Fragment, ...], tuple[Moved, ...]]:
    """Run a plan and hand its last statement, unrun, to `consume`, with the cursor that can run it.

    What `consume` returned, and what was measured before and meanwhile.
    """
    return _Run(cluster, plan, parameters, cancellation, fill, inside).handed_over(version, consume)


@dataclass(frozen=True, slots=True)
class _Task:
    """One fragment to run: a segment on a slice, on its own cursor."""

    segment: Segment
    number: int
    cursor: Connection


class _Run:
    def __init__(
        self,
        cluster: Cluster,
        plan: Plan,
        parameters: Mapping[str, Any],
        cancellation: Cancellation,
        fill: Fill | None = None,
        inside: Transaction | None = None,
    ) -> None:
        self._fill = fill
        self._inside = inside
        self._cluster = cluster
        self._plan = plan
        self._parameters = parameters
        self._cancellation = cancellation
        self._clock = Stopwatch()
        self._database = cluster.next_database() if inside is None else exchange.OWN
        self._fragments: list[Fragment] = []
        self._moved: list[Moved] = []
        self._leader = self._cursor()
        self._tasks = [self._task(segment, number) for segment in plan.segments for number in self._numbers(segment)]
        own = [self._leader, *(task.cursor for task in self._tasks)] if inside is None else []
        self._release = _Release(cluster, own, self._database)

    def answer(self, version: int, limit_bytes: int) -> Answer:
        with self._released_on_error():
            return self._finish(self._before_last(version), limit_bytes)

    def handed_over(self, version: int, consume: Consume[T]) -> tuple[T, tuple[Fragment, ...], tuple[Moved, ...]]:
        with self._released_on_error():
            last = self._before_last(version)
            task = self._tasks[-1]
            sql = self._sql(task)
            start_ms = self._clock.ms
            with self._cancellation.running(task.cursor):
                consumed = consume(task.cursor, sql, self._values(task))
                profile = task.cursor.get_profiling_information()
                self._commit(task)
            number = 0 if last.site == "one slice" else LEADER
            self._fragments.append(Fragment(last.number, number, start_ms, self._clock.ms - start_ms, 0, profile))
            self._release()
            return consumed, tuple(self._fragments), tuple(self._moved)

    def _before_last(self, version: int) -> Segment:
        """Run every segment but the last, which is returned."""
        if self._inside is not None:
            return self._before_last_inside(self._inside)
        self._attach()
        reading = [task.cursor for task in self._tasks if task.segment.reads_tables]
        self._release.begun.update(reading)
        if self._cluster.begin_together(reading).version != version:
            raise StalePlan
        *before, last = self._plan.segments
        for stage in range(last.stage):
            self._stage([segment for segment in before if segment.stage == stage])
        return last

    def _before_last_inside(self, inside: Transaction) -> Segment:
        *before, last = self._plan.segments
        if self._fill is not None:
            self._fill_inside(self._fill, inside.cursor)
        if any(segment.reads_tables for segment in self._plan.segments):
            self._release.widen()
        for segment in before:
            made = [self._fragment(task) for task in self._tasks if task.segment.number == segment.number]
            self._fragments += made
            self._release.temporary += [exchange.table(self._database, segment.number, n) for n in range(len(made))]
            self._measure(segment, [each.rows for each in made])
        self._release.inside = inside.cursor
        return last

    def _fill_inside(self, fill: Fill, cursor: Connection) -> None:
        """Have the leader's tables made elsewhere, and copy them to the transaction's connection."""
        aside, database = self._cluster.cursor(), self._cluster.next_database()
        exchange.attach(aside, database)
        try:
            fill(aside, database)
            for (name,) in fetch(
                aside, "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND NOT internal", [database]
            ):
                target = f'"{exchange.OWN}".{quote(name)}'
                value(cursor, exchange.create_as(target, f'SELECT * FROM "{database}".{quote(name)}'))
                self._release.temporary.append(target)
        finally:
            exchange.detach(aside, database)
            self._cluster.give_back(aside)

    @contextmanager
    def _released_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._release.inside = None
            self._release()
            if isinstance(error, StalePlan | KitError) or not isinstance(error, Exception):
                raise
            raise translated(error) from error

    def _task(self, segment: Segment, number: int) -> _Task:
        return _Task(segment, number, self._cursor())

    def _cursor(self) -> Connection:
        return self._cluster.cursor() if self._inside is None else self._inside.cursor

    def _numbers(self, segment: Segment) -> range:
        return range(self._plan.shape.slices) if segment.site == "slices" else range(1)

    def _attach(self) -> None:
        if len(self._plan.segments) > 1 or self._fill is not None:
            exchange.attach(self._leader, self._database)
        if self._fill is not None:
            self._fill(self._leader, self._database)

    def _stage(self, segments: Sequence[Segment]) -> None:
        """Run every fragment of one stage; the first error cancels the others and is raised when all have stopped."""
        wanted = {segment.number for segment in segments}
        tasks = [task for task in self._tasks if task.segment.number in wanted]
        running = [self._cluster.gate.submit(_bound(self._fragment, task)) for task in tasks]
        _, open_ones = wait(running, return_when="FIRST_EXCEPTION")
        if open_ones:
            for each in open_ones:
                each.cancel()
            self._cancellation.cancel()
            wait(running)
        made = _results(running)
        self._fragments += made
        for segment in segments:
            rows = [each.rows for each in made if each.segment == segment.number]
            self._measure(segment, rows)

    def _fragment(self, task: _Task) -> Fragment:
        """Run a segment on a slice, leaving its rows in the exchange."""
        number = LEADER if task.segment.site == "leader" else task.number
        sql = self._sql(task)
        target = exchange.table(self._database, task.segment.number, task.number)
        start_ms = self._clock.ms
        with self._cancellation.running(task.cursor):
            rows = value(task.cursor, exchange.create_as(target, sql), self._values(task))
            profile = task.cursor.get_profiling_information()
            self._commit(task)
        return Fragment(task.segment.number, number, start_ms, self._clock.ms - start_ms, rows, profile)

    def _commit(self, task: _Task) -> None:
        """Let the exchange have what the fragment wrote."""
        if task.segment.reads_tables and self._inside is None:
            fetch(task.cursor, "COMMIT")
            self._release.begun.discard(task.cursor)

    def _finish(self, segment: Segment, limit_bytes: int) -> Answer:
        """The leader's part: its rows stream to the caller, as many as fit are pulled now."""
        task = self._tasks[-1]
        sql = self._sql(task)
        start_ms = self._clock.ms
        reader: pa.RecordBatchReader
        wide = segment.reads_tables or sum(each.rows for each in self._moved) > WIDE_ROWS
        if wide:
            self._release.widen()
        with self._cancellation.running(task.cursor):
            reader = task.cursor.sql(sql, params=self._values(task)).to_arrow_reader(BATCH_ROWS)
            try:
                held, rest = drain(reader, limit_bytes)
                if rest is not None and self._inside is not None:
                    rest = self._set_aside(rest, reader.schema)
            except BaseException:
                # A connection with an unread answer could not even roll back.
                reader.close()
                raise
        rows = sum(batch.num_rows for batch in held)
        number = 0 if segment.site == "one slice" else LEADER
        profile = task.cursor.get_profiling_information() if rest is None else ""
        self._fragments.append(Fragment(segment.number, number, start_ms, self._clock.ms - start_ms, rows, profile))
        if rest is None:
            self._release()
        return Answer(reader.schema, held, rest, self._release, tuple(self._fragments), tuple(self._moved))

    def _set_aside(self, rest: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Keep rows that do not fit elsewhere, so that the transaction's connection is free for its next statement."""
        import pyarrow as pa

        aside, database = self._cluster.cursor(), self._cluster.next_database()
        exchange.attach(aside, database)
        self._release.take(aside, database)
        unread = pa.RecordBatchReader.from_batches(schema, rest)
        relation = f'"{database}"."rest"'
        aside.sql("SELECT * FROM unread").create(relation)
        unread.close()
        self._release.drop_temporary()
        reader: pa.RecordBatchReader = aside.sql(f"SELECT * FROM {relation}").to_arrow_reader(BATCH_ROWS)
        return reader

    def _sql(self, task: _Task) -> str:
        return filled(task.segment.sql, database=self._database, number=task.number, shape=self._plan.shape)

    def _values(self, task: _Task) -> dict[str, Any]:
        # DuckDB refuses values that a statement does not ask for.
        return {name: self._parameters[name] for name in task.segment.parameters}

    def _measure(self, segment: Segment, rows: Sequence[int]) -> None:
        assert segment.exchange is not None
        size = exchange.size_bytes(self._leader, self._database, segment, rows)
        copies = self._plan.shape.slices if segment.exchange == "broadcast" else 1
        self._moved.append(Moved(segment.number, segment.exchange, sum(rows) * copies, size * copies))


class _Release:
    """Gives back what a run holds; once. `begun` are the cursors with a transaction open.

    Of a run `inside` a transaction only the tables are dropped, while that still stands.
    """

    def __init__(self, cluster: Cluster, cursors: Sequence[Connection], database: str) -> None:
        self._cluster = cluster
        self._cursors = list(cursors)
        self._database = database
        self._wide: Any = None
        self._is_released = False
        self.begun: set[Connection] = set()
        self.inside: Connection | None = None
        self.temporary: list[str] = []

    def widen(self) -> None:
        """Let the leader use all cores until the run is released."""
        if self._wide is None:
            self._wide = self._cluster.all_cores()
            self._wide.__enter__()

    def take(self, cursor: Connection, database: str) -> None:
        """A cursor that reads on after the run, and the database that it reads."""
        self._cursors = [cursor]
        self._database = database

    def __call__(self) -> None:
        if self._is_released:
            return
        self._is_released = True
        cursors = self._cursors
        if self._wide is not None:
            self._wide.__exit__(None, None, None)
        for cursor in self.begun:
            self._cluster.end(cursor)
        self.drop_temporary()
        if cursors:
            exchange.detach(cursors[0], self._database)
        for cursor in cursors:
            self._cluster.give_back(cursor)

    def drop_temporary(self) -> None:
        """Drop the temporary tables of a run inside of a transaction."""
        # After an error the transaction is rolled back, and its temporary tables go with it.
        if self.inside is not None:
            for relation in self.temporary:
                fetch(self.inside, f"DROP TABLE {relation}")
            self.temporary = []


def _bound(call: Any, task: _Task) -> Any:
    return lambda: call(task)


def _results(running: Sequence[Future[Fragment]]) -> list[Fragment]:
    """What all returned; where some failed the error that made the others stop, not their interruption."""
    errors = [error for each in running if not each.cancelled() and (error := each.exception()) is not None]
    if errors:
        genuine = [error for error in errors if translated(error).code != "57014"]
        raise (genuine or errors)[0]
    return [each.result() for each in running]
