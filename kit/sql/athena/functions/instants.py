"""Functions of dates, times, timestamps and intervals.

DuckDB's `date_trunc`, `date_add` and `+ INTERVAL` make timestamps of dates; here a date stays a date. What depends on
the wall clock is computed on the local time of the value's own zone.

Source: Date and time functions and operators, Trino documentation, read 2026-11.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kit.sql.athena import types
from kit.sql.athena.coerce import check, timestamp_text
from kit.sql.athena.expression import Expr, cast_sql, combine
from kit.sql.athena.functions import datetime_formats as formats
from kit.sql.athena.functions.table import Call, Scalar
from kit.sql.athena.types import BIGINT, DATE, TIMESTAMP_TZ, timestamp_tz
from kit.sql.athena.zones import at_zone, from_local, instant, known_zone, local, to_local, zone_text

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation

_PARTS: Final = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "week": "week({0})",
    "week_of_year": "week({0})",
    "day": "day({0})",
    "day_of_month": "day({0})",
    "day_of_week": "isodow({0})",
    "dow": "isodow({0})",
    "day_of_year": "dayofyear({0})",
    "doy": "dayofyear({0})",
    "year_of_week": "isoyear({0})",
    "yow": "isoyear({0})",
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(millisecond({0}) % 1000)",
}
_OF_TIME: Final = frozenset({"hour", "minute", "second", "millisecond"})
_OF_INTERVAL: Final = {
    types.INTERVAL_DAY: {
        "day": "(epoch_us({0}) // 86400000000)",
        "hour": "((epoch_us({0}) // 3600000000) % 24)",
        "minute": "((epoch_us({0}) // 60000000) % 60)",
        "second": "((epoch_us({0}) // 1000000) % 60)",
        "millisecond": "((epoch_us({0}) // 1000) % 1000)",
    },
    types.INTERVAL_YEAR: {"year": "(kit_months({0}) // 12)", "month": "(kit_months({0}) % 12)"},
}
_LARGE_UNITS: Final = {"day": 1, "week": 7, "month": 1, "quarter": 3, "year": 12}
_SMALL_UNITS: Final = {"millisecond": 1_000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}


def extract(t: Translation, field: str, value: Expr, at: exp.Expr) -> Expr:
    """EXTRACT(field FROM value), and the functions that are called like a field."""
    kind = value.type
    if field in ("timezone_hour", "timezone_minute") and kind.name == TIMESTAMP_TZ:
        return combine(f"kit_{field}({local(value)}, {instant(value)})", BIGINT, (value,))
    if kind in _OF_INTERVAL and field in _OF_INTERVAL[kind]:
        return combine(_OF_INTERVAL[kind][field].format(value.sql), BIGINT, (value,))
    template = _PARTS.get(field)
    if template is None:
        raise t.error("SYNTAX_ERROR", f"Invalid EXTRACT field: {field}", at)
    usable = kind.name in ("timestamp", TIMESTAMP_TZ)
    usable = usable or (kind.name == "date" and field not in _OF_TIME) or (kind.name == "time" and field in _OF_TIME)
    if not usable:
        raise t.mismatch(f"Cannot extract {field} from {kind}", at)
    moment = local(value) if kind.name == TIMESTAMP_TZ else value.sql
    return combine(template.format(moment), BIGINT, (value,))


def _part(call: Call) -> Expr:
    return extract(call.t, call.name, call.arguments[0], call.node)


def _unit(call: Call, *, of_date: bool) -> str:
    unit = call.constant(0)
    if not isinstance(unit, str):
        raise call.t.unsupported(f"A unit of {call.name} that is not a literal", call.node)
    unit = unit.lower()
    if unit not in _LARGE_UNITS and (of_date or unit not in _SMALL_UNITS):
        kind = "DATE" if of_date else "TIMESTAMP"
        message = f"'{unit}' is not a valid {kind} field"
        raise call.t.error(
            "INVALID_FUNCTION_ARGUMENT",
            message,
            call.node,
            "One of year, quarter, month, week, day, hour, minute, second, millisecond.",
        )
    return unit


def _trunc(call: Call) -> str:
    value = call.arguments[1]
    unit = _unit(call, of_date=value.type == DATE)
    match value.type.name:
        case "date":
            return value.sql if unit == "day" else cast_sql(f"date_trunc('{unit}', {value.sql})", DATE)
        case "timestamp":
            return f"date_trunc('{unit}', {value.sql})"
        case _:
            return at_zone(f"date_trunc('{unit}', {local(value)})", value)


def _trunc_time(call: Call) -> str:
    unit = _unit(call, of_date=False)
    if unit not in _SMALL_UNITS:
        raise call.t.error("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid TIME field", call.node)
    return f"CAST(date_trunc('{unit}', DATE '1970-01-01' + {call.sql(1)}) AS TIME)"


def _interval(unit: str, amount: str) -> str:
    match unit:
        case "day" | "week":
            return f"to_days(CAST({amount} * {_LARGE_UNITS[unit]} AS INTEGER))"
        case "month" | "quarter" | "year":
            return f"to_months(CAST({amount} * {_LARGE_UNITS[unit]} AS INTEGER))"
        case _:
            return f"to_microseconds({amount} * {_SMALL_UNITS[unit]})"


def _add(call: Call) -> str:
    value = call.arguments[2]
    unit = _unit(call, of_date=value.type == DATE)
    amount = call.sql(1)
    match value.type.name:
        case "date" if unit in ("day", "week"):
            return f"({value.sql} + CAST({amount} * {_LARGE_UNITS[unit]} AS INTEGER))"
        case "date":
            return cast_sql(f"({value.sql} + {_interval(unit, amount)})", DATE)
        case "timestamp":
            return f"({value.sql} + {_interval(unit, amount)})"
        case _ if unit in _LARGE_UNITS:
            return at_zone(f"({local(value)} + {_interval(unit, amount)})", value)
        case _:
            moved = f"({instant(value)} + {_interval(unit, amount)})"
            return moved if value.type.zone is not None else f"struct_pack(t := {moved}, z := {zone_text(value)})"


def _diff(call: Call) -> str:
    start, end = call.arguments[1], call.arguments[2]
    unit = _unit(call, of_date=start.type == DATE)
    match start.type.name:
        case "date" if unit == "day":
            return f"({end.sql} - {start.sql})"
        case "date" if unit == "week":
            return f"(({end.sql} - {start.sql}) // 7)"
        case "date" | "timestamp":
            return f"date_sub('{unit}', {start.sql}, {end.sql})"
        case _ if unit in _LARGE_UNITS and start.type.zone not in (None, "UTC"):
            zone = start.type.zone
            return f"date_sub('{unit}', {to_local(instant(start), zone)}, {to_local(instant(end), zone)})"
        case _ if unit in _LARGE_UNITS and start.type.zone is None:
            zone_sql = zone_text(start)
            return f"date_sub('{unit}', {local(start)}, kit_local({instant(end)}, {zone_sql}))"
        case _:
            return f"date_sub('{unit}', {to_local(instant(start), 'UTC')}, {to_local(instant(end), 'UTC')})"


# Formats


def _format_text(call: Call) -> str:
    text = call.constant(1)
    if not isinstance(text, str):
        raise call.t.unsupported(f"A format of {call.name} that is not a literal", call.node)
    return text


def _moment(value: Expr) -> tuple[str, str]:
    """A value's wall-clock time and its zone, both as SQL."""
    if value.type.name == TIMESTAMP_TZ:
        return local(value), zone_text(value)
    return value.sql, "'UTC'"


