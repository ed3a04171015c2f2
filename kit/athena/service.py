"""`Athena`: SQL over the lake. Takes statements, runs each as a query execution, and keeps the record of it.

A thin front: `statements` decides what a statement does, `planning` what it reads, `engine` runs it, `meter` says what
it cost, `history` remembers. Threads and processes may use one workspace at the same time.
"""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from kit.athena.engine import Engine
from kit.athena.executing import Ask, Registry, Run, Runtime
from kit.athena.execution import Execution, State
from kit.athena.handle import Background, QueryExecution
from kit.athena.history import History
from kit.athena.job import Services
from kit.athena.lake import DEFAULT_DATABASE
from kit.athena.live import LiveTables
from kit.athena.planning import Planner
from kit.athena.prune.footers import Footers
from kit.athena.reuse import ReusableResults, check_minutes
from kit.athena.running import Running
from kit.athena.sessions import Sessions
from kit.athena.store import Store
from kit.athena.workgroups import PRIMARY, PreparedStatements, Workgroup, Workgroups
from kit.base.clock import Clock, Stopwatch, instant
from kit.base.errors import KitError
from kit.base.ids import Entropy, QueryId
from kit.base.progress import Progress, Silent
from kit.base.result import Result
from kit.base.settings import Settings
from kit.sql.athena import MACROS

if TYPE_CHECKING:
    from kit.catalog import Catalog
    from kit.storage import Storage

MAX_QUERY_BYTES = 262_144
STOP_MS = 10_000.0
Parameters: TypeAlias = Mapping[str, Any] | Sequence[Any] | None


class Athena:
    """The service of one workspace; its own records lie in `folder`.

    `live` is a database beside those of the catalog, whose tables are read as Arrow: the workspace's streams.
    `workgroups` are created, changed and listed by themselves.
    """

    def __init__(
        self,
        folder: Path,
        *,
        catalog: Catalog,
        storage: Storage,
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
        live: LiveTables | None = None,
    ) -> None:
        folder = Path(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _OPEN.add(self)
        self._clock = clock
        self._entropy = entropy
        self._store = Store(folder / "athena.sqlite")
        self._sessions = Sessions(folder / "sessions")
        self._prepared = PreparedStatements(self._store)
        self.workgroups = Workgroups(self._store)
        self._runtime = Runtime(
            Services(
                catalog,
                storage,
                Engine(storage.root, self._sessions.folder, settings, MACROS),
                Planner(catalog, storage, Footers()),
                self._prepared,
                live,
            ),
            History(self._store, clock, self._sessions.is_alive),
            ReusableResults(folder / "results", clock),
            Registry(),
            clock,
            settings,
        )

    def sql(
        self,
        text: str,
        database: str = DEFAULT_DATABASE,
        params: Parameters = None,
        workgroup: str = PRIMARY,
        reuse_minutes: int | None = None,
        output_location: str = "",
        progress: Progress | None = None,
    ) -> Result:
        """Run a statement and wait for its answer.

        `params` are values for `:name`, or a sequence of them for `?`. With `reuse_minutes`, the result of the same
        query is given again where there is one that is not older. Ctrl-C stops the query at once and leaves everything
        usable. Raises the service's errors; the execution's record keeps them.
        """
        ask = self._asked(text, params, workgroup, reuse_minutes, output_location)
        return self._submit(text, database, ask, progress or Silent(), "RUNNING").answer()

    def start(
        self,
        text: str,
        database: str = DEFAULT_DATABASE,
        params: Parameters = None,
        workgroup: str = PRIMARY,
        reuse_minutes: int | None = None,
        output_location: str = "",
    ) -> QueryExecution:
        """Run a statement in the background. Raises only what is wrong with the request itself."""
        ask = self._asked(text, params, workgroup, reuse_minutes, output_location)
        run = self._submit(text, database, ask, Silent(), "QUEUED")
        return QueryExecution(self, run.execution.id, Background(run))

    def execution(self, query_id: str) -> QueryExecution:
        """An execution of the workspace, whichever process runs it. Raises `InvalidRequestException`."""
        return QueryExecution(self, self.record(query_id).id, None)

    def executions(self, limit: int = 50, workgroup: str | None = None) -> list[Execution]:
        """The last executions of all processes, newest first."""
        return self._runtime.history.recent(limit, workgroup)

    def record(self, query_id: str) -> Execution:
        """What is known of an execution now. Raises `InvalidRequestException`."""
        return self._runtime.history.get(query_id)

    def cancel(self, query_id: str) -> None:
        """Stop an execution; nothing where it is over. One of another process stops within a second."""
        record = self.record(query_id)
        run = self._runtime.registry.get(record.id)
        if run is not None:
            run.cancel()
        elif not record.is_over:
            self._runtime.history.request_cancel(record.id)

    def prepared_statements(self, workgroup: str = PRIMARY) -> list[str]:
        """The names of a workgroup's prepared statements."""
        return self._prepared.names(workgroup)

    def close(self) -> None:
        """Stop what runs, and wait for it; close the engine and the records."""
        registry = self._runtime.registry
        for run in registry.all():
            run.close()
        watch, pause = Stopwatch(), threading.Event()
        while registry.all() and watch.ms < STOP_MS:
            pause.wait(0.005)
        self._runtime.services.engine.close()
        self._store.close()

    def _asked(
        self, text: str, params: Parameters, workgroup: str, reuse_minutes: int | None, output_location: str
    ) -> Ask:
        if len(text.encode()) > MAX_QUERY_BYTES:
            raise KitError(
                "InvalidRequestException",
                f"The query string is too long: {len(text.encode()):,} bytes.",
                f"At most {MAX_QUERY_BYTES:,} bytes.",
            )
        if reuse_minutes is not None:
            check_minutes(reuse_minutes)
        named = params if isinstance(params, Mapping) else {}
        listed = () if params is None or isinstance(params, Mapping) else params
        return Ask(self._workgroup(workgroup, output_location), dict(named), list(listed), reuse_minutes)

    def _workgroup(self, name: str, output_location: str) -> Workgroup:
        group = self.workgroups.get(name)
        if not group.is_enabled:
            raise KitError("InvalidRequestException", f"WorkGroup {name} is disabled.", "Enable it, or use another.")
        if output_location and not (group.enforce and group.output_location):
            return replace(group, output_location=output_location)
        return group

    def _submit(self, text: str, database: str, ask: Ask, progress: Progress, state: State) -> Run:
        now_ns = self._clock.now_ns()
        execution = Execution(
            id=QueryId(self._entropy.uuid()),
            statement=text,
            database=(database or DEFAULT_DATABASE).lower(),
            workgroup=ask.workgroup.name,
            session=self._sessions.current,
            state=state,
            submitted=instant(now_ns),
        )
        history = self._runtime.history
        history.add(execution, now_ns)
        running = Running(
            progress, ask.workgroup.bytes_scanned_cutoff, lambda: history.is_cancel_requested(execution.id)
        )
        run = Run(self._runtime, execution, running, ask)
        self._runtime.registry.add(execution.id, run)
        return run


_OPEN: weakref.WeakSet[Athena] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # A thread that is inside of DuckDB when the interpreter goes would take the process down with it.
    for athena in list(_OPEN):
        athena.close()
