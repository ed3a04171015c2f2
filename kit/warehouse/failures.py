"""DuckDB's errors as Redshift's: a SQLSTATE, Redshift's wording where it has one, a hint where something can be done.

What an expression of the dialect can raise the dialect translates; memory, disk and cancellation are known here.
"""

from __future__ import annotations

import re
from pathlib import PurePath

import duckdb

from kit.base.errors import KitError
from kit.sql.redshift.runtime import translate_runtime_error

CANCELLED = "57014"
OUT_OF_MEMORY = "53200"
DISK_FULL = "53100"

_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_COLUMNS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_CSV_FILE = re.compile(r"^\s*file = (.*)$", re.MULTILINE)


def translated(error: BaseException) -> KitError:
    """The warehouse's error for one of DuckDB's; one that is the warehouse's already stays as it is."""
    if isinstance(error, KitError):
        return error
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return KitError(CANCELLED, "Query cancelled on user's request")
    if isinstance(error, OSError | duckdb.Error) and _names_full_disk(text):
        return disk_full()
    if isinstance(error, duckdb.OutOfMemoryException):
        return disk_full() if "max_temp_directory_size" in text or _names_full_disk(text) else out_of_memory()
    return translate_runtime_error(text) or _unreadable(text) or KitError("XX000", _body(text))


def out_of_memory() -> KitError:
    return KitError(
        OUT_OF_MEMORY,
        "Out of memory: the query needs more than the memory set aside for queries, and it could not spill.",
        "Select fewer rows or columns, aggregate earlier, or open the workspace with a larger memory_bytes.",
    )


def disk_full() -> KitError:
    return KitError(
        DISK_FULL,
        "Disk Full: there is no room left to spill intermediate results or to store rows.",
        "Free disk space, drop tables that are not needed, or ask for less at once.",
    )


def _unreadable(text: str) -> KitError | None:
    """A line that COPY could not read, in the words of STL_LOAD_ERRORS."""
    line = _CSV_LINE.search(text)
    if line is None:
        return None
    columns = _CSV_COLUMNS.search(text)
    reason = "Invalid quote formatting for CSV"
    if columns is not None:
        reason = "Extra column(s) found" if int(columns[2]) > int(columns[1]) else "Delimiter not found"
    file = _CSV_FILE.search(text)
    where = f" of '{PurePath(file[1]).name}'" if file is not None else ""
    return KitError("XX000", f"Load failed at line {line[1]}{where}: {reason}", "Nothing of this COPY was loaded.")


def _names_full_disk(text: str) -> bool:
    # A quota, or a limit on the size of files, is a full disk to whoever writes.
    return any(said in text.lower() for said in ("no space left", "disk full", "quota exceeded", "file too large"))


def _body(text: str) -> str:
    """The message without DuckDB's own prefix and its excerpt of SQL that the user never wrote."""
    text = text.split("\n\nLINE ", 1)[0].strip()
    return re.sub(r"^[A-Z][A-Za-z ]*(?:Error|Exception): ", "", text)
