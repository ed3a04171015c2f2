"""Arithmetic, concatenation, logic and bits.

Source: Amazon Redshift Database Developer Guide, "Mathematical operator symbols", "Computations with numeric values",
"+ (Concatenation) operator", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding import numeric as arithmetic
from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed, call, cast, operand, typed
from kit.sql.redshift.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY_SECOND,
    MAX_PRECISION,
    MAX_VARCHAR_BYTES,
    SMALLINT,
    TIMESTAMP,
    UNKNOWN,
    Kind,
    Type,
    numeric,
    varchar,
)

_SYMBOLS: Final[dict[type[exp.Expr], str]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.Pow: "^",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "#",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
_INTEGER_RANKS: Final = {Kind.SMALLINT: 0, Kind.INTEGER: 1, Kind.BIGINT: 2}
_INTEGERS: Final = (SMALLINT, INTEGER, BIGINT)


def _arithmetic(binder: Expressions, node: exp.Binary) -> Typed:
    left, right = _lenient(binder.bind(node.this), binder.bind(node.expression), binder.script, node)
    moved = _datetime(node, left, right)
    if moved is not None:
        return moved
    if not (left.type.is_number and right.type.is_number):
        raise errors.operator_missing(_SYMBOLS[type(node)], left.type, right.type, binder.script, node)
    if left.type.is_float or right.type.is_float:
        return _floating(node, left, right)
    if left.type.is_integer and right.type.is_integer:
        return _whole(node, left, right)
    return _decimal(binder, node, left, right)


def _lenient(left: Typed, right: Typed, script: str, node: exp.Expr) -> tuple[Typed, Typed]:
    """Literals take the other side's type; a SUPER counts as a number."""
    left, right = (
        coercion.implicit(side, DOUBLE, script) or side if side.type.kind is Kind.SUPER else side
        for side in (left, right)
    )
    if left.type is UNKNOWN and right.type is not UNKNOWN:
        left = coercion.explicit(left, _beside(right.type, node, literal_left=True), script)
    elif right.type is UNKNOWN and left.type is not UNKNOWN:
        right = coercion.explicit(right, _beside(left.type, node, literal_left=False), script)
    return left, right


def _beside(kind: Type, node: exp.Expr, *, literal_left: bool) -> Type:
    """The type of a literal beside a value of `kind`: an interval is added to a date, a date subtracted from one."""
    if kind.is_datetime:
        return kind if isinstance(node, exp.Sub) and not literal_left else INTERVAL_DAY_SECOND
    if kind.is_interval:
        return TIMESTAMP if literal_left or isinstance(node, exp.Add) else INTERVAL_DAY_SECOND
    return numeric(MAX_PRECISION, kind.scale) if kind.kind is Kind.NUMERIC else kind


def _whole(node: exp.Binary, left: Typed, right: Typed) -> Typed:
    """Integers: the wider type, and a quotient cut towards zero."""
    result = _INTEGERS[max(_INTEGER_RANKS[left.type.kind], _INTEGER_RANKS[right.type.kind])]
    kind = exp.IntDiv if isinstance(node, exp.Div) else type(node)
    return typed(kind(this=_sized(left, right, result), expression=_sized(right, left, result)), result)


def _sized(value: Typed, other: Typed, result: Type) -> exp.Expr:
    """DuckDB fits a literal to the narrower side, Redshift widens the narrower side to the literal."""
    if value.type != result and isinstance(other.node, exp.Literal):
        return cast(value.node, result)
    return operand(value.node)


def _floating(node: exp.Binary, left: Typed, right: Typed) -> Typed:
    result = left.type if left.type == right.type else DOUBLE
    first = left.node if left.type == result else cast(left.node, result)
    second = right.node if right.type == result else cast(right.node, result)
    if isinstance(node, exp.Div) and not _is_nonzero(right.node):
        return typed(call("rs_divide", first, second), result)
    if isinstance(node, exp.Mod):
        return typed(call("rs_modulo", first, second), result)
    return typed(type(node)(this=operand(first), expression=operand(second)), result)


def _is_nonzero(node: exp.Expr) -> bool:
    while isinstance(node, (exp.Cast, exp.Paren)):
        node = node.this
    return isinstance(node, exp.Literal) and not node.is_string and float(node.name) != 0


