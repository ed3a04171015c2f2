"""What a format is asked for, and what it hands to the engine.

Names of parameters and streams carry the scan's own name as a prefix, so that several scans of one query never meet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from kit.base.domain import Domain
from kit.base.errors import KitError
from kit.catalog.model import Column
from kit.catalog.types import parse


class Watch:
    """What happens outside of DuckDB while a query runs: bytes that our own readers take, and their first error.

    An Arrow stream can hand on an error's text only, so the error itself waits here for whoever ran the query.
    `diagnose` finds a better error for one that DuckDB raised, or gives it back. Used from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes_read = 0
        self.error: KitError | None = None
        self.diagnose: Callable[[KitError], KitError] = _as_it_is

    @property
    def bytes_read(self) -> int:
        return self._bytes_read

    def read(self, count_bytes: int) -> None:
        with self._lock:
            self._bytes_read += count_bytes

    @contextmanager
    def keeping_error(self) -> Iterator[None]:
        """Remember the first `KitError` that leaves the block."""
        try:
            yield
        except KitError as error:
            with self._lock:
                self.error = self.error or error
            raise


@dataclass(frozen=True, slots=True)
class DataFile:
    """One object of a table. `path` is where DuckDB finds it and never leaves in a message; `modified` is in UTC."""

    uri: str
    path: Path
    size_bytes: int
    etag: str
    modified: datetime

    def vanished(self) -> KitError:
        """The error for an object that was listed and is not there any more."""
        return KitError(
            "HIVE_CANNOT_OPEN_SPLIT",
            f"Error opening Hive split {self.uri} (offset=0, length={self.size_bytes}): the object does not exist.",
            "It was removed or replaced while the query ran: run the query again.",
        )


def _as_it_is(error: KitError) -> KitError:
    return error


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of a table or partition become rows: the format, the declared columns and the properties.

    `properties` are the table's parameters and over them the SerDe's. Partitions of one layout are read together.
    """

    format: str
    serde: str
    columns: tuple[Column, ...]
    properties: Mapping[str, str]

    def property(self, name: str, default: str = "") -> str:
        return self.properties.get(name, default)

    def is_set(self, name: str, *, default: bool = False) -> bool:
        """A property that is true or false, in any letter case."""
        value = self.properties.get(name, "").strip().lower()
        return value == "true" if value in {"true", "false"} else default

    def ordinal(self, name: str) -> int:
        """The position of a column in the file, from zero."""
        return next(index for index, column in enumerate(self.columns) if column.name == name)

    def type_of(self, name: str) -> str:
        return self.columns[self.ordinal(name)].type


@dataclass(frozen=True, slots=True)
class Request:
    """What a query needs of the files of one layout: `columns` are those in the files, in no particular order.

    Rows outside of `domains` (by column) may be left out.
    """

    name: str
    layout: Layout
    files: Sequence[DataFile]
    columns: Sequence[str]
    watch: Watch
    domains: Mapping[str, Domain] = field(default_factory=dict)

    def uri(self, file: str) -> str:
        """SQL of the URI of the file with this index, for errors; whoever runs the scan binds the parameter."""
        return f"(${self.name}_uris)[{file} + 1]"


@dataclass(frozen=True, slots=True)
class Source:
    """How DuckDB reads what was requested.

    `from_clause` follows FROM, a condition that helps to read less included. Over it, `columns` are SQL expressions of
    the requested columns in their declared types, and `file` one of the zero-based index into the request's files.
    `streams` export Arrow streams, afresh each time.
    """

    from_clause: str
    columns: Mapping[str, str]
    file: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, object] = field(default_factory=dict)


hive_type = lru_cache(maxsize=4096)(parse)
"""The type of a Hive type text; few texts come again and again."""


def quote(name: str) -> str:
    """An identifier, quoted for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal for DuckDB, for separators and names that stand inside of an expression."""
    return "'" + text.replace("'", "''") + "'"
