"""The DuckDB of one run: in memory, private, without files or network. Tables go in and come out as Arrow.

Knows SQL, values and Arrow tables only. One thread asks at a time; another may interrupt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb

from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.sql.athena import MACROS
from kit.sql.athena.errors import from_engine

if TYPE_CHECKING:
    import pyarrow as pa


class Engine:
    """Opened at once; `close` lets go of all that it holds."""

    def __init__(self, settings: Settings) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": settings.threads,
                "memory_limit": f"{settings.memory_bytes}B",
                "python_enable_replacements": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._connection.begin()
        for macro in MACROS:
            self._connection.execute(macro)
        self._connection.commit()
        self._connection.execute("SET GLOBAL enable_external_access = false")

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

    def interrupt(self) -> None:
        """Stop what is running; from any thread."""
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
