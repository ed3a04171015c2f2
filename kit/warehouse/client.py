"""One session of a cluster as its user sees it: SQL in, a `Result` out, one statement after the other.

Each statement runs on a thread of its own, so that Ctrl-C, a timeout and the display of progress reach it at once. Any
thread may use a session, also one after another; while a block is open, they take turns. A session that is closed, or
given up, leaves no transaction open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Latest, Progress, Silent
from kit.base.result import Result
from kit.base.running import run_interruptibly
from kit.sql.redshift import parse
from kit.sql.redshift.statements import Begin, Commit, Drop, ParsedStatement, Rollback, TableName
from kit.warehouse import ddl
from kit.warehouse.catalog import Catalog, Table
from kit.warehouse.cluster import Cluster
from kit.warehouse.commands import Call, Commands
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.failures import CANCELLED
from kit.warehouse.manage.design import TableDesign, design_of
from kit.warehouse.manage.plan_cache import PlanCache
from kit.warehouse.manage.shape import ClusterInfo, described, reshape
from kit.warehouse.plan.facts import Shape
from kit.warehouse.session import Session
from kit.warehouse.transact import blocks

T = TypeVar("T")


class Client:
    """A session: its settings, its temporary tables, its transaction block."""

    def __init__(self, cluster: Cluster, commands: Commands, scripts: Scripts, session: Session) -> None:
        self.session = session
        self._cluster = cluster
        self._commands = commands
        self._scripts = scripts
        self._running: set[Cancellation] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        cluster.recorder.attach(session.pid)

    @property
    def pid(self) -> int:
        """The session's number, as pg_backend_pid() answers it."""
        return self.session.pid

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def in_transaction(self) -> bool:
        """Whether a block is open, or has failed and waits for its ROLLBACK."""
        return self.session.block.is_open

    @property
    def catalog(self) -> Catalog:
        """The catalog as the session's next statement sees it."""
        block = self.session.block.transaction
        return block.catalog if block is not None and block.has_begun else self._cluster.catalog

    @property
    def has_temporary(self) -> bool:
        """Whether the session has tables that go with it."""
        return any(schema == self.session.temporary for schema, _ in self.catalog.relations)

    def sql(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        cancellation: Cancellation | None = None,
    ) -> Result:
        """Run a script of one or more statements; the answer is that of the last.

        `params` are values for `:name` in the text. A statement that fails ends the script; what ran before it stays,
        unless it was in the same transaction block, which then waits for its ROLLBACK. `progress` is told on the
        caller's thread, `cancellation` cancels this script alone.
        """
        try:
            statements = self._scripts.parsed(text, keep_case=self.session.keeps_case)
        except KitError:
            with self.session.block.turn:
                blocks.fail(self._cluster, self.session)
            raise
        if not statements:
            raise KitError("42601", "The statement is empty.", "Write a statement, for example SELECT 1.")
        result: Result | None = None
        for statement in statements:
            if result is not None:
                result.close()
            result = self._run(statement, text, params or {}, cancellation or Cancellation(), progress or Silent())
        assert result is not None
        return result

    def cluster(
        self,
        nodes: int | None = None,
        slices_per_node: int | None = None,
        cancellation: Cancellation | None = None,
    ) -> ClusterInfo:
        """The cluster's shape and what its slices hold; with arguments, changed first, which moves every row."""
        if nodes is not None or slices_per_node is not None:
            old = self._cluster.shape
            wanted = Shape(nodes or old.nodes, slices_per_node or old.slices_per_node)
            self.interruptibly(lambda given: reshape(self._cluster, wanted, given), cancellation or Cancellation())
        return described(self._cluster)

    def design(self, table: str) -> TableDesign:
        """Rows, skew, order and size of a table, slice by slice; `table` may be `schema.table`."""
        schema, _, name = table.rpartition(".")
        found = self.catalog.table_named(TableName(name, schema or None), self.session.path)
        return design_of(found, self._cluster.shape)

    def tables(self) -> list[str]:
        """Tables and views that a query can name, those outside of the search path with their schema."""
        path = self.session.path
        return sorted(name if schema in path else f"{schema}.{name}" for schema, name in self.catalog.relations)

    def cancel(self) -> None:
        """Cancel every statement of the session that runs now. Any thread may ask for it."""
        with self._lock:
            running = list(self._running)
        for each in running:
            each.cancel()

    def close(self) -> None:
        """Cancel what runs, roll back what is open, drop the temporary tables. A second call does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self.cancel()
        with self.session.block.turn:
            blocks.abandon(self._cluster, self.session)
        self._drop_temporary()
        self._cluster.recorder.detach(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def interruptibly(
        self, call: Callable[[Cancellation], T], cancellation: Cancellation, watch: Callable[[], None] | None = None
    ) -> T:
        """Run a call of the session on a thread of its own, within its timeout; `watch` runs on the caller's.

        What has begun to commit when its time is up does commit, and is not said to be cancelled.
        """
        clock = Stopwatch()
        limit_ms = self.session.statement_timeout_ms
        is_late = False

        def poll() -> None:
            nonlocal is_late
            if watch is not None:
                watch()
            if limit_ms and clock.ms > limit_ms:
                is_late = True
                cancellation.cancel()

        with self._lock:
            if self._is_closed:
                raise KitError("08003", "connection does not exist", "The session is closed: connect again.")
            self._running.add(cancellation)
        try:
            return run_interruptibly(
                lambda: call(cancellation), cancel=cancellation.cancel, poll=poll, name="boathouse-leader"
            )
        except KitError as error:
            if not is_late or error.code != CANCELLED:
                raise
            raise KitError(
                CANCELLED,
                "Query cancelled: it ran longer than statement_timeout",
                f"The limit is {limit_ms} ms; SET statement_timeout TO 0 lifts it.",
            ) from error
        finally:
            with self._lock:
                self._running.discard(cancellation)

    def _run(
        self,
        statement: ParsedStatement,
        script: str,
        values: Mapping[str, Any],
        cancellation: Cancellation,
        progress: Progress,
    ) -> Result:
        asked = {name: values[name] for name in statement.parameters if name in values}
        latest = Latest("running")
        with self._turn(statement):
            try:
                return self.interruptibly(
                    lambda given: self._called(statement, script, asked, given, latest),
                    cancellation,
                    lambda: latest.tell(progress),
                )
            except BaseException:
                blocks.fail(self._cluster, self.session)
                raise

    def _called(
        self,
        statement: ParsedStatement,
        script: str,
        values: Mapping[str, Any],
        cancellation: Cancellation,
        progress: Progress,
    ) -> Result:
        clock = Stopwatch()
        recorder = self._cluster.recorder
        unit = self.session.block.transaction or self._cluster.open_transaction(self.pid)
        label = self.session.get("query_group")
        running = recorder.begin(statement.statement, statement.text, label=label, pid=self.pid, xid=unit.xid)
        call = Call(
            statement,
            script,
            self.session,
            values,
            cancellation,
            running.query,
            clock,
            self._cluster,
            unit,
            progress,
        )
        try:
            result = self._commands.run(call)
        except BaseException as error:
            recorder.end(running, None, error, call.runs, self._cluster.catalog)
            raise
        recorder.end(running, result, None, call.runs, self._cluster.catalog)
        self.session.last.note(running, result)
        return result

    @contextmanager
    def _turn(self, statement: ParsedStatement) -> Iterator[None]:
        """Statements of a block one at a time; others may run beside each other."""
        if self.session.block.is_open or isinstance(statement.statement, Begin | Commit | Rollback):
            with self.session.block.turn:
                yield
        else:
            yield

    def _drop_temporary(self) -> None:
        own = self.session.temporary
        left = [each for each in self._cluster.catalog.relations.values() if each.schema == own]
        if not left:
            return
        names = tuple(TableName(each.name, own) for each in left if isinstance(each, Table))
        with self._cluster.transaction() as transaction:
            ddl.drop(transaction, Drop("TABLE", names, if_exists=True, cascade=True), self.session.path)


class Scripts:
    """Parsed scripts of all sessions, by their text."""

    def __init__(self) -> None:
        self._parsed: PlanCache[tuple[ParsedStatement, ...]] = PlanCache()

    def parsed(self, text: str, *, keep_case: bool) -> tuple[ParsedStatement, ...]:
        key = (text, keep_case)
        known = self._parsed.get(key)
        if known is None:
            known = tuple(parse(text, keep_case=keep_case))
            self._parsed.put(key, known)
        return known