def _date_format(call: Call) -> str:
    moment, zone = _moment(call.arguments[0])
    return formats.formatted(formats.mysql(call.t, _format_text(call), call.node), moment, zone)


def _format_datetime(call: Call) -> str:
    moment, zone = _moment(call.arguments[0])
    return formats.formatted(formats.joda(call.t, _format_text(call), call.node), moment, zone)


def _checked_text(call: Call) -> str:
    """The text to parse; white space around it is an error, which strptime forgives."""
    value = call.sql(0)
    message = f"'INVALID_FUNCTION_ARGUMENT: Invalid format: \"' || {value} || '\"'"
    return check(f"{value} <> trim({value})", message, value)


def _date_parse(call: Call) -> str:
    pieces = formats.mysql(call.t, _format_text(call), call.node)
    return f"kit_round_timestamp({formats.parsed(call.t, pieces, _checked_text(call), call.node)}, 1000)"


def _parse_datetime(call: Call) -> str | Expr:
    """A zone may stand at the end of the pattern; without one the session's is meant."""
    pieces = formats.joda(call.t, _format_text(call), call.node)
    zones = [position for position, piece in enumerate(pieces) if piece.sets == "zone"]
    value = _checked_text(call)
    if not zones:
        parsed = formats.parsed(call.t, pieces, value, call.node)
        return combine(from_local(parsed, "UTC"), timestamp_tz(3, "UTC"), call.given)
    if zones != [len(pieces) - 1]:
        raise call.t.unsupported("A zone that is not at the end of the pattern", call.node)
    zone = f"kit_zone_at_end({value})"
    before = f"left({value}, length({value}) - length({zone}))"
    parsed = formats.parsed(call.t, _without_space(pieces[:-1]), f"rtrim({before})", call.node)
    return combine(f"kit_zoned({parsed}, {zone})", timestamp_tz(3, None), call.given)


