"""How far an agent has read each file, in SQLite: by flow and by the file's identity, which a renaming leaves alone.

A copy that is truncated keeps its identity: the fingerprint of its first bytes says that it is another file by now.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kit.base.connections import Connections
from kit.base.errors import KitError

FINGERPRINT_BYTES = 256
_SCHEMA = """
CREATE TABLE IF NOT EXISTS file (
    flow TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, path TEXT NOT NULL, offset INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, fingerprint_bytes INTEGER NOT NULL, PRIMARY KEY (flow, device, inode)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """All records of a file before `offset` have been sent. The fingerprint is of its first `fingerprint_bytes`."""

    device: int
    inode: int
    path: str
    offset: int
    fingerprint: str
    fingerprint_bytes: int


class Checkpoints:
    """Safe among threads and processes."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path, _prepare)

    def of(self, flow: str) -> dict[tuple[int, int], Mark]:
        """The marks of a flow by device and inode."""
        with _named():
            rows = (
                self._connections.get()
                .execute(
                    "SELECT device, inode, path, offset, fingerprint, fingerprint_bytes FROM file WHERE flow = ?",
                    (flow,),
                )
                .fetchall()
            )
        return {(row[0], row[1]): Mark(*row) for row in rows}

    def put(self, flow: str, marks: Iterable[Mark]) -> None:
        with _named(), self._connections.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        flow,
                        mark.device,
                        mark.inode,
                        mark.path,
                        mark.offset,
                        mark.fingerprint,
                        mark.fingerprint_bytes,
                    )
                    for mark in marks
                ],
            )

    def forget(self, flow: str, identity: tuple[int, int]) -> None:
        """Of a file that is gone: another may get its identity."""
        with _named(), self._connections.transaction() as connection:
            connection.execute("DELETE FROM file WHERE flow = ? AND device = ? AND inode = ?", (flow, *identity))

    def close(self) -> None:
        self._connections.close()


def fingerprint(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


@contextmanager
def _named() -> Iterator[None]:
    """Give an error of SQLite a name."""
    try:
        yield
    except sqlite3.Error as error:
        raise KitError(
            "CheckpointsUnavailable", f"The agent's checkpoints cannot be used: {error}.", "Is the disk full?"
        ) from error
