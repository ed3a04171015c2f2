"""One cluster: its file, its connections, its catalog, and two ways in: a snapshot to read, a transaction to write.

Every slice is a schema of one DuckDB file, so that one commit covers all slices and the leader's own tables. Readers
take their snapshots together: a DuckDB transaction sees the database as it was when it first touched it, so each cursor
of a query begins and touches under the lock that a commit also needs. What the file holds is this module's alone.

Invariants: `catalog` is what the last commit wrote, and its `version` numbers commits. Two transactions never write one
table at a time, which is what `locks` are for; the leader's journal is only ever added to, so that there they do not
conflict either. Threads of the engine are one, so that the work of a slice is done by the thread that runs the slice;
they are raised only while one connection works alone.
"""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.warehouse import store
from kit.warehouse.catalog import Catalog, Table, merged
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.execute.gate import Gate
from kit.warehouse.failures import translated
from kit.warehouse.ownership import Owner
from kit.warehouse.plan.facts import Shape
from kit.warehouse.system.events import Conflict
from kit.warehouse.system.journal import FILE as JOURNAL
from kit.warehouse.system.journal import Journal
from kit.warehouse.system.recording import Recorder
from kit.warehouse.transact.locks import Key, Lock, Locks, Mode
from kit.warehouse.transact.serialization import Histories, History, Violation
from kit.warehouse.transact.transaction import Transaction

FILE = "cluster.duckdb"
SPILL = "spill"
# Commits after which the journal is folded into the leader's tables, when no other transaction is in the way.
JOURNAL_COMMITS = 1_000
# Partial aggregates under joins cost a fragment more than they save it (measured: TPC-H 3, 61 against 14 ms a slice).
_DISABLED_OPTIMIZERS = "partial_aggregate_pushdown"


_OPENING = threading.Lock()
# A file is open once in a process, whoever asks: the magics and a notebook's own workspace share it.
_OPEN: weakref.WeakValueDictionary[Path, Cluster] = weakref.WeakValueDictionary()


def open_cluster(folder: Path, *, clock: Clock, settings: Settings) -> Cluster:
    """The cluster in a folder, made where it is missing; every opening is to be closed."""
    with _OPENING:
        found = _OPEN.get(folder)
        if found is None or found.users == 0 or not found.owner.is_here:
            found = _OPEN[folder] = Cluster(folder, clock=clock, settings=settings)
        found.users += 1
        return found


