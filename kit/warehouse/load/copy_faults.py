"""Why a field or a line cannot be loaded: the error code and the sentence of STL_LOAD_ERRORS.

Pure: looks at one field that is known to be bad. Codes are documented; of the sentences those for integers, lengths,
dates, delimiters and characters are Redshift's, the others keep to their manner.

Source: Amazon Redshift Database Developer Guide, "Load error reference", "Multibyte character load errors", read
2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kit.sql.redshift.types import Kind, Type


@dataclass(frozen=True, slots=True)
class Fault:
    """`position` is where in the field, from 0; `field` the index of that one, None where the whole line is bad."""

    code: int
    reason: str
    position: int = 0
    field: int | None = None


NO_DELIMITER = Fault(1214, "Delimiter not found")
EXTRA_COLUMNS = Fault(1202, "Extra column(s) found")
TOO_NARROW = Fault(1203, "Input data had fewer columns than were defined in the DDL")
TOO_WIDE = Fault(1216, "Input line is wider than the fixed width columns")
BAD_QUOTES = Fault(1214, "Invalid quote formatting for CSV")
NO_END_QUOTE = Fault(1214, "Delimited value missing end quote")
TOO_LARGE = Fault(1216, "Input line is larger than 4 MB")
BAD_JSON = Fault(1216, "Invalid JSON object")
NOT_AN_OBJECT = Fault(1216, "Invalid JSONPath format: Member is not an object.")
NOT_AN_ARRAY = Fault(1216, "Invalid JSONPath format: Member is not an array.")

_INTEGERS = {Kind.SMALLINT: ("Short", 15), Kind.INTEGER: ("Integer", 31), Kind.BIGINT: ("Long", 63)}
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
# Bytes that were no UTF-8, as `surrogateescape` keeps them, and halves of pairs that JSON has escaped.
UNDECODED = re.compile(r"[\ud800-\udfff]+")


def fault_of(kind: Type, text: str | None, date_format: str = "", time_format: str = "") -> Fault:
    """The fault of a field that has no value of its column's type; `text` None is a NULL where none may be."""
    if text is None:
        return Fault(1213, "Missing data for not-null field")
    match kind.kind:
        case Kind.SMALLINT | Kind.INTEGER | Kind.BIGINT:
            return _integer(kind.kind, text)
        case Kind.NUMERIC:
            if _NUMBER.fullmatch(text):
                return Fault(1204, f"Overflow for NUMERIC({kind.size},{kind.scale})")
            return _bad_digit(text, ".", "Decimal")
        case Kind.REAL | Kind.DOUBLE:
            return Fault(1208, f"Invalid digit, Value '{text[:1]}', Pos 0, Type: {_FLOATS[kind.kind]}")
        case Kind.BOOLEAN:
            return Fault(1210, "Unknown boolean format")
        case Kind.CHAR | Kind.VARCHAR:
            return _text(kind, text)
        case Kind.DATE:
            wanted = date_format or "YYYY-MM-DD"
            if not date_format and len(text.strip()) < len(wanted):
                return Fault(1205, f"Invalid Date Format - length must be {len(wanted)} or more")
            return Fault(1205, f"Invalid date format or value [{wanted}]")
        case Kind.TIMESTAMP | Kind.TIMESTAMPTZ:
            return Fault(1206, f"Invalid timestamp format or value [{time_format or _TIMES[kind.kind]}]")
        case Kind.TIME | Kind.TIMETZ:
            return Fault(1206, "Invalid time format or value [HH24:MI:SS]")
        case Kind.SUPER:
            return Fault(1224, "Invalid JSON format for SUPER")
        case Kind.VARBYTE:
            longer = len(text) > 2 * kind.size
            return (
                Fault(1204, "String length exceeds DDL length") if longer else Fault(1219, "Invalid hexadecimal digit")
            )
        case Kind.INTERVAL_DAY_SECOND | Kind.INTERVAL_YEAR_MONTH | Kind.UNKNOWN:
            return Fault(1200, f"Invalid value for {kind.name}")


_FLOATS = {Kind.REAL: "Float", Kind.DOUBLE: "Double"}
_TIMES = {Kind.TIMESTAMP: "YYYY-MM-DD HH24:MI:SS", Kind.TIMESTAMPTZ: "YYYY-MM-DD HH24:MI:SSOF"}


def undecoded(text: str) -> Fault | None:
    """The fault of a text with bytes that are no UTF-8."""
    found = UNDECODED.search(text)
    if found is None:
        return None
    sequence = _bytes(found[0])
    lead = sequence[0]
    # 1: five bytes or more; 2: cut short; 3: no start of a character.
    kind = 1 if 0xF8 <= lead <= 0xFD else 2 if 0xC0 <= lead < 0xF8 else 3
    shown = sequence[:4].hex(" ")
    reason = f"String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {shown} (error {kind})"
    return Fault(1220, reason, len(text[: found.start()].encode()))


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _integer(kind: Kind, text: str) -> Fault:
    label, bits = _INTEGERS[kind]
    if re.fullmatch(r"\s*[+-]?\d+\s*", text):
        return Fault(1222, f"Overflow ({label} valid range {-(2**bits)} to {2**bits - 1})")
    return _bad_digit(text, "", label)


def _bad_digit(text: str, also: str, label: str) -> Fault:
    seen = ""
    for position, character in enumerate(text):
        signed = character in "+-" and not seen.strip()
        if not (character.isdigit() or character.isspace() or signed or (character in also and character not in seen)):
            return Fault(1207, f"Invalid digit, Value '{character}', Pos {position}, Type: {label}", position)
        seen += character
    last = max(0, len(text) - 1)
    return Fault(1207, f"Invalid digit, Value '{text[last:]}', Pos {last}, Type: {label}", last)


def _text(kind: Type, text: str) -> Fault:
    if kind.kind is Kind.CHAR:
        for position, character in enumerate(text):
            if not character.isascii():
                shown = _bytes(character).hex(" ")
                reason = f"Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: {shown}"
                return Fault(1220, reason, position)
    return Fault(1204, "String length exceeds DDL length", kind.size)
