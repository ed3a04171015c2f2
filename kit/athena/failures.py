"""What goes wrong inside of DuckDB, named as Athena names it.

Functions and scans of ours raise with `error('CODE: message')`; what the SQL itself can do wrong is named by its front
end (`kit.sql.athena.errors`); the rest, of files, memory and disks, is told apart here. No message that leaves names a
local path: objects are called by their URI.

Source: Trino, StandardErrorCode; Amazon Athena User Guide, Troubleshoot issues in Athena; read 2026-11.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable
from pathlib import Path

import duckdb

from kit.base.errors import KitError
from kit.sql.athena.errors import from_engine

_OURS = re.compile(r"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+): (.*)", re.DOTALL)
_HINTS = {
    "DIVISION_BY_ZERO": "nullif(divisor, 0) gives NULL instead.",
    "INVALID_CAST_ARGUMENT": "TRY_CAST gives NULL instead.",
    "NUMERIC_VALUE_OUT_OF_RANGE": "CAST an operand to a wider type, or let TRY give NULL instead.",
}
_FULL = ("No space left", "File too large", "Disk quota exceeded", "max_temp_directory_size")
_MEMORY_HINT = (
    "Read less (fewer columns, a filter, a LIMIT), or give the workspace more memory: Settings(memory_bytes=)."
)


def translated(error: BaseException, root: Path) -> KitError:
    """The `KitError` that says what happened; `root` is the folder that holds the buckets."""
    message = _without_paths(_message(error), root)
    ours = _OURS.match(message)
    if ours is not None:
        return KitError(ours.group(1), ours.group(2))
    said = None if "s3://" in message else from_engine(message)
    if said is not None:
        return KitError(said.code, said.message, _HINTS.get(said.code, ""))
    for kinds, name in _KINDS:
        if isinstance(error, kinds):
            return name(message)
    return KitError("GENERIC_INTERNAL_ERROR", message, "This should not happen: please report it with the query.")


def is_interrupt(error: BaseException) -> bool:
    """Whether DuckDB stopped because it was told to."""
    return isinstance(error, duckdb.InterruptException) or "INTERRUPT Error" in str(error)


def _message(error: BaseException) -> str:
    text = str(error)
    start = text.find('{"exception_type"')
    if start < 0:
        return text
    try:
        return str(json.loads(text[start:])["exception_message"])
    except (ValueError, KeyError):
        return text


def _without_paths(message: str, root: Path) -> str:
    message = message.replace(f"{root}/", "s3://").replace(f"{root.as_posix()}/", "s3://")
    return re.sub(r"(?<![\w:/])/(?:[\w.~-]+/)+", "…/", message)


def _conversion(message: str) -> KitError:
    return KitError("INVALID_CAST_ARGUMENT", message, _HINTS["INVALID_CAST_ARGUMENT"])


def _out_of_range(message: str) -> KitError:
    return KitError("NUMERIC_VALUE_OUT_OF_RANGE", message, _HINTS["NUMERIC_VALUE_OUT_OF_RANGE"])


def _memory(message: str) -> KitError:
    del message
    return KitError("EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exhausted resources at this scale factor.", _MEMORY_HINT)


def _input_output(message: str) -> KitError:
    if "No files found" in message or "No such file" in message or "Cannot open file" in message:
        return KitError(
            "HIVE_CANNOT_OPEN_SPLIT",
            f"Error opening Hive split: an object was removed while the query ran. {message}",
            "Run the query again.",
        )
    if any(words in message for words in _FULL):
        return disk_full()
    return KitError("HIVE_CURSOR_ERROR", message)


def disk_full() -> KitError:
    return KitError(
        "InsufficientStorage",
        "The disk is full: the query was stopped, and nothing that it wrote is visible.",
        "Free some space, or let the query write less.",
    )


def is_disk_full(error: OSError) -> bool:
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} or any(words in str(error) for words in _FULL)


def _input(message: str) -> KitError:
    if "s3://" in message:
        return KitError("HIVE_BAD_DATA", message, "Look at the object: it may be damaged, or of another format.")
    return KitError("INVALID_FUNCTION_ARGUMENT", message)


_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[str], KitError]], ...] = (
    (duckdb.OutOfMemoryException, _memory),
    (duckdb.ConversionException, _conversion),
    (duckdb.OutOfRangeException, _out_of_range),
    (duckdb.IOException, _input_output),
    (duckdb.InvalidInputException, _input),
    (OSError, _input_output),
)
