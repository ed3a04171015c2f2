"""Mathematical and bitwise functions. Source: Mathematical functions, Trino documentation, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena import types
from kit.sql.athena.expression import Expr, cast_sql, combine
from kit.sql.athena.functions.table import Call, Function, Scalar
from kit.sql.athena.operators import arithmetic
from kit.sql.athena.types import INTEGERS, MAX_PRECISION, Type, decimal

_DOUBLES: Final = {
    **{name: f"{name}({{0}})" for name in ("asin", "acos", "atan", "cos", "sin", "tan", "cosh", "sinh", "tanh")},
    **{name: f"{name}({{0}})" for name in ("degrees", "radians", "exp", "ln", "sqrt", "log2", "log10")},
}


def _mod(call: Call) -> Expr:
    return arithmetic(call.t, "%", call.given[0], call.given[1], call.node)


def _rounded_type(kind: Type, digits: bool) -> Type:
    """ROUND of a decimal: rounding up may need one digit more before the point."""
    if digits:
        return decimal(min(MAX_PRECISION, kind.precision + 1), kind.scale)
    return decimal(min(MAX_PRECISION, kind.precision - kind.scale + min(kind.scale, 1)), 0)


def _round(call: Call) -> Expr:
    value, kind = call.arguments[0], call.arguments[0].type
    digits = call.sql(1) if len(call.arguments) > 1 else ""
    if kind.name != "decimal":
        if types.is_integer(kind) and not digits:
            return value
        rounded = f"round({value.sql}, {digits})" if digits else f"round({value.sql})"
        return combine(cast_sql(rounded, kind) if types.is_integer(kind) else rounded, kind, call.arguments)
    result = _rounded_type(kind, bool(digits))
    wide = cast_sql(value.sql, decimal(min(MAX_PRECISION, kind.precision + 1), kind.scale))
    if not digits:
        return combine(cast_sql(f"round({wide})", result), result, call.arguments)
    if not isinstance(call.constant(1), int):
        raise call.t.unsupported("round of a decimal to a number of digits that is not a literal", call.node)
    return combine(cast_sql(f"round({wide}, {digits})", result), result, call.arguments)


def _floor(call: Call) -> Expr:
    return _to_whole("floor", call)


def _ceiling(call: Call) -> Expr:
    return _to_whole("ceil", call)


def _to_whole(word: str, call: Call) -> Expr:
    value, kind = call.arguments[0], call.arguments[0].type
    if types.is_integer(kind):
        return value
    if kind.name == "decimal":
        result = decimal(min(MAX_PRECISION, kind.precision - kind.scale + min(kind.scale, 1)), 0)
        return combine(cast_sql(f"{word}({value.sql})", result), result, call.arguments)
    return combine(f"{word}({value.sql})", kind, call.arguments)


def _truncate(call: Call) -> Expr:
    value, kind = call.arguments[0], call.arguments[0].type
    digits = call.sql(1) if len(call.arguments) > 1 else ""
    if types.is_integer(kind) and not digits:
        return value
    if kind.name == "decimal" and not digits:
        result = decimal(max(kind.precision - kind.scale, 1), 0)
        return combine(cast_sql(f"trunc({value.sql})", result), result, call.arguments)
    sql = f"trunc({value.sql}, CAST({digits} AS INTEGER))" if digits else f"trunc({value.sql})"
    return combine(cast_sql(sql, kind), kind, call.arguments)


def _sign(call: Call) -> Expr:
    value, kind = call.arguments[0], call.arguments[0].type
    if kind.name == "decimal":
        return combine(cast_sql(f"sign({value.sql})", decimal(1, 0)), decimal(1, 0), call.arguments)
    if kind.name in types.APPROXIMATE:
        sql = f"CASE WHEN isnan({value.sql}) THEN {value.sql} ELSE sign({value.sql}) END"
        return combine(cast_sql(f"({sql})", kind), kind, call.arguments)
    return combine(cast_sql(f"sign({value.sql})", kind), kind, call.arguments)


def _same(name: str, emit: object, extra: str = "") -> tuple[Function, ...]:
    """One function for each numeric type, which it returns."""
    kinds = (*INTEGERS, "decimal(p,s)", "real", "double")
    return tuple(Scalar(f"{name}({kind}{extra}) -> {kind}", emit) for kind in kinds)  # type: ignore[arg-type]


def _random_between(call: Call) -> str:
    low, high = (call.sql(0), call.sql(1)) if len(call.arguments) > 1 else ("0", call.sql(0))
    kind = types.duckdb_type(call.returns)
    return f"CAST({low} + floor(random() * ({high} - {low})) AS {kind})"


FUNCTIONS: Final[tuple[Function, ...]] = (
    *(Scalar(f"{name}(double) -> double", template) for name, template in _DOUBLES.items()),
    *_same("abs", "abs({0})"),
    *_same("sign", _sign),
    *_same("round", _round),
    *_same("round", _round, ", integer"),
    *(f for name in ("ceil", "ceiling") for f in _same(name, _ceiling)),
    *_same("floor", _floor),
    *_same("truncate", _truncate),
    *(
        Scalar(f"truncate({kind}, integer) -> {kind}", _truncate)
        for kind in (*INTEGERS, "decimal(p,s)", "real", "double")
    ),
    *(Scalar(f"mod({kind}, {kind}) -> {kind}", _mod) for kind in (*INTEGERS, "real", "double")),
    Scalar("mod(decimal(p,s), decimal(q,r)) -> decimal(p,s)", _mod),
    Scalar("cbrt(double) -> double", "kit_cbrt({0})"),
    Scalar("atan2(double, double) -> double", "atan2({0}, {1})"),
    Scalar("e() -> double", "CAST(2.718281828459045 AS DOUBLE)"),
    Scalar("pi() -> double", "pi()"),
    Scalar("nan() -> double", "CAST('NaN' AS DOUBLE)"),
    Scalar("infinity() -> double", "CAST('Infinity' AS DOUBLE)"),
    Scalar("is_finite(double) -> boolean", "isfinite({0})"),
    Scalar("is_infinite(double) -> boolean", "isinf({0})"),
    Scalar("is_nan(real) -> boolean", "isnan({0})"),
    Scalar("is_nan(double) -> boolean", "isnan({0})"),
    Scalar("log(double, double) -> double", "(ln({1}) / ln({0}))"),
    Scalar("pow(double, double) -> double", "pow({0}, {1})"),
    Scalar("power(double, double) -> double", "pow({0}, {1})"),
    Scalar("from_base(varchar, bigint) -> bigint", "kit_from_base({0}, {1})"),
    Scalar("to_base(bigint, bigint) -> varchar", "kit_to_base({0}, {1})"),
    Scalar("width_bucket(double, double, double, bigint) -> bigint", "kit_width_bucket({0}, {1}, {2}, {3})"),
    Scalar("width_bucket(double, array(double)) -> bigint", "len(list_filter({1}, lambda kit_b: kit_b <= {0}))"),
    Scalar("cosine_similarity(array(double), array(double)) -> double", "list_cosine_similarity({0}, {1})"),
    Scalar(
        "wilson_interval_lower(bigint, bigint, double) -> double",
        "kit_wilson(CAST({0} AS DOUBLE), CAST({1} AS DOUBLE), {2}, -1)",
    ),
    Scalar(
        "wilson_interval_upper(bigint, bigint, double) -> double",
        "kit_wilson(CAST({0} AS DOUBLE), CAST({1} AS DOUBLE), {2}, 1)",
    ),
    *(
        function
        for name in ("random", "rand")
        for function in (
            Scalar(f"{name}() -> double", "random()", volatile=True),
            *(Scalar(f"{name}({kind}) -> {kind}", _random_between, volatile=True) for kind in INTEGERS),
            *(Scalar(f"{name}({kind}, {kind}) -> {kind}", _random_between, volatile=True) for kind in INTEGERS),
        )
    ),
    Scalar("bit_count(bigint, bigint) -> bigint", "kit_bit_count({0}, {1})"),
    Scalar("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})"),
    Scalar("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})"),
    Scalar("bitwise_xor(bigint, bigint) -> bigint", "xor({0}, {1})"),
    Scalar("bitwise_not(bigint) -> bigint", "(~{0})"),
    *(
        Scalar(
            f"bitwise_left_shift({kind}, bigint) -> {kind}",
            f"kit_shift_left({{0}}, {{1}}, {bits})::{types.duckdb_type(Type(kind))}",
        )
        for kind, bits in zip(INTEGERS, (8, 16, 32, 64), strict=True)
    ),
    *(
        Scalar(
            f"bitwise_right_shift({kind}, bigint) -> {kind}",
            f"CAST(kit_shift_right({{0}}, {{1}}, {bits}) AS {types.duckdb_type(Type(kind))})",
        )
        for kind, bits in zip(INTEGERS, (8, 16, 32, 64), strict=True)
    ),
    *(
        Scalar(
            f"bitwise_right_shift_arithmetic({kind}, bigint) -> {kind}",
            f"CAST({{0}} >> CAST(least({{1}}, {bits - 1}) AS INTEGER) AS {types.duckdb_type(Type(kind))})",
        )
        for kind, bits in zip(INTEGERS, (8, 16, 32, 64), strict=True)
    ),
)
