"""The values of calls, casts and sums of constants, where translating can know them: columns are pruned by them.

`WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')` reads seven partitions only if its right side is
known beforehand. A fold is an aside: the SQL still computes the expression, and a fold that is not certain to be what
the SQL will compute is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from kit.sql.athena import types
from kit.sql.athena.expression import NOT_CONSTANT, Expr
from kit.sql.athena.types import Type

_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{3})?)?")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")
_RANGES: Final = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
_MYSQL: Final = re.compile(r"%(.)|([^%A-Za-z]+)|(.)", re.DOTALL)
_MYSQL_PARTS: Final = {"Y": "year", "m": "month", "d": "day", "H": "hour", "i": "minute", "s": "second"}
_JODA: Final = re.compile(r"(([A-Za-z])\2*)|([^A-Za-z']+)|(.)")
_JODA_PARTS: Final = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second"}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_SPANS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_KEPT: Final = {"second": ("hour", "minute", "second"), "minute": ("hour", "minute"), "hour": ("hour",)}


class _UncertainError(Exception):
    """What the SQL will make of it is not known here."""


def call(name: str, arguments: Sequence[Expr]) -> Any:
    """The value of a call, NOT_CONSTANT where it is not certain."""
    function = _CALLS.get(name)
    if function is None:
        return NOT_CONSTANT
    return _certain(lambda: function(*(_known(argument) for argument in arguments)))


def cast(value: Expr, target: Type) -> Any:
    """The value of a cast, NOT_CONSTANT where it is not certain."""
    if not value.is_constant:
        return NOT_CONSTANT
    return _certain(lambda: _cast(_known(value), target))


def arithmetic(symbol: str, left: Expr, right: Expr, kind: Type) -> Any:
    """The value of a sum, a difference or a product of integers, NOT_CONSTANT where it is not certain."""
    if not (left.is_constant and right.is_constant) or kind.name not in _RANGES or symbol not in _SYMBOLS:
        return NOT_CONSTANT
    return _certain(lambda: _in_range(_SYMBOLS[symbol](_known(left), _known(right)), kind))


def shifted(moment: date, by: timedelta | int) -> date | None:
    """A date or time moved by days to seconds, or by months; None for a date that would get hours."""
    if isinstance(by, timedelta):
        whole_days = by % timedelta(days=1) == timedelta(0)
        return moment + by if whole_days or isinstance(moment, datetime) else None
    months = moment.year * 12 + moment.month - 1 + by
    year, month = divmod(months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last_day))


def _certain(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except (_UncertainError, OverflowError, ValueError, TypeError):
        return NOT_CONSTANT


def _known(value: Expr) -> Any:
    """The value of a constant that is neither NULL, nor a boolean, nor a number of months."""
    if not value.is_constant or value.constant is None or isinstance(value.constant, bool):
        raise _UncertainError
    if value.type == types.INTERVAL_YEAR:
        raise _UncertainError
    if isinstance(value.constant, datetime) and value.constant.tzinfo not in (None, UTC):
        raise _UncertainError
    return value.constant


# Numbers and casts

_SYMBOLS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


def _in_range(value: int, kind: Type) -> int:
    bound = 2 ** _RANGES[kind.name]
    if not -bound <= value < bound:
        raise _UncertainError
    return value


def _cast(value: Any, target: Type) -> Any:
    match value, target.name:
        case int(), name if name in _RANGES:
            return _in_range(value, target)
        case str(), name if name in _RANGES and _WHOLE.fullmatch(value):
            return _in_range(int(value), target)
        case int(), "varchar" if target.length is None:
            return str(value)
        case str(), "varchar" if target.length is None:
            return value
        case str(), "date" if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        case str(), "timestamp" if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
        case datetime(), "date":
            return value.date()
        case datetime(), "timestamp" if target.precision >= 3 and value.microsecond % 1000 == 0:
            return value.replace(tzinfo=None)
        case date(), "timestamp" if not isinstance(value, datetime):
            return datetime.combine(value, time())
        case date(), "date":
            return value
        case date(), "varchar" if target.length is None and not isinstance(value, datetime):
            return value.isoformat()
        case _:
            raise _UncertainError


# Dates and times


def _date(value: date | str) -> Any:
    return _cast(value, types.DATE)


def _truncated(unit: str, moment: date) -> date:
    unit = unit.lower()
    if isinstance(moment, datetime):
        kept = _KEPT.get(unit, ())
        moment = moment.replace(
            hour=moment.hour if "hour" in kept else 0,
            minute=moment.minute if "minute" in kept else 0,
            second=moment.second if "second" in kept else 0,
            microsecond=0,
        )
        if kept:
            return moment
    match unit:
        case "day":
            return moment
        case "week":
            return moment - timedelta(days=moment.weekday())
        case "month":
            return moment.replace(day=1)
        case "quarter":
            return moment.replace(month=moment.month - (moment.month - 1) % 3, day=1)
        case "year":
            return moment.replace(month=1, day=1)
        case _:
            raise _UncertainError


def _added(unit: str, amount: int, moment: date) -> date:
    unit = unit.lower()
    moved = shifted(moment, amount * _MONTHS[unit] if unit in _MONTHS else amount * _span(unit))
    if moved is None:
        raise _UncertainError
    return moved


def _span(unit: str) -> timedelta:
    if unit not in _SPANS:
        raise _UncertainError
    return _SPANS[unit]


def _part(of: Callable[[date], int]) -> Callable[[date], int]:
    def part(moment: date) -> int:
        if not isinstance(moment, date):
            raise _UncertainError
        return of(moment)

    return part


def _formatted(moment: date, template: str) -> str:
    """`date_format` with the parts that are numbers of a fixed width."""
    return "".join(
        _padded(moment, _MYSQL_PARTS.get(found[1], "")) if found[1] else _literally(found[2])
        for found in _MYSQL.finditer(template)
    )


def _formatted_in_java(moment: date, template: str) -> str:
    """`format_datetime` with the parts that are numbers of a fixed width."""
    return "".join(
        _padded(moment, _JODA_PARTS.get(found[1], "")) if found[1] else _literally(found[3])
        for found in _JODA.finditer(template)
    )


def _literally(text: str | None) -> str:
    if text is None:
        raise _UncertainError
    return text


def _padded(moment: date, part: str) -> str:
    if not part or not isinstance(moment, date) or moment.year < 1000:
        raise _UncertainError
    value = getattr(moment, part) if isinstance(moment, datetime) or part in ("year", "month", "day") else 0
    return f"{value:04}" if part == "year" else f"{value:02}"


# Text


def _padded_left(text: str, width: int, fill: str) -> str:
    if not isinstance(text, str) or len(fill) != 1 or not 0 <= width <= 1000:
        raise _UncertainError
    return text.rjust(width, fill)[:width] if len(text) < width else text[:width]


def _part_of_text(text: str, start: int, length: int | None = None) -> str:
    if not isinstance(text, str) or not text.isascii() or start < 1 or (length is not None and length < 0):
        raise _UncertainError
    return text[start - 1 :] if length is None else text[start - 1 : start - 1 + length]


def _in_case(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        if not isinstance(text, str) or not text.isascii():
            raise _UncertainError
        return change(text)

    return changed


_CALLS: Final[Mapping[str, Callable[..., Any]]] = {
    "date": _date,
    "date_trunc": _truncated,
    "date_add": _added,
    "date_format": _formatted,
    "format_datetime": _formatted_in_java,
    "year": _part(lambda moment: moment.year),
    "quarter": _part(lambda moment: (moment.month + 2) // 3),
    "month": _part(lambda moment: moment.month),
    "week": _part(lambda moment: moment.isocalendar().week),
    "day": _part(lambda moment: moment.day),
    "day_of_month": _part(lambda moment: moment.day),
    "day_of_week": _part(lambda moment: moment.isoweekday()),
    "lpad": _padded_left,
    "substr": _part_of_text,
    "substring": _part_of_text,
    "lower": _in_case(str.lower),
    "upper": _in_case(str.upper),
}
