"""What loading and unloading leave for the system tables: one record a bad row, a file loaded, a file unloaded.

Values and a sink for them; who shows them (`STL_LOAD_ERRORS` and its kin) and how long they are kept is the sink's
business. Records of a COPY that failed are kept too: that is what they are for.

Source: Amazon Redshift Database Developer Guide, "STL_LOAD_ERRORS", "STL_LOAD_COMMITS", "STL_UNLOAD_LOG",
"STL_REPLACEMENTS", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

# The widths of the columns that keep raw data.
MAX_RAW_CHARACTERS = 1024
MAX_REASON_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class LoadError:
    """One bad row. `line` counts from 1 within its file; `position` is where in the field it went wrong, from 0.

    `column`, `type` and `length` are empty where the row as a whole is at fault. `started_ns` is when the COPY began.
    """

    query: int
    slice: int
    table: int
    started_ns: int
    filename: str
    line: int
    column: str
    type: str
    length: str
    position: int
    raw_line: str
    raw_value: str
    code: int
    reason: str
    is_partial: bool = False
    start_offset: int = 0


@dataclass(frozen=True, slots=True)
class Replacement:
    """A row in which ACCEPTINVCHARS replaced characters; `column` is the first of those that had any."""

    query: int
    slice: int
    table: int
    started_ns: int
    filename: str
    line: int
    column: str
    raw_line: str


@dataclass(frozen=True, slots=True)
class LoadCommit:
    """One file, or one range of a large one, that a slice has read. `format` is as the system table writes it.

    `ms` is the time of the slice's own thread; `lines` are those scanned, bad ones among them.
    """

    query: int
    slice: int
    filename: str
    size_bytes: int
    lines: int
    errors: int
    ended_ns: int
    ms: float
    format: str
    is_partial: bool = False
    start_offset: int = 0


@dataclass(frozen=True, slots=True)
class UnloadedFile:
    """One file that a slice has written; `path` is its URI. `format` is as the system table writes it."""

    query: int
    slice: int
    path: str
    started_ns: int
    ended_ns: int
    lines: int
    size_bytes: int
    format: str


LoadRecord: TypeAlias = LoadError | Replacement | LoadCommit | UnloadedFile


class LoadLog(Protocol):
    """Where records go. Called from the statement's own thread, when its outcome is known; must not raise."""

    def add(self, records: Iterable[LoadRecord]) -> None: ...
