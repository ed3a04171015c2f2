"""Calls: found by name in the table of Redshift's functions, or refused. Window specifications.

Source: Amazon Redshift Database Developer Guide, "SQL functions reference", "Window functions", read 2026-11.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding.expressions import IN_AGGREGATE, IN_WINDOW, Expressions, Handler
from kit.sql.redshift.binding.ordering import null_order
from kit.sql.redshift.binding.typed import Typed, typed
from kit.sql.redshift.functions import aggregates, registry, windows
from kit.sql.redshift.functions.table import Call


def _anonymous(binder: Expressions, node: exp.Anonymous) -> Typed:
    call = _call(node)
    if call.name in windows.FUNCTIONS:
        raise binder.error(errors.WINDOWING, f"window function {call.name} requires an OVER clause", node)
    aggregate = aggregates.FUNCTIONS.get(call.name)
    if aggregate is not None:
        return _aggregated(binder, aggregate, call)
    return _scalar(binder, call)


def _call(node: exp.Anonymous, order: exp.Order | None = None) -> Call:
    """What was called with what; APPROXIMATE becomes part of the name."""
    name = node.name.lower()
    if name == "approximate":
        inner = node.expressions[0]
        if isinstance(inner, exp.WithinGroup):
            inner, order = inner.this, inner.expression
        if isinstance(inner, exp.Anonymous):
            made = _call(inner, order)
            return replace(made, name=f"approximate {made.name}", node=node)
    arguments = node.expressions
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return Call(name, arguments[0].expressions, node, True, order)
    return Call(name, arguments, node, False, order)


def _scalar(binder: Expressions, call: Call) -> Typed:
    function = registry.find(call.name)
    if function is None:
        raise registry.missing(binder, call)
    if call.distinct:
        raise binder.error(
            errors.SYNTAX_ERROR, f"DISTINCT specified, but {call.name} is not an aggregate function", call.node
        )
    return function.bind(binder, call)


def _aggregated(binder: Expressions, aggregate: aggregates.Aggregate, call: Call) -> Typed:
    if not binder.clause.aggregates:
        raise binder.error(errors.GROUPING, f"aggregates not allowed in {binder.clause.name} clause", call.node)
    if binder.inside == IN_AGGREGATE:
        raise binder.error(errors.GROUPING, "aggregate function calls may not be nested", call.node)
    binder.seen.aggregates = True
    return aggregate.bind(replace(binder, inside=IN_AGGREGATE), call)


def _within_group(binder: Expressions, node: exp.WithinGroup) -> Typed:
    inner = node.this
    if not isinstance(inner, exp.Anonymous):
        raise binder.refuse(node)
    call = _call(inner, node.expression)
    aggregate = aggregates.FUNCTIONS.get(call.name)
    if aggregate is None or not aggregate.within_group:
        raise binder.error(errors.SYNTAX_ERROR, f"{call.name} does not take WITHIN GROUP", node)
    return _aggregated(binder, aggregate, call)


def _window(binder: Expressions, node: exp.Window) -> Typed:
    if not binder.clause.windows:
        raise binder.error(errors.WINDOWING, f"window functions not allowed in {binder.clause.name} clause", node)
    if binder.inside:
        raise binder.error(errors.WINDOWING, f"{binder.inside} may not contain window function calls", node)
    if node.args.get("alias") is not None or node.args.get("first") is not None:
        raise binder.unsupported("A named window", node, "Write the specification into OVER (…).")
    binder.seen.windows = True
    function, ignore_nulls = _unwrapped(node.this)
    order: exp.Order | None = None
    if isinstance(function, exp.WithinGroup):
        function, order = function.this, function.expression
    if not isinstance(function, exp.Anonymous):
        raise binder.refuse(function)
    call = _call(function, order)
    inner = replace(binder, inside=IN_WINDOW)
    partition = [_sort_expression(inner, part) for part in node.args.get("partition_by") or ()]
    terms = node.args.get("order")
    ordered = [_ordered(inner, term) for term in terms.expressions] if terms is not None else []
    over = windows.Over(
        tuple(partition),
        tuple(ordered),
        windows.frame(binder, node),
        node,
    )
    ranking = windows.FUNCTIONS.get(call.name)
    if ranking is not None:
        return ranking.bind(inner, call, over, ignore_nulls=ignore_nulls)
    aggregate = aggregates.FUNCTIONS.get(call.name)
    if aggregate is None:
        if registry.find(call.name) is None:
            raise registry.missing(binder, call)
        raise binder.error(
            errors.WINDOWING, f"OVER specified, but {call.name} is not a window function nor an aggregate", node
        )
    return _aggregate_over(binder, aggregate, call, over)


def _aggregate_over(binder: Expressions, aggregate: aggregates.Aggregate, call: Call, over: windows.Over) -> Typed:
    """An aggregate over a window; inside its arguments, aggregates of the block itself may stand."""
    if call.distinct and not aggregate.distinct_window:
        raise binder.unsupported(f"DISTINCT in the window function {call.name.upper()}", call.node)
    if aggregate.within_group or aggregate.unframed:
        if over.order or over.frame is not None:
            raise binder.error(errors.WINDOWING, f"window function {call.name} takes PARTITION BY only", over.node)
    elif over.order and over.frame is None:
        raise binder.error(
            errors.WINDOWING,
            "Aggregate window functions with an ORDER BY clause require a frame clause",
            over.node,
            "Add ROWS UNBOUNDED PRECEDING.",
        )
    value = aggregate.bind(replace(binder, inside=IN_WINDOW), call)
    return typed(windows.spread(value.node, over), value.type, blanks=value.blanks)


def _unwrapped(node: exp.Expr) -> tuple[exp.Expr, bool | None]:
    """The function of a window, and whether it ignores NULLs; None where nothing was said."""
    if isinstance(node, exp.IgnoreNulls):
        return node.this, True
    if isinstance(node, exp.RespectNulls):
        return node.this, False
    if isinstance(node, exp.Anonymous) and len(node.expressions) >= 1:
        first = node.expressions[0]
        if isinstance(first, (exp.IgnoreNulls, exp.RespectNulls)):
            inner = exp.Anonymous(this=node.this, expressions=[first.this, *node.expressions[1:]])
            inner.meta.update(node.meta)
            return inner, isinstance(first, exp.IgnoreNulls)
    return node, None


def _sort_expression(binder: Expressions, node: exp.Expr) -> exp.Expr:
    return aggregates.grouped(binder.bind(node))


def _ordered(binder: Expressions, term: exp.Ordered) -> exp.Ordered:
    return null_order(term, binder.bind(term.this))


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Anonymous: _anonymous,
    exp.WithinGroup: _within_group,
    exp.Window: _window,
}
