"""Serializable isolation: whether what has committed can still be put in an order in which each ran alone. Pure.

Transactions read snapshots, so each is put before those whose writes it did not see. The graph is over whole tables, as
Redshift's is. It is acyclic at all times: a transaction that would close a circle is refused when it commits.

Redshift: "Serializable isolation violation on table". Source: Amazon Redshift Database Developer Guide, "Serializable
isolation", read 2026-11; the test is a serialization graph certifier (Bernstein, Hadzilacos, Goodman 1987, 4.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from kit.base.errors import KitError
from kit.warehouse.transact.locks import Key

VIOLATION: Final = "40001"


@dataclass(frozen=True, slots=True)
class History:
    """What one transaction read and wrote. Of `snapshot` and `committed`, which number commits, both are inclusive.

    `committed` None: not yet, and after all others.
    """

    xid: int
    snapshot: int
    reads: frozenset[Key]
    writes: frozenset[Key]
    committed: int | None = None

    def sees(self, other: History) -> bool:
        return other.committed is not None and other.committed <= self.snapshot


@dataclass(frozen=True, slots=True)
class Violation:
    """A circle: `table` is where the transaction met it, `xids` are those that form it, its own first."""

    table: Key
    xids: tuple[int, ...]

    def error(self, table_id: int) -> KitError:
        cycle = ", ".join(map(str, self.xids))
        return KitError(
            VIOLATION,
            f"1023: Serializable isolation violation on table - {table_id}, "
            f"transactions forming the cycle are: {cycle}",
            f"Another transaction changed {'.'.join(self.table)} meanwhile: run this one again. LOCK the tables first, "
            "in the same order everywhere, to wait instead of failing.",
        )


class Histories:
    """Committed transactions that one still running may conflict with. Not locked: the caller is."""

    def __init__(self) -> None:
        self._committed: dict[int, History] = {}
        self._running: dict[int, int] = {}

    def begin(self, xid: int, snapshot: int) -> None:
        self._running[xid] = snapshot

    def end(self, xid: int) -> None:
        """A transaction is over; what no other can conflict with any more is forgotten."""
        self._running.pop(xid, None)
        self._forget()

    def violation(self, history: History) -> Violation | None:
        """The circle that a transaction would close by committing now."""
        others = list(self._committed.values())
        came_from: dict[int, History] = {}
        ahead = [history]
        while ahead:
            found = ahead.pop()
            if found.xid != history.xid and (table := _before(found, history)) is not None:
                return Violation(table, _path(found, history, came_from))
            for each in others:
                if each.xid not in came_from and _before(found, each) is not None:
                    came_from[each.xid] = found
                    ahead.append(each)
        return None

    def commit(self, history: History, number: int) -> None:
        """Remember what a transaction did whose commit has this number."""
        self._running.pop(history.xid, None)
        self._committed[history.xid] = replace(history, committed=number)
        self._forget()

    @property
    def count(self) -> int:
        """How many run."""
        return len(self._running)

    def others_run(self, xid: int) -> bool:
        return any(each != xid for each in self._running)

    def last_writer(self, table: Key, after: int) -> int | None:
        """The transaction that was the last to commit a change of a table after a snapshot."""
        found = [
            each
            for each in self._committed.values()
            if table in each.writes and each.committed is not None and each.committed > after
        ]
        return max(found, key=lambda each: each.committed or 0).xid if found else None

    def _forget(self) -> None:
        """Drop those that all running transactions see and that nothing kept comes before: no circle can use them."""
        if not self._running:
            self._committed.clear()
            return
        oldest = min(self._running.values())
        while True:
            kept = self._committed.values()
            gone = [
                each.xid
                for each in kept
                if each.committed is not None
                and each.committed <= oldest
                and not any(_before(other, each) is not None for other in kept if other.xid != each.xid)
            ]
            if not gone:
                return
            for xid in gone:
                del self._committed[xid]


def _before(first: History, second: History) -> Key | None:
    """A table that says that one transaction comes before another in every equivalent serial order."""
    if first.committed is not None:
        if second.sees(first):
            return _any(first.writes & (second.reads | second.writes)) or _any(first.reads & second.writes)
        if second.committed is None or second.committed > first.committed:
            overwritten = _any(first.writes & second.writes)
            if overwritten is not None:
                return overwritten
    if not first.sees(second):
        return _any(first.reads & second.writes)
    return None


def _any(tables: Iterable[Key]) -> Key | None:
    return min(tables, default=None)


def _path(last: History, first: History, came_from: dict[int, History]) -> tuple[int, ...]:
    path = [last.xid]
    while path[-1] != first.xid:
        path.append(came_from[path[-1]].xid)
    return tuple(reversed(path))