def _without_space(pieces: list[formats.Piece]) -> list[formats.Piece]:
    while pieces and pieces[-1].code == " ":
        pieces = pieces[:-1]
    return pieces


def _to_iso(call: Call) -> str:
    value = call.arguments[0]
    match value.type.name:
        case "date":
            return f"CAST({value.sql} AS VARCHAR)"
        case "timestamp":
            return f"replace({timestamp_text(value.sql, value.type.precision)}, ' ', 'T')"
        case _:
            text = f"replace({timestamp_text(local(value), value.type.precision)}, ' ', 'T')"
            return f"({text} || kit_iso_offset({local(value)}, {instant(value)}, {zone_text(value)}))"


def _from_iso(call: Call) -> Expr:
    """A literal has its zone; a column's values bring their own."""
    known = call.constant(0)
    if isinstance(known, str):
        from kit.sql.athena.literals import iso_timestamp

        result = iso_timestamp(known)
        if result is None:
            message = f'Invalid format: "{known}"'
            raise call.t.error("INVALID_FUNCTION_ARGUMENT", message, call.node)
        return result
    return combine(f"kit_iso_timestamp({call.sql(0)})", timestamp_tz(3, None), call.given)


# Instants and zones


def _from_unixtime(call: Call) -> Expr:
    moment = f"epoch_ms(CAST(round({call.sql(0)} * 1000) AS BIGINT))"
    zone = "UTC"
    if len(call.arguments) == 2:
        zone = _zone(call, 1)
    elif len(call.arguments) == 3:
        hours, minutes = call.constant(1), call.constant(2)
        if not isinstance(hours, int) or not isinstance(minutes, int):
            raise call.t.unsupported("An offset of from_unixtime that is not a literal", call.node)
        total = hours * 60 + minutes
        zone = f"{'-' if total < 0 else '+'}{abs(total) // 60:02}:{abs(total) % 60:02}" if total else "UTC"
    return combine(from_local(moment, "UTC"), timestamp_tz(3, zone), call.given)


def _zone(call: Call, index: int) -> str:
    name = call.constant(index)
    zone = known_zone(name) if isinstance(name, str) else None
    if zone is None:
        if not isinstance(name, str):
            raise call.t.unsupported("A time zone that is not a literal", call.node)
        raise _no_zone(call.t, name, call.node)
    return zone


def _no_zone(t: Translation, name: str, at: exp.Expr) -> Exception:
    return t.error(
        "INVALID_FUNCTION_ARGUMENT",
        f"'{name}' is not a valid time zone",
        at,
        "Zones are called like America/New_York or +02:00.",
    )


