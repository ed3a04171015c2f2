"""One cluster: its file, its connections, its catalog, and two ways in: a snapshot to read, a transaction to write.

Every slice is a schema of one DuckDB file, so that one commit covers all slices and the leader's own tables. Readers
take their snapshots together: a DuckDB transaction sees the database as it was when it first touched it, so each cursor
of a query begins and touches under the lock that a commit also needs. What the file holds is this module's alone.

Invariants: `catalog` is what the last commit wrote. One writer at a time. Threads of the engine are one, so that the
work of a slice is done by the thread that runs the slice; they are raised only while the leader works alone.
"""

from __future__ import annotations

import os
import shutil
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.warehouse import store
from kit.warehouse.catalog import Catalog, Table
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.execute.gate import Gate
from kit.warehouse.failures import translated
from kit.warehouse.ownership import Owner
from kit.warehouse.plan.facts import Shape

FILE = "cluster.duckdb"
SPILL = "spill"
# Partial aggregates under joins cost a fragment more than they save it (measured: TPC-H 3, 61 against 14 ms a slice).
_DISABLED_OPTIMIZERS = "partial_aggregate_pushdown"


_OPENING = threading.Lock()
# A file is open once in a process, whoever asks: the magics and a notebook's own workspace share it.
_OPEN: weakref.WeakValueDictionary[Path, Cluster] = weakref.WeakValueDictionary()


def open_cluster(folder: Path, *, clock: Clock, settings: Settings) -> Cluster:
    """The cluster in a folder, made where it is missing; every opening is to be closed."""
    with _OPENING:
        found = _OPEN.get(folder)
        if found is None or found.users == 0:
            found = _OPEN[folder] = Cluster(folder, clock=clock, settings=settings)
        found.users += 1
        return found


class Cluster:
    """The open file. Threads may share it. `users` are those that have opened it and not closed it yet."""

    users = 0

    def __init__(self, folder: Path, *, clock: Clock, settings: Settings) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self.settings = settings
        self._owner = Owner(folder)
        try:
            self._root = self._open()
            self._catalog = self._load()
        except BaseException:
            self._owner.release()
            raise
        self.gate = Gate(settings.threads)
        self._leader_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._threads_lock = threading.Lock()
        self._wide = 0
        self._idle: list[Connection] = []
        self._databases = 0
        self._release = weakref.finalize(self, _close, self._root, self._idle, self._owner, self.gate)

    @property
    def catalog(self) -> Catalog:
        return self._catalog

    @property
    def shape(self) -> Shape:
        return self._catalog.shape

    def now_ms(self) -> int:
        return now_ms(self.clock)

    def close(self) -> None:
        """Close the file once its last user does; what was committed is there when it is opened again."""
        with _OPENING:
            self.users -= 1
            if self.users <= 0:
                self._release()

    def cursor(self) -> Connection:
        """A connection of its own, profiling what it runs; give it back with `give_back`."""
        with self._leader_lock:
            if self._idle:
                return self._idle.pop()
        made: Connection = self._root.cursor()
        fetch(made, "SET enable_profiling = 'no_output'")
        return made

    def give_back(self, cursor: Connection) -> None:
        """Return a cursor that has no transaction open."""
        with self._leader_lock:
            self._idle.append(cursor)

    def end(self, cursor: Connection) -> None:
        """End a cursor's transaction, if it has one, keeping nothing of it."""
        _roll_back(cursor)

    def begin_together(self, cursors: Sequence[Connection]) -> Catalog:
        """Begin a transaction on each cursor; all see one state of the database, that of the catalog returned."""
        with self._leader_lock:
            for cursor in cursors:
                fetch(cursor, f"BEGIN; SELECT value FROM {store.SCHEMA}.cluster LIMIT 0")
            return self._catalog

    def next_database(self) -> str:
        """A name for a database in memory that no other query uses."""
        with self._leader_lock:
            self._databases += 1
            return f"exchange{self._databases}"

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A write transaction: all slices and the catalog, or nothing. Waits for the writer before it."""
        with self._write_lock:
            cursor = self.cursor()
            try:
                fetch(cursor, "BEGIN")
                transaction = Transaction(cursor, self._catalog)
                yield transaction
                self._commit(transaction)
            except BaseException as error:
                _roll_back(cursor)
                if isinstance(error, KitError) or not isinstance(error, Exception):
                    raise
                raise translated(error) from error
            finally:
                self.give_back(cursor)

    @contextmanager
    def all_cores(self) -> Iterator[None]:
        """Let one statement use every core: for work that the leader does alone, and for loading."""
        with self._threads_lock:
            self._wide += 1
            if self._wide == 1 and self.settings.threads > 1:
                fetch(self._root, f"SET threads = {self.settings.threads}")
        try:
            yield
        finally:
            with self._threads_lock:
                self._wide -= 1
                if self._wide == 0 and self.settings.threads > 1:
                    fetch(self._root, "SET threads = 1")

    def _commit(self, transaction: Transaction) -> None:
        store.write(transaction.cursor, self._catalog, transaction.catalog)
        with self._leader_lock:
            fetch(transaction.cursor, "COMMIT")
            self._catalog = transaction.catalog

    def _open(self) -> duckdb.DuckDBPyConnection:
        path = self.folder / FILE
        spill = self.folder / SPILL
        shutil.rmtree(spill, ignore_errors=True)
        spill.mkdir(mode=0o700)
        # DuckDB makes its files with the umask's rights; they are the user's alone.
        before = os.umask(0o077)
        try:
            root = duckdb.connect(
                str(path),
                config={
                    "memory_limit": f"{self.settings.memory_bytes}B",
                    "temp_directory": str(spill),
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                },
            )
        finally:
            os.umask(before)
        fetch(root, "SET threads = 1")
        fetch(root, f"SET disabled_optimizers = '{_DISABLED_OPTIMIZERS}'")
        fetch(root, "SET TimeZone = 'UTC'")
        return root

    def _load(self) -> Catalog:
        if not store.exists(self._root):
            store.create(self._root)
            for number in range(store.read(self._root).shape.slices):
                fetch(self._root, f'CREATE SCHEMA "slice{number}"')
        store.install_macros(self._root)
        return self._swept(store.read(self._root))

    def _swept(self, catalog: Catalog) -> Catalog:
        """The catalog without the temporary tables that a process before this one has left."""
        left = [each for each in catalog.relations.values() if isinstance(each, Table) and each.is_temporary]
        if not left:
            return catalog
        fetch(self._root, "BEGIN")
        clean = catalog
        for table in left:
            for number in table.places(catalog.shape):
                fetch(self._root, f'DROP TABLE "slice{number}"."{table.relation}"')
            for relation in (table, *catalog.dependents(table)):
                clean = clean.without(relation)
        store.write(self._root, catalog, clean)
        fetch(self._root, "COMMIT")
        return clean


class Transaction:
    """A write in progress: its cursor and the catalog as it will be."""

    def __init__(self, cursor: Connection, catalog: Catalog) -> None:
        self.cursor = cursor
        self.catalog = catalog


def _roll_back(cursor: Connection) -> None:
    # The cursor may have lost its transaction to the error that brought us here.
    try:
        fetch(cursor, "ROLLBACK")
    except duckdb.TransactionException:
        return


def _close(root: duckdb.DuckDBPyConnection, idle: list[Connection], owner: Owner, gate: Gate) -> None:
    gate.close()
    for cursor in idle:
        cursor.close()
    root.close()
    owner.release()
