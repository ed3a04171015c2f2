"""DuckDB as runs use it: in memory, private, without files or network. Tables go in and come out as Arrow.

Knows SQL, values and Arrow tables only. One thread asks at a time; another may interrupt.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb

from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.sql.athena import MACROS
from kit.sql.athena.errors import from_engine

if TYPE_CHECKING:
    import pyarrow as pa


class Database:
    """The DuckDB of this process for windows, opened when first asked for: installing Athena's functions takes a while.

    Each run has a connection of its own, and with it its own names of tables.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def connect(self) -> Engine:
        """A connection for one run."""
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
            return Engine(self._connection.cursor())

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": self._settings.threads,
                "memory_limit": f"{self._settings.memory_bytes}B",
                "python_enable_replacements": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.begin()
        for macro in MACROS:
            connection.execute(macro)
        connection.commit()
        connection.execute("SET GLOBAL enable_external_access = false")
        return connection


class Engine:
    """One connection; `close` lets go of all that it holds."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("SET enable_progress_bar = false")

    def query(self, sql: str, tables: Mapping[str, pa.Table], parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The answer over tables by the names that the SQL has for them. Raises `KitError` for what fails in it."""
        for name, table in tables.items():
            self._connection.register(name, table)
        try:
            relation = self._connection.sql(sql, params=dict(parameters) if parameters else None)
            assert relation is not None, "only queries are asked"
            return relation.to_arrow_table()
        except duckdb.InterruptException:
            raise KitError("QUERY_CANCELLED", "The query was cancelled.") from None
        except duckdb.Error as error:
            known = from_engine(str(error))
            raise (known or KitError("GENERIC_INTERNAL_ERROR", str(error).partition("\n")[0])) from error
        finally:
            for name in tables:
                self._connection.unregister(name)

    def types(self, table: pa.Table) -> dict[str, Any]:
        """DuckDB's types of a table's columns."""
        relation = self._connection.from_arrow(table.slice(0, 0))
        return dict(zip(relation.columns, relation.types, strict=True))

    def interrupt(self) -> None:
        """Stop what is running; from any thread."""
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
