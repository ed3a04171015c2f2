"""Operators: arithmetic, comparison, logic, concatenation, with Trino's types, rounding and errors.

Integers overflow and divide by zero with an error, in DuckDB as in Trino, so they stay plain operators. What DuckDB
does otherwise is spelled out: division of integers and decimals, NaN, rows and arrays with NULL inside, dates and
intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from kit.sql.athena import folding, restrict, types
from kit.sql.athena.coerce import coerce
from kit.sql.athena.expression import (
    LOOSE,
    NOT_CONSTANT,
    VOLATILE,
    Expr,
    cast_sql,
    combine,
    exact,
    literal_sql,
    text_literal,
)
from kit.sql.athena.types import (
    BOOLEAN,
    INTEGER_DIGITS,
    MAX_PRECISION,
    Type,
    common_supertype,
    decimal,
    is_integer,
    is_numeric,
    varchar,
)
from kit.sql.athena.zones import at_zone, instant, local

if TYPE_CHECKING:
    from kit.sql.athena.translation import Translation

SYMBOLS: Final[dict[type[exp.Expr], str]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_NEGATED: Final = {"<>": "=", "IS DISTINCT FROM": "IS NOT DISTINCT FROM"}
_DUCKDB_NARROW: Final = 18
_MICROSECONDS: Final = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}


# Arithmetic


def arithmetic(t: Translation, symbol: str, left: Expr, right: Expr, at: exp.Expr) -> Expr:
    """`left symbol right` for + - * / %."""
    if is_numeric(left.type) and is_numeric(right.type):
        return _numeric(t, symbol, left, right, at)
    if "unknown" in (left.type.name, right.type.name):
        known = right.type if left.type.name == "unknown" else left.type
        if is_numeric(known):
            return combine(cast_sql("NULL", known), known, (left, right))
    result = _temporal(t, symbol, left, right, at)
    if result is None:
        raise t.mismatch(f"Cannot apply operator: {left.type} {symbol} {right.type}", at)
    return result


def _numeric(t: Translation, symbol: str, left: Expr, right: Expr, at: exp.Expr) -> Expr:
    if (left.type.name != "decimal" and right.type.name != "decimal") or {left.type.name, right.type.name} & {
        *types.APPROXIMATE
    }:
        kind = common_supertype(left.type, right.type)
    else:
        return _decimal(t, symbol, _as_decimal(left), _as_decimal(right), at)
    assert kind is not None, "numbers always have a common type"
    both = (coerce(exact(left), kind), coerce(exact(right), kind))
    operator = "//" if symbol == "/" and is_integer(kind) else symbol
    result = combine(f"({both[0].sql} {operator} {both[1].sql})", kind, both)
    return replace(result, constant=folding.arithmetic(symbol, left, right, kind))


def _as_decimal(expr: Expr) -> Expr:
    if expr.type.name == "decimal":
        return expr
    return coerce(expr, decimal(INTEGER_DIGITS[expr.type.name], 0))


def _decimal(t: Translation, symbol: str, left: Expr, right: Expr, at: exp.Expr) -> Expr:
    """Source: Decimal functions and operators, Trino documentation, read 2026-11."""
    (p1, s1), (p2, s2) = left.type.arguments, right.type.arguments
    match symbol:
        case "+" | "-":
            scale = max(s1, s2)
            kind = decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale + 1), scale)
            return combine(f"({exact(left).sql} {symbol} {exact(right).sql})", kind, (left, right))
        case "*":
            return _product(t, left, right, at)
        case "/":
            scale = max(s1, s2)
            kind = decimal(min(MAX_PRECISION, p1 + s2 + max(0, s2 - s1)), scale)
            return combine(quotient(exact(left).sql, s1, exact(right).sql, s2, kind), kind, (left, right))
        case _:
            scale = max(s1, s2)
            kind = decimal(min(p2 - s2, p1 - s1) + scale, scale)
            return combine(cast_sql(f"({exact(left).sql} % {exact(right).sql})", kind), kind, (left, right))


def _product(t: Translation, left: Expr, right: Expr, at: exp.Expr) -> Expr:
    (p1, s1), (p2, s2) = left.type.arguments, right.type.arguments
    if s1 + s2 > MAX_PRECISION:
        raise t.error(
            "NOT_SUPPORTED", f"DECIMAL scale must be in range [0, precision ({MAX_PRECISION})]: {s1 + s2}", at
        )
    kind = decimal(min(MAX_PRECISION, p1 + p2), s1 + s2)
    if p1 > _DUCKDB_NARROW or p2 > _DUCKDB_NARROW or p1 + p2 <= _DUCKDB_NARROW:
        return combine(f"({left.sql} * {right.sql})", kind, (left, right), LOOSE & (left.flags | right.flags))
    # DuckDB keeps the product of two 64-bit decimals in 64 bits and fails where Trino has an answer.
    wide = (replace(left, sql=cast_sql(left.sql, decimal(_DUCKDB_NARROW + 1, s1))), right)
    return combine(f"({wide[0].sql} * {wide[1].sql})", kind, wide, LOOSE)


def quotient(left: str, left_scale: int, right: str, right_scale: int, kind: Type) -> str:
    """The exact quotient of two decimals, rounded half up to `kind`; no double comes near it."""
    shift = 10 ** (kind.scale + right_scale - left_scale)
    dividend = (
        f"kit_unscaled({left}, {10**left_scale}) * {shift}" if shift > 1 else f"kit_unscaled({left}, {10**left_scale})"
    )
    return rescaled(f"kit_quotient({dividend}, kit_unscaled({right}, {10**right_scale}))", kind)


def rescaled(unscaled: str, kind: Type) -> str:
    """The decimal whose unscaled integer is `unscaled`."""
    whole = f"CAST({unscaled} AS DECIMAL(38,0))"
    if kind.scale == 0:
        return cast_sql(whole, kind)
    return cast_sql(f"({whole} * CAST({Decimal(1).scaleb(-kind.scale):f} AS DECIMAL({kind.scale},{kind.scale})))", kind)


_LEAST: Final = {"tinyint": -(1 << 7), "smallint": -(1 << 15), "integer": -(1 << 31), "bigint": -(1 << 63)}


def negate(t: Translation, value: Expr, at: exp.Expr) -> Expr:
    """`-value`."""
    kind = value.type
    if not (is_numeric(kind) or kind in (types.INTERVAL_DAY, types.INTERVAL_YEAR)):
        raise t.mismatch(f"Cannot negate {kind}", at)
    if value.is_constant and value.constant is not None:
        if kind.name in _LEAST and value.constant == _LEAST[kind.name]:
            raise t.error("NUMERIC_VALUE_OUT_OF_RANGE", f"{kind} negation overflow: {value.constant}", at)
        return constant(-value.constant, kind)
    sql = f"(-{value.sql})"
    # DuckDB widens the negation of the least bigint where it can compute it beforehand.
    return combine(cast_sql(sql, kind) if kind.name == "bigint" else sql, kind, (value,), value.flags & LOOSE)


def constant(value: Any, kind: Type) -> Expr:
    """A literal of a type."""
    if kind in (types.INTERVAL_DAY, types.INTERVAL_YEAR):
        return interval(value)
    sql = literal_sql(value)
    if kind.name == "decimal" and value is not None:
        sql = decimal_literal(value, kind)
    elif (
        (kind.name != "integer" and is_integer(kind))
        or kind.name == "real"
        or (value is None and kind != types.UNKNOWN)
    ):
        sql = cast_sql(sql, kind)
    return Expr(sql, kind, constant=value)


def interval(value: timedelta | int) -> Expr:
    """A literal interval: days to seconds, or a number of months."""
    if isinstance(value, timedelta):
        return Expr(f"to_microseconds({value // timedelta(microseconds=1)})", types.INTERVAL_DAY, constant=value)
    return Expr(f"to_months({value})", types.INTERVAL_YEAR, constant=value)


def decimal_literal(value: Decimal, kind: Type) -> str:
    """A decimal literal that DuckDB reads with exactly this precision and scale."""
    digits = f"{abs(value):f}"
    if digits.startswith("0."):
        digits = digits[1:]
    natural = (len(digits.replace(".", "")), len(digits.partition(".")[2]))
    signed = digits if value >= 0 else f"(-{digits})"
    return signed if natural == kind.arguments and "." in digits else cast_sql(signed, kind)


# Dates, times and intervals


def _temporal(t: Translation, symbol: str, left: Expr, right: Expr, at: exp.Expr) -> Expr | None:
    match left.type.name, symbol, right.type.name:
        case ("date" | "timestamp" | "timestamp with time zone" | "time") as moment, ("+" | "-"), (
            "interval day to second" | "interval year to month"
        ) as interval:
            return _shift(t, symbol, left, right, moment, interval, at)
        case ("interval day to second" | "interval year to month") as interval, "+", (
            "date" | "timestamp" | "timestamp with time zone" | "time"
        ) as moment:
            return _shift(t, symbol, right, left, moment, interval, at)
        case (("date" | "timestamp"), "-", ("date" | "timestamp")):
            return combine(
                f"to_microseconds(epoch_us(CAST({left.sql} AS TIMESTAMP)) - epoch_us(CAST({right.sql} AS TIMESTAMP)))",
                types.INTERVAL_DAY,
                (left, right),
            )
        case "timestamp with time zone", "-", "timestamp with time zone":
            sql = f"to_microseconds(epoch_us({instant(left)}) - epoch_us({instant(right)}))"
            return combine(sql, types.INTERVAL_DAY, (left, right))
        case "time", "-", "time":
            sql = (
                f"to_microseconds(epoch_us(DATE '1970-01-01' + {left.sql}) - epoch_us(DATE '1970-01-01' + {right.sql}))"
            )
            return combine(sql, types.INTERVAL_DAY, (left, right))
        case (("interval day to second" | "interval year to month"), ("+" | "-"), _) if left.type == right.type:
            return combine(f"({left.sql} {symbol} {right.sql})", left.type, (left, right))
        case (("interval day to second" | "interval year to month"), ("*" | "/"), name) if name in types.NUMERIC:
            return _scale(symbol, left, right)
        case name, "*", ("interval day to second" | "interval year to month") if name in types.NUMERIC:
            return _scale(symbol, right, left)
        case _:
            return None


def _shift(
    t: Translation, symbol: str, moment: Expr, interval: Expr, name: str, unit: str, at: exp.Expr
) -> Expr | None:
    """A moment moved by an interval, in the moment's own type."""
    known = _known_shift(symbol, moment, interval)
    if known is not NOT_CONSTANT and name != types.TIMESTAMP_TZ:
        return constant(known, _shifted_type(moment.type, interval.type))
    result = _moved(t, symbol, moment, interval, name, unit, at)
    return result and replace(result, constant=known)


