"""Comparisons of a date with a moment, as comparisons of dates.

Redshift adds an interval to a date as a timestamp, so `d < DATE '1994-01-01' + INTERVAL '1 year'` compares timestamps.
DuckDB's zone maps know the column as a date, and skip no block for a cast of it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from sqlglot import exp

_COMPARISONS: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
}
# Months of unlike length end on unlike days, and Redshift's functions differ in what they make of that.
_SAFE_DAY = 28
_MOMENTS = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
_UNITS = {"to_years": (12, 0), "to_months": (1, 0), "to_days": (0, 1)}
_SHIFTS = {"rs_add_years": (12, 0), "rs_add_months": (1, 0)}
_INTERVAL = re.compile(r"(-?\d+) months (-?\d+) days 0 microseconds")


def compared_as_dates(predicate: exp.Expr) -> exp.Expr:
    """`CAST(d AS TIMESTAMP) < midnight` as `d < day`; everything else as it is."""
    comparison = type(predicate)
    if comparison not in _COMPARISONS or not isinstance(predicate, exp.Binary):
        return predicate
    for subject, moment, kind in (
        (predicate.left, predicate.right, comparison),
        (predicate.right, predicate.left, _COMPARISONS[comparison]),
    ):
        column = _date_column(subject.unnest())
        day = _midnight(moment)
        if column is not None and day is not None:
            literal = exp.Cast(this=exp.Literal.string(day.isoformat()), to=exp.DataType.build("date"))
            literal.type = literal.to
            made = kind(this=column.copy(), expression=literal)
            made.type = predicate.type
            return made
    return predicate


def _date_column(tree: exp.Expr) -> exp.Column | None:
    if not isinstance(tree, exp.Cast) or not tree.to.is_type(*_MOMENTS):
        return None
    inner = tree.this.unnest()
    is_date = isinstance(inner, exp.Column) and inner.type is not None and inner.type.is_type(exp.DType.DATE)
    return inner if is_date and isinstance(inner, exp.Column) else None


def _midnight(tree: exp.Expr) -> date | None:
    """The day at whose beginning a constant moment is; None where it is no constant, or another time of day."""
    tree = tree.unnest()
    match tree:
        case exp.Cast() if tree.to.is_type(exp.DType.DATE, *_MOMENTS):
            inner = tree.this.unnest()
            return _day(inner.name) if isinstance(inner, exp.Literal) and inner.is_string else _midnight(inner)
        case exp.Add() | exp.Sub():
            return _moved(tree.left, _span(tree.right), 1 if isinstance(tree, exp.Add) else -1)
        case exp.Anonymous() if tree.name.lower() in _SHIFTS and len(tree.expressions) == 2:
            start, count = tree.expressions
            return _moved(start, _times(_SHIFTS[tree.name.lower()], count), 1)
        case _:
            return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.removesuffix(" 00:00:00"))
    except ValueError:
        return None


def _moved(start: exp.Expr, span: tuple[int, int] | None, sign: int) -> date | None:
    day = _midnight(start)
    if day is None or span is None or day.day > _SAFE_DAY:
        return None
    return _shifted(day, sign * span[0], sign * span[1])


def _span(tree: exp.Expr) -> tuple[int, int] | None:
    """Months and days of an interval that has nothing else."""
    tree = tree.unnest()
    if isinstance(tree, exp.Cast) and tree.to.is_type(exp.DType.INTERVAL):
        found = _INTERVAL.fullmatch(tree.this.name)
        return (int(found[1]), int(found[2])) if found is not None else None
    if isinstance(tree, exp.Anonymous) and tree.name.lower() in _UNITS and len(tree.expressions) == 1:
        return _times(_UNITS[tree.name.lower()], tree.expressions[0])
    return None


def _times(unit: tuple[int, int], count: exp.Expr) -> tuple[int, int] | None:
    while isinstance(count, exp.Cast | exp.Paren):
        count = count.this
    sign = 1
    if isinstance(count, exp.Neg):
        sign, count = -1, count.this
    if not isinstance(count, exp.Literal) or not count.is_int:
        return None
    return sign * unit[0] * int(count.name), sign * unit[1] * int(count.name)


def _shifted(start: date, months: int, days: int) -> date | None:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    last = monthrange(year, month + 1)[1]
    try:
        return date(year, month + 1, min(start.day, last)) + timedelta(days)
    except OverflowError:
        return None
