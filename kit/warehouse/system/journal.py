"""The journal of a cluster: what ended, in order, bounded by age and number, in memory and in a file of its own.

Owns `system.sqlite`. A record costs its caller an append to a list; a thread writes what has gathered. What takes
longer to make than a query should wait for is handed over as a call (`later`) and made on that thread, or when somebody
asks.
A killed process loses the records of its last moment, never more; a journal that cannot be written fails no statement:
the fault becomes a record itself. No answer about user tables depends on it.

Source: Amazon Redshift Database Developer Guide, "STL views for logging": logs are kept for days, not for ever; read
2026-11.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from kit.base.clock import Clock
from kit.base.connections import Connections
from kit.warehouse.load.records import LoadCommit, LoadError, Replacement, UnloadedFile
from kit.warehouse.system.events import Analyzed, Conflict, Fault, Refreshed, Statement, Vacuumed, Work

R = TypeVar("R")
Make = Callable[[], Iterable[object]]

FILE: Final = "system.sqlite"
FORMAT: Final = 1
RETENTION_US: Final = 5 * 24 * 3_600 * 1_000_000
# How many records of a kind are kept. A query's work is some kilobytes, a statement a few hundred bytes.
BOUNDS: Final[Mapping[type, int]] = {
    Statement: 10_000,
    Work: 1_000,
    LoadError: 10_000,
    Replacement: 10_000,
    LoadCommit: 10_000,
    UnloadedFile: 10_000,
    Vacuumed: 10_000,
    Analyzed: 10_000,
    Refreshed: 10_000,
    Conflict: 1_000,
    Fault: 1_000,
}
_KINDS: Final = {kind.__name__: kind for kind in BOUNDS}
_LAG_SECONDS = 1.0
# More makers than this wait for nobody: their caller makes the oldest itself, so that none is lost.
_MOST_WAITING = 512


class Journal:
    """Records by kind, oldest first. Threads may share it; `close` writes what is left."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._path = path
        self._database = _opened(path)
        self._lock = threading.Lock()
        self._making = threading.RLock()
        self._rings: dict[type, deque[Any]] = {kind: deque(maxlen=bound) for kind, bound in BOUNDS.items()}
        self._waiting: deque[Make] = deque()
        self._unwritten: list[object] = []
        self._is_loaded = False
        self._written_through = self._last_id()
        self._wake = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._writer: threading.Thread | None = None

    @property
    def last_query(self) -> int:
        """The highest query id that is known from before."""
        found = self._database.get().execute("SELECT max(query) FROM records").fetchone()[0]
        return found or 0

    def add(self, records: Iterable[object]) -> None:
        """Keep records; those of one call stay together."""
        with self._lock:
            for record in records:
                self._rings[type(record)].append(record)
                self._unwritten.append(record)
            self._started()

    def later(self, make: Make) -> None:
        """Keep the records that `make` returns; it is called soon, on another thread, at most once."""
        with self._lock:
            self._waiting.append(make)
            overdue = self._waiting.popleft() if len(self._waiting) > _MOST_WAITING else None
            self._started()
        if overdue is not None:
            self._make(overdue)

    def records(self, kind: type[R]) -> list[R]:
        """Those of a kind that are young enough, oldest first."""
        self.settle()
        with self._making:
            self._load()
        since = self._clock.now_ns() // 1_000 - RETENTION_US
        with self._lock:
            return [cast(R, each) for each in self._rings[kind] if _at_us(each) >= since]

    def settle(self) -> None:
        """Make what was left for later."""
        with self._making:
            while True:
                with self._lock:
                    make = self._waiting.popleft() if self._waiting else None
                if make is None:
                    return
                self._make(make)

    def close(self) -> None:
        """Write what is left and stop; a second call does nothing."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            self._wake.notify_all()
        # A cluster that was forgotten is closed by whichever thread collects it, which may be the writer.
        if self._writer is not None and self._writer is not threading.current_thread():
            self._writer.join()
        self.settle()
        self._flush()
        self._database.close()

    def _started(self) -> None:
        """Wake the writer, or start it; the lock is held."""
        if self._writer is None and not self._closing.is_set():
            self._writer = threading.Thread(target=self._write, name="boathouse-journal", daemon=True)
            self._writer.start()
        self._wake.notify_all()

    def _write(self) -> None:
        while not self._closing.is_set():
            with self._lock:
                while not (self._waiting or self._unwritten or self._closing.is_set()):
                    self._wake.wait()
            # What comes within a moment is written together.
            self._closing.wait(_LAG_SECONDS)
            self.settle()
            self._flush()

    def _make(self, make: Make) -> None:
        try:
            made = list(make())
        except Exception as error:
            made = [Fault(self._clock.now_ns() // 1_000, "journal", f"{type(error).__name__}: {error}")]
        self.add(made)

    def _flush(self) -> None:
        with self._making:
            # Older records have lower ids: they are read before newer ones are written.
            self._load()
            with self._lock:
                records = list(self._unwritten)
                self._unwritten.clear()
            if not records:
                return
            try:
                self._store(records)
            except sqlite3.Error as error:
                with self._lock:
                    fault = Fault(self._clock.now_ns() // 1_000, "journal", f"{FILE} cannot be written: {error}")
                    self._rings[Fault].append(fault)

    def _store(self, records: list[object]) -> None:
        rows = [(type(each).__name__, getattr(each, "query", None), _at_us(each), _document(each)) for each in records]
        since = self._clock.now_ns() // 1_000 - RETENTION_US
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO records (kind, query, at_us, document) VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM records WHERE at_us < ?", [since])
            for kind in {type(each) for each in records}:
                connection.execute(
                    "DELETE FROM records WHERE kind = ?1 AND id <= "
                    "(SELECT id FROM records WHERE kind = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                    [kind.__name__, BOUNDS[kind]],
                )

    def _load(self) -> None:
        """Put what an earlier process has left before what this one has added."""
        if self._is_loaded:
            return
        self._is_loaded = True
        found = self._database.get().execute(
            "SELECT kind, document FROM records WHERE id <= ? ORDER BY id DESC", [self._written_through]
        )
        with self._lock:
            for name, document in found:
                kind = _KINDS.get(name)
                if kind is not None and len(ring := self._rings[kind]) < BOUNDS[kind]:
                    ring.appendleft(_record(kind, json.loads(document)))

    def _last_id(self) -> int:
        found = self._database.get().execute("SELECT max(id) FROM records").fetchone()[0]
        return found or 0


def _opened(path: Path) -> Connections:
    """The journal's file, made anew where it is damaged or of another format: it holds nothing but logs."""
    database = Connections(path, _prepare, durability="OFF")
    try:
        database.get()
    except sqlite3.DatabaseError:
        database.close()
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        return Connections(path, _prepare, durability="OFF")
    return database


def _prepare(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == FORMAT:
        return
    connection.execute("DROP TABLE IF EXISTS records")
    connection.execute(
        "CREATE TABLE records "
        "(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, query INTEGER, at_us INTEGER NOT NULL, document TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX records_by_kind ON records (kind, id)")
    connection.execute("CREATE INDEX records_by_query ON records (query)")
    connection.execute("CREATE INDEX records_by_time ON records (at_us)")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _document(record: object) -> str:
    return json.dumps({each.name: getattr(record, each.name) for each in fields(cast(Any, record))})


def _record(kind: type, document: dict[str, Any]) -> object:
    return Work.read(document) if kind is Work else kind(**document)


def _at_us(record: object) -> int:
    """When a record's subject was over."""
    match record:
        case Statement() | Analyzed() | Refreshed():
            return record.end_us
        case Vacuumed() | Conflict() | Fault() | Work():
            return record.at_us
        case LoadError() | Replacement():
            return record.started_ns // 1_000
        case LoadCommit() | UnloadedFile():
            return record.ended_ns // 1_000
        case _:
            raise AssertionError(f"{type(record).__name__} is not kept in the journal")