def _moved(
    t: Translation, symbol: str, moment: Expr, interval: Expr, name: str, unit: str, at: exp.Expr
) -> Expr | None:
    parts = (moment, interval)
    match name, unit:
        case "date", "interval day to second":
            if interval.is_constant:
                days, rest = divmod(interval.constant, timedelta(days=1))
                if rest:
                    raise t.error("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date", at)
                return combine(f"({moment.sql} {symbol} {days})", moment.type, parts)
            message = "'INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date'"
            whole = f"epoch_us({interval.sql}) % {_MICROSECONDS['day']} <> 0"
            days = f"CAST(epoch_us({interval.sql}) // {_MICROSECONDS['day']} AS INTEGER)"
            return combine(f"({moment.sql} {symbol} kit_check({whole}, {message}, {days}))", moment.type, parts)
        case "date", _:
            return combine(cast_sql(f"({moment.sql} {symbol} {interval.sql})", types.DATE), moment.type, parts)
        case "time", "interval year to month":
            return None
        case "timestamp with time zone", "interval year to month":
            return combine(at_zone(f"({local(moment)} {symbol} {interval.sql})", moment), moment.type, parts)
        case "timestamp with time zone", _:
            shifted = f"({instant(moment)} {symbol} {interval.sql})"
            if moment.type.zone is None:
                shifted = f"struct_pack(t := {shifted}, z := struct_extract({moment.sql}, 'z'))"
            return combine(shifted, _shifted_type(moment.type, interval.type), parts)
        case _:
            kind = _shifted_type(moment.type, interval.type)
            return combine(f"({moment.sql} {symbol} {interval.sql})", kind, parts)


