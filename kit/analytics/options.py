"""How an application treats time, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from kit.base.errors import KitError

Duration: TypeAlias = str | float | timedelta
"""`"5s"`, `"2 minutes"`, a timedelta, or a number of seconds."""

_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONG: Final = {"millisecond": "ms", "second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "day": "d"}
_TEXT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`lateness_ms`: how far behind the latest event time of its shard a record may be, and not be late.

    `idle_ms`: how long a silent shard holds the others back; None for ever. `settle_ms`: how long after its arrival a
    record may take to be seen, which matters when a silent shard wakes. `batch_records`: how many records are taken in
    at once.
    """

    lateness_ms: int = 0
    idle_ms: int | None = 5_000
    settle_ms: int = 500
    batch_records: int = 262_144


def milliseconds(duration: Duration) -> int:
    """A length of time. Raises `INVALID_ARGUMENT` for what is none."""
    match duration:
        case timedelta():
            length = duration.total_seconds() * 1_000
        case str():
            found = _TEXT.match(duration)
            unit = "" if found is None else found[2].lower()
            unit = _LONG.get(unit.removesuffix("s") if len(unit) > 2 else unit, unit) or "s"
            if found is None or unit not in _UNITS:
                raise KitError(
                    "INVALID_ARGUMENT", f"'{duration}' is no length of time.", "Such as 500ms, 5s, 2m or 1h."
                )
            length = float(found[1]) * _UNITS[unit]
        case _:
            length = duration * 1_000
    if length < 0 or length != round(length):
        raise KitError("INVALID_ARGUMENT", f"'{duration}' is no whole number of milliseconds, zero or above.")
    return round(length)
