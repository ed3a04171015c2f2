"""Java's date patterns (`yyyy/MM/dd/HH`) read and written, as far as partition projection has them. Pure.

Source: Java SE, DateTimeFormatter; Amazon Athena User Guide, Supported types for partition projection; read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from kit.base.errors import KitError

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
# Letter: the datetime's attribute, and the digits of the unpadded form at most.
_NUMBERS = {
    "y": ("year", 4),
    "u": ("year", 4),
    "M": ("month", 2),
    "L": ("month", 2),
    "d": ("day", 2),
    "H": ("hour", 2),
    "m": ("minute", 2),
    "s": ("second", 2),
}
_PRECISION = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@dataclass(frozen=True, slots=True)
class _Part:
    """`attribute` is empty for literal `text`; `width` 0 stands for as many digits as there are."""

    attribute: str
    width: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class JavaDates:
    """One pattern."""

    parts: tuple[_Part, ...]

    @property
    def precision(self) -> str:
        """The finest field: `year`, `month`, `day`, `hour`, `minute`, `second` or `microsecond`."""
        used = {part.attribute for part in self.parts}
        return next((name for name in reversed(_PRECISION) if name in used), "year")

    def write(self, moment: datetime) -> str:
        return "".join(_written(part, moment) for part in self.parts)

    def read(self, text: str) -> datetime | None:
        """The moment at which a text of this pattern begins, or None for another text."""
        match = re.fullmatch("".join(map(_pattern, self.parts)), text)
        if match is None:
            return None
        fields = {"year": 1970, "month": 1, "day": 1}
        captured = iter(match.groups())
        for part in self.parts:
            if part.attribute:
                fields[part.attribute] = _value(part, next(captured))
        try:
            return datetime(**fields)  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            return None


@lru_cache(maxsize=256)
def java_dates(pattern: str) -> JavaDates:
    """Raises `INVALID_TABLE_PROPERTY` for letters that are not supported."""
    parts: list[_Part] = []
    position = 0
    for match in _TOKEN.finditer(pattern):
        if match.start() != position:
            break
        position = match.end()
        quoted, letter = match.groups()
        token = match.group()
        if quoted is not None:
            parts.append(_Part("", 0, quoted.replace("''", "'") or "'"))
        elif letter is None:
            parts.append(_Part("", 0, token))
        elif letter in "ML" and len(token) == 3:
            parts.append(_Part("month", 0, "MMM"))
        elif letter == "S":
            parts.append(_Part("microsecond", len(token)))
        elif letter in _NUMBERS and len(token) <= _NUMBERS[letter][1]:
            parts.append(_Part(_NUMBERS[letter][0], 0 if len(token) == 1 else len(token)))
        else:
            break
    else:
        if position == len(pattern) and pattern:
            return JavaDates(tuple(parts))
    raise KitError(
        "INVALID_TABLE_PROPERTY",
        f"The date format '{pattern}' of the partition projection is not supported at position {position + 1}.",
        "Of y, M, d, H, m, s and S, like yyyy/MM/dd, with other letters in single quotes.",
    )


def _written(part: _Part, moment: datetime) -> str:
    if not part.attribute:
        return part.text
    value = getattr(moment, part.attribute)
    if part.text == "MMM":
        return _MONTHS[value - 1]
    if part.attribute == "microsecond":
        return f"{value:06d}".ljust(part.width, "0")[: part.width]
    if part.attribute == "year" and part.width == 2:
        value %= 100
    return str(value).zfill(part.width)


def _pattern(part: _Part) -> str:
    if not part.attribute:
        return re.escape(part.text)
    if part.text == "MMM":
        return f"({'|'.join(_MONTHS)})"
    return rf"([0-9]{{{part.width}}})" if part.width else r"([0-9]{1,4})"


def _value(part: _Part, text: str) -> int:
    if part.text == "MMM":
        return _MONTHS.index(text) + 1
    if part.attribute == "microsecond":
        return int(text.ljust(6, "0")[:6])
    return int(text) + (2000 if part.attribute == "year" and part.width == 2 else 0)