def _decimal(binder: Expressions, node: exp.Binary, left: Typed, right: Typed) -> Typed:
    first, second = arithmetic.as_numeric(left.type), arithmetic.as_numeric(right.type)
    left_node, right_node = operand(left.node), operand(right.node)
    if isinstance(node, exp.Div):
        result = arithmetic.quotient_type(first, second)
        return typed(arithmetic.divide(left.node, first, right.node, second, result), result)
    if isinstance(node, exp.Mul):
        try:
            result = arithmetic.product_type(first, second)
        except ValueError:
            raise binder.error(
                errors.OUT_OF_RANGE, "Numeric data overflow (result scale)", node, "Cast to a lower scale first."
            ) from None
        if arithmetic.multiplies_narrowly(first, second):
            if binder.context.wide:
                left_node = cast(left.node, numeric(MAX_PRECISION, first.scale))
            else:
                binder.context.found.narrow = True
    else:
        result = arithmetic.sum_type(first, second)
    return typed(type(node)(this=left_node, expression=right_node), result)


def _datetime(node: exp.Binary, left: Typed, right: Typed) -> Typed | None:
    """Dates, times and intervals; None where neither side is one."""
    a, b = left.type, right.type
    if not (a.is_datetime or b.is_datetime or a.is_interval or b.is_interval):
        return None
    plus, minus = isinstance(node, exp.Add), isinstance(node, exp.Sub)
    if plus and (b.is_datetime and not a.is_datetime):
        left, right, a, b = right, left, b, a
    if plus or minus:
        found = _shifted(node, left, right)
        if found is not None:
            return found
    if a.is_interval and b.is_interval and (plus or minus):
        return typed(type(node)(this=operand(left.node), expression=operand(right.node)), a if a == b else _DAY_SECOND)
    if isinstance(node, exp.Mul) and (a.is_interval or b.is_interval):
        interval, factor = (left, right) if a.is_interval else (right, left)
        if factor.type.is_number:
            return typed(call("rs_scale_interval", interval.node, cast(factor.node, DOUBLE)), interval.type)
    if isinstance(node, exp.Div) and a.is_interval and b.is_number:
        inverse = call("rs_divide", exp.Literal.number("1.0"), cast(right.node, DOUBLE))
        return typed(call("rs_scale_interval", left.node, inverse), a)
    return None


_DAY_SECOND = INTERVAL_DAY_SECOND


