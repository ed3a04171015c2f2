"""DuckDB's run-time errors in Redshift's words.

Only what an expression of the dialect can raise is known here: arithmetic, conversions, the macros' own errors. Memory,
disk and cancellation are the executor's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kit.base.errors import KitError
from kit.sql.redshift import errors

_BYTES: Final = {"INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8, "INT128": 16}
_NARROW: Final = re.compile(r"Overflow in multiplication of DECIMAL\(18\)")
_PREFIX: Final = re.compile(r"^(?:[A-Z][A-Za-z ]* Error: )+")


def wants_wide(message: str) -> bool:
    """Whether a product of decimals overflowed 64 bits where Redshift would have gone on: bind again with `wide`."""
    return _NARROW.search(message) is not None


def translate_runtime_error(message: str) -> KitError | None:
    """The error that Redshift would give, or None where the message is not the dialect's business."""
    text = _PREFIX.sub("", message.strip())
    for pattern, translate in _TRANSLATIONS:
        found = pattern.search(text)
        if found is not None:
            return translate(found)
    return None


def _fixed(code: str, message: str) -> Callable[[re.Match[str]], KitError]:
    return lambda _: KitError(code, message)


def _itself(code: str) -> Callable[[re.Match[str]], KitError]:
    """The macros speak Redshift already: the matched text is the message."""
    return lambda found: KitError(code, found.group().strip())


def _integer(found: re.Match[str]) -> KitError:
    return KitError(errors.OUT_OF_RANGE, f"Value out of range for {_BYTES.get(found[1], 8)} bytes.")


def _about(code: str, message: str) -> Callable[[re.Match[str]], KitError]:
    """A message with `{}` for what the pattern's groups found, in their order."""
    return lambda found: KitError(code, message.format(*found.groups()))


def _conversion(found: re.Match[str]) -> KitError:
    text, kind = found[1], found[2].upper()
    name = next((name for prefix, name in _TYPE_NAMES if kind.startswith(prefix)), kind.lower())
    return KitError(errors.INVALID_TEXT, f'invalid input syntax for type {name}: "{text}"')


_TYPE_NAMES: Final = (
    ("DECIMAL", "numeric"),
    ("DOUBLE", "double precision"),
    ("FLOAT", "real"),
    ("INT16", "smallint"),
    ("INT32", "integer"),
    ("INT64", "bigint"),
    ("BOOL", "boolean"),
    ("TIME WITH", "timetz"),
    ("TIMESTAMP WITH", "timestamptz"),
    ("TIMESTAMP", "timestamp"),
)
_NUMERIC_OVERFLOW: Final = _fixed(errors.OUT_OF_RANGE, "Numeric data overflow (result precision)")

# The first that matches is taken.
_TRANSLATIONS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], KitError]], ...]] = tuple(
    (re.compile(pattern), translate)
    for pattern, translate in (
        (r"Divide by zero|Division by zero", _fixed(errors.DIVISION_BY_ZERO, "Divide by zero")),
        (r"Overflow in \w+ of (INT\d+)", _integer),
        (r"can't be cast because the value is out of range for the destination type (INT\d+)", _integer),
        (r"Overflow on abs|Overflow in negation", _fixed(errors.OUT_OF_RANGE, "Value out of range.")),
        (r"Overflow in \w+ of DECIMAL", _NUMERIC_OVERFLOW),
        (r"Could not cast value .* to DECIMAL", _NUMERIC_OVERFLOW),
        (r"Casting value .* to type DECIMAL\S* failed", _NUMERIC_OVERFLOW),
        (r"value .* can't be cast to (?:type )?DECIMAL", _NUMERIC_OVERFLOW),
        (r"out of range for the destination type DECIMAL", _NUMERIC_OVERFLOW),
        (r"value too long for type [^\n]*|CHAR string contains invalid ASCII character", _itself(errors.TOO_LONG)),
        (r"invalid input syntax for type (?:date|time\w*): [^\n]*", _itself(errors.INVALID_DATETIME)),
        (r"invalid input syntax for [^\n]*", _itself(errors.INVALID_TEXT)),
        (r"date/time field [^\n]*", _itself(errors.DATETIME_OVERFLOW)),
        (r"invalid value \"[^\n]*", _itself(errors.INVALID_DATETIME)),
        (r"Could not convert string ['\"](.*?)['\"] to ([^\s!]+(?: WITH[^!\n]*)?)", _conversion),
        (
            r"(?:date|timestamp|time) field value out of range: \"(.*?)\"",
            _about(errors.DATETIME_OVERFLOW, 'date/time field value out of range: "{}"'),
        ),
        (
            r"invalid (date|timestamp|time) field format: \"(.*?)\"",
            _about(errors.INVALID_DATETIME, 'invalid input syntax for type {}: "{}"'),
        ),
        (
            r"Date out of range|[Tt]imestamp out of range|overflow in (?:date|timestamp)",
            _fixed(errors.DATETIME_OVERFLOW, "timestamp out of range"),
        ),
        (r"Result size exceeds LISTAGG limit", _itself(errors.TOO_LONG)),
        (r"JSON parsing error: [^\n]*|Malformed JSON[^\n]*", _itself(errors.INVALID_TEXT)),
        (
            r"negative substring length not allowed|field position must be greater than zero",
            _itself(errors.INVALID_PARAMETER_VALUE),
        ),
        (
            r"(?:cannot take|zero raised|a negative number raised|input is out of range|value out of range: )[^\n]*",
            _itself(errors.OUT_OF_RANGE),
        ),
        (
            r"requested character not valid|invalid hexadecimal string|index -?\d+ out of valid range",
            _itself(errors.INVALID_PARAMETER_VALUE),
        ),
        (r"The input base must be between 2 and 36", _itself(errors.INVALID_PARAMETER_VALUE)),
        (r"The input .* is not valid to be converted to base \d+", _itself(errors.INVALID_TEXT)),
        (
            r"Unknown TimeZone '(.*?)'",
            _about(errors.INVALID_PARAMETER_VALUE, 'time zone "{}" not recognized'),
        ),
        (
            r"More than one row returned by a subquery",
            _fixed(errors.CARDINALITY, "single-row subquery returns more than one row"),
        ),
        (
            r"NOT NULL constraint failed: (?:\S+\.)?(\S+)",
            _about(errors.NOT_NULL_VIOLATION, "Cannot insert a NULL value into column {}"),
        ),
    )
)
