"""Aggregates. Each keeps recognisable aggregate nodes in the tree, so that a planner can split it in two phases.

An average of integers is a sum divided by a count, both exact; the quotient is cut, as Redshift's is.

Source: Amazon Redshift Database Developer Guide, "Aggregate functions", "Bit-wise aggregate functions", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding import numeric as arithmetic
from kit.sql.redshift.binding.ordering import null_order
from kit.sql.redshift.binding.typed import Typed, call, cast, number, string, typed
from kit.sql.redshift.functions.table import Call
from kit.sql.redshift.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    MAX_PRECISION,
    MAX_VARCHAR_BYTES,
    Kind,
    numeric,
    varchar,
)

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`within_group`: takes WITHIN GROUP; `unframed`: over a window it takes PARTITION BY only."""

    bind: Callable[[Expressions, Call], Typed]
    within_group: bool = False
    unframed: bool = False
    distinct_window: bool = False


def grouped(value: Typed) -> exp.Expr:
    """A value as rows are told apart by it: without trailing blanks."""
    return coercion.trimmed(coercion.settle(value))


def _argument(binder: Expressions, call_: Call) -> Typed:
    if len(call_.arguments) != 1:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    return coercion.settle(binder.bind(call_.arguments[0]))


def _number(binder: Expressions, call_: Call) -> Typed:
    value = _argument(binder, call_)
    if value.type.kind is Kind.SUPER:
        value = coercion.implicit(value, DOUBLE, binder.script) or value
    if not value.type.is_number:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    return value


def _distinct(call_: Call, node: exp.Expr) -> exp.Expr:
    return exp.Distinct(expressions=[node]) if call_.distinct else node


def _count(binder: Expressions, call_: Call) -> Typed:
    if len(call_.arguments) == 1 and isinstance(call_.arguments[0], exp.Star):
        if call_.distinct:
            raise binder.error(errors.SYNTAX_ERROR, "COUNT(DISTINCT *) is not valid", call_.node)
        return typed(exp.Count(this=exp.Star()), BIGINT)
    if not call_.arguments:
        raise binder.error(
            errors.SYNTAX_ERROR, "count(*) must be used to call a parameterless aggregate function", call_.node
        )
    if len(call_.arguments) > 1:
        raise binder.unsupported("COUNT of more than one column", call_.node, "Count a subquery's DISTINCT rows.")
    value = _argument(binder, call_)
    node = grouped(value) if call_.distinct else value.node
    return typed(exp.Count(this=_distinct(call_, node)), BIGINT)


def _sum(binder: Expressions, call_: Call) -> Typed:
    value = _number(binder, call_)
    made = _summed(call_, value)
    if value.type.is_integer:
        return typed(cast(made, BIGINT), BIGINT)
    if value.type.kind is Kind.NUMERIC:
        return typed(made, numeric(MAX_PRECISION, value.type.scale))
    return typed(made, DOUBLE)


def _summed(call_: Call, value: Typed) -> exp.Expr:
    made = exp.Sum(this=_distinct(call_, value.node))
    if value.type.is_integer:
        made.type = exp.DataType.build("HUGEINT", dialect="duckdb")
    elif value.type.kind is Kind.NUMERIC:
        made.type = exp.DataType.build(f"DECIMAL(38, {value.type.scale})", dialect="duckdb")
    else:
        made.type = exp.DataType.build("DOUBLE", dialect="duckdb")
    return made


def _counted(call_: Call, value: Typed) -> exp.Expr:
    made = exp.Count(this=_distinct(call_, value.node.copy()))
    made.type = exp.DataType.build("BIGINT", dialect="duckdb")
    return made


def _avg(binder: Expressions, call_: Call) -> Typed:
    value = _number(binder, call_)
    if value.type.is_integer:
        quotient = exp.IntDiv(this=_summed(call_, value), expression=_nonzero(_counted(call_, value)))
        return typed(cast(quotient, BIGINT), BIGINT)
    if value.type.kind is Kind.NUMERIC:
        result = numeric(MAX_PRECISION, value.type.scale)
        total = _summed(call_, value)
        if value.type.scale:
            total = exp.Mul(this=total, expression=number(10**value.type.scale))
        units = exp.Cast(this=total, to=exp.DataType.build("HUGEINT", dialect="duckdb"))
        quotient = exp.IntDiv(this=units, expression=_nonzero(_counted(call_, value)))
        return typed(arithmetic.scaled_back(quotient, result), result)
    made = exp.Avg(this=_distinct(call_, value.node))
    made.type = exp.DataType.build("DOUBLE", dialect="duckdb")
    return typed(made, DOUBLE)


def _nonzero(count: exp.Expr) -> exp.Expr:
    """Over no rows an average is NULL, not a division by zero."""
    return call("nullif", count, number(0))


