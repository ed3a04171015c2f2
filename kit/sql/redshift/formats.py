"""TO_CHAR's and its kin's format strings, cut into fields.

A field is matched without regard to case; how a name's field is written says how the name is. `FM` before a field drops
its padding, `TH` after a number adds its ordinal ending. Text in double quotes, and whatever is no field, stands for
itself.

Source: Amazon Redshift Database Developer Guide, "Datetime format strings", "Numeric format strings", read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

_FIELDS: Final = (
    "Y,YYY",
    "IYYY",
    "YYYY",
    "IDDD",
    "SSSSS",
    "SSSS",
    "MONTH",
    "A.D.",
    "B.C.",
    "A.M.",
    "P.M.",
    "HH24",
    "HH12",
    "IYY",
    "YYY",
    "DDD",
    "DAY",
    "MON",
    "IY",
    "YY",
    "CC",
    "BC",
    "AD",
    "MM",
    "RM",
    "WW",
    "IW",
    "DY",
    "DD",
    "ID",
    "HH",
    "MI",
    "SS",
    "MS",
    "US",
    "AM",
    "PM",
    "TZ",
    "OF",
    "I",
    "Y",
    "Q",
    "W",
    "D",
    "J",
)
_NUMERIC_FIELD: Final = re.compile(r"EEEE|PR|MI|PL|SG|RN|TH|FM|[90.,DGLSV]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is in upper case; `written` as it stands in the format. An empty name: `written` is plain text."""

    name: str
    written: str
    fill: bool = True
    ordinal: str = ""


@cache
def datetime_fields(text: str) -> tuple[Field, ...]:
    """The fields of a date and time format, plain text between them."""
    found: list[Field] = []
    plain = ""
    index = 0
    fill = True
    while index < len(text):
        upper = text[index:].upper()
        if upper.startswith("FX"):
            index += 2
            continue
        if upper.startswith("FM"):
            fill = False
            index += 2
            continue
        if text[index] == '"':
            end = text.find('"', index + 1)
            end = len(text) if end < 0 else end
            plain += text[index + 1 : end]
            index = end + 1
            continue
        name = next((field for field in _FIELDS if upper.startswith(field)), None)
        if name is None:
            plain += text[index]
            index += 1
            continue
        if plain:
            found.append(Field("", plain))
            plain = ""
        written = text[index : index + len(name)]
        index += len(name)
        ordinal = text[index : index + 2] if text[index : index + 2] in {"TH", "th", "Th"} else ""
        index += len(ordinal)
        found.append(Field(name, written, fill, ordinal))
        fill = True
    if plain:
        found.append(Field("", plain))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A numeric format taken apart.

    `digits` are the places before the decimal point, `zeros` how many of them, from the right, are never blank;
    `groups` are the places, counted from the left, after which a separator stands. `sign` is `""` (a minus before the
    first digit), `S`, `MI`, `PL`, `SG` (with `sign_last` where it follows the number) or `PR`.
    """

    digits: int
    zeros: int
    groups: tuple[int, ...] = ()
    decimals: int = 0
    kept_decimals: int = 0
    point: bool = False
    sign: str = ""
    sign_last: bool = False
    fill: bool = True
    currency: bool = False
    currency_last: bool = False
    ordinal: str = ""
    roman: str = ""
    shift: int = 0
    prefix: str = ""
    suffix: str = ""


@cache
def number_format(text: str) -> NumberFormat:
    """A numeric format; raises `ValueError` for what is no such format or is not supported."""
    digits = zeros = decimals = kept = shift = 0
    groups: list[int] = []
    point = shifting = False
    sign, sign_last, currency, currency_last, ordinal, roman, fill = "", False, False, False, "", "", True
    seen_zero = False
    prefix = suffix = ""
    index = 0
    while index < len(text):
        found = _NUMERIC_FIELD.match(text, index)
        if found is None:
            if text[index] != '"':
                if digits or decimals:
                    suffix += text[index]
                else:
                    prefix += text[index]
            index += 1
            continue
        index = found.end()
        field = found.group().upper()
        started = bool(digits or decimals or point)
        match field:
            case "9" | "0":
                if point:
                    decimals += 1
                    kept = decimals if field == "0" else kept
                elif shifting:
                    shift += 1
                    digits += 1
                    zeros += seen_zero
                else:
                    digits += 1
                    seen_zero = seen_zero or field == "0"
                    zeros += seen_zero
            case "." | "D":
                if point or shifting:
                    raise ValueError("multiple decimal points")
                point = True
            case "," | "G":
                groups.append(digits)
            case "V":
                if point:
                    raise ValueError('cannot use "V" and decimal point together')
                shifting = True
            case "S" | "MI" | "PL" | "SG" | "PR":
                if sign:
                    raise ValueError('cannot use more than one of "S", "MI", "PL", "SG" and "PR"')
                sign, sign_last = field, started
            case "L":
                currency, currency_last = True, started
            case "FM":
                fill = False
            case "TH":
                ordinal = found.group()
            case "RN":
                roman = found.group()
            case _:
                raise ValueError('"EEEE" is not supported')
    if not digits and not decimals and not roman:
        raise ValueError("the format has no digits")
    return NumberFormat(
        digits,
        zeros,
        tuple(groups),
        decimals,
        kept,
        point,
        sign,
        sign_last,
        fill,
        currency,
        currency_last,
        ordinal,
        roman,
        shift,
        prefix,
        suffix,
    )
