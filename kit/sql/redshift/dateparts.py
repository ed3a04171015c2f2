"""The names of date parts. `m` is a minute.

Source: Amazon Redshift Database Developer Guide, "Date parts for date or timestamp functions", read 2026-11.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "millennium": ("millennium", "millennia", "mil", "mils"),
    "century": ("century", "centuries", "c", "cent", "cents"),
    "decade": ("decade", "decades", "dec", "decs"),
    "epoch": ("epoch",),
    "year": ("year", "years", "y", "yr", "yrs"),
    "quarter": ("quarter", "quarters", "qtr", "qtrs"),
    "month": ("month", "months", "mon", "mons"),
    "week": ("week", "weeks", "w"),
    "dow": ("dayofweek", "dow", "dw", "weekday", "day of week"),
    "doy": ("dayofyear", "doy", "dy", "yearday", "day of year"),
    "day": ("day", "days", "d"),
    "hour": ("hour", "hours", "h", "hr", "hrs"),
    "minute": ("minute", "minutes", "m", "min", "mins"),
    "second": ("second", "seconds", "s", "sec", "secs"),
    "millisecond": (
        "millisecond",
        "milliseconds",
        "ms",
        "msec",
        "msecs",
        "msecond",
        "mseconds",
        "millisec",
        "millisecs",
        "millisecon",
    ),
    "microsecond": (
        "microsecond",
        "microseconds",
        "microsec",
        "microsecs",
        "us",
        "usec",
        "usecs",
        "usecond",
        "useconds",
    ),
    "timezone": ("timezone",),
    "timezone_hour": ("timezone_hour",),
    "timezone_minute": ("timezone_minute",),
}
_BY_NAME: Final = {alias: name for name, aliases in _NAMES.items() for alias in aliases}
# Parts that span of time can be counted or cut in.
SPANS: Final = frozenset(
    {
        "millennium",
        "century",
        "decade",
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "millisecond",
        "microsecond",
    }
)


def part_named(name: str) -> str | None:
    """The part that `name` abbreviates, None for none."""
    return _BY_NAME.get(name.strip().lower())


def part_names() -> list[str]:
    return list(_BY_NAME)
