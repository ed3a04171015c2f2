"""DuckDB as this package uses it: the few calls, typed, so that its untyped edge is in one place."""

from __future__ import annotations

from typing import Any, Protocol, Self


class Connection(Protocol):
    """A DuckDB connection or cursor. One thread at a time; `interrupt` may be called by another."""

    def execute(self, query: str, parameters: object = None) -> Any: ...

    def sql(self, query: str, *, params: object = None) -> Any: ...

    def get_profiling_information(self) -> str: ...

    def cursor(self) -> Self: ...

    def register(self, view_name: str, python_object: object) -> Any: ...

    def unregister(self, view_name: str) -> Any: ...

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


def fetch(connection: Connection, query: str, parameters: object = None) -> list[tuple[Any, ...]]:
    """Run a statement to its end; its rows."""
    rows: list[tuple[Any, ...]] = connection.execute(query, parameters).fetchall()
    return rows


def row(connection: Connection, query: str, parameters: object = None) -> tuple[Any, ...]:
    """The one row that a query answers."""
    (only,) = fetch(connection, query, parameters)
    return only


def value(connection: Connection, query: str, parameters: object = None) -> Any:
    """The one value that a query answers; of CREATE TABLE AS and INSERT the number of rows."""
    return row(connection, query, parameters)[0]
