"""The DuckDB of the deliveries of this process: in memory, closed to files and network, a cursor for each thread.

Columns go in as Arrow and come out as Arrow. Knows no delivery.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from kit.base.settings import Settings


class Engine:
    """Opened when first asked. Safe among threads."""

    def __init__(self, settings: Settings, macros: Iterable[str] = ()) -> None:
        self._settings = settings
        self._macros = tuple(macros)
        self._lock = threading.Lock()
        self._opened: duckdb.DuckDBPyConnection | None = None

    def query(self, sql: str, tables: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The answer to a query over named Arrow tables. Raises `duckdb.Error`."""
        cursor = self._connection().cursor()
        try:
            for name, table in tables.items():
                cursor.register(name, table)
            relation = cursor.sql(sql, params=dict(parameters or {}))
            assert relation is not None
            return relation.to_arrow_table()
        finally:
            cursor.close()

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _connection(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

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
        for macro in self._macros:
            connection.execute(macro)
        connection.execute("SET GLOBAL enable_external_access = false")
        return connection


def quote(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
