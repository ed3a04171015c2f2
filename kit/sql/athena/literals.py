"""Literals: text, numbers, `DATE '…'`, `TIMESTAMP '…'`, `INTERVAL '…' DAY`. All checked while translating."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.athena import types
from kit.sql.athena.coerce import cast
from kit.sql.athena.expression import Expr, text_literal
from kit.sql.athena.operators import constant, interval
from kit.sql.athena.type_names import from_tree
from kit.sql.athena.types import Type
from kit.sql.athena.zones import from_local, known_zone

if TYPE_CHECKING:
    from kit.sql.athena.translation import Translation

_DATE: Final = re.compile(r"\s*(\d{1,6})-(\d{1,2})-(\d{1,2})\s*")
_TIMESTAMP: Final = re.compile(
    r"\s*(\d{4,6})-(\d{1,2})-(\d{1,2})(?: (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(\S.*?)?)?\s*"
)
_TIME: Final = re.compile(r"\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?\s*")
_ISO: Final = re.compile(
    r"(\d{4,6})(?:-(\d{2})(?:-(\d{2}))?)?"
    r"(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_UNITS: Final = ("year", "month", "day", "hour", "minute", "second")


def string_literal(text: str) -> Expr:
    """`'text'`, a varchar as long as it is."""
    return Expr(text_literal(text), types.varchar(len(text)), constant=text)


def decimal_type(t: Translation, text: str, at: exp.Expr) -> Type:
    """The type of a decimal literal: leading zeros count for nothing."""
    whole, _, fraction = text.lstrip("+-").partition(".")
    precision = max(len(whole.lstrip("0")) + len(fraction), 1)
    if precision > types.MAX_PRECISION:
        raise t.error("INVALID_LITERAL", f"Invalid decimal literal: {text}", at)
    return types.decimal(precision, len(fraction))


def typed_literal(t: Translation, node: exp.Cast) -> Expr:
    """A type's name before a string."""
    target = node.args["to"]
    text = node.this.this if isinstance(node.this, exp.Literal) and node.this.is_string else None
    if text is None:
        raise t.error("SYNTAX_ERROR", "mismatched input after the name of a type. Expecting: <string>", node)
    match target.this:
        case exp.DType.DECIMAL if not target.expressions:
            return _decimal(t, text, node)
        case exp.DType.DATE:
            return _date(t, text, node)
        case exp.DType.TIMESTAMP | exp.DType.TIMESTAMPTZ:
            return _timestamp(t, text, node)
        case exp.DType.TIME:
            return _time(t, text, node)
        case exp.DType.CHAR if not target.expressions:
            return Expr(text_literal(text), Type("char", (len(text),)), constant=text)
        case exp.DType.VARCHAR if not target.expressions:
            return string_literal(text)
        case exp.DType.JSON:
            from kit.sql.athena.json_types import parse_literal

            return parse_literal(t, text, node)
        case _:
            return cast(t, string_literal(text), from_tree(t, target), node)


def _invalid(t: Translation, text: str, kind: str, at: exp.Expr) -> KitError:
    return t.error("INVALID_LITERAL", f"'{text}' is not a valid {kind} literal", at)


def _decimal(t: Translation, text: str, at: exp.Expr) -> Expr:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _invalid(t, text, "DECIMAL", at) from None
    if not value.is_finite() or "e" in text.lower():
        raise _invalid(t, text, "DECIMAL", at)
    return constant(value, decimal_type(t, text.strip(), at))


def _date(t: Translation, text: str, at: exp.Expr) -> Expr:
    found = _DATE.fullmatch(text)
    try:
        assert found is not None
        return constant(date(*map(int, found.groups())), types.DATE)
    except (AssertionError, ValueError):
        raise _invalid(t, text, "DATE", at) from None


def _timestamp(t: Translation, text: str, at: exp.Expr) -> Expr:
    parsed = parse_timestamp(text)
    if parsed is None:
        raise _invalid(t, text, "TIMESTAMP", at)
    moment, precision, zone = parsed
    if precision > 6:
        raise t.unsupported(f"timestamp({precision}): a precision above microseconds", at)
    plain = constant(moment, types.timestamp(precision))
    if zone is None:
        return plain
    return Expr(from_local(plain.sql, zone), types.timestamp_tz(precision, zone))


