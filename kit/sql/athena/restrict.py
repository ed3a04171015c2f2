"""From predicates to domains: what must hold of a scanned column where a condition is true.

A domain is an upper bound. It may let too much pass (the condition itself is still evaluated), but never too little:
where types, NULLs or collations make a comparison doubtful there is no domain. Conditions that are negated have none.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from kit.base.domain import Between, Domain, OneOf, Scalar, intersect
from kit.sql.athena.expression import Expr, Origin
from kit.sql.athena.types import APPROXIMATE, INTEGERS, Type

Restrictions = Mapping[Origin, Domain]

_MOST_VALUES: Final = 10_000
_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def comparison(operator: str, left: Expr, right: Expr) -> Restrictions | None:
    """What `left operator right` says of a column, if one side is a column and the other a known value."""
    if left.origins and right.is_constant:
        domain = _compared(operator, left.type, right)
        origins = left.origins
    elif right.origins and left.is_constant and operator in _MIRRORED:
        domain = _compared(_MIRRORED[operator], right.type, left)
        origins = right.origins
    else:
        return None
    return None if domain is None else dict.fromkeys(origins, domain)


def membership(value: Expr, items: Sequence[Expr]) -> Restrictions | None:
    """What `value IN (items)` says of a column; NULL among the items adds nothing."""
    if not value.origins or len(items) > _MOST_VALUES or not all(item.is_constant for item in items):
        return None
    known: list[Scalar] = []
    for item in items:
        if item.constant is None:
            continue
        low, high = _bounds(value.type, item)
        if low is None or low != high:
            return None
        known.append(low)
    return dict.fromkeys(value.origins, OneOf(tuple(known)))


def prefix(value: Expr, text: str) -> Restrictions | None:
    """What `value LIKE 'text%'` says of a column: strings from `text` up to the next that does not begin with it."""
    if not value.origins or value.type.name != "varchar" or not text:
        return None
    return dict.fromkeys(value.origins, Between(text, _after_prefix(text), high_open=True))


def both(left: Restrictions | None, right: Restrictions | None) -> Restrictions | None:
    """AND: both sides hold."""
    if not left or not right:
        return left or right
    return {
        origin: intersect(left[origin], right[origin])
        if origin in left and origin in right
        else left.get(origin) or right[origin]
        for origin in (*left, *(origin for origin in right if origin not in left))
    }


def either(left: Restrictions | None, right: Restrictions | None) -> Restrictions | None:
    """OR: one side holds, so only columns that both restrict are restricted, to the union."""
    if not left or not right:
        return None
    united = ((origin, _union(left[origin], right[origin])) for origin in left if origin in right)
    return {origin: domain for origin, domain in united if domain is not None} or None


def _union(left: Domain, right: Domain) -> Domain | None:
    if isinstance(left, OneOf) and isinstance(right, OneOf):
        values = (*left.values, *(value for value in right.values if value not in left.values))
        return OneOf(values) if len(values) <= _MOST_VALUES else None
    try:
        left, right = _hull(left), _hull(right)
        low = None if left.low is None or right.low is None else min(left.low, right.low)  # type: ignore[type-var]
        high = None if left.high is None or right.high is None else max(left.high, right.high)  # type: ignore[type-var]
    except TypeError:
        return None
    return None if low is None and high is None else Between(low, high)


def _hull(domain: Domain) -> Between:
    if isinstance(domain, Between):
        return domain
    if not domain.values:
        raise TypeError("nothing is not a range")
    return Between(min(domain.values), max(domain.values))  # type: ignore[type-var]


def _compared(operator: str, column: Type, value: Expr) -> Domain | None:
    if value.constant is None:
        return OneOf(()) if operator in _MIRRORED else None
    low, high = _bounds(column, value)
    if low is None or high is None:
        return None
    between = low != high  # The value lies between two neighbouring values of the column's type.
    match operator:
        case "=":
            return OneOf(()) if between else OneOf((low,))
        case "<":
            return Between(high=low if between else high, high_open=not between)
        case "<=":
            return Between(high=low)
        case ">":
            return Between(low=high if between else low, low_open=not between)
        case ">=":
            return Between(low=high)
        case _:
            return None


def _bounds(column: Type, value: Expr) -> tuple[Scalar | None, Scalar | None]:
    """The value in the column's own terms: the largest of the type that is <= it and the smallest that is >= it.

    (None, None) where a comparison of the two is not a comparison in the column's type.
    """
    constant: Any = value.constant
    match column.name:
        case name if name in INTEGERS or name == "decimal":
            if isinstance(constant, (int, Decimal)) and not isinstance(constant, bool):
                return constant, constant
        case name if name in APPROXIMATE:
            if isinstance(constant, (int, float, Decimal)) and not isinstance(constant, bool):
                return _approximate(column, value.type, float(constant))
        case "varchar":
            if isinstance(constant, str) and value.type.name == "varchar":
                return constant, constant
        case "boolean":
            if isinstance(constant, bool):
                return constant, constant
        case "date":
            return _day_bounds(constant)
        case "timestamp":
            if isinstance(constant, datetime) and constant.tzinfo is None:
                return constant, constant
            if type(constant) is date:
                return _midnight(constant), _midnight(constant)
        case _:
            pass
    return None, None


def _approximate(column: Type, kind: Type, constant: float) -> tuple[Scalar | None, Scalar | None]:
    """The constant as the comparison sees it: a real column meets everything but doubles in single precision."""
    if column.name == "real" and kind.name != "double":
        try:
            constant = struct.unpack("f", struct.pack("f", constant))[0]
        except OverflowError:
            return None, None
    return (None, None) if math.isnan(constant) else (constant, constant)


def _day_bounds(constant: Any) -> tuple[Scalar | None, Scalar | None]:
    if type(constant) is date:
        return constant, constant
    if isinstance(constant, datetime) and constant.tzinfo is None:
        day = constant.date()
        exact = constant == _midnight(day) or day == date.max
        return (day, day) if exact else (day, day + timedelta(days=1))
    return None, None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _after_prefix(text: str) -> str | None:
    """The least string after all that begin with `text`; None where there is none."""
    for position in range(len(text) - 1, -1, -1):
        following = ord(text[position]) + 1
        if following == 0xD800:
            following = 0xE000  # Surrogates are no characters.
        if following <= 0x10FFFF:
            return text[:position] + chr(following)
    return None


def merge(parts: Iterable[Restrictions | None]) -> Restrictions | None:
    """The restrictions of all parts of a conjunction."""
    merged: Restrictions | None = None
    for part in parts:
        merged = both(merged, part)
    return merged
