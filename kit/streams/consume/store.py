"""The lease tables of an application: one SQLite file, shared by the workers of all processes.

Every change of a lease is conditional on what its author saw, in one transaction; a change that comes too late does
nothing and says so. Losing the last transactions in a power cut sets checkpoints back, which at-least-once allows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from kit.base.connections import Connections
from kit.base.errors import KitError
from kit.streams.consume.checkpoint import Checkpoint, ShardEnd, from_text, to_text
from kit.streams.consume.lease import Lease

_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
    stream TEXT PRIMARY KEY,
    incarnation TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS leases (
    stream TEXT NOT NULL,
    shard TEXT NOT NULL,
    owner TEXT,
    successor TEXT,
    counter INTEGER NOT NULL DEFAULT 0,
    tenure INTEGER NOT NULL DEFAULT 0,
    checkpoint TEXT NOT NULL,
    parents TEXT NOT NULL,
    first_hash_key TEXT NOT NULL,
    last_hash_key TEXT NOT NULL,
    behind_ms INTEGER,
    PRIMARY KEY (stream, shard)
) STRICT;
CREATE TABLE IF NOT EXISTS workers (
    name TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (name, ordinal)
) STRICT;
"""
_COLUMNS = "shard, checkpoint, parents, first_hash_key, last_hash_key, owner, successor, counter, tenure, behind_ms"


