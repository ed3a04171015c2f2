"""What DuckDB says when a translated query fails while running, in Athena's words.

The texts of DuckDB are no interface and may change; what is not recognised is None, and the caller says so in general
terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kit.base.errors import KitError

_TYPES: Final = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
_CAST_NAMES: Final = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT", "BOOL": "BOOLEAN"}

_ONE_ROW: Final = "Scalar sub-query has returned multiple rows"
_NO_CAST: Final = "Value cannot be cast to"
_REGEXP: Final = r"invalid perl operator|missing [\])]|invalid escape sequence|no argument for repetition"

Found = re.Match[str]


def _ours(found: Found) -> tuple[str, str]:
    return found[1], found[2]


def _overflow(found: Found) -> tuple[str, str]:
    kind = _TYPES.get(found[2])
    if kind is None:
        return "NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow"
    return "NUMERIC_VALUE_OUT_OF_RANGE", f"{kind} {found[1]} overflow: {found[3]}"


def _out_of_range(found: Found) -> tuple[str, str]:
    kind = _TYPES.get(found[2], found[2].lower())
    if found[1] == "nan":
        return "INVALID_CAST_ARGUMENT", f"Cannot cast double NaN to {kind}"
    return "NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {kind}: {found[1]}"


def _bad_text(found: Found) -> tuple[str, str]:
    return "INVALID_CAST_ARGUMENT", f"Cannot cast '{found[1]}' to {_CAST_NAMES.get(found[2], found[2])}"


def _fixed(code: str, message: str) -> Callable[[Found], tuple[str, str]]:
    return lambda found: (code, found.expand(message))


_RULES: Final[tuple[tuple[str, Callable[[Found], tuple[str, str]]], ...]] = (
    (r"Could not convert string '([A-Z][A-Z_]+): (.*)' to BOOL", _ours),
    (r"[Dd]ivision by zero", _fixed("DIVISION_BY_ZERO", "Division by zero")),
    (r"Overflow in (\w+) of (\w+)(?:\(\d+\))? \((.*?)\)", _overflow),
    (r"Overflow in (division|negation) of (.*)", _fixed("NUMERIC_VALUE_OUT_OF_RANGE", r"\1 overflow: \2")),
    (r"Overflow on abs\((.*?)\)", _fixed("NUMERIC_VALUE_OUT_OF_RANGE", r"Value \1 is out of range for abs")),
    (r"with value (\S+) can't be cast .* out of range for the destination type (\w+)", _out_of_range),
    (r'Casting value "(.*?)" to type (DECIMAL\S*) failed', _bad_text),
    (r"Could not cast value (\S+) to (DECIMAL\S*)", _bad_text),
    (r"Could not convert string '(.*)' to (\w+)", _bad_text),
    (r'Could not convert string "(.*)" to (\S+)', _bad_text),
    (r"More than one row returned by a subquery", _fixed("SUBQUERY_MULTIPLE_ROWS", _ONE_ROW)),
    (r'Could not parse string "(.*?)" according to', _fixed("INVALID_FUNCTION_ARGUMENT", r'Invalid format: "\1"')),
    (r'date field value out of range: "(.*?)"', _fixed("INVALID_CAST_ARGUMENT", r"Value cannot be cast to date: \1")),
    (r"Date out of range: (\S+)", _fixed("INVALID_FUNCTION_ARGUMENT", r"Date out of range: \1")),
    (r'time field value out of range: "([0-9:. ]*)"', _fixed("INVALID_CAST_ARGUMENT", rf"{_NO_CAST} time: \1")),
    (r'field value out of range: "(.*?)"', _fixed("INVALID_CAST_ARGUMENT", rf"{_NO_CAST} timestamp: \1")),
    (r"Map keys must be unique", _fixed("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed")),
    (r"Map keys can not be NULL", _fixed("INVALID_FUNCTION_ARGUMENT", "map key cannot be null")),
    (r"Unknown TimeZone '(.*?)'", _fixed("INVALID_FUNCTION_ARGUMENT", r"'\1' is not a valid time zone")),
    (rf"(?:{_REGEXP}).*", _fixed("INVALID_FUNCTION_ARGUMENT", r"Invalid regular expression: \g<0>")),
    (r"Malformed JSON", _fixed("INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON")),
    (r"invalid unicode|Invalid byte", _fixed("INVALID_FUNCTION_ARGUMENT", "Invalid UTF-8 encoding")),
)


def from_engine(message: str) -> KitError | None:
    """The error that Athena raises where DuckDB says `message`; None where that is not known."""
    said = message.partition("\n\nLINE ")[0]
    for pattern, rule in _RULES:
        found = re.search(pattern, said, re.DOTALL)
        if found is not None:
            code, text = rule(found)
            return KitError(code, text)
    return None
