"""The SQLite file that Athena's own records are kept in: executions, workgroups, prepared statements.

Owns the tables. Several processes use it at once; what it holds may lose its last entries in a power cut, never its
consistency.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.base.connections import Connections
from kit.base.errors import KitError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS execution (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    workgroup TEXT NOT NULL,
    state TEXT NOT NULL,
    session TEXT NOT NULL,
    submitted_ns INTEGER NOT NULL,
    completed_ns INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS execution_of_workgroup ON execution (workgroup, sequence);
CREATE TABLE IF NOT EXISTS workgroup (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS prepared_statement (
    workgroup TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (workgroup, name)
) STRICT;
"""


class Store:
    """The file `path`, made where it is missing."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path, _prepare, durability="NORMAL")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with _named():
            yield self._connections.get()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with _named(), self._connections.transaction() as connection:
            yield connection

    def close(self) -> None:
        self._connections.close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise KitError(
            "INTERNAL_ERROR",
            f"The record of Athena's queries cannot be used: {error}.",
            "Look at the workspace's disk and the file's mode.",
        ) from error