class Cluster:
    """The open file. Threads may share it. `users` are those that have opened it and not closed it yet.

    Raises `Taken` where another process has it open.
    """

    users = 0

    def __init__(self, folder: Path, *, clock: Clock, settings: Settings) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self.settings = settings
        self.owner = Owner(folder)
        try:
            self._root = self._open()
            self._catalog = self._load()
        except BaseException:
            self.owner.release()
            raise
        self.gate = Gate(settings.threads)
        self.locks = Locks()
        self._leader_lock = threading.RLock()
        self._histories = Histories()
        self._numbers = store.numbers(self._root)
        self._sessions = itertools.count(1)
        self._journaled = 0
        self._threads_lock = threading.Lock()
        self._wide = 0
        self._idle: list[Connection] = []
        self._databases = 0
        self.journal = Journal(folder / JOURNAL, clock)
        self.recorder = Recorder(self.journal, clock)
        self._release = weakref.finalize(self, _close, self._root, self._idle, self.owner, self.gate, self.journal)

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

    def new_pid(self) -> int:
        """A number for a new session, as pg_backend_pid() shows it; the first is this process's own."""
        return os.getpid() + next(self._sessions) - 1

    def new_xid(self) -> int:
        """A number for a new transaction."""
        with self._leader_lock:
            self._numbers = replace(self._numbers, xid=self._numbers.xid + 1)
            return self._numbers.xid - 1

    def new_id(self) -> int:
        """A number for a new table; what is rolled back leaves a gap."""
        with self._leader_lock:
            self._numbers = replace(self._numbers, table=self._numbers.table + 1)
            return self._numbers.table - 1

    def open_transaction(self, pid: int, *, serializable: bool = True, read_only: bool = False) -> Transaction:
        """A transaction that begins when it is first used; end it with `commit` or `roll_back`."""
        return Transaction(self, self.new_xid(), pid, serializable=serializable, read_only=read_only)

    @contextmanager
    def transaction(self, pid: int = 0) -> Iterator[Transaction]:
        """A transaction of the cluster's own, or of a session's: committed at the end, rolled back by any error."""
        opened = self.open_transaction(pid)
        try:
            yield opened
            self.commit(opened)
        except BaseException as error:
            self.roll_back(opened)
            if isinstance(error, KitError) or not isinstance(error, Exception):
                raise
            raise translated(error) from error

    def begin(self, transaction: Transaction) -> tuple[Connection, Catalog]:
        """A connection inside of a transaction, and the catalog that it sees."""
        cursor = self.cursor()
        try:
            with self._leader_lock:
                catalog = self.begin_together([cursor])
                self._histories.begin(transaction.xid, catalog.version)
        except BaseException:
            _roll_back(cursor)
            self.give_back(cursor)
            raise
        return cursor, catalog

    def commit(self, transaction: Transaction) -> None:
        """Make what a transaction did everybody's, all of it or nothing; its locks are free then in either case.

        Raises 40001 where its snapshot cannot be put in order with what others have committed.
        """
        try:
            if transaction.has_begun:
                self._commit(transaction)
        except BaseException as error:
            self.roll_back(transaction)
            if isinstance(error, KitError) or not isinstance(error, Exception):
                raise
            raise translated(error) from error
        self._ended(transaction)

    def roll_back(self, transaction: Transaction) -> None:
        """End a transaction and keep nothing of it. May be called again."""
        if transaction.has_begun:
            _roll_back(transaction.cursor)
        self._ended(transaction)

    def note_read(self, transaction: Transaction, tables: Iterable[Key], version: int) -> None:
        """Remember a query outside of any block, as long as somebody runs who may conflict with what it saw."""
        with self._leader_lock:
            if self._histories.others_run(transaction.xid):
                history = History(transaction.xid, version, frozenset(tables), frozenset())
                self._histories.commit(history, version)

    def wait_for_writers(self, transaction: Transaction, tables: Iterable[Key], check: Callable[[], None]) -> None:
        """Wait until no other transaction keeps any of these tables to itself."""
        for table in sorted(set(tables)):
            self.locks.acquire(Lock(table, Mode.READ, transaction.xid, transaction.pid), check)
        self.locks.release(transaction.xid)

    def violation(self, transaction: Transaction, table: Key) -> KitError:
        """The error of a transaction that needs a table as its snapshot has it, after another has changed that."""
        with self._leader_lock:
            other = self._histories.last_writer(table, transaction.base.version)
        xids = (transaction.xid, other) if other is not None else (transaction.xid,)
        return self._conflict(transaction, Violation(table, xids))

    def open_transactions(self) -> int:
        """How many transactions have a snapshot now."""
        with self._leader_lock:
            return self._histories.count

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
        with self._leader_lock:
            history = transaction.history()
            if transaction.is_serializable:
                circle = self._histories.violation(history)
                if circle is not None:
                    raise self._conflict(transaction, circle)
            if not transaction.is_changed:
                fetch(transaction.cursor, "COMMIT")
                self._histories.commit(history, history.snapshot)
                return
            after = merged(transaction.base, transaction.catalog, self._catalog)
            store.append(transaction.cursor, self._catalog, after, self._numbers)
            fetch(transaction.cursor, "COMMIT")
            self._catalog = after
            self._histories.commit(history, after.version)
            self._journaled += 1
            if self._journaled >= JOURNAL_COMMITS and not self._histories.count:
                store.fold(self._root, after, self._numbers)
                self._journaled = 0

    def _conflict(self, transaction: Transaction, violation: Violation) -> KitError:
        """The error of a violation, which STL_TR_CONFLICT remembers."""
        found = self._catalog.relations.get(violation.table)
        number = found.id if isinstance(found, Table) else 0
        start_us, at_us = transaction.started_ms * 1_000, self.now_ms() * 1_000
        self.journal.add([Conflict(transaction.xid, transaction.pid, number, start_us, at_us)])
        return violation.error(number)

    def _ended(self, transaction: Transaction) -> None:
        cursor = transaction.leave()
        with self._leader_lock:
            self._histories.end(transaction.xid)
        if cursor is not None:
            self.give_back(cursor)
        self.locks.release(transaction.xid)

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
        catalog = self._swept(store.read(self._root))
        store.fold(self._root, catalog, store.numbers(self._root))
        return catalog

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
        store.append(self._root, catalog, clean, store.numbers(self._root))
        fetch(self._root, "COMMIT")
        return clean


def _roll_back(cursor: Connection) -> None:
    # The cursor may have lost its transaction to the error that brought us here.
    try:
        fetch(cursor, "ROLLBACK")
    except duckdb.TransactionException:
        return


def _close(root: duckdb.DuckDBPyConnection, idle: list[Connection], owner: Owner, gate: Gate, journal: Journal) -> None:
    if not owner.is_here:
        # In a forked child: the file is its parent's, and closing it here would write to it.
        return
    owner.hang_up()
    gate.close()
    journal.close()
    for cursor in idle:
        cursor.close()
    root.close()
    owner.release()


def _forsake_all() -> None:
    """In a forked child: keep the parent's engines for ever.

    Their threads are not there, and an engine that is destroyed writes to its file, which is still the parent's.
    """
    import ctypes

    for cluster in list(_OPEN.values()):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(cluster._root))  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake_all)


__all__ = ["Cluster", "Transaction", "open_cluster"]
