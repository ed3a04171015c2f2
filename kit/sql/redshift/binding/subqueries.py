"""Subqueries inside expressions: scalar, EXISTS, IN."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed, operand, typed
from kit.sql.redshift.types import BOOLEAN, UNKNOWN


def one_column(binder: Expressions, query: exp.Query, at: exp.Expr) -> tuple[Callable[[exp.Expr], exp.Query], Typed]:
    """The bound subquery's one column, and a function that gives the query with another expression in its place.

    Raises 42601 where the subquery has more columns.
    """
    bound = binder.context.bind_query(query, binder.scope)
    if len(bound.outputs) != 1:
        raise binder.error(errors.SYNTAX_ERROR, "subquery has too many columns", at)
    output = bound.outputs[0]
    column = Typed(bound.expression(0), output.type, output.blanks)
    return bound.with_expression, column


def _scalar(binder: Expressions, node: exp.Subquery) -> Typed:
    inner = node.this
    if not isinstance(inner, exp.Query):
        return binder.bind(inner)
    rebuild, column = one_column(binder, _whole(node), node)
    settled = coercion.settle(column) if column.type is UNKNOWN else column
    made = exp.Subquery(this=rebuild(settled.node))
    return typed(made, settled.type, blanks=settled.blanks)


def _whole(node: exp.Subquery) -> exp.Query:
    """The query in the parentheses; a WITH or LIMIT outside of them belongs to it."""
    inner = node.this
    outer = {key: value for key, value in node.args.items() if key not in {"this", "alias"} and value}
    if not outer:
        return inner
    copied = inner.copy()
    for key, value in outer.items():
        copied.set(key, value)
    return copied


def _exists(binder: Expressions, node: exp.Exists) -> Typed:
    inner = node.this
    if isinstance(inner, exp.Subquery):
        inner = _whole(inner)
    bound = binder.context.bind_query(inner, binder.scope)
    return typed(exp.Exists(this=bound.tree), BOOLEAN)


def in_query(binder: Expressions, node: exp.In, query: exp.Expr) -> Typed:
    """`x IN (SELECT …)`, `(x, y) IN (SELECT …)`."""
    inner = _whole(query) if isinstance(query, exp.Subquery) else query
    assert isinstance(inner, exp.Query)
    lefts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
    values = [binder.bind(left) for left in lefts]
    bound = binder.context.bind_query(inner, binder.scope)
    if len(bound.outputs) != len(values):
        few = len(bound.outputs) < len(values)
        raise binder.error(errors.SYNTAX_ERROR, f"subquery has too {'few' if few else 'many'} columns", node)
    left_nodes: list[exp.Expr] = []
    columns: list[exp.Expr] = []
    for index, value in enumerate(values):
        output = bound.outputs[index]
        column = Typed(bound.expression(index), output.type, output.blanks)
        sides = coercion.comparable(value, column, binder.script)
        if sides is None:
            raise errors.operator_missing("=", value.type, output.type, binder.script, node)
        left_nodes.append(sides[0])
        columns.append(sides[1])
    left = operand(left_nodes[0]) if len(left_nodes) == 1 else exp.Tuple(expressions=left_nodes)
    return typed(exp.In(this=left, query=exp.Subquery(this=bound.with_expressions(columns))), BOOLEAN)


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Subquery: _scalar,
    exp.Exists: _exists,
}
