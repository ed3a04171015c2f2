"""SQLite connections that several threads and processes may use at once: one a thread, none carried across a fork.

Owns how a database file is opened (private to the user, WAL, busy timeout) and how a transaction begins (IMMEDIATE,
so that two writers queue instead of failing half-way). Knows no table. An error of SQLite leaves as `sqlite3.Error`:
whoever owns the tables gives it a name.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

BUSY_SECONDS = 30.0
FIRST_WAIT_SECONDS = 0.0002
LONGEST_WAIT_SECONDS = 0.004
Durability = Literal["FULL", "NORMAL", "OFF"]


class Connections:
    """The connections of this process to one database file, which is made where it is missing.

    `prepare` is called once on each new connection, outside of a transaction. `durability` is SQLite's `synchronous`:
    FULL survives a power cut, NORMAL may lose the last transactions in one, OFF is for what can be rebuilt.
    """

    def __init__(
        self, path: Path, prepare: Callable[[sqlite3.Connection], None], *, durability: Durability = "FULL"
    ) -> None:
        self.path = path
        self._prepare = prepare
        self._durability = durability
        self._lock = threading.Lock()
        self._by_thread: dict[threading.Thread, sqlite3.Connection] = {}
        self._forsaken: list[dict[threading.Thread, sqlite3.Connection]] = []
        self._closed = False
        _ALL.add(self)

    def get(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        thread = threading.current_thread()
        connection = self._by_thread.get(thread)
        return connection if connection is not None else self._open(thread)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection inside a write transaction: committed at the end, rolled back by any error."""
        connection = self.get()
        _begin_immediate(connection)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection inside a read transaction: every statement sees one state of the database."""
        connection = self.get()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connections of all threads; none can be had afterwards."""
        with self._lock:
            self._closed = True
            for connection in self._by_thread.values():
                connection.close()
            self._by_thread.clear()

    def _open(self, thread: threading.Thread) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError(f"{self.path.name} is closed")
            for gone in [other for other in self._by_thread if not other.is_alive()]:
                self._by_thread.pop(gone).close()
            connection = self._connect()
            self._by_thread[thread] = connection
            return connection

    def _connect(self) -> sqlite3.Connection:
        # SQLite gives the -wal and -shm files the mode of the database, so the first creation decides for all three.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                self._switch_to_wal(connection)
            connection.execute(f"PRAGMA synchronous={self._durability}")
            connection.execute("PRAGMA foreign_keys=ON")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _switch_to_wal(self, connection: sqlite3.Connection) -> None:
        # Of two processes that switch a new file at once, one meets SQLITE_BUSY without the busy handler being asked.
        _retry_while_busy(connection, "PRAGMA journal_mode=WAL")

    def _forsake(self) -> None:
        # A connection must not even be closed in a forked child: closing runs SQLite's clean-up on the parent's
        # behalf. So the child keeps what it inherited, unused, and its lock may have been held by a thread that is
        # not there any more.
        self._lock = threading.Lock()
        self._forsaken.append(self._by_thread)
        self._by_thread = {}


def _begin_immediate(connection: sqlite3.Connection) -> None:
    """Wait for the write lock.

    SQLite's own busy handler sleeps up to 100 ms between two looks, so that among busy writers one that sleeps finds
    the lock taken again and again: it would starve. Looking every few milliseconds gives each about its share.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        _retry_while_busy(connection, "BEGIN IMMEDIATE")
    finally:
        connection.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")


def _retry_while_busy(connection: sqlite3.Connection, statement: str) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    wait_seconds = FIRST_WAIT_SECONDS
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(wait_seconds)
        wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)


_ALL: weakref.WeakSet[Connections] = weakref.WeakSet()


def _forsake_all() -> None:
    for connections in list(_ALL):
        connections._forsake()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake_all)
