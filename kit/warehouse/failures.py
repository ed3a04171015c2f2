"""DuckDB's errors as Redshift's: a SQLSTATE, Redshift's wording where it has one, a hint where something can be done.

Errors that a bound query raises on purpose (`error('22012: …')`) carry their code in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import duckdb

from kit.base.errors import KitError

CANCELLED = "57014"
OUT_OF_MEMORY = "53200"
DISK_FULL = "53100"

_RAISED = re.compile(r"([0-9A-Z]{5}): (.*)", re.DOTALL)
_Translate: TypeAlias = Callable[[re.Match[str]], KitError]


def translated(error: BaseException) -> KitError:
    """The warehouse's error for one of DuckDB's; one that is the warehouse's already stays as it is."""
    if isinstance(error, KitError):
        return error
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return KitError(CANCELLED, "Query cancelled on user's request")
    if isinstance(error, OSError | duckdb.IOException) and _names_full_disk(text):
        return disk_full()
    if isinstance(error, duckdb.OutOfMemoryException):
        return disk_full() if "max_temp_directory_size" in text or _names_full_disk(text) else out_of_memory()
    body = _body(text)
    raised = _RAISED.fullmatch(body)
    if raised is not None:
        return KitError(raised[1], raised[2])
    for pattern, translate in _WORDINGS:
        found = pattern.search(body)
        if found is not None:
            return translate(found)
    return KitError("XX000", body)


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


def _names_full_disk(text: str) -> bool:
    return "No space left" in text or "disk full" in text.lower()


def _body(text: str) -> str:
    """The message without DuckDB's own prefix and its excerpt of SQL that the user never wrote."""
    text = text.split("\n\nLINE ", 1)[0].strip()
    return re.sub(r"^[A-Z][A-Za-z ]*(?:Error|Exception): ", "", text)


def _overflow(found: re.Match[str]) -> KitError:
    kind = _INTEGERS.get(found["kind"].upper()) if "kind" in found.groupdict() else None
    return KitError("22003", f"{kind} out of range" if kind is not None else "Numeric data overflow (result precision)")


def _not_null(found: re.Match[str]) -> KitError:
    return KitError("23502", f"Cannot insert a NULL value into column {found['column']}")


def _invalid_text(found: re.Match[str]) -> KitError:
    kind = found["kind"].upper()
    shown = _NAMES.get(kind, kind.lower())
    code = "22007" if kind in {"DATE", "TIMESTAMP", "TIME"} else "22P02"
    return KitError(code, f'invalid input syntax for type {shown}: "{found["text"]}"')


_INTEGERS = {
    "INT8": "smallint",
    "INT16": "smallint",
    "INT32": "integer",
    "INT64": "bigint",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
}
_NAMES = {**_INTEGERS, "DOUBLE": "double precision", "FLOAT": "real", "BOOL": "boolean"}

_WORDINGS: tuple[tuple[re.Pattern[str], _Translate], ...] = (
    (re.compile(r"[Dd]ivision by zero"), lambda _: KitError("22012", "Divide by zero")),
    (re.compile(r"NOT NULL constraint failed: \S*?\.?(?P<column>[^.\s]+)$"), _not_null),
    (re.compile(r"Overflow in .* of (?P<kind>\w+)"), _overflow),
    (re.compile(r"Type \S+ with value \S+ can't be cast .* destination type (?P<kind>\w+)"), _overflow),
    (re.compile(r"(?:Overflow|out of range|Could not cast value .* to DECIMAL)"), _overflow),
    (re.compile(r"Could not convert string ['\"](?P<text>.*)['\"] to ['\"]?(?P<kind>\w+)", re.DOTALL), _invalid_text),
    (re.compile(r"invalid (?P<kind>date|timestamp|time) field format: \"(?P<text>[^\"]*)\""), _invalid_text),
    (
        re.compile(r"More than one row returned by a subquery"),
        lambda _: KitError("21000", "more than one row returned by a subquery used as an expression"),
    ),
)
