"""The delivery streams of a workspace in one SQLite file: what they are told, how far they are, what they counted.

Invariants: positions and counts move in one transaction with the end of a flush; of a stream at most one flush is in
hand, and its text does not change until it has ended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from kit.base.connections import Connections
from kit.base.errors import KitError, did_you_mean
from kit.delivery import limits
from kit.delivery.configuration import Configuration
from kit.delivery.encoding import from_text, to_text
from kit.delivery.errors import (
    ConcurrentModificationException,
    InvalidArgumentException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from kit.delivery.progress import Counts, Figures, Flush, Position
from kit.streams.names import ACCOUNT

_COUNTS = [field.name for field in fields(Counts)]
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS delivery_stream (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    configuration TEXT NOT NULL, source_id TEXT NOT NULL, is_stopped INTEGER NOT NULL DEFAULT 0, flush TEXT,
    flush_asked INTEGER NOT NULL DEFAULT 0, flush_answered INTEGER NOT NULL DEFAULT 0,
    {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in _COUNTS)},
    flushes INTEGER NOT NULL DEFAULT 0, last_flush_ms INTEGER, error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS position (
    name TEXT NOT NULL REFERENCES delivery_stream ON DELETE CASCADE, shard INTEGER NOT NULL,
    next_index INTEGER NOT NULL, PRIMARY KEY (name, shard)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tag (
    name TEXT NOT NULL REFERENCES delivery_stream ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery stream as the store has it."""

    name: str
    version: int
    created_ms: int
    updated_ms: int
    configuration: Configuration
    is_stopped: bool


