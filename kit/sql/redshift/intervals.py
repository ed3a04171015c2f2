"""Interval literals: `'1w, 2h 30m'`, `'1-2'`, `'04:05:06'`, `'0.5 days'` into months, days and microseconds.

Source: Amazon Redshift Database Developer Guide, "Interval literals", "Interval data types", read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND

# Unit -> (months, days, microseconds) of one. `m` is a minute.
_UNITS: Final = {
    name: amount
    for names, amount in (
        (("millennium", "millennia", "mil", "mils"), (12_000, 0, 0)),
        (("century", "centuries", "c", "cent", "cents"), (1200, 0, 0)),
        (("decade", "decades", "dec", "decs"), (120, 0, 0)),
        (("year", "years", "y", "yr", "yrs"), (12, 0, 0)),
        (("quarter", "quarters", "qtr", "qtrs"), (3, 0, 0)),
        (("month", "months", "mon", "mons"), (1, 0, 0)),
        (("week", "weeks", "w"), (0, 7, 0)),
        (("day", "days", "d"), (0, 1, 0)),
        (("hour", "hours", "h", "hr", "hrs"), (0, 0, 3600 * _SECOND)),
        (("minute", "minutes", "m", "min", "mins"), (0, 0, 60 * _SECOND)),
        (("second", "seconds", "s", "sec", "secs"), (0, 0, _SECOND)),
        (("millisecond", "milliseconds", "ms", "msec", "msecs", "msecond", "mseconds"), (0, 0, 1000)),
        (("microsecond", "microseconds", "us", "usec", "usecs", "usecond", "useconds"), (0, 0, 1)),
    )
    for name in names
}
_TERM: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-z]+)\s*,?", re.IGNORECASE)
_YEAR_MONTH: Final = re.compile(r"\s*([+-])?(\d+)-(\d+)\s*")
_CLOCK: Final = re.compile(r"\s*([+-])?(?:(\d+)\s+)?(\d+):(\d+)(?::(\d+(?:\.\d+)?))?\s*")
_BARE: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Interval:
    months: int = 0
    days: int = 0
    microseconds: int = 0

    @property
    def is_year_month(self) -> bool:
        return bool(self.months) and not self.days and not self.microseconds

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.months + other.months, self.days + other.days, self.microseconds + other.microseconds)


def parse_interval(text: str, unit: str = "") -> Interval:
    """The interval that `text` names; a number alone counts the last of `unit` (`DAY`, `YEAR TO MONTH`), else seconds.

    Raises `ValueError` where it is none.
    """
    fields = unit.lower().split(" to ")
    bare = _BARE.fullmatch(text)
    if bare is not None:
        return _scaled(Decimal(bare[1]), fields[-1] or "second")
    found = _YEAR_MONTH.fullmatch(text)
    if found is not None:
        months = int(found[2]) * 12 + int(found[3])
        return Interval(-months if found[1] == "-" else months)
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return _clock(clock, hours_first=fields[-1] != "second" or len(fields) != 2 or fields[0] != "minute")
    return _terms(text)


def _terms(text: str) -> Interval:
    total = Interval()
    position = 0
    sign = 1
    body = text.rstrip()
    if body.lower().endswith(" ago"):
        body, sign = body[:-4], -1
    while position < len(body):
        found = _TERM.match(body, position)
        if found is None:
            clock = _CLOCK.fullmatch(body, position)
            if clock is None:
                raise ValueError(text)
            total += _clock(clock, hours_first=True)
            break
        total += _scaled(Decimal(found[1]), found[2].lower())
        position = found.end()
    if position == 0:
        raise ValueError(text)
    return Interval(total.months * sign, total.days * sign, total.microseconds * sign)


def _clock(found: re.Match[str], *, hours_first: bool) -> Interval:
    first, second, third = int(found[3]), int(found[4]), Decimal(found[5] or 0)
    scale = 60 if hours_first else 1
    micros = int((first * 60 * scale + second * scale + third) * _SECOND)
    sign = -1 if found[1] == "-" else 1
    return Interval(0, sign * int(found[2] or 0), sign * micros)


def _scaled(amount: Decimal, unit: str) -> Interval:
    """`amount` units; a fraction of a month counts days of a 30-day month, a fraction of a day its time."""
    if unit not in _UNITS:
        raise ValueError(unit)
    months, days, micros = (amount * part for part in _UNITS[unit])
    days += (months - int(months)) * 30
    micros += (days - int(days)) * _DAY
    return Interval(int(months), int(days), int(micros))
