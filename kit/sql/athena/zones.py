"""Timestamps with time zone: an instant that remembers where it is meant.

DuckDB's `TIMESTAMP WITH TIME ZONE` is an instant only. Where all values of an expression are known to have one zone
(a session's UTC, a literal's, the zone of `AT TIME ZONE 'x'`), the zone is kept in the type and the instant in
DuckDB's type. Where each value brings its own (`from_iso8601_timestamp` of a column), a value is a struct of the
instant and its zone.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kit.sql.athena.expression import Expr, text_literal
from kit.sql.athena.types import Type

SESSION_ZONE: Final = "UTC"
_OFFSET: Final = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")
_ETC: Final = re.compile(r"(?:UTC|GMT|UT|Etc/UTC|Etc/GMT|Z|Zulu|Etc/Zulu)")


@cache
def known_zone(name: str) -> str | None:
    """A zone's name as Trino shows it (`UTC`, `+02:00`, `America/New_York`); None where there is no such zone."""
    if _ETC.fullmatch(name):
        return SESSION_ZONE
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = offset.groups()
        if int(hours) > 14 or int(minutes or 0) > 59:
            return None
        zone = f"{sign}{int(hours):02}:{int(minutes or 0):02}"
        return SESSION_ZONE if zone[1:] == "00:00" else zone
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_minutes(zone: str) -> int | None:
    """The minutes of a fixed offset (`+02:00` is 120); None for a named zone."""
    offset = _OFFSET.fullmatch(zone)
    if offset is None:
        return None
    sign, hours, minutes = offset.groups()
    total = int(hours) * 60 + int(minutes or 0)
    return -total if sign == "-" else total


def instant(expr: Expr) -> str:
    """The DuckDB instant of a timestamp with time zone."""
    return expr.sql if expr.type.zone is not None else f"struct_extract({expr.sql}, 't')"


def zone_text(expr: Expr) -> str:
    """The zone of a timestamp with time zone, as SQL text."""
    return text_literal(expr.type.zone) if expr.type.zone is not None else f"struct_extract({expr.sql}, 'z')"


def local(expr: Expr) -> str:
    """What the clock on the wall shows in the value's own zone, as a DuckDB TIMESTAMP."""
    zone = expr.type.zone
    if zone is None:
        return f"kit_local({instant(expr)}, {zone_text(expr)})"
    return to_local(expr.sql, zone)


def to_local(instant_sql: str, zone: str) -> str:
    minutes = offset_minutes(zone)
    if minutes is None:
        return f"timezone({text_literal(zone)}, {instant_sql})"
    return f"(timezone('UTC', {instant_sql}) + to_minutes({minutes}))"


def from_local(local_sql: str, zone: str) -> str:
    """The instant at which the wall clock of `zone` shows a DuckDB TIMESTAMP."""
    minutes = offset_minutes(zone)
    if minutes is None:
        return f"timezone({text_literal(zone)}, {local_sql})"
    return f"timezone('UTC', {local_sql} - to_minutes({minutes}))"


def at_zone(local_sql: str, like: Expr) -> str:
    """A wall-clock time in the zone of `like`, in the shape that `like` has: the way back from `local`."""
    zone = like.type.zone
    if zone is not None:
        return from_local(local_sql, zone)
    return f"struct_pack(t := kit_instant({local_sql}, {zone_text(like)}), z := {zone_text(like)})"


def zoned(expr: Expr, target: Type) -> str:
    """A date, timestamp or instant in the shape of `target`; only the zone's representation changes."""
    match expr.type.name:
        case "date" | "timestamp":
            moment = from_local(
                f"CAST({expr.sql} AS TIMESTAMP)" if expr.type.name == "date" else expr.sql, SESSION_ZONE
            )
            zone = text_literal(SESSION_ZONE)
        case _:
            if expr.type.zone == target.zone:
                return expr.sql
            moment, zone = instant(expr), zone_text(expr)
    return moment if target.zone is not None else f"struct_pack(t := {moment}, z := {zone})"