def _shifted(node: exp.Binary, left: Typed, right: Typed) -> Typed | None:
    """A date or time moved, or the distance of two."""
    a, b = left.type, right.type
    if not a.is_datetime:
        return None
    made = type(node)(this=operand(left.node), expression=operand(right.node))
    if b.is_integer:
        if a.kind is Kind.DATE:
            days = right.node if b.kind is not Kind.BIGINT else cast(right.node, INTEGER)
            return typed(type(node)(this=operand(left.node), expression=operand(days)), DATE)
        if a.kind in {Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
            return typed(type(node)(this=operand(left.node), expression=call("to_days", cast(right.node, INTEGER))), a)
        return None
    if b.is_interval:
        return typed(made, TIMESTAMP if a.kind is Kind.DATE else a)
    if isinstance(node, exp.Add):
        if a.kind is Kind.DATE and b.kind is Kind.TIME:
            return typed(made, TIMESTAMP)
        return None
    if a.kind is Kind.DATE and b.kind is Kind.DATE:
        return typed(cast(made, INTEGER), INTEGER)
    if b.is_datetime and coercion.comparable(left, right, "") is not None:
        meeting = coercion.comparable(left, right, "")
        assert meeting is not None
        return typed(exp.Sub(this=operand(meeting[0]), expression=operand(meeting[1])), _DAY_SECOND)
    return None


def _negative(binder: Expressions, node: exp.Neg) -> Typed:
    value = binder.bind(node.this)
    if value.type.kind is Kind.SUPER or value.type is UNKNOWN:
        value = coercion.implicit(value, DOUBLE, binder.script) or value
    if not (value.type.is_number or value.type.is_interval):
        raise errors.operator_missing("-", None, value.type, binder.script, node)
    return typed(exp.Neg(this=operand(value.node)), value.type)


def _concatenation(binder: Expressions, node: exp.DPipe) -> Typed:
    parts = [_concatenated(binder, binder.bind(part), node) for part in _chain(node)]
    first, *rest = parts
    if all(part.type.kind is Kind.VARBYTE for part in parts):
        made = first.node
        for part in rest:
            made = exp.DPipe(this=operand(made), expression=operand(part.node), safe=True)
        return typed(made, first.type)
    made = first.node
    for part in rest:
        before = made if isinstance(made, exp.DPipe) else operand(made)
        made = exp.DPipe(this=before, expression=operand(part.node), safe=True)
    size = min(sum(part.type.size for part in parts), MAX_VARCHAR_BYTES)
    return typed(made, varchar(max(size, 1)), blanks=_ends_in_blanks(parts))


def _ends_in_blanks(parts: list[Typed]) -> bool:
    """Whether the joined text may: a part may be empty, and then the one before it ends the text."""
    for part in reversed(parts):
        if isinstance(part.node, exp.Literal) and part.node.name:
            return part.blanks
        if part.blanks:
            return True
    return False


def _concatenated(binder: Expressions, value: Typed, node: exp.Expr) -> Typed:
    if value.type.kind is Kind.VARBYTE:
        return value
    value = coercion.settle(value)
    converted = coercion.implicit(value, coercion.ANY_TEXT, binder.script) if not value.type.is_text else value
    if converted is None:
        raise errors.operator_missing("||", value.type, coercion.ANY_TEXT, binder.script, node)
    return Typed(converted.node, varchar(coercion.text_width(value.type)), converted.blanks)


def _chain(node: exp.Binary) -> list[exp.Expr]:
    """The operands of a left-deep chain of one operator, in order."""
    found: list[exp.Expr] = []
    current: exp.Expr = node
    while type(current) is type(node):
        found.append(current.args["expression"])
        current = current.this
    found.append(current)
    return found[::-1]


def _logical(binder: Expressions, node: exp.Connector) -> Typed:
    of = type(node).__name__.upper()
    parts = [operand_of_logic(binder.boolean(part, of), type(node)) for part in _chain(node)]
    made = parts[0]
    for part in parts[1:]:
        made = type(node)(this=made, expression=part)
    return typed(made, BOOLEAN)


def operand_of_logic(node: exp.Expr, kind: type[exp.Expr]) -> exp.Expr:
    """In parentheses where it binds less tightly than `kind`."""
    if isinstance(node, exp.Or) or (isinstance(node, exp.And) and kind is not exp.And):
        return exp.Paren(this=node)
    return node


def _not(binder: Expressions, node: exp.Not) -> Typed:
    inner = binder.boolean(node.this, "NOT")
    return typed(exp.Not(this=exp.Paren(this=inner) if isinstance(inner, exp.Connector) else inner), BOOLEAN)


def _bits(binder: Expressions, node: exp.Binary) -> Typed:
    left, right = _lenient(binder.bind(node.this), binder.bind(node.expression), binder.script, node)
    if left.type.kind is right.type.kind is Kind.VARBYTE and not isinstance(
        node, (exp.BitwiseLeftShift, exp.BitwiseRightShift)
    ):
        raise binder.unsupported("Bitwise operators on VARBYTE", node)
    if not (left.type.is_integer and right.type.is_integer):
        raise errors.operator_missing(_SYMBOLS[type(node)], left.type, right.type, binder.script, node)
    if isinstance(node, (exp.BitwiseLeftShift, exp.BitwiseRightShift)):
        name = "rs_shift_left" if isinstance(node, exp.BitwiseLeftShift) else "rs_shift_right"
        wide = call(name, cast(left.node, BIGINT), cast(right.node, INTEGER))
        return typed(cast(wide, left.type) if left.type is not BIGINT else wide, left.type)
    result = _INTEGERS[max(_INTEGER_RANKS[left.type.kind], _INTEGER_RANKS[right.type.kind])]
    first, second = cast(left.node, result), cast(right.node, result)
    if isinstance(node, exp.BitwiseXor):
        return typed(call("xor", first, second), result)
    return typed(type(node)(this=first, expression=second), result)


def _complement(binder: Expressions, node: exp.BitwiseNot) -> Typed:
    value = binder.bind(node.this)
    if not value.type.is_integer:
        raise errors.operator_missing("~", None, value.type, binder.script, node)
    return typed(exp.BitwiseNot(this=operand(value.node)), value.type)


def _power(binder: Expressions, node: exp.Pow) -> Typed:
    left = binder.to(binder.bind(node.this), DOUBLE, node, "operand of ^")
    right = binder.to(binder.bind(node.expression), DOUBLE, node, "operand of ^")
    return typed(call("rs_power", left.node, right.node), DOUBLE)


def _root(binder: Expressions, node: exp.Func) -> Typed:
    value = binder.to(binder.bind(node.this), DOUBLE, node, "operand of a root")
    return typed(call("rs_sqrt" if isinstance(node, exp.Sqrt) else "rs_cbrt", value.node), DOUBLE)


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Add: _arithmetic,
    exp.Sub: _arithmetic,
    exp.Mul: _arithmetic,
    exp.Div: _arithmetic,
    exp.Mod: _arithmetic,
    exp.Neg: _negative,
    exp.DPipe: _concatenation,
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _not,
    exp.BitwiseAnd: _bits,
    exp.BitwiseOr: _bits,
    exp.BitwiseXor: _bits,
    exp.BitwiseLeftShift: _bits,
    exp.BitwiseRightShift: _bits,
    exp.BitwiseNot: _complement,
    exp.Pow: _power,
    exp.Sqrt: _root,
    exp.Cbrt: _root,
}