def at_time_zone(t: Translation, value: Expr, zone: Expr, at: exp.Expr) -> Expr:
    """`value AT TIME ZONE zone`: the same instant, seen elsewhere; a timestamp without a zone is taken as UTC."""
    if value.type.name == "timestamp":
        value = replace(value, sql=from_local(value.sql, "UTC"), type=timestamp_tz(value.type.precision, "UTC"))
    if value.type.name != TIMESTAMP_TZ:
        raise t.mismatch(
            f"Type of value must be a time or timestamp with or without time zone (actual {value.type})", at
        )
    precision = value.type.precision
    match zone.type.name:
        case "varchar" if isinstance(zone.constant, str):
            name = known_zone(zone.constant)
            if name is None:
                raise _no_zone(t, zone.constant, at)
            return combine(instant(value), timestamp_tz(precision, name), (value,))
        case "interval day to second" if zone.is_constant:
            minutes = int(zone.constant.total_seconds() // 60)
            name = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"
            return combine(instant(value), timestamp_tz(precision, name), (value,))
        case "varchar":
            sql = f"struct_pack(t := {instant(value)}, z := kit_zone({zone.sql}))"
            return combine(sql, timestamp_tz(precision, None), (value, zone))
        case _:
            raise t.mismatch(f"Time zone must be a varchar or an interval (actual {zone.type})", at)


def _at_timezone(call: Call) -> Expr:
    return at_time_zone(call.t, call.given[0], call.given[1], call.node)


def _with_timezone(call: Call) -> Expr:
    value = call.arguments[0]
    zone = _zone(call, 1)
    return combine(from_local(value.sql, zone), timestamp_tz(value.type.precision, zone), call.given)


def _to_unixtime(call: Call) -> str:
    value = call.arguments[0]
    return f"epoch({instant(value) if value.type.name == TIMESTAMP_TZ else value.sql})"


def _date(call: Call) -> str | Expr:
    from kit.sql.athena.coerce import cast

    return cast(call.t, call.given[0], DATE, call.node)


def _last_day(call: Call) -> str:
    value = call.arguments[0]
    return f"last_day({local(value) if value.type.name == TIMESTAMP_TZ else value.sql})"


def _zone_name(call: Call) -> str:
    return zone_text(call.arguments[0])


_MOMENTS: Final = ("date", "timestamp(p)", "timestamp(p) with time zone")
_NAMES: Final = (
    *("year", "quarter", "month", "week", "week_of_year", "day", "day_of_month", "day_of_week", "dow", "day_of_year"),
    *("doy", "year_of_week", "yow"),
)

FUNCTIONS: Final = (
    *(Scalar(f"{name}({kind}) -> bigint", _part) for name in _NAMES for kind in _MOMENTS),
    *(Scalar(f"{name}(interval year to month) -> bigint", _part) for name in ("year", "month")),
    *(Scalar(f"day({kind}) -> bigint", _part) for kind in ("interval day to second",)),
    *(
        Scalar(f"{name}({kind}) -> bigint", _part)
        for name in ("hour", "minute", "second", "millisecond")
        for kind in ("timestamp(p)", "timestamp(p) with time zone", "time(p)", "interval day to second")
    ),
    *(Scalar(f"{name}(timestamp(p) with time zone) -> bigint", _part) for name in ("timezone_hour", "timezone_minute")),
    *(Scalar(f"date_trunc(varchar, {kind}) -> {kind}", _trunc) for kind in _MOMENTS),
    Scalar("date_trunc(varchar, time(p)) -> time(p)", _trunc_time),
    *(Scalar(f"date_add(varchar, bigint, {kind}) -> {kind}", _add) for kind in _MOMENTS),
    *(Scalar(f"date_diff(varchar, {kind}, {kind}) -> bigint", _diff) for kind in _MOMENTS),
    *(Scalar(f"date_format({kind}, varchar) -> varchar", _date_format) for kind in _MOMENTS[1:]),
    *(Scalar(f"format_datetime({kind}, varchar) -> varchar", _format_datetime) for kind in _MOMENTS[1:]),
    Scalar("date_parse(varchar, varchar) -> timestamp(3)", _date_parse),
    Scalar("parse_datetime(varchar, varchar) -> timestamp(3) with time zone", _parse_datetime),
    *(Scalar(f"to_iso8601({kind}) -> varchar", _to_iso) for kind in _MOMENTS),
    Scalar("from_iso8601_timestamp(varchar) -> timestamp(3) with time zone", _from_iso),
    Scalar("from_iso8601_date(varchar) -> date", "kit_iso_date({0})"),
    Scalar("from_unixtime(double) -> timestamp(3) with time zone", _from_unixtime),
    Scalar("from_unixtime(double, varchar) -> timestamp(3) with time zone", _from_unixtime),
    Scalar("from_unixtime(double, bigint, bigint) -> timestamp(3) with time zone", _from_unixtime),
    *(Scalar(f"to_unixtime({kind}) -> double", _to_unixtime) for kind in _MOMENTS[1:]),
    Scalar("at_timezone(timestamp(p) with time zone, varchar) -> timestamp(p) with time zone", _at_timezone),
    Scalar("with_timezone(timestamp(p), varchar) -> timestamp(p) with time zone", _with_timezone),
    Scalar("timezone(timestamp(p) with time zone) -> varchar", _zone_name),
    *(
        Scalar(f"date({kind}) -> date", _date)
        for kind in ("varchar", "date", "timestamp(p)", "timestamp(p) with time zone")
    ),
    *(Scalar(f"last_day_of_month({kind}) -> date", _last_day) for kind in _MOMENTS),
    Scalar("to_milliseconds(interval day to second) -> bigint", "(epoch_us({0}) // 1000)"),
    Scalar("parse_duration(varchar) -> interval day to second", "kit_duration({0})"),
)
