"""Math functions. Where DuckDB would answer NaN or infinity, Redshift fails; so do the macros here.

Source: Amazon Redshift Database Developer Guide, "Math functions", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, cast, number, typed
from kit.sql.redshift.functions.table import Call, Function, Row, scalars
from kit.sql.redshift.types import DATE, DOUBLE, INTEGER, MAX_PRECISION, TIMESTAMP, Kind, numeric

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_ROWS: Final[tuple[Row, ...]] = (
    ("abs|@", "number", "$1", "abs($1)"),
    ("sign", "numeric", "$1", "sign($1)"),
    ("sign", "float", "float8", "CAST(sign($1) AS DOUBLE)"),
    ("sqrt|dsqrt", "float", "float8", "rs_sqrt($1)"),
    ("cbrt|dcbrt", "float", "float8", "rs_cbrt($1)"),
    ("exp|dexp", "float", "float8", "rs_exp($1)"),
    ("ln|dlog1", "float", "float8", "rs_ln($1)"),
    ("log|dlog10", "float", "float8", "rs_log10($1)"),
    ("power|pow|dpow", "float, float", "float8", "rs_power($1, $2)"),
    ("sin", "float", "float8", "sin($1)"),
    ("cos", "float", "float8", "cos($1)"),
    ("tan", "float", "float8", "tan($1)"),
    ("cot", "float", "float8", "cot($1)"),
    ("asin", "float", "float8", "rs_asin($1)"),
    ("acos", "float", "float8", "rs_acos($1)"),
    ("atan", "float", "float8", "atan($1)"),
    ("atan2", "float, float", "float8", "atan2($1, $2)"),
    ("degrees", "float", "float8", "degrees($1)"),
    ("radians", "float", "float8", "radians($1)"),
    ("pi", "", "float8", "pi()"),
    ("to_hex", "varbyte", "trimmed", "lower(hex($1))"),
    ("to_hex", "int4", "varchar(16)", "rs_to_hex_integer($1)"),
    ("to_hex", "bigint", "varchar(16)", "lower(to_hex($1))"),
    ("to_hex", "text", "trimmed", "lower(hex(encode($1)))"),
)


def _modulo(binder: Expressions, call_: Call) -> Typed:
    if len(call_.arguments) != 2:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    return binder.bind(exp.Mod(this=call_.arguments[0], expression=call_.arguments[1]))


def _random(binder: Expressions, call_: Call) -> Typed:
    if call_.arguments:
        raise errors.function_missing(
            call_.name, [binder.bind(argument).type for argument in call_.arguments], binder.script, call_.node, None
        )
    binder.context.found.volatile.add("random")
    binder.seen.volatile = True
    return typed(call("random"), DOUBLE)


def _rounding(name: str) -> Function:
    """CEIL and FLOOR: of an exact number, one without a fraction."""

    def bind(binder: Expressions, call_: Call) -> Typed:
        value = _only_number(binder, call_)
        if value.type.is_integer:
            return value
        if value.type.kind is Kind.NUMERIC:
            kind = numeric(min(value.type.size - value.type.scale + 1, MAX_PRECISION), 0)
            return typed(cast(call(name, value.node), kind), kind)
        return typed(call(name, cast(value.node, DOUBLE)), DOUBLE)

    return Function(name, bind, name)


def _only_number(binder: Expressions, call_: Call) -> Typed:
    values = [binder.bind(argument) for argument in call_.arguments]
    if len(values) == 1:
        value = values[0]
        if value.type.kind in {Kind.UNKNOWN, Kind.SUPER}:
            value = coercion.implicit(value, DOUBLE, binder.script) or value
        if value.type.is_number:
            return value
    raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)


def _round(binder: Expressions, call_: Call) -> Typed:
    """ROUND(number [, digits]): half away from zero; the type stays."""
    value, digits = _number_and_digits(binder, call_)
    return _cut(value, digits, "round")


def _trunc(binder: Expressions, call_: Call) -> Typed:
    """TRUNC(number [, digits]), TRUNC(timestamp)."""
    if len(call_.arguments) == 1:
        value = binder.bind(call_.arguments[0])
        if value.type.is_datetime or (value.literal is not None and not _is_number(value.literal)):
            moment = coercion.implicit(value, TIMESTAMP, binder.script)
            if value.type is DATE:
                return value
            if moment is not None:
                return typed(cast(moment.node, DATE), DATE)
    value, digits = _number_and_digits(binder, call_)
    return _cut(value, digits, "trunc")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number_and_digits(binder: Expressions, call_: Call) -> tuple[Typed, exp.Expr | None]:
    values = [binder.bind(argument) for argument in call_.arguments]
    if values and values[0].type.kind in {Kind.UNKNOWN, Kind.SUPER}:
        values[0] = coercion.implicit(values[0], DOUBLE, binder.script) or values[0]
    if (
        not 1 <= len(values) <= 2
        or not values[0].type.is_number
        or (len(values) == 2 and not values[1].type.is_integer)
    ):
        raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)
    return values[0], cast(values[1].node, INTEGER) if len(values) == 2 else None


def _cut(value: Typed, digits: exp.Expr | None, name: str) -> Typed:
    """Rounded or cut at a digit. A NUMERIC keeps the digits that a constant asks for, else its scale."""
    constant = 0 if digits is None else _constant(digits)
    if value.type.is_integer:
        if digits is None or (constant is not None and constant >= 0):
            return value
        made = call(f"rs_{name}_units", cast(value.node, numeric(MAX_PRECISION, 0)), digits)
        return typed(cast(made, value.type), value.type)
    if value.type.kind is Kind.NUMERIC:
        scale = value.type.scale
        if constant is not None and constant >= scale:
            return value
        if constant is not None and constant >= 0:
            kind = numeric(min(value.type.size - scale + constant + 1, MAX_PRECISION), constant)
            return typed(cast(call(name, value.node, number(constant)), kind), kind)
        assert digits is not None
        kind = value.type if constant is None else numeric(min(value.type.size - scale + 1, MAX_PRECISION), 0)
        made = call(f"rs_{name}_digits", cast(value.node, numeric(MAX_PRECISION, scale)), digits)
        return typed(cast(made, kind), kind)
    node = cast(value.node, DOUBLE)
    made = call(name, node) if digits is None else call(f"rs_{name}_float", node, digits)
    return typed(cast(made, value.type) if value.type is not DOUBLE else made, value.type)


def _constant(node: exp.Expr) -> int | None:
    inner = node.this if isinstance(node, exp.Cast) else node
    sign = 1
    while isinstance(inner, (exp.Paren, exp.Neg)):
        sign = -sign if isinstance(inner, exp.Neg) else sign
        inner = inner.this
    return sign * int(inner.name) if isinstance(inner, exp.Literal) and not inner.is_string else None


FUNCTIONS: Final[dict[str, Function]] = {
    **scalars(_ROWS),
    "mod": Function("mod", _modulo, "mod"),
    "random": Function("random", _random, "random"),
    "ceil": _rounding("ceil"),
    "ceiling": _rounding("ceil"),
    "floor": _rounding("floor"),
    "round": Function("round", _round, "round"),
    "trunc": Function("trunc", _trunc, "trunc"),
}
