"""Conditional functions: NVL, NVL2, DECODE, COALESCE, NULLIF, GREATEST, LEAST, ISNULL.

Source: Amazon Redshift Database Developer Guide, "Conditional expressions", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion, predicates
from kit.sql.redshift.binding.conversions import choose, common_type
from kit.sql.redshift.binding.typed import Typed, call, operand, typed
from kit.sql.redshift.functions.table import Call, Function
from kit.sql.redshift.types import Kind

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions


def _values(binder: Expressions, call_: Call, least: int, most: int = 1 << 16) -> list[Typed]:
    values = [binder.bind(argument) for argument in call_.arguments]
    if not least <= len(values) <= most:
        raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)
    return values


def _coalesce(binder: Expressions, call_: Call) -> Typed:
    values = _values(binder, call_, 1)
    target = common_type(binder, values, "COALESCE", call_.node)
    nodes = [coercion.explicit(value, target, binder.script).node for value in values]
    return typed(call("coalesce", *nodes), target, blanks=any(value.blanks for value in values))


def _nvl2(binder: Expressions, call_: Call) -> Typed:
    value, present, absent = _values(binder, call_, 3, 3)
    test = exp.Not(this=exp.Is(this=operand(coercion.settle(value).node), expression=exp.Null()))
    return choose(binder, [test], [present, absent], "NVL2", call_.node)


def _decode(binder: Expressions, call_: Call) -> Typed:
    """DECODE(value, search, result, …, default): two NULLs match."""
    arguments = call_.arguments
    if len(arguments) < 3:
        _values(binder, call_, 3)
    conditions: list[exp.Expr] = []
    results: list[Typed] = []
    pairs = (len(arguments) - 1) // 2
    for index in range(pairs):
        value, search = binder.bind(arguments[0]), binder.bind(arguments[1 + index * 2])
        if search.is_null:
            conditions.append(exp.Is(this=operand(coercion.settle(value).node), expression=exp.Null()))
        else:
            equal = predicates.compare(binder, exp.EQ, value, search, call_.node)
            conditions.append(equal if isinstance(search.node, exp.Literal) else _or_both_null(equal))
        results.append(binder.bind(arguments[2 + index * 2]))
    if len(arguments) % 2 == 0:
        results.append(binder.bind(arguments[-1]))
    return choose(binder, conditions, results, "DECODE", call_.node)


def _or_both_null(equal: exp.Expr) -> exp.Expr:
    return exp.NullSafeEQ(this=equal.this, expression=equal.args["expression"])


def _nullif(binder: Expressions, call_: Call) -> Typed:
    value, other = _values(binder, call_, 2, 2)
    equal = predicates.compare(binder, exp.EQ, value, other, call_.node)
    settled = coercion.settle(binder.bind(call_.arguments[0]))
    made = exp.Case(ifs=[exp.If(this=equal, true=exp.Null())], default=settled.node)
    return typed(made, settled.type, blanks=settled.blanks)


def _extreme(name: str) -> Function:
    """GREATEST and LEAST: NULLs are left out."""

    def bind(binder: Expressions, call_: Call) -> Typed:
        values = _values(binder, call_, 1)
        target = common_type(binder, values, name.upper(), call_.node)
        if target.kind is Kind.SUPER:
            raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)
        converted = [coercion.explicit(value, target, binder.script) for value in values]
        return typed(call(name, *(coercion.trimmed(value) for value in converted)), target, blanks=False)

    return Function(name, bind, name)


FUNCTIONS: Final[dict[str, Function]] = {
    "coalesce": Function("coalesce", _coalesce, "coalesce"),
    "nvl": Function("nvl", _coalesce, "coalesce"),
    "nvl2": Function("nvl2", _nvl2, "nvl2"),
    "decode": Function("decode", _decode, "case"),
    "nullif": Function("nullif", _nullif, "nullif"),
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
}