class LeaseStore:
    """The leases of one application on one stream. Safe among threads and processes."""

    def __init__(self, path: Path, stream: str) -> None:
        self.stream = stream
        self._connections = Connections(path, _prepare, durability="NORMAL")

    def enrol(self, name: str) -> str:
        """An owner's name that no worker has that might still live: `name`, else `name#2` and so on."""
        if not name or "#" in name:
            raise KitError("InvalidArgumentException", f"'{name}' is no name of a worker.", "Any text without '#'.")
        with self._transaction() as connection:
            used = {ordinal for (ordinal,) in connection.execute("SELECT ordinal FROM workers WHERE name = ?", (name,))}
            ordinal = next(free for free in count(1) if free not in used)
            connection.execute("INSERT INTO workers VALUES (?, ?)", (name, ordinal))
        return name if ordinal == 1 else f"{name}#{ordinal}"

    def leave(self, owner: str) -> None:
        """A worker that holds no lease and acts no more leaves its name to others."""
        name, _, ordinal = owner.partition("#")
        with self._transaction() as connection:
            connection.execute("DELETE FROM workers WHERE name = ? AND ordinal = ?", (name, int(ordinal or 1)))

    def begin(self, incarnation: str, leases: Iterable[Lease]) -> None:
        """Write the first leases, unless another worker has done so.

        `incarnation` tells a stream from a later one of the same name: raises where the table is of the earlier.
        """
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO streams VALUES (?, ?)", (self.stream, incarnation))
            (known,) = connection.execute("SELECT incarnation FROM streams WHERE stream = ?", (self.stream,)).fetchone()
            if known != incarnation:
                raise KitError(
                    "InvalidStateException",
                    f"The application's checkpoints belong to an earlier stream '{self.stream}', deleted since.",
                    "Start the new stream from its beginning with consumer.reset(), or use another application name.",
                )
            if not self._count(connection):
                self._insert(connection, leases)

    def is_begun(self) -> bool:
        with self._reading() as connection:
            return self._count(connection) > 0

    def leases(self) -> dict[str, Lease]:
        """All leases by shard, those of ended shards too."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM leases WHERE stream = ? ORDER BY shard", (self.stream,)
            ).fetchall()
        return {row[0]: _lease(row) for row in rows}

    def renew(self, owner: str, behind_ms: dict[str, int | None]) -> dict[str, Lease]:
        """Add one to the counters of the owner's leases and note their lags; the leases that are still the owner's."""
        with self._transaction() as connection:
            rows = connection.execute(
                f"UPDATE leases SET counter = counter + 1 WHERE stream = ? AND owner = ? RETURNING {_COLUMNS}",
                (self.stream, owner),
            ).fetchall()
            connection.executemany(
                "UPDATE leases SET behind_ms = ? WHERE stream = ? AND shard = ? AND owner = ?",
                [(lag, self.stream, shard, owner) for shard, lag in behind_ms.items() if lag is not None],
            )
        return {row[0]: _lease(row) for row in rows}

    def take(self, lease: Lease, owner: str) -> Lease | None:
        """Become the owner, provided that the lease is still as it was seen; the lease in its new tenure."""
        with self._transaction() as connection:
            row = connection.execute(
                "UPDATE leases SET owner = ?, successor = NULL, tenure = tenure + 1, counter = counter + 1"
                f" WHERE stream = ? AND shard = ? AND tenure = ? AND counter = ? RETURNING {_COLUMNS}",
                (owner, self.stream, lease.shard, lease.tenure, lease.counter),
            ).fetchone()
        return _lease(row) if row else None

    def ask(self, lease: Lease, successor: str) -> bool:
        """Ask the owner to hand the lease over, unless somebody else has asked."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE leases SET successor = ? WHERE stream = ? AND shard = ? AND tenure = ? AND successor IS NULL",
                (successor, self.stream, lease.shard, lease.tenure),
            ).rowcount
        return changed == 1

    def checkpoint(self, lease: Lease, checkpoint: Checkpoint, behind_ms: int | None) -> bool:
        """Move the checkpoint; False where the lease has another owner by now."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE leases SET checkpoint = ?, behind_ms = coalesce(?, behind_ms)"
                " WHERE stream = ? AND shard = ? AND owner = ? AND tenure = ?",
                (to_text(checkpoint), behind_ms, self.stream, lease.shard, lease.owner, lease.tenure),
            ).rowcount
        return changed == 1

    def end(self, lease: Lease, following: Iterable[Lease]) -> bool:
        """Note that the shard is processed to its end, and add those that follow; False where the lease is lost."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE leases SET checkpoint = ?, owner = NULL, successor = NULL, behind_ms = NULL"
                " WHERE stream = ? AND shard = ? AND owner = ? AND tenure = ?",
                (to_text(ShardEnd()), self.stream, lease.shard, lease.owner, lease.tenure),
            ).rowcount
            if changed:
                self._insert(connection, following)
        return changed == 1

    def release(self, lease: Lease) -> bool:
        """Give the lease to whoever has asked for it, or to nobody; False where it is lost already."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE leases SET owner = successor, successor = NULL, tenure = tenure + 1, counter = counter + 1"
                " WHERE stream = ? AND shard = ? AND owner = ? AND tenure = ?",
                (self.stream, lease.shard, lease.owner, lease.tenure),
            ).rowcount
        return changed == 1

    def reset(self) -> None:
        """Forget the stream: the application begins anew."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM leases WHERE stream = ?", (self.stream,))
            connection.execute("DELETE FROM streams WHERE stream = ?", (self.stream,))

    def close(self) -> None:
        self._connections.close()

    def _count(self, connection: sqlite3.Connection) -> int:
        (count,) = connection.execute("SELECT count(*) FROM leases WHERE stream = ?", (self.stream,)).fetchone()
        return int(count)

    def _insert(self, connection: sqlite3.Connection, leases: Iterable[Lease]) -> None:
        connection.executemany(
            "INSERT OR IGNORE INTO leases (stream, shard, checkpoint, parents, first_hash_key, last_hash_key)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    self.stream,
                    lease.shard,
                    to_text(lease.checkpoint),
                    ",".join(lease.parents),
                    str(lease.first_hash_key),
                    str(lease.last_hash_key),
                )
                for lease in leases
            ],
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _named(), self._connections.transaction() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _named(), self._connections.snapshot() as connection:
            yield connection


@contextmanager
def _named() -> Iterator[None]:
    """Give an error of SQLite a name."""
    try:
        yield
    except sqlite3.Error as error:
        raise KitError(
            "LeaseTableUnavailable",
            f"The lease table cannot be used: {error}.",
            "Is the disk full or the file damaged?",
        ) from error


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


def _lease(row: tuple[str, str, str, str, str, str | None, str | None, int, int, int | None]) -> Lease:
    shard, checkpoint, parents, first, last, owner, successor, counter, tenure, behind_ms = row
    return Lease(
        shard=shard,
        checkpoint=from_text(checkpoint),
        parents=tuple(parents.split(",")) if parents else (),
        first_hash_key=int(first),
        last_hash_key=int(last),
        owner=owner,
        successor=successor,
        counter=counter,
        tenure=tenure,
        behind_ms=behind_ms,
    )
