"""The MD5s of objects that storage wrote, so that a listing shows ETags without reading content.

A disposable index beside the buckets: a row counts only while the file still has the size, modification time and
inode that it had when the MD5 was taken. Without a row that counts, an object's ETag is an opaque one, made from the
same three. So no ETag is ever stale, and losing the index loses nothing but the MD5s.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from kit.base.connections import Connections
from kit.storage.keys import Location

FILE = ".etags.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS etag (
    folder TEXT NOT NULL, name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, inode INTEGER NOT NULL, md5 BLOB NOT NULL,
    PRIMARY KEY (folder, name)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one content of a file from another without reading it."""

    size_bytes: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        return cls(status.st_size, status.st_mtime_ns, _signed(status.st_ino))

    @property
    def opaque_etag(self) -> str:
        return md5(f"{self.size_bytes}:{self.modified_ns}:{self.inode}".encode()).hexdigest() + "-1"


class Etags:
    """The index of one storage root. `folder` is `bucket/prefix/`, `name` the rest of the key."""

    def __init__(self, root: Path) -> None:
        self._path = root / FILE
        self._connections = Connections(self._path, _prepare, durability="OFF")

    def record(self, rows: Iterable[tuple[Location, Identity, str]]) -> None:
        """Remember MD5s, given in hexadecimal.

        Where the index cannot be written that costs the MD5s alone: the objects keep opaque ETags. A damaged one is
        replaced.
        """
        try:
            with self._connections.transaction() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO etag VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        (at.folder, at.name, known.size_bytes, known.modified_ns, known.inode, bytes.fromhex(digest))
                        for at, known, digest in rows
                    ),
                )
        except sqlite3.Error as error:
            self._replace_if_damaged(error)

    def forget(self, location: Location) -> None:
        """Drop the row of a deleted object; one that stays behind is harmless."""
        self._try("DELETE FROM etag WHERE folder = ? AND name = ?", (location.folder, location.name))

    def forget_under(self, folder: str) -> None:
        """Drop the rows of a folder and those below it."""
        self._try("DELETE FROM etag WHERE folder >= ? AND folder < ?", (folder, folder[:-1] + "0"))

    def of_object(self, location: Location, identity: Identity) -> str:
        """The ETag of one object."""
        rows = self._try(
            "SELECT size_bytes, modified_ns, inode, md5 FROM etag WHERE folder = ? AND name = ?",
            (location.folder, location.name),
        )
        return _etag(identity, rows[0] if rows else None)

    def of_folder(self, folder: str) -> FolderEtags:
        """The ETags of all objects directly in a folder, in one look-up."""
        rows = self._try("SELECT name, size_bytes, modified_ns, inode, md5 FROM etag WHERE folder = ?", (folder,))
        return FolderEtags({row[0]: row[1:] for row in rows})

    def close(self) -> None:
        self._connections.close()

    def _try(self, statement: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        try:
            return self._connections.get().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._replace_if_damaged(error)
            return []

    def _replace_if_damaged(self, error: sqlite3.Error) -> None:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return
        self._connections.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(FILE + suffix).unlink(missing_ok=True)
        self._connections = Connections(self._path, _prepare, durability="OFF")


@dataclass(frozen=True, slots=True)
class FolderEtags:
    rows: dict[object, tuple[object, ...]]

    def of(self, name: str, identity: Identity) -> str:
        return _etag(identity, self.rows.get(name))


def _etag(identity: Identity, row: tuple[object, ...] | None) -> str:
    if row is not None and row[:3] == (identity.size_bytes, identity.modified_ns, identity.inode):
        assert isinstance(row[3], bytes)
        return row[3].hex()
    return identity.opaque_etag


def _signed(inode: int) -> int:
    """An inode number as SQLite can hold it; some filesystems use all 64 bits."""
    return inode - (1 << 64) if inode >= 1 << 63 else inode


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(_SCHEMA)
