"""The catalog's tables in SQLite, and what its errors are called.

`generation` counts every committed change. A partition keeps its values twice: as text (`value_texts`, what Hive has)
and typed, in `k0` to `k7`, so that numbers and dates compare as such. One index holds all typed keys in order, and
each further key has its own: a look-up by equality or range on any of them touches the rows it finds. Keys beyond the
eighth are filtered by whoever reads the rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kit.base.errors import KitError

VERSION: Final = 2
INDEXED_KEYS: Final = 8
KEY_COLUMNS: Final = tuple(f"k{position}" for position in range(INDEXED_KEYS))

_STATEMENTS: Final = (
    "CREATE TABLE state (generation INTEGER NOT NULL)",
    "INSERT INTO state VALUES (0)",
    "CREATE TABLE database (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE catalog_table (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        database TEXT NOT NULL REFERENCES database (name),
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_ns INTEGER NOT NULL,
        UNIQUE (database, name))""",
    """CREATE TABLE table_version (
        table_id INTEGER NOT NULL REFERENCES catalog_table (id) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        updated_ns INTEGER NOT NULL,
        PRIMARY KEY (table_id, version)) WITHOUT ROWID""",
    f"""CREATE TABLE partition (
        id INTEGER PRIMARY KEY,
        table_id INTEGER NOT NULL REFERENCES catalog_table (id) ON DELETE CASCADE,
        value_texts TEXT NOT NULL,
        location TEXT NOT NULL,
        descriptor TEXT,
        parameters TEXT,
        created_ns INTEGER NOT NULL,
        {", ".join(KEY_COLUMNS)},
        UNIQUE (table_id, value_texts))""",
    f"CREATE INDEX partition_keys ON partition (table_id, {', '.join(KEY_COLUMNS)})",
    *(
        f"CREATE INDEX partition_{column} ON partition (table_id, {column}) WHERE {column} IS NOT NULL"
        for column in KEY_COLUMNS[1:]
    ),
    # What ANALYZE would find in a table of 100,000 partitions. Without it the planner takes any range on the first key
    # for more selective than equality on another; with figures that never change, plans never change either.
    "ANALYZE",
    *(
        f"INSERT INTO sqlite_stat1 VALUES ('partition', '{index}', '{rows}')"
        for index, rows in (
            ("sqlite_autoindex_partition_1", "100000 100000 1"),
            ("partition_keys", "100000 100000 1000 100 10 1 1 1 1 1"),
            *((f"partition_{column}", "100000 100000 100") for column in KEY_COLUMNS[1:]),
        )
    ),
    "PRAGMA user_version=1",
)
# What each layout adds to the one before: crawlers and statistics came with the second.
_UPGRADES: Final = {
    1: (
        """CREATE TABLE crawler (
        name TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_ns INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        is_scheduled INTEGER NOT NULL,
        due_from_ns INTEGER NOT NULL,
        is_stopping INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
        """CREATE TABLE crawl_run (
        crawler TEXT NOT NULL REFERENCES crawler (name) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (crawler, number)) WITHOUT ROWID""",
        """CREATE TABLE crawled_folder (
        crawler TEXT NOT NULL REFERENCES crawler (name) ON DELETE CASCADE,
        uri TEXT NOT NULL,
        PRIMARY KEY (crawler, uri)) WITHOUT ROWID""",
        """CREATE TABLE crawler_event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        crawler TEXT NOT NULL REFERENCES crawler (name) ON DELETE CASCADE,
        uri TEXT NOT NULL)""",
        "CREATE TABLE classifier (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE column_statistics (
            table_id INTEGER NOT NULL REFERENCES catalog_table (id) ON DELETE CASCADE,
            column_name TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (table_id, column_name)) WITHOUT ROWID""",
        "PRAGMA user_version=2",
    ),
}


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where they are missing. Raises `CATALOG_TOO_NEW` for a later version's file."""
    if _version(connection) < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == 0:  # another process may have been first
            for statement in _STATEMENTS:
                connection.execute(statement)
        while (upgrade := _UPGRADES.get(_version(connection))) is not None:
            for statement in upgrade:
                connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("ANALYZE sqlite_schema")  # load the figures
    if (found := _version(connection)) != VERSION:
        raise KitError(
            "CATALOG_TOO_NEW",
            f"The catalog has layout {found}; this version of Boathouse knows layout {VERSION}.",
            "Use the version that made it, or a later one.",
        )


@contextmanager
def named() -> Iterator[None]:
    """Turn an error of SQLite that leaves the block into a `KitError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise _translated(error, code) from error


def _translated(error: sqlite3.Error, code: int) -> KitError:
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return KitError(
                "OperationTimeoutException",
                "The catalog is busy: another process has been writing to it for too long.",
                "Try again once it is done.",
            )
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return KitError(
                "InsufficientStorage", f"The catalog was not changed: {error}.", "Free some space on its disk."
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return KitError(
                "CATALOG_CORRUPT",
                f"The catalog file cannot be read: {error}.",
                "Move it away and crawl the data again.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return KitError("AccessDeniedException", f"The catalog cannot be written: {error}.", "Look at its mode.")
        case _:
            return KitError("InternalServiceException", f"The catalog failed: {error}.")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
