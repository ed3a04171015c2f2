"""Precision and scale of computed NUMERICs, and exact division, which DuckDB lacks.

DuckDB divides decimals as doubles. Redshift divides their digits as integers and cuts: `a / b` becomes an integer
division of the scaled values, put back to the result's scale. Quotients are cut, not rounded, as AVG of a NUMERIC is
(Redshift's own PIVOT example averages 2.50, 3.75 and 1.90 to 2.71).

Source: Amazon Redshift Database Developer Guide, "Computations with numeric values", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.sql.redshift.binding.typed import cast, number, operand
from kit.sql.redshift.types import MAX_PRECISION, Kind, Type, numeric

MIN_DIVISION_SCALE: Final = 4
# DuckDB keeps decimals up to this many digits in 64 bits.
_NARROW_DIGITS: Final = 18
_INTEGER_DIGITS: Final = {Kind.SMALLINT: 5, Kind.INTEGER: 10, Kind.BIGINT: 19}


def as_numeric(kind: Type) -> Type:
    """The NUMERIC that an integer type counts as in a calculation with one."""
    return kind if kind.kind is Kind.NUMERIC else numeric(_INTEGER_DIGITS[kind.kind], 0)


def sum_type(left: Type, right: Type) -> Type:
    """Of + and -."""
    scale = max(left.scale, right.scale)
    return _capped(max(left.size - left.scale, right.size - right.scale) + 1 + scale, scale)


def product_type(left: Type, right: Type) -> Type:
    """Of *. Raises `ValueError` where the scale does not fit."""
    scale = left.scale + right.scale
    if scale >= MAX_PRECISION:
        raise ValueError(scale)
    return _capped(left.size + right.size + 1, scale)


def quotient_type(left: Type, right: Type) -> Type:
    """Of /."""
    scale = max(MIN_DIVISION_SCALE, left.scale + right.size - right.scale + 1)
    precision = left.size - left.scale + right.scale + scale
    if precision > MAX_PRECISION:
        scale = max(MAX_PRECISION + scale - precision, MIN_DIVISION_SCALE)
        precision = MAX_PRECISION
    return numeric(precision, min(scale, MAX_PRECISION - 1))


def common_type(left: Type, right: Type) -> Type:
    """Of UNION, CASE, COALESCE and their kin."""
    scale = max(left.scale, right.scale)
    return _capped(max(left.size - left.scale, right.size - right.scale) + scale, scale)


def multiplies_narrowly(left: Type, right: Type) -> bool:
    """Whether DuckDB multiplies in 64 bits what may need more, and so fails where Redshift does not."""
    narrow = left.size <= _NARROW_DIGITS and right.size <= _NARROW_DIGITS
    return narrow and left.size + right.size > _NARROW_DIGITS


def divide(left: exp.Expr, left_type: Type, right: exp.Expr, right_type: Type, result: Type) -> exp.Expr:
    """`left / right` at `result`'s scale, cut."""
    shift = result.scale - left_type.scale + right_type.scale
    digits = max(left_type.size + max(shift, 0), right_type.size + max(-shift, 0))
    units = "BIGINT" if digits <= _NARROW_DIGITS else "HUGEINT"
    numerator = _unscaled(left, left_type, units)
    denominator = _unscaled(right, right_type, units)
    if shift > 0:
        numerator = exp.Mul(this=numerator, expression=number(10**shift))
    elif shift < 0:
        denominator = exp.Mul(this=denominator, expression=number(10**-shift))
    return scaled_back(exp.IntDiv(this=operand(numerator), expression=operand(denominator)), result)


def scaled_back(units: exp.Expr, result: Type) -> exp.Expr:
    """An integer number of units of `result`'s last digit, as a value of that type."""
    if result.scale == 0:
        return cast(units, result)
    whole = cast(units, numeric(MAX_PRECISION, 0))
    unit = cast(number(f"0.{'0' * (result.scale - 1)}1"), numeric(min(result.scale + 1, MAX_PRECISION), result.scale))
    return cast(exp.Mul(this=whole, expression=unit), result)


def _unscaled(node: exp.Expr, kind: Type, units: str) -> exp.Expr:
    """The value as a number of units of its last digit."""
    if kind.scale:
        if kind.size + kind.scale > _NARROW_DIGITS:
            node = cast(node, numeric(MAX_PRECISION, kind.scale))
        node = exp.Mul(this=operand(node), expression=number(10**kind.scale))
    return exp.Cast(this=node, to=exp.DataType.build(units, dialect="duckdb"))


def _capped(precision: int, scale: int) -> Type:
    return numeric(min(precision, MAX_PRECISION), scale)
