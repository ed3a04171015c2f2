"""Table locks in Redshift's three modes, held until the transaction ends; who waits for whom, and deadlocks.

Owns who holds what. Knows tables by their names and transactions by their numbers, nothing of rows or files. A
transaction never waits for itself. The transaction whose wait closes a circle is the one that fails.

Source: Amazon Redshift Database Developer Guide, "LOCK"; AWS Knowledge Center, "How do I detect and release locks in
Amazon Redshift?", read 2026-11.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, TypeAlias

from kit.base.errors import KitError

DEADLOCK: Final = "40P01"
Key: TypeAlias = tuple[str, str]
# How long a waiting statement sleeps before it looks whether it has been cancelled.
STEP_SECONDS = 0.05


class Mode(Enum):
    """Values are the names that STV_LOCKS and SVV_TRANSACTIONS show."""

    READ = "AccessShareLock"
    WRITE = "ShareRowExclusiveLock"
    EXCLUSIVE = "AccessExclusiveLock"


_CONFLICTS: Final[Mapping[Mode, frozenset[Mode]]] = {
    Mode.READ: frozenset({Mode.EXCLUSIVE}),
    Mode.WRITE: frozenset({Mode.WRITE, Mode.EXCLUSIVE}),
    Mode.EXCLUSIVE: frozenset(Mode),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock that is held (`granted`) or waited for. `table` is schema and name; `pid` numbers the session."""

    table: Key
    mode: Mode
    xid: int
    pid: int
    granted: bool = True


class Locks:
    """The locks of one cluster. Threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[Key, dict[int, Lock]] = {}
        self._waiting: dict[int, Lock] = {}

    def acquire(self, wanted: Lock, check: Callable[[], None]) -> None:
        """Hold a lock, after waiting for those in its way.

        `check` is called while it waits; what it raises ends the wait. Raises 40P01 where waiting would never end.
        """
        with self._changed:
            try:
                while self._in_the_way(wanted):
                    self._waiting[wanted.xid] = replace(wanted, granted=False)
                    self._refuse_deadlock(wanted)
                    self._changed.wait(STEP_SECONDS)
                    check()
            finally:
                self._waiting.pop(wanted.xid, None)
            self._grant(wanted)

    def release(self, xid: int) -> None:
        """Let go of everything that a transaction holds."""
        with self._changed:
            for table in [table for table, owners in self._held.items() if xid in owners]:
                del self._held[table][xid]
                if not self._held[table]:
                    del self._held[table]
            self._changed.notify_all()

    def blocks_readers(self) -> bool:
        """Whether any lock is held that a reader would have to wait for."""
        return any(
            lock.mode is Mode.EXCLUSIVE for owners in list(self._held.values()) for lock in list(owners.values())
        )

    def all(self) -> list[Lock]:
        """What is held and what is waited for."""
        with self._changed:
            held = [lock for owners in self._held.values() for lock in owners.values()]
            return [*held, *self._waiting.values()]

    def _grant(self, wanted: Lock) -> None:
        owners = self._held.setdefault(wanted.table, {})
        own = owners.get(wanted.xid)
        if own is None or len(_CONFLICTS[wanted.mode]) > len(_CONFLICTS[own.mode]):
            owners[wanted.xid] = wanted

    def _in_the_way(self, wanted: Lock) -> list[Lock]:
        owners = self._held.get(wanted.table, {})
        return [each for xid, each in owners.items() if xid != wanted.xid and each.mode in _CONFLICTS[wanted.mode]]

    def _refuse_deadlock(self, wanted: Lock) -> None:
        waits = {xid: frozenset(each.xid for each in self._in_the_way(lock)) for xid, lock in self._waiting.items()}
        if not waits_for_itself(wanted.xid, waits):
            return
        others = ", ".join(str(each.xid) for each in self._in_the_way(wanted))
        raise KitError(
            DEADLOCK,
            "deadlock detected",
            f"Transaction {wanted.xid} waits for {wanted.mode.value} on {'.'.join(wanted.table)}, held by transaction "
            f"{others}, which waits for this one. Lock tables in the same order in every transaction.",
        )


def waits_for_itself(start: int, waits: Mapping[int, frozenset[int]]) -> bool:
    """Whether a transaction is on a circle of transactions that wait for each other."""
    seen: set[int] = set()
    ahead = list(waits.get(start, ()))
    while ahead:
        xid = ahead.pop()
        if xid == start:
            return True
        if xid not in seen:
            seen.add(xid)
            ahead += waits.get(xid, ())
    return False