def _extreme(kind: type[exp.Min | exp.Max]) -> Callable[[Expressions, Call], Typed]:
    def bind(binder: Expressions, call_: Call) -> Typed:
        value = _argument(binder, call_)
        if value.type.kind is Kind.BOOLEAN:
            raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
        return typed(kind(this=value.node), value.type, blanks=value.blanks)

    return bind


def _deviation(kind: type[exp.AggFunc]) -> Callable[[Expressions, Call], Typed]:
    def bind(binder: Expressions, call_: Call) -> Typed:
        value = _number(binder, call_)
        return typed(kind(this=_distinct(call_, cast(value.node, DOUBLE))), DOUBLE)

    return bind


def _boolean(name: str) -> Callable[[Expressions, Call], Typed]:
    def bind(binder: Expressions, call_: Call) -> Typed:
        value = _argument(binder, call_)
        if value.type.kind is not Kind.BOOLEAN:
            raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
        return typed(exp.AnonymousAggFunc(this=name, expressions=[_distinct(call_, value.node)]), BOOLEAN)

    return bind


def _bits(name: str, of_booleans: str) -> Callable[[Expressions, Call], Typed]:
    def bind(binder: Expressions, call_: Call) -> Typed:
        value = _argument(binder, call_)
        if value.type.kind is Kind.BOOLEAN:
            return typed(exp.AnonymousAggFunc(this=of_booleans, expressions=[_distinct(call_, value.node)]), BOOLEAN)
        if not value.type.is_integer:
            raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
        return typed(exp.AnonymousAggFunc(this=name, expressions=[_distinct(call_, value.node)]), value.type)

    return bind


def _any_value(binder: Expressions, call_: Call) -> Typed:
    value = _argument(binder, call_)
    return typed(exp.AnyValue(this=value.node), value.type, blanks=value.blanks)


def _approximate_count(binder: Expressions, call_: Call) -> Typed:
    if not call_.distinct:
        raise binder.error(errors.SYNTAX_ERROR, "APPROXIMATE COUNT needs DISTINCT", call_.node)
    value = _argument(binder, call_)
    return typed(exp.ApproxDistinct(this=grouped(value)), BIGINT)


def _fraction(binder: Expressions, call_: Call) -> Decimal:
    """The constant percentile of a PERCENTILE function."""
    node = call_.arguments[0] if len(call_.arguments) == 1 else None
    if not isinstance(node, exp.Literal) or node.is_string:
        raise binder.error(errors.DATATYPE_MISMATCH, "percentile must be a numeric constant", call_.node)
    fraction = Decimal(node.name)
    if not 0 <= fraction <= 1:
        raise binder.error(
            errors.INVALID_PARAMETER_VALUE, f"percentile value {fraction} is not between 0 and 1", call_.node
        )
    return fraction


def _ordered_value(binder: Expressions, call_: Call) -> tuple[Typed, exp.Ordered]:
    """The one expression of WITHIN GROUP (ORDER BY …)."""
    if call_.order is None or len(call_.order.expressions) != 1:
        raise binder.error(
            errors.SYNTAX_ERROR, f"{call_.name.upper()} needs WITHIN GROUP (ORDER BY expression)", call_.node
        )
    term = call_.order.expressions[0]
    return coercion.settle(binder.bind(term.this)), term


def _percentile_cont(binder: Expressions, call_: Call) -> Typed:
    value, term = _ordered_value(binder, call_)
    fraction = _fraction(binder, call_)
    return _interpolated(binder, call_, value, 1 - fraction if term.args.get("desc") else fraction)


def _median(binder: Expressions, call_: Call) -> Typed:
    return _interpolated(binder, call_, _argument(binder, call_), Decimal("0.5"))


def _interpolated(binder: Expressions, call_: Call, value: Typed, fraction: Decimal) -> Typed:
    """A continuous percentile; that of an exact number has as many digits more as the fraction has."""
    if call_.distinct:
        raise binder.unsupported(f"DISTINCT in {call_.name.upper()}", call_.node)
    exponent = fraction.normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    if value.type.is_exact:
        base = arithmetic.as_numeric(value.type)
        scale = min(base.scale + digits, MAX_PRECISION - 1)
        kind = numeric(min(base.size + digits, MAX_PRECISION), scale)
        made = _quantile(cast(value.node, kind) if kind != value.type else value.node, fraction)
        return typed(made, kind)
    if value.type.is_float:
        return typed(_quantile(cast(value.node, DOUBLE), fraction), DOUBLE)
    if value.type.kind in {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
        made = _quantile(value.node, fraction)
        return typed(cast(made, value.type) if value.type.kind is Kind.DATE else made, value.type)
    raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)


