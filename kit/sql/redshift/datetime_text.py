"""Dates, times and timestamps as Redshift reads them from text: ISO, American, compact, month names, zones.

Pure text to canonical ISO text. Values are known when a statement is bound, so that bad ones fail there, with their
place; text that comes from columns is read by the macros `rs_date`, `rs_timestamp` and their kin, which take the same
forms.

Source: Amazon Redshift Database Developer Guide, "Date, time and timestamp literals", read 2026-11.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
        r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
        r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})",
        r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4}|\d{2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
        r"(?P<y>\d{2})(?P<m>\d{2})(?P<d>\d{2})",
        rf"(?P<name>{_NAME})[ -](?P<d>\d{{1,2}})(?:[ -]|, ?)(?P<y>\d{{4}})",
        rf"(?P<d>\d{{1,2}})[ -](?P<name>{_NAME})[ -](?P<y>\d{{4}})",
        rf"(?P<y>\d{{4}})[ -](?P<name>{_NAME})[ -](?P<d>\d{{1,2}})",
        r"(?P<y>\d{4})\.(?P<doy>\d{3})",
    )
)
_TIME: Final = re.compile(
    r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?:(?P<half>am|pm)(?![a-z]))?"
    r"|(?P<h2>\d{2})(?P<mi2>\d{2})(?P<s2>\d{2})(?:[.](?P<f2>\d{1,9}))?",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)

# Fixed offsets from UTC in minutes. Source: PostgreSQL 8.0 documentation, "Time Zone Abbreviations", read 2026-11.
ABBREVIATIONS: Final = {
    "utc": 0,
    "gmt": 0,
    "z": 0,
    "zulu": 0,
    "ut": 0,
    "wet": 0,
    "west": 60,
    "bst": 60,
    "cet": 60,
    "met": 60,
    "cest": 120,
    "mest": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "ist": 120,
    "jst": 540,
    "kst": 540,
    "aest": 600,
    "aedt": 660,
    "awst": 480,
    "nzst": 720,
    "nzdt": 780,
    "ast": -240,
    "adt": -180,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "akst": -540,
    "akdt": -480,
    "hst": -600,
}


class NotADateError(ValueError):
    """The text is no date or time in any of the forms."""


class FieldOutOfRangeError(ValueError):
    """The form is right, a field's value is not."""


def parse_date(text: str) -> str:
    """`8/2/2003` as `2003-08-02`; a time after the date is dropped."""
    day, _, _ = _split(text)
    return day.isoformat()


def parse_timestamp(text: str) -> str:
    """`2008-02-18 02:36:48` in ISO form with a blank; a zone is dropped, as Redshift does for TIMESTAMP."""
    day, clock, _ = _split(text)
    return _stamp(day, clock).isoformat(" ")


def parse_timestamptz(text: str) -> tuple[str, str | None]:
    """The instant and its zone: UTC where the text has an offset or an abbreviation, else the zone's name, or None."""
    day, clock, zone = _split(text)
    stamp = _stamp(day, clock)
    if zone is None:
        return stamp.isoformat(" "), None
    offset = zone_offset_minutes(zone)
    if offset is None:
        return stamp.isoformat(" "), zone
    return (stamp - timedelta(minutes=offset)).isoformat(" "), "UTC"


def parse_time(text: str) -> str:
    """`10:05 pm` as `22:05:00`; a date before and a zone after it are dropped."""
    return _clock_only(text)[0].isoformat()


def parse_timetz(text: str) -> tuple[str, int]:
    """The time of day as written, and its offset from UTC in minutes; 0 where it has none."""
    clock, zone = _clock_only(text)
    offset = zone_offset_minutes(zone) if zone else 0
    if offset is None:
        raise NotADateError(text)
    return clock.isoformat(), offset


def zone_offset_minutes(zone: str) -> int | None:
    """Minutes east of UTC for an offset (`+02:00`) or an abbreviation (`PST`); None where it is a zone's name."""
    if zone.lower() in ABBREVIATIONS:
        return ABBREVIATIONS[zone.lower()]
    found = _OFFSET.fullmatch(zone.strip())
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return -minutes if found[1] == "-" else minutes


def _split(text: str) -> tuple[date, time | timedelta, str | None]:
    """The day, the time of day (24:00 is a whole day) and the zone."""
    stripped = text.strip()
    for pattern in _DATES:
        found = pattern.match(stripped)
        if found is None:
            continue
        rest = stripped[found.end() :]
        if rest and rest[0] not in " Tt":
            continue
        day = _day(found)
        rest = rest[1:].strip() if rest else ""
        if not rest:
            return day, time(), None
        clock, zone = _clock(rest)
        return day, clock, zone
    raise NotADateError(text)


def _clock_only(text: str) -> tuple[time, str | None]:
    stripped = text.strip()
    try:
        clock, zone = _clock(stripped)
    except NotADateError:
        _, clock, zone = _split(stripped)
    if isinstance(clock, timedelta):
        raise FieldOutOfRangeError(text)
    return clock, zone


def _clock(text: str) -> tuple[time | timedelta, str | None]:
    found = _TIME.match(text)
    if found is None:
        raise NotADateError(text)
    zone = text[found.end() :].strip() or None
    if zone is not None and not re.fullmatch(r"[A-Za-z][A-Za-z_/+\-:0-9]*|[+-][\d:]+", zone):
        raise NotADateError(text)
    hours = int(found["h"] or found["h2"])
    minutes = int(found["mi"] or found["mi2"])
    seconds = int(found["s"] or found["s2"] or 0)
    micros = int(((found["f"] or found["f2"] or "") + "000000")[:6])
    half = (found["half"] or "").lower()
    if half:
        if not 1 <= hours <= 12:
            raise FieldOutOfRangeError(text)
        hours = hours % 12 + (12 if half == "pm" else 0)
    if hours == 24 and not minutes and not seconds and not micros:
        return timedelta(days=1), zone
    if hours > 23 or minutes > 59 or seconds > 59:
        raise FieldOutOfRangeError(text)
    return time(hours, minutes, seconds, micros), zone


def _stamp(day: date, clock: time | timedelta) -> datetime:
    if isinstance(clock, timedelta):
        return datetime.combine(day, time()) + clock
    return datetime.combine(day, clock)


def _day(found: re.Match[str]) -> date:
    parts = found.groupdict()
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        if parts.get("doy"):
            return date(year, 1, 1) + timedelta(days=int(parts["doy"]) - 1)
        name = parts.get("name")
        month = _MONTHS.index(name[:3].lower()) + 1 if name else int(parts["m"])
        return date(year, month, int(parts["d"]))
    except ValueError as error:
        raise FieldOutOfRangeError(found.string) from error