def _known_shift(symbol: str, moment: Expr, interval: Expr) -> Any:
    """A literal moved by a literal, so that the result can prune."""
    value = moment.constant
    if not interval.is_constant or not isinstance(value, date) or interval.constant is None:
        return NOT_CONSTANT
    try:
        moved = folding.shifted(value, interval.constant if symbol == "+" else -interval.constant)
    except (OverflowError, ValueError):
        return NOT_CONSTANT
    return NOT_CONSTANT if moved is None else moved


def _shifted_type(moment: Type, interval: Type) -> Type:
    """Intervals of days to seconds count milliseconds, and so then does the result."""
    if interval != types.INTERVAL_DAY or moment.name == "date":
        return moment
    return Type(moment.name, (max(3, moment.precision), *moment.arguments[1:]))


def _scale(symbol: str, interval: Expr, factor: Expr) -> Expr:
    unit, kind = ("epoch_us", "microseconds") if interval.type == types.INTERVAL_DAY else ("kit_months", "months")
    whole = "BIGINT" if kind == "microseconds" else "INTEGER"
    amount = f"({unit}({interval.sql}) {'*' if symbol == '*' else '/'} CAST({factor.sql} AS DOUBLE))"
    return combine(f"to_{kind}(CAST(trunc({amount}) AS {whole}))", interval.type, (interval, factor))