def _quantile(node: exp.Expr, fraction: Decimal, name: str = "quantile_cont") -> exp.AnonymousAggFunc:
    made = exp.AnonymousAggFunc(this=name, expressions=[node, number(f"{fraction:f}")])
    made.type = node.type
    return made


def _percentile_disc(binder: Expressions, call_: Call) -> Typed:
    value, term = _ordered_value(binder, call_)
    fraction = _fraction(binder, call_)
    if term.args.get("desc"):
        key = Typed(value.node.copy(), value.type, value.blanks)
        made = exp.AnonymousAggFunc(this="list", expressions=[_in_order(value.node, [null_order(term, key)])])
        return typed(call("rs_discrete", made, number(f"{fraction:f}")), value.type, blanks=value.blanks)
    return typed(_quantile(value.node, fraction, "quantile_disc"), value.type, blanks=value.blanks)


def _listagg(binder: Expressions, call_: Call) -> Typed:
    """NULLs and empty strings are left out; DISTINCT ignores trailing blanks and keeps the first of equals."""
    if not 1 <= len(call_.arguments) <= 2:
        raise binder.error(errors.SYNTAX_ERROR, "LISTAGG takes a value and a delimiter", call_.node)
    value = coercion.settle(binder.bind(call_.arguments[0]))
    converted = coercion.implicit(value, coercion.ANY_TEXT, binder.script) if not value.type.is_text else value
    if converted is None:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    delimiter = _delimiter(binder, call_)
    terms: list[exp.Expr] = []
    if call_.order is not None:
        for term in call_.order.expressions:
            key = coercion.settle(binder.bind(term.this))
            terms.append(null_order(term, key))
    text = call("nullif", converted.node, string(""))
    if call_.distinct:
        collected = exp.AnonymousAggFunc(this="list", expressions=[_in_order(text, terms)])
        return typed(call("rs_list_distinct", collected, string(delimiter)), _LISTED)
    arguments = [text, _in_order(string(delimiter), terms)]
    made = exp.AnonymousAggFunc(this="string_agg", expressions=arguments)
    made.type = exp.DataType.build("VARCHAR", dialect="duckdb")
    return typed(call("rs_listagg", made), _LISTED)


_LISTED: Final = varchar(MAX_VARCHAR_BYTES)


def _in_order(node: exp.Expr, terms: list[exp.Expr]) -> exp.Expr:
    return exp.Order(this=node, expressions=terms) if terms else node


def _delimiter(binder: Expressions, call_: Call) -> str:
    if len(call_.arguments) == 1 or isinstance(call_.arguments[1], exp.Null):
        return ""
    node = call_.arguments[1]
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise binder.error(errors.DATATYPE_MISMATCH, "LISTAGG delimiter must be a string constant", call_.node)
    return node.name


def _grouping(binder: Expressions, call_: Call) -> Typed:
    nodes = [grouped(binder.bind(argument)) for argument in call_.arguments]
    if not nodes:
        raise binder.error(errors.SYNTAX_ERROR, f"{call_.name.upper()} needs an expression", call_.node)
    made = exp.AnonymousAggFunc(this="grouping", expressions=nodes)
    return typed(made, BIGINT)


FUNCTIONS: Final[dict[str, Aggregate]] = {
    "count": Aggregate(_count),
    "sum": Aggregate(_sum),
    "avg": Aggregate(_avg),
    "min": Aggregate(_extreme(exp.Min)),
    "max": Aggregate(_extreme(exp.Max)),
    "stddev": Aggregate(_deviation(exp.StddevSamp)),
    "stddev_samp": Aggregate(_deviation(exp.StddevSamp)),
    "stddev_pop": Aggregate(_deviation(exp.StddevPop)),
    "variance": Aggregate(_deviation(exp.Variance)),
    "var_samp": Aggregate(_deviation(exp.Variance)),
    "var_pop": Aggregate(_deviation(exp.VariancePop)),
    "bool_and": Aggregate(_boolean("bool_and")),
    "bool_or": Aggregate(_boolean("bool_or")),
    "bit_and": Aggregate(_bits("bit_and", "bool_and")),
    "bit_or": Aggregate(_bits("bit_or", "bool_or")),
    "any_value": Aggregate(_any_value),
    "median": Aggregate(_median, unframed=True),
    "percentile_cont": Aggregate(_percentile_cont, within_group=True),
    "percentile_disc": Aggregate(_percentile_disc, within_group=True),
    "listagg": Aggregate(_listagg, within_group=True, distinct_window=True),
    "approximate count": Aggregate(_approximate_count),
    "approximate percentile_disc": Aggregate(_percentile_disc, within_group=True),
    "grouping": Aggregate(_grouping),
    "grouping_id": Aggregate(_grouping),
}