def parse_timestamp(text: str) -> tuple[datetime, int, str | None] | None:
    """The wall-clock time, its digits after the second, and the zone's name if one is given; None if it is not one."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    *parts, fraction, zone_name = found.groups()
    zone = None if zone_name is None else known_zone(zone_name)
    if zone_name is not None and zone is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        micros = int((fraction or "0").ljust(6, "0")[:6])
        moment = datetime.combine(date(year, month, day), time(hour, minute, second, micros))
        return moment, len(fraction or ""), zone
    except ValueError:
        return None


def iso_timestamp(text: str) -> Expr | None:
    """What from_iso8601_timestamp makes of a text that is known; None where it is not ISO 8601."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    *parts, fraction, zone_name = found.groups()
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        millis = int((fraction or "0").ljust(3, "0")[:3])
        moment = datetime.combine(date(year, month or 1, day or 1), time(hour, minute, second, millis * 1000))
    except ValueError:
        return None
    zone = known_zone(zone_name or "UTC") or "UTC"
    return Expr(from_local(constant(moment, types.timestamp(3)).sql, zone), types.timestamp_tz(3, zone))


def _time(t: Translation, text: str, at: exp.Expr) -> Expr:
    found = _TIME.fullmatch(text)
    try:
        assert found is not None
        hour, minute, second, fraction = found.groups()
        value = time(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")[:6]))
    except (AssertionError, ValueError):
        raise _invalid(t, text, "TIME", at) from None
    if len(fraction or "") > 6:
        raise t.unsupported(f"time({len(fraction)}): a precision above microseconds", at)
    return Expr(f"TIME '{value.isoformat()}'", types.time(len(fraction or "")))


# Intervals


def interval_literal(t: Translation, node: exp.Interval) -> Expr:
    """`INTERVAL '2' DAY`, `INTERVAL '1-6' YEAR TO MONTH`, `INTERVAL '1 12:30' DAY TO MINUTE`."""
    value, negative = node.this, False
    if isinstance(value, exp.Neg):
        value, negative = value.this, True
    unit = node.args.get("unit")
    if not isinstance(value, exp.Literal) or unit is None:
        raise t.error(
            "SYNTAX_ERROR", "mismatched input after INTERVAL. Expecting: <string> and a unit such as DAY", node
        )
    text = str(value.this)
    first, last = (
        (unit.this.name, unit.expression.name) if isinstance(unit, exp.IntervalSpan) else (unit.name, unit.name)
    )
    amounts = _amounts(text.removeprefix("-").removeprefix("+"), first.lower(), last.lower())
    if amounts is None:
        raise t.error("INVALID_LITERAL", f"'{text}' is not a valid INTERVAL literal", node)
    result = _total(amounts)
    return interval(-result if negative != text.startswith("-") else result)


def _amounts(text: str, first: str, last: str) -> dict[str, Any] | None:
    first, last = first.removesuffix("s"), last.removesuffix("s")
    if first == last == "week":
        return {"day": 7 * int(text)} if text.isdigit() else None
    if first not in _UNITS or last not in _UNITS or _UNITS.index(first) > _UNITS.index(last):
        return None
    units = _UNITS[_UNITS.index(first) : _UNITS.index(last) + 1]
    if units[0] in ("year", "month") and units[-1] not in ("year", "month"):
        return None
    separators = {"month": "-", "hour": " ", "minute": ":", "second": ":"}
    pattern = "".join(
        ("" if position == 0 else separators[unit]) + (r"(\d+(?:\.\d{1,6})?)" if unit == "second" else r"(\d+)")
        for position, unit in enumerate(units)
    )
    found = re.fullmatch(pattern, text.strip())
    return None if found is None else dict(zip(units, found.groups(), strict=True))


def _total(amounts: dict[str, Any]) -> timedelta | int:
    if set(amounts) <= {"year", "month"}:
        return int(amounts.get("year", 0)) * 12 + int(amounts.get("month", 0))
    seconds = Decimal(amounts.get("second", 0))
    return timedelta(
        days=int(amounts.get("day", 0)),
        hours=int(amounts.get("hour", 0)),
        minutes=int(amounts.get("minute", 0)),
        microseconds=int(seconds * 1_000_000),
    )
