"""Sets of scalar values, as predicates leave them: what a query asks of a column, compared with what a partition holds.

The SQL front end derives domains, the catalog and the scanners prune with them. A domain is an upper bound of what a
predicate lets through: pruning with it may keep too much, never too little. NULL is in no domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | Decimal | str | bytes | date | datetime


@dataclass(frozen=True, slots=True)
class OneOf:
    """Exactly these values; empty: nothing passes."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A range; a bound that is None is open-ended, `low_open` and `high_open` exclude the bound itself."""

    low: Scalar | None = None
    high: Scalar | None = None
    low_open: bool = False
    high_open: bool = False


Domain: TypeAlias = OneOf | Between


def contains(domain: Domain, value: Scalar) -> bool:
    """Whether `value` may pass; values that cannot be compared with the domain's may."""
    try:
        match domain:
            case OneOf(values):
                return any(value == candidate for candidate in values)
            case Between():
                return _above(domain, value) and _below(domain, value)
    except TypeError:
        return True


def overlaps(domain: Domain, low: Scalar, high: Scalar) -> bool:
    """Whether any value of the closed range [low, high] may pass: the test of a row group's min and max."""
    try:
        match domain:
            case OneOf(values):
                return any(low <= value <= high for value in values)  # type: ignore[operator]
            case Between():
                return _above(domain, high) and _below(domain, low)
    except TypeError:
        return True


def intersect(left: Domain, right: Domain) -> Domain:
    """The values in both."""
    if isinstance(left, OneOf):
        return OneOf(tuple(value for value in left.values if contains(right, value)))
    if isinstance(right, OneOf):
        return intersect(right, left)
    try:
        low, low_open = _tighter(left.low, left.low_open, right.low, right.low_open, upward=True)
        high, high_open = _tighter(left.high, left.high_open, right.high, right.high_open, upward=False)
    except TypeError:
        return left
    return Between(low, high, low_open, high_open)


def _above(domain: Between, value: Scalar) -> bool:
    if domain.low is None:
        return True
    return value > domain.low if domain.low_open else value >= domain.low  # type: ignore[operator]


def _below(domain: Between, value: Scalar) -> bool:
    if domain.high is None:
        return True
    return value < domain.high if domain.high_open else value <= domain.high  # type: ignore[operator]


def _tighter(
    a: Scalar | None, a_open: bool, b: Scalar | None, b_open: bool, *, upward: bool
) -> tuple[Scalar | None, bool]:
    if a is None:
        return b, b_open
    if b is None:
        return a, a_open
    if a == b:
        return a, a_open or b_open
    take_a = (a > b) if upward else (a < b)  # type: ignore[operator]
    return (a, a_open) if take_a else (b, b_open)