class Store:
    """Safe among threads and processes."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path, _prepare)

    def add(self, kept: Kept, position: Position, tags: Mapping[str, str]) -> None:
        """Raises `ResourceInUseException`, `LimitExceededException`."""
        with self._writing() as connection:
            (count,) = connection.execute("SELECT count(*) FROM delivery_stream").fetchone()
            if count >= limits.DELIVERY_STREAMS:
                raise LimitExceededException(f"{count:,} delivery streams are as many as there can be.")
            try:
                connection.execute(
                    "INSERT INTO delivery_stream (name, version, created_ms, updated_ms, configuration, source_id)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        kept.name,
                        kept.version,
                        kept.created_ms,
                        kept.updated_ms,
                        to_text(kept.configuration),
                        position.source_id,
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise ResourceInUseException(
                    f"Firehose {kept.name} under accountId {ACCOUNT} already exists.", "Choose another name."
                ) from error
            _place(connection, kept.name, position.next_index)
            _tag(connection, kept.name, tags)

    def find(self, name: str) -> Kept:
        """Raises `ResourceNotFoundException`."""
        with self._reading() as connection:
            row = connection.execute(f"{_KEPT} WHERE name = ?", (name,)).fetchone()
            if row is None:
                known = [each for (each,) in connection.execute("SELECT name FROM delivery_stream")]
                raise ResourceNotFoundException(
                    f"Firehose {name} under account {ACCOUNT} not found.", did_you_mean(name, known)
                )
        return _kept(row)

    def all(self) -> list[Kept]:
        """By name."""
        with self._reading() as connection:
            return [_kept(row) for row in connection.execute(f"{_KEPT} ORDER BY name")]

    def update(self, name: str, version: int, configuration: Configuration, now_ms: int) -> None:
        """Raises `ConcurrentModificationException` where the version is another by now."""
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE delivery_stream SET configuration = ?, version = version + 1, updated_ms = ?"
                " WHERE name = ? AND version = ?",
                (to_text(configuration), now_ms, name, version),
            ).rowcount
        if not changed:
            current = self.find(name).version
            raise ConcurrentModificationException(
                f"Cannot update firehose: {name} since the current version id: {current} and specified version id: "
                f"{version} do not match",
                "Describe it, and repeat the change.",
            )

    def remove(self, name: str) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM delivery_stream WHERE name = ?", (name,))

    def set_stopped(self, name: str, *, stopped: bool) -> None:
        with self._writing() as connection:
            connection.execute("UPDATE delivery_stream SET is_stopped = ? WHERE name = ?", (int(stopped), name))

    def position(self, name: str) -> Position:
        """Raises `ResourceNotFoundException`."""
        with self._reading() as connection:
            row = connection.execute("SELECT source_id FROM delivery_stream WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise ResourceNotFoundException(f"Firehose {name} under account {ACCOUNT} not found.")
            rows = connection.execute("SELECT shard, next_index FROM position WHERE name = ?", (name,))
            return Position(row[0], dict(rows.fetchall()))

    def restart(self, name: str, position: Position) -> None:
        """Begin anew on another incarnation of the source; a flush of the former one is given up, with its records."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE delivery_stream SET source_id = ?, flush = NULL WHERE name = ?", (position.source_id, name)
            )
            connection.execute("DELETE FROM position WHERE name = ?", (name,))
            _place(connection, name, position.next_index)

    def flush_in_hand(self, name: str) -> Flush | None:
        with self._reading() as connection:
            row = connection.execute("SELECT flush FROM delivery_stream WHERE name = ?", (name,)).fetchone()
        return None if row is None or row[0] is None else Flush.from_text(row[0])

    def begin(self, name: str, flush: Flush) -> None:
        with self._writing() as connection:
            connection.execute("UPDATE delivery_stream SET flush = ? WHERE name = ?", (flush.to_text(), name))

    def commit(self, name: str, flush: Flush, counts: Counts, now_ms: int) -> None:
        """End the flush: positions move behind it, what it counted is added."""
        added = asdict(counts)
        sums = ", ".join(f"{each} = {each} + :{each}" for each in added)
        with self._writing() as connection:
            connection.execute(
                f"UPDATE delivery_stream SET flush = NULL, flushes = flushes + 1, last_flush_ms = :now, error = '',"
                f" attempts = 0, {sums} WHERE name = :name",
                {**added, "now": now_ms, "name": name},
            )
            _place(connection, name, {part.shard: part.end for part in flush.ranges})

    def note_expired(self, name: str, positions: Mapping[int, int], lost: int) -> None:
        """Move over records that the source does not hold any more."""
        with self._writing() as connection:
            connection.execute("UPDATE delivery_stream SET expired = expired + ? WHERE name = ?", (lost, name))
            _place(connection, name, positions)

    def note_error(self, name: str, error: str) -> None:
        """What the last attempt has failed of."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE delivery_stream SET error = ?, attempts = attempts + 1 WHERE name = ?", (error, name)
            )

    def figures(self, name: str) -> Figures:
        """Raises `ResourceNotFoundException`."""
        names = ", ".join(_COUNTS)
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT flushes, last_flush_ms, error, attempts, {names} FROM delivery_stream WHERE name = ?", (name,)
            ).fetchone()
        if row is None:
            raise ResourceNotFoundException(f"Firehose {name} under account {ACCOUNT} not found.")
        counts = Counts(**dict(zip(_COUNTS, row[4:], strict=True)))
        return Figures(counts=counts, flushes=row[0], last_flush_ms=row[1], error=row[2], attempts=row[3])

    def ask_flush(self, name: str) -> int:
        """Ask whoever delivers to flush; the number of the request."""
        with self._writing() as connection:
            row = connection.execute(
                "UPDATE delivery_stream SET flush_asked = flush_asked + 1 WHERE name = ? RETURNING flush_asked", (name,)
            ).fetchone()
        if row is None:
            raise ResourceNotFoundException(f"Firehose {name} under account {ACCOUNT} not found.")
        return int(row[0])

    def asked(self, name: str) -> tuple[int, int]:
        """The numbers of the last request to flush that was made, and that was answered."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT flush_asked, flush_answered FROM delivery_stream WHERE name = ?", (name,)
            ).fetchone()
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def answer_flush(self, name: str, number: int) -> None:
        with self._writing() as connection:
            connection.execute(
                "UPDATE delivery_stream SET flush_answered = max(flush_answered, ?) WHERE name = ?", (number, name)
            )

    def tags(self, name: str) -> dict[str, str]:
        with self._reading() as connection:
            rows = connection.execute("SELECT key, value FROM tag WHERE name = ? ORDER BY key", (name,))
            return dict(rows.fetchall())

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        with self._writing() as connection:
            _tag(connection, name, tags)

    def untag(self, name: str, keys: Sequence[str]) -> None:
        with self._writing() as connection:
            connection.executemany("DELETE FROM tag WHERE name = ? AND key = ?", [(name, key) for key in keys])

    def close(self) -> None:
        self._connections.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _named(), self._connections.transaction() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _named(), self._connections.snapshot() as connection:
            yield connection


_KEPT = "SELECT name, version, created_ms, updated_ms, configuration, is_stopped FROM delivery_stream"


def _kept(row: tuple[str, int, int, int, str, int]) -> Kept:
    name, version, created_ms, updated_ms, configuration, is_stopped = row
    return Kept(name, version, created_ms, updated_ms, from_text(configuration), bool(is_stopped))


def _place(connection: sqlite3.Connection, name: str, next_index: Mapping[int, int]) -> None:
    connection.executemany(
        "INSERT INTO position VALUES (?, ?, ?)"
        " ON CONFLICT (name, shard) DO UPDATE SET next_index = excluded.next_index",
        [(name, shard, index) for shard, index in next_index.items()],
    )


def _tag(connection: sqlite3.Connection, name: str, tags: Mapping[str, str]) -> None:
    connection.executemany(
        "INSERT INTO tag VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
        [(name, key, value) for key, value in tags.items()],
    )
    (count,) = connection.execute("SELECT count(*) FROM tag WHERE name = ?", (name,)).fetchone()
    if count > limits.TAGS:
        raise InvalidArgumentException(f"A delivery stream has at most {limits.TAGS} tags.")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


@contextmanager
def _named() -> Iterator[None]:
    """Give an error of SQLite a name."""
    try:
        yield
    except sqlite3.Error as error:
        raise KitError(
            "DeliveryStoreUnavailable",
            f"The store of delivery streams cannot be used: {error}.",
            "Is the disk full or the file damaged?",
        ) from error
