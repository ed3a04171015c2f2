"""Statements as they begin and end: their numbers, which of them run now, and what they leave in the journal.

The one place where a statement is recorded. What it costs the statement is a few appends: its run is digested later, on
the journal's thread.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from kit.base.clock import Clock
from kit.base.errors import KitError
from kit.base.result import Result
from kit.sql.redshift import statements as s
from kit.warehouse.catalog import Catalog, Table
from kit.warehouse.execute.measures import Run
from kit.warehouse.system.digest import Explained, worked
from kit.warehouse.system.events import TEXT_ONLY, Kind, Statement, Work
from kit.warehouse.system.journal import Journal

_CHANGED: Final = re.compile(r"(?:INSERT 0|UPDATE|DELETE|MERGE) (\d+)")


@dataclass(frozen=True, slots=True)
class Running:
    """A statement that has begun and not ended."""

    query: int
    xid: int
    pid: int
    label: str
    text: str
    kind: Kind
    start_us: int


@dataclass(frozen=True, slots=True)
class Attached:
    """A session: a kernel that is connected to the cluster."""

    pid: int
    start_us: int


class Recorder:
    """Numbers and watches the statements of one cluster. Threads may share it."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[int, Running] = {}
        self._sessions: dict[int, Attached] = {}
        self._last_query = journal.last_query
        # Used by whoever settles the journal, one at a time.
        self._explained = Explained()

    def now_us(self) -> int:
        return self._clock.now_ns() // 1_000

    def attach(self, pid: int) -> None:
        """A session begins."""
        with self._lock:
            self._sessions[pid] = Attached(pid, self.now_us())

    def detach(self, pid: int) -> None:
        """A session has ended."""
        with self._lock:
            self._sessions.pop(pid, None)

    def begin(self, statement: s.Statement, text: str, *, label: str, pid: int, xid: int) -> Running:
        """A statement begins, in the session `pid` and the transaction `xid`."""
        with self._lock:
            self._last_query += 1
            made = Running(self._last_query, xid, pid, label, text, kind_of(statement), self.now_us())
            self._running[made.query] = made
        return made

    def end(
        self,
        running: Running,
        result: Result | None,
        error: BaseException | None,
        runs: Sequence[Run] = (),
        catalog: Catalog | None = None,
    ) -> None:
        """It has ended, with an answer or an error; `catalog` knows the deleted rows that its tables still hold."""
        ended = self.now_us()
        with self._lock:
            self._running.pop(running.query, None)
        code = error.code if isinstance(error, KitError) else "XX000" if error is not None else ""
        message = "" if error is None else error.message if isinstance(error, KitError) else str(error)
        self.journal.add(
            [
                Statement(
                    running.query,
                    running.xid,
                    running.pid,
                    running.label,
                    running.text,
                    running.kind,
                    running.start_us,
                    ended,
                    round(1000 * sum(each.planned_ms for each in runs)),
                    _rows(result) if result is not None else 0,
                    result.held_bytes if result is not None else 0,
                    code,
                    message,
                )
            ]
        )
        if runs and running.kind not in TEXT_ONLY:
            self.journal.later(lambda: [_work(running, runs, _ghosts(catalog), self._explained)])

    def running(self) -> Sequence[Running]:
        """What runs now, oldest first."""
        with self._lock:
            return list(self._running.values())

    def sessions(self) -> Sequence[Attached]:
        """Those that are connected, by age."""
        with self._lock:
            return list(self._sessions.values())


def _rows(result: Result) -> int:
    """How many rows a statement returned, or changed as its completion tag says."""
    if result.stats.rows is not None:
        return result.stats.rows
    found = _CHANGED.fullmatch(result.message)
    return int(found[1]) if found is not None else 0


def _ghosts(catalog: Catalog | None) -> Mapping[int, int]:
    """Ghost rows of tables that have any, by table id."""
    tables = catalog.relations.values() if catalog is not None else ()
    return {each.id: each.ghosts for each in tables if isinstance(each, Table) and each.ghosts}


def _work(running: Running, runs: Sequence[Run], ghosts: Mapping[int, int], explained: Explained) -> Work:
    """The work of a statement's runs, one after the other."""
    parts = [worked(running.query, each, running.start_us, ghosts, explained) for each in runs]
    if len(parts) == 1:
        return parts[0]
    return Work(
        running.query,
        running.start_us,
        tuple(step for part in parts for step in part.steps),
        tuple(node for part in parts for node in part.nodes),
        tuple(alert for part in parts for alert in part.alerts),
    )


def kind_of(statement: s.Statement) -> Kind:
    """What the system tables call a statement."""
    match statement:
        case s.Query():
            return "SELECT" if statement.into is None else "CTAS"
        case s.CreateTableAs() | s.CreateMaterializedView():
            return "CTAS"
        case s.Insert():
            return "INSERT"
        case s.Update():
            return "UPDATE"
        case s.Delete():
            return "DELETE"
        case s.Merge():
            return "MERGE"
        case s.Copy():
            return "COPY"
        case s.Unload():
            return "UNLOAD"
        case s.Vacuum():
            return "VACUUM"
        case s.Analyze() | s.AnalyzeCompression():
            return "ANALYZE"
        case s.RefreshMaterializedView():
            return "REFRESH"
        case (
            s.CreateTable()
            | s.AlterTable()
            | s.AlterTableAppend()
            | s.AlterSchema()
            | s.CreateSchema()
            | s.CreateExternalSchema()
            | s.CreateView()
            | s.Drop()
            | s.DropSchema()
            | s.Truncate()
            | s.Comment()
        ):
            return "DDL"
        case (
            s.Explain()
            | s.Set()
            | s.Reset()
            | s.Show()
            | s.ShowObject()
            | s.ShowList()
            | s.Begin()
            | s.Commit()
            | s.Rollback()
            | s.Lock()
            | s.Cancel()
            | s.Prepare()
            | s.Execute()
            | s.Deallocate()
            | s.Declare()
            | s.Fetch()
            | s.Close()
            | s.Accepted()
        ):
            return "UTILITY"
        case _:
            assert_never(statement)
