"""From a domain over a partition key to a condition on its typed column. Pure.

Values lie in SQLite as it compares them: integers and booleans as INTEGER, floats and decimals as REAL, texts in the
order of their UTF-8 bytes, dates and timestamps as ISO texts of fixed width. Where SQLite's comparison is coarser
than the type's own (a decimal as REAL, a value list that is too long) the condition lets more through and says that
it is not exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias, assert_never

from kit.base.domain import Between, Domain, OneOf, Scalar
from kit.catalog.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER_BITS,
    TIMESTAMP,
    CharType,
    DecimalType,
    HiveType,
)

Stored: TypeAlias = int | float | str | bytes | None
MAX_LISTED = 500
_MAX_INTEGER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL with `?` for each of `values`; `is_exact` unless rows outside of the domain may satisfy it."""

    sql: str
    values: tuple[Stored, ...]
    is_exact: bool


def stored(value: Scalar | None, kind: HiveType) -> Stored:
    """The typed value of a key as it lies in its column."""
    match value:
        case None:
            return None
        case bool():
            return int(value)
        case Decimal():
            return float(value)
        case datetime():
            return value.isoformat(sep=" ", timespec="microseconds")
        case date():
            return value.isoformat()
        case int() | float() | str() | bytes():
            return float(value) if kind in {FLOAT, DOUBLE} and isinstance(value, int) else value
        case _:
            assert_never(value)


def condition(column: str, kind: HiveType, domain: Domain) -> Condition | None:
    """What of the domain SQLite can decide; None where it has values that cannot be compared with the key's."""
    match domain:
        case OneOf(values):
            return _one_of(column, kind, values)
        case Between():
            return _between(column, kind, domain)
        case _:
            assert_never(domain)


def _one_of(column: str, kind: HiveType, values: tuple[Scalar, ...]) -> Condition | None:
    if not values:
        return Condition("0", (), is_exact=True)
    if not all(_is_comparable(value, kind) for value in values):
        return None
    bounds = [bound for value in values if (bound := _bounds(value)) is not None]
    if not bounds:
        return Condition("0", (), is_exact=True)
    if all(low == high for low, high in bounds) and len(bounds) <= MAX_LISTED:
        points = tuple(low for low, _ in bounds)
        # The planner trusts `=` to find few rows more than it trusts an IN of one value.
        sql = f"{column} = ?" if len(points) == 1 else f"{column} IN ({', '.join('?' * len(points))})"
        return Condition(sql, points, is_exact=_is_exact(kind))
    lows, highs = zip(*bounds, strict=True)
    return Condition(f"{column} BETWEEN ? AND ?", (min(lows), max(highs)), is_exact=False)


def _between(column: str, kind: HiveType, domain: Between) -> Condition | None:
    parts = [f"{column} IS NOT NULL"]
    values: list[Stored] = []
    exact = _is_exact(kind)
    for bound, is_open, is_low in ((domain.low, domain.low_open, True), (domain.high, domain.high_open, False)):
        if bound is None:
            continue
        if not _is_comparable(bound, kind):
            return None
        around = _bounds(bound)
        if around is None:
            return Condition("0", (), is_exact=True)  # nothing compares with NaN
        low, high = around
        exact = exact and low == high
        closed = "" if is_open and exact else "="
        parts.append(f"{column} {'>' if is_low else '<'}{closed} ?")
        values.append(low if is_low else high)
    return Condition(" AND ".join(parts), tuple(values), is_exact=exact)


def _bounds(value: Scalar) -> tuple[Stored, Stored] | None:
    """The stored values next to this one, below and above: the same where it can be stored as it is; None for NaN."""
    match value:
        case float() if math.isnan(value):
            return None
        case int() if abs(value) > _MAX_INTEGER and not isinstance(value, bool):
            return _around(Decimal(value))
        case Decimal():
            return None if value.is_nan() else _around(value)
        case _:
            point = stored(value, BINARY)
            return point, point


def _around(value: Decimal) -> tuple[float, float] | None:
    nearest = float(value)
    if nearest == value:
        return nearest, nearest
    return math.nextafter(nearest, -math.inf), math.nextafter(nearest, math.inf)


def _is_exact(kind: HiveType) -> bool:
    return not isinstance(kind, DecimalType)


def _is_comparable(value: Scalar, kind: HiveType) -> bool:
    """Whether the query's comparison of the two is surely that of the stored values.

    Not so for `real` (is 0.1 single or double?) and `char` (are blanks padded?): these are not pruned.
    """
    if kind == FLOAT or isinstance(kind, CharType):
        return False
    if kind == BOOLEAN:
        return isinstance(value, bool)
    if kind in INTEGER_BITS or kind == DOUBLE or isinstance(kind, DecimalType):
        return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    if kind == DATE:
        return isinstance(value, date) and not isinstance(value, datetime)
    if kind == TIMESTAMP:
        return isinstance(value, datetime) and value.tzinfo is None
    if kind == BINARY:
        return isinstance(value, bytes)
    return isinstance(value, str)
