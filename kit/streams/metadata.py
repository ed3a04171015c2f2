"""What is known about the streams of a workspace, in one SQLite file: settings, shards, consumers, tags, changes.

Several processes use it at once. A page of shared memory tells them when to look again, so that a put pays for it with
one comparison: the number in it changes with every change, and is odd while one is under way (or its writer died).
`exclusive` keeps changes apart; readers never wait.

Invariants: a change is seen as a whole or not at all; `streams()` never returns what was true before a change that
had ended when it was called.
"""

from __future__ import annotations

import json
import mmap
import os
import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kit.base.connections import Connections
from kit.streams.errors import InternalFailureException
from kit.streams.model import ConsumerState, ShardState, StreamState
from kit.streams.names import StreamId

_GENERATION = struct.Struct("<Q")
_PAGE_BYTES = 64
_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL, status TEXT NOT NULL,
    settles_ms INTEGER NOT NULL, durability TEXT NOT NULL, mode TEXT NOT NULL, retention_hours INTEGER NOT NULL,
    floor_ms INTEGER NOT NULL, enforced INTEGER NOT NULL, record_max_kib INTEGER NOT NULL, strategy TEXT NOT NULL,
    monitoring TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS shards (
    stream TEXT NOT NULL REFERENCES streams ON DELETE CASCADE, idx INTEGER NOT NULL, low TEXT NOT NULL,
    high TEXT NOT NULL, created_s INTEGER NOT NULL, parent INTEGER, adjacent_parent INTEGER, closed_ms INTEGER,
    PRIMARY KEY (stream, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumers (
    stream TEXT NOT NULL REFERENCES streams ON DELETE CASCADE, name TEXT NOT NULL, created_ms INTEGER NOT NULL,
    PRIMARY KEY (stream, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tags (
    stream TEXT NOT NULL REFERENCES streams ON DELETE CASCADE, consumer TEXT NOT NULL, key TEXT NOT NULL,
    value TEXT NOT NULL, PRIMARY KEY (stream, consumer, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
    stream TEXT NOT NULL REFERENCES streams ON DELETE CASCADE, kind TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
"""
_STREAM_COLUMNS = (
    "id, name, created_ms, status, settles_ms, durability, mode, retention_hours, floor_ms, enforced, record_max_kib,"
    " strategy, monitoring"
)


class Metadata:
    """The file and this process's view of it. Safe among threads."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / "metadata.lock", mode=0o600, poll_interval=0.005)
        self._connections = Connections(folder / "metadata.sqlite", lambda _: None)
        with self._lock:
            with self._reported():
                self._connections.get().executescript(_SCHEMA)
            self._page = _open_page(folder / "generation")
        self._seen: tuple[int, Mapping[str, StreamState]] | None = None

    def streams(self) -> Mapping[str, StreamState]:
        """All streams by name, as they are now."""
        generation = _GENERATION.unpack_from(self._page)[0]
        seen = self._seen
        if seen is not None and seen[0] == generation and not generation & 1:
            return seen[1]
        if generation & 1:
            self._settle()
        # The number was read before the rows: a change in between leaves a number that no longer matches.
        found = self._read()
        self._seen = (generation, found)
        return found

    def fresh(self) -> Mapping[str, StreamState]:
        """All streams by name, read from the file whatever the page says."""
        return self._read()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps other changes out, for as long as one is prepared and made. May be nested in one thread."""
        with self._lock:
            yield

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the tables, seen by all processes once it has ended."""
        with self._lock, self._reported():
            pending = _GENERATION.unpack_from(self._page)[0] | 1
            _GENERATION.pack_into(self._page, 0, pending)
            try:
                with self._connections.transaction() as connection:
                    yield connection
            finally:
                _GENERATION.pack_into(self._page, 0, pending + 1)

    def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Rows of one of the tables that `streams` leaves out."""
        with self._reported():
            return self._connections.get().execute(statement, parameters).fetchall()

    def close(self) -> None:
        self._connections.close()
        self._page.close()

    def _settle(self) -> None:
        """Where whoever began a change died before its end, end it: nobody would be able to keep what it reads."""
        if self._lock.is_locked:
            return
        try:
            with self._lock.acquire(blocking=False):
                pending = _GENERATION.unpack_from(self._page)[0]
                _GENERATION.pack_into(self._page, 0, pending + (pending & 1))
        except Timeout:
            return

    def _read(self) -> dict[str, StreamState]:
        with self._reported(), self._connections.snapshot() as connection:
            shards: dict[str, list[ShardState]] = {}
            for stream, index, low, high, *rest in connection.execute(
                "SELECT stream, idx, low, high, created_s, parent, adjacent_parent, closed_ms FROM shards"
                " ORDER BY stream, idx"
            ):
                shards.setdefault(stream, []).append(ShardState(index, int(low, 16), int(high, 16), *rest))
            consumers: dict[str, dict[str, ConsumerState]] = {}
            for stream, name, created_ms in connection.execute("SELECT stream, name, created_ms FROM consumers"):
                consumers.setdefault(stream, {})[name] = ConsumerState(name, created_ms)
            return {
                row[1]: StreamState(
                    StreamId(row[0]),
                    *row[1:9],
                    enforced=bool(row[9]),
                    record_max_kib=row[10],
                    strategy=row[11],
                    monitoring=tuple(json.loads(row[12])),
                    shards=tuple(shards.get(row[0], ())),
                    consumers=consumers.get(row[0], {}),
                )
                for row in connection.execute(f"SELECT {_STREAM_COLUMNS} FROM streams ORDER BY name")
            }

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InternalFailureException(f"The streams' metadata cannot be used: {error}.") from error


def insert_stream(connection: sqlite3.Connection, stream: StreamState) -> None:
    """Write a new stream with its shards."""
    connection.execute(
        f"INSERT INTO streams ({_STREAM_COLUMNS}) VALUES ({', '.join('?' * 13)})",
        (
            stream.stream_id,
            stream.name,
            stream.created_ms,
            stream.status,
            stream.settles_ms,
            stream.durability,
            stream.mode,
            stream.retention_hours,
            stream.floor_ms,
            int(stream.enforced),
            stream.record_max_kib,
            stream.strategy,
            json.dumps(stream.monitoring),
        ),
    )
    write_shards(connection, stream.stream_id, stream.shards)


def write_shards(connection: sqlite3.Connection, stream: StreamId, shards: tuple[ShardState, ...]) -> None:
    """Write shards, new ones or ones that have been closed."""
    connection.executemany(
        "INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                stream,
                shard.index,
                f"{shard.low:032x}",
                f"{shard.high:032x}",
                shard.created_s,
                shard.parent,
                shard.adjacent_parent,
                shard.closed_ms,
            )
            for shard in shards
        ],
    )


def _open_page(path: Path) -> mmap.mmap:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if os.fstat(fd).st_size < _PAGE_BYTES:
            os.write(fd, bytes(_PAGE_BYTES))
        return mmap.mmap(fd, _PAGE_BYTES)
    finally:
        os.close(fd)
