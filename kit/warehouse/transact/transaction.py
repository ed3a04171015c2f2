"""One unit of work on the cluster's file: a connection, a snapshot, a catalog of its own, locks.

It begins when it is first used, not when it is made, so that what it has to wait for comes before its snapshot. All
that it does runs on its one connection: a DuckDB transaction sees its own writes there and nowhere else. Nothing of it
is seen by others before `Cluster.commit`, which covers all slices and the catalog at once.

Invariants: `base` is the committed catalog of the snapshot, but for tables whose counts were brought up to date when
they were locked. A table that it writes is locked by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kit.base.errors import KitError
from kit.warehouse.catalog import Catalog, Table
from kit.warehouse.connection import Connection
from kit.warehouse.transact.locks import Key, Lock, Mode
from kit.warehouse.transact.serialization import History

if TYPE_CHECKING:
    from kit.warehouse.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Claim:
    """A table that a statement is about to change. `reads`: what it does depends on the rows that are there."""

    table: Key
    mode: Mode
    reads: bool = True


class Transaction:
    """Belongs to one session, whose number is `pid`. Not for two threads at once."""

    def __init__(
        self, cluster: Cluster, xid: int, pid: int, *, serializable: bool = True, read_only: bool = False
    ) -> None:
        self.xid = xid
        self.pid = pid
        self.is_serializable = serializable
        self.is_read_only = read_only
        self.started_ms = cluster.now_ms()
        self._cluster = cluster
        self._cursor: Connection | None = None
        self._base: Catalog | None = None
        self._catalog: Catalog | None = None
        self._snapshot = 0
        self._is_over = False
        self._reads: set[Key] = set()
        self._writes: set[Key] = set()
        self._stale: set[Key] = set()

    @property
    def has_begun(self) -> bool:
        return self._cursor is not None

    @property
    def cursor(self) -> Connection:
        """Its connection, inside of its transaction."""
        self._begin()
        assert self._cursor is not None
        return self._cursor

    @property
    def catalog(self) -> Catalog:
        """The catalog as this transaction sees and changes it."""
        self._begin()
        assert self._catalog is not None
        return self._catalog

    @catalog.setter
    def catalog(self, changed: Catalog) -> None:
        self._begin()
        self._catalog = changed

    @property
    def base(self) -> Catalog:
        self._begin()
        assert self._base is not None
        return self._base

    @property
    def is_changed(self) -> bool:
        """Whether its catalog differs from all that were ever committed: what is compiled for it serves it alone."""
        return self._catalog is not self._base

    def new_id(self) -> int:
        """A number for a new table; no other table has ever had it."""
        return self._cluster.new_id()

    def claim(self, claims: Iterable[Claim], check: Callable[[], None]) -> None:
        """Lock tables before they are changed, each as it is claimed; `check` is called while it waits.

        Raises 25006 in a transaction that only reads, 40P01 for a deadlock, 40001 where another transaction has changed
        a table since the snapshot in a way that cannot be put in order.
        """
        wanted = sorted(claims, key=lambda claim: claim.table)
        if wanted and self.is_read_only:
            raise KitError("25006", "transaction is read-only", "BEGIN READ WRITE allows changes.")
        for claim in wanted:
            self._lock(claim.table, claim.mode, check)
        self._begin()
        for claim in wanted:
            self._catch_up(claim)
            self._writes.add(claim.table)
            if claim.reads:
                self._reads.add(claim.table)

    def read(self, tables: Iterable[Key], check: Callable[[], None]) -> None:
        """Note what is read; waits for a table that another transaction keeps to itself."""
        for table in sorted(set(tables) - self._reads):
            self._lock(table, Mode.READ, check)
            self._reads.add(table)

    def lock(self, tables: Iterable[Key], check: Callable[[], None]) -> None:
        """LOCK: keep tables to itself. A snapshot that is not taken yet is taken after."""
        for table in tables:
            self._lock(table, Mode.EXCLUSIVE, check)

    def is_stale(self, table: Table) -> bool:
        """Whether others have added rows since the snapshot: it may append, but not rewrite what it does not see."""
        return (table.schema, table.name) in self._stale

    def history(self) -> History:
        return History(self.xid, self._snapshot, frozenset(self._reads), frozenset(self._writes))

    def begin(self) -> None:
        """Take the snapshot now, if it is not taken yet."""
        self._begin()

    def leave(self) -> Connection | None:
        """Give its connection up, whose transaction has ended; None where it has none, or none any more."""
        cursor, self._cursor = self._cursor, None
        self._is_over = True
        return cursor

    def _begin(self) -> None:
        assert not self._is_over, "a transaction that is over does not begin again"
        if self._cursor is None:
            self._cursor, self._base = self._cluster.begin(self)
            self._catalog = self._base
            self._snapshot = self._base.version

    def _lock(self, table: Key, mode: Mode, check: Callable[[], None]) -> None:
        self._cluster.locks.acquire(Lock(table, mode, self.xid, self.pid), check)

    def _catch_up(self, claim: Claim) -> None:
        """Take over what was committed to a claimed table since the snapshot, where only rows were added blindly."""
        key = claim.table
        before = self.base.relations.get(key)
        now = self._cluster.catalog.relations.get(key)
        if now is before:
            return
        own = self.catalog.relations.get(key)
        may_append = (
            not claim.reads
            and claim.mode is Mode.WRITE
            and isinstance(before, Table)
            and isinstance(now, Table)
            and own is before
            and now.same_parts(before)
        )
        if not may_append:
            raise self._cluster.violation(self, key)
        assert isinstance(now, Table)
        self._base = replace(self.base, relations={**self.base.relations, key: now})
        self._catalog = self.catalog.with_relation(now)
        self._stale.add(key)