# Comparison


def compare(t: Translation, symbol: str, left: Expr, right: Expr, at: exp.Expr) -> Expr:
    """`left symbol right` for = <> < <= > >= and IS [NOT] DISTINCT FROM."""
    kind = common_supertype(left.type, right.type)
    equality = symbol in ("=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
    usable = kind is not None and (types.is_comparable(kind) if equality else types.is_orderable(kind))
    if kind is None or not usable:
        raise t.mismatch(f"Cannot apply operator: {left.type} {symbol} {right.type}", at, _text_hint(left, right))
    both = (coerce(left, kind), coerce(right, kind))
    result = combine(_comparison(symbol, both[0], both[1], kind), BOOLEAN, both)
    return replace(result, restricts=restrict.comparison(symbol, left, right))


def _text_hint(left: Expr, right: Expr) -> str:
    names = {left.type.name, right.type.name}
    if names & {"varchar", "char"} and names & {*types.NUMERIC, "date", "timestamp", types.TIMESTAMP_TZ}:
        return "Athena does not convert between text and other types by itself: write a literal of the type, or CAST."
    return ""


def _comparison(symbol: str, left: Expr, right: Expr, kind: Type) -> str:
    match kind.name:
        case "timestamp with time zone":
            return f"({instant(left)} {symbol} {instant(right)})"
        case "real" | "double":
            return _floating(symbol, left, right)
        case "row":
            return _rows(symbol, left, right, kind)
        case "array" if symbol in ("=", "<>"):
            return _arrays(symbol, left, right, kind)
        case "char":
            return f"({left.sql} {symbol} {right.sql})"
        case _:
            return f"({left.sql} {symbol} {right.sql})"


def _floating(symbol: str, left: Expr, right: Expr) -> str:
    """NaN is equal to nothing and greater than nothing in Trino, equal to itself and the greatest in DuckDB."""
    plain = f"({left.sql} {symbol} {right.sql})"
    match symbol:
        case "=" if not (left.is_constant or right.is_constant):
            return f"({plain} AND NOT isnan({left.sql}))"
        case "<>" if not (left.is_constant or right.is_constant):
            return f"({plain} OR isnan({left.sql}))"
        case ">" | ">=" if not left.is_constant:
            return f"({plain} AND NOT isnan({left.sql}))"
        case "<" | "<=" if not right.is_constant:
            return f"({plain} AND NOT isnan({right.sql}))"
        case _:
            return plain


def _rows(symbol: str, left: Expr, right: Expr, kind: Type) -> str:
    """Field by field, because a NULL inside makes the comparison of rows unknown."""
    if symbol not in ("=", "<>"):
        return f"({left.sql} {symbol} {right.sql})"
    equal = [
        _comparison("=", _field(left, index, part), _field(right, index, part), part)
        for index, (_, part) in enumerate(kind.fields)
    ]
    whole = f"({' AND '.join(equal)})"
    return whole if symbol == "=" else f"(NOT {whole})"


def _field(expr: Expr, index: int, kind: Type) -> Expr:
    return Expr(f"struct_extract({expr.sql}, {text_literal(types.row_names(expr.type)[index])})", kind)


def _arrays(symbol: str, left: Expr, right: Expr, kind: Type) -> str:
    """Element by element: unequal where any pair is, unknown where no pair is unequal but one is unknown."""
    one = _comparison("=", Expr("kit_p[1]", kind.element), Expr("kit_p[2]", kind.element), kind.element)
    pairs = f"list_transform(list_zip({left.sql}, {right.sql}), lambda kit_p: {one})"
    whole = f"kit_all_equal({left.sql}, {right.sql}, {pairs})"
    return whole if symbol == "=" else f"(NOT {whole})"


def between(t: Translation, value: Expr, low: Expr, high: Expr, at: exp.Expr) -> Expr:
    """`value BETWEEN low AND high`."""
    lower = compare(t, ">=", value, low, at)
    upper = compare(t, "<=", value, high, at)
    if value.flags & VOLATILE:
        # The value is drawn once.
        kind = common_supertype(common_supertype(value.type, low.type) or value.type, high.type) or value.type
        parts = (coerce(value, kind), coerce(low, kind), coerce(high, kind))
        return combine(f"({parts[0].sql} BETWEEN {parts[1].sql} AND {parts[2].sql})", BOOLEAN, parts)
    result = combine(f"({lower.sql} AND {upper.sql})", BOOLEAN, (lower, upper))
    return replace(result, restricts=restrict.both(lower.restricts, upper.restricts))


def contained(t: Translation, value: Expr, items: list[Expr], at: exp.Expr) -> Expr:
    """`value IN (items)`."""
    kind = value.type
    for item in items:
        wider = common_supertype(kind, item.type)
        if wider is None:
            raise t.mismatch(
                "IN value and list items must be the same type or coercible to a common type. "
                f"Cannot find common type between {value.type} and {item.type}",
                at,
                _text_hint(value, item),
            )
        kind = wider
    parts = [coerce(exact(part), kind) for part in (value, *items)]
    if kind.name in ("row", "array") or (kind.name in types.APPROXIMATE and not all(i.is_constant for i in items)):
        equal = " OR ".join(_comparison("=", parts[0], part, kind) for part in parts[1:])
        return combine(f"({equal})", BOOLEAN, parts)
    if kind.name == types.TIMESTAMP_TZ:
        names = ", ".join(instant(part) for part in parts[1:])
        return combine(f"({instant(parts[0])} IN ({names}))", BOOLEAN, parts)
    result = combine(f"({parts[0].sql} IN ({', '.join(part.sql for part in parts[1:])}))", BOOLEAN, parts)
    return replace(result, restricts=restrict.membership(value, items))


# Logic


def logical(t: Translation, symbol: str, parts: list[Expr], at: exp.Expr) -> Expr:
    """AND or OR of any number of conditions."""
    for part in parts:
        if part.type != BOOLEAN and part.type.name != "unknown":
            raise t.mismatch(f"Logical expression term must evaluate to a boolean (actual: {part.type})", at)
    result = combine(f"({f' {symbol} '.join(part.sql for part in parts)})", BOOLEAN, parts)
    join: Callable[..., Any] = restrict.both if symbol == "AND" else restrict.either
    restrictions = parts[0].restricts
    for part in parts[1:]:
        restrictions = join(restrictions, part.restricts)
    return replace(result, restricts=restrictions) if restrictions else result


def negation(t: Translation, value: Expr, at: exp.Expr) -> Expr:
    """NOT; nothing is concluded from what does not hold."""
    if value.type != BOOLEAN and value.type.name != "unknown":
        raise t.mismatch(f"Value of logical NOT expression must evaluate to a boolean (actual: {value.type})", at)
    return combine(f"(NOT {value.sql})", BOOLEAN, (value,))


# Text and collections


def concatenate(t: Translation, left: Expr, right: Expr, at: exp.Expr) -> Expr:
    """`left || right` for text, binary values and arrays."""
    match left.type.name, right.type.name:
        case (("varchar" | "char"), ("varchar" | "char")):
            if left.type.name == right.type.name == "char":
                kind = Type("char", ((left.type.length or 0) + (right.type.length or 0),))
            elif left.type.length is None or right.type.length is None:
                kind = types.VARCHAR
            else:
                kind = varchar(left.type.length + right.type.length)
            value = NOT_CONSTANT
            if isinstance(left.constant, str) and isinstance(right.constant, str):
                value = left.constant + right.constant
            return replace(combine(f"({left.sql} || {right.sql})", kind, (left, right)), constant=value)
        case "varbinary", "varbinary":
            return combine(f"({left.sql} || {right.sql})", types.VARBINARY, (left, right))
        case (("varchar" | "unknown" | "char"), ("varchar" | "unknown" | "char")):
            return combine(cast_sql("NULL", types.VARCHAR), types.VARCHAR, (left, right))
        case "array", "array":
            kind = common_supertype(left.type, right.type)
            if kind is not None:
                return _joined([coerce(left, kind), coerce(right, kind)], kind)
        case "array", _:
            element = common_supertype(left.type.element, right.type)
            if element is not None:
                kind = types.array(element)
                one = coerce(right, element)
                return _joined([coerce(left, kind), replace(one, sql=f"[{one.sql}]", type=kind)], kind)
        case _, "array":
            element = common_supertype(right.type.element, left.type)
            if element is not None:
                kind = types.array(element)
                one = coerce(left, element)
                return _joined([replace(one, sql=f"[{one.sql}]", type=kind), coerce(right, kind)], kind)
        case _:
            pass
    expected = "concat(char(x), char(y)), concat(array(E), E) E, concat(E, array(E)) E, concat(array(E)) E, "
    expected += "concat(varchar), concat(varbinary)"
    message = f"Unexpected parameters ({left.type}, {right.type}) for function concat. Expected: {expected}"
    hint = "CAST numbers and dates to varchar before concatenating them."
    raise t.error("FUNCTION_NOT_FOUND", message, at, hint)


def _joined(parts: list[Expr], kind: Type) -> Expr:
    return combine(f"kit_concat_lists({parts[0].sql}, {parts[1].sql})", kind, parts)
