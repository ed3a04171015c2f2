"""Times written by the patterns of Java's DateTimeFormatter, as far as prefixes need them. Pure.

Source: java.time.format.DateTimeFormatter, Patterns for Formatting and Parsing; Amazon Data Firehose Developer Guide,
Custom Prefixes for Amazon S3 Objects; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from kit.delivery.errors import InvalidArgumentException

_TOKEN = re.compile(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def format_time(pattern: str, time: datetime) -> str:
    """The time by a pattern. Raises `InvalidArgumentException` for a letter that is not supported."""
    return "".join(_part(match, pattern, time) for match in _TOKEN.finditer(pattern))


def _part(match: re.Match[str], pattern: str, time: datetime) -> str:
    text = match[0]
    if text == "''":
        return "'"
    if match[1] is not None:
        return match[1].replace("''", "'")
    letter = match[2]
    if letter is None:
        if text == "'":
            raise InvalidArgumentException(f"Pattern ends with an incomplete string literal: {pattern}")
        return text
    written = _FIELDS.get(letter)
    if written is None:
        raise InvalidArgumentException(
            f"Unknown or unsupported pattern letter: {letter} in the timestamp '{pattern}'.",
            f"Letters are {', '.join(_FIELDS)}; quote text that is to be taken as it is: 'text'.",
        )
    return written(time, len(text))


def _number(value: int, width: int) -> str:
    return str(value).zfill(width)


def _year(time: datetime, width: int) -> str:
    return f"{time.year % 100:02d}" if width == 2 else _number(time.year, width)


def _month(time: datetime, width: int) -> str:
    name = _MONTHS[time.month - 1]
    return {3: name[:3], 4: name, 5: name[:1]}.get(width) or _number(time.month, width)


def _day_name(time: datetime, width: int) -> str:
    name = _DAYS[time.weekday()]
    return name if width == 4 else name[:1] if width == 5 else name[:3]


def _fraction(time: datetime, width: int) -> str:
    return f"{time.microsecond:06d}000"[:width]


def _offset(time: datetime, width: int) -> str:
    text = time.strftime("%z")
    return f"{text[:3]}:{text[3:]}" if width in {3, 5} else text


def _iso_offset(time: datetime, width: int) -> str:
    text = time.strftime("%z")
    return "Z" if not time.utcoffset() else text[:3] if width == 1 else _offset(time, width)


_FIELDS: Mapping[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "u": _year,
    "M": _month,
    "L": _month,
    "d": lambda time, width: _number(time.day, width),
    "D": lambda time, width: _number(time.timetuple().tm_yday, width),
    "E": _day_name,
    "H": lambda time, width: _number(time.hour, width),
    "h": lambda time, width: _number(time.hour % 12 or 12, width),
    "a": lambda time, _: "AM" if time.hour < 12 else "PM",
    "m": lambda time, width: _number(time.minute, width),
    "s": lambda time, width: _number(time.second, width),
    "S": _fraction,
    "Z": _offset,
    "X": _iso_offset,
}
