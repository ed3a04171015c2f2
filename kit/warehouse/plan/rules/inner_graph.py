"""Make a join graph of an inner join: one place that knows which equalities form classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import canonical
from kit.warehouse.plan.expression import Expr, column_expr, expression
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.filtering import filtered
from kit.warehouse.plan.operators.join import Pair
from kit.warehouse.plan.operators.join_graph import JoinGraph


def inner_graph(
    context: Context,
    left: Node,
    right: Node,
    pairs: Sequence[Pair],
    predicates: Sequence[exp.Expr],
    columns: tuple[Column, ...],
) -> Node:
    """The inner join of two inputs as a graph."""
    classes, unlike = classes_of(context, pairs)
    inputs = equated(classes, [left, right])
    return Node(JoinGraph(classes, tuple(unlike), tuple(expression(each) for each in predicates)), inputs, columns)


def classes_of(context: Context, equalities: Iterable[Pair]) -> tuple[tuple[frozenset[str], ...], list[Pair]]:
    """Columns that are all equal, by transitivity; equalities between unlike types stay pairs.

    Not transitive across types: 2^53 and 2^53 + 1 both equal one DOUBLE.
    """
    classes: list[set[str]] = []
    pairs: list[Pair] = []
    for a, b in equalities:
        kind = canonical(context.columns[a].type)
        if kind is None or kind != canonical(context.columns[b].type):
            pairs.append((a, b))
            continue
        touched = [each for each in classes if a in each or b in each]
        classes = [each for each in classes if each not in touched]
        classes.append({a, b}.union(*touched))
    return tuple(frozenset(each) for each in classes), pairs


def equated(classes: Sequence[frozenset[str]], inputs: Sequence[Node]) -> tuple[Node, ...]:
    """The inputs, each with its own columns of one class held equal.

    The wrong answer that it prevents: two columns of one input that are equal only through a third input's; joining on
    one of them would let rows through whose other differs.
    """
    made = list(inputs)
    for equal in classes:
        for index, each in enumerate(made):
            own = sorted(equal & each.ids)
            made[index] = filtered(each, [_same(own[0], other) for other in own[1:]])
    return tuple(made)


def _same(a: str, b: str) -> Expr:
    return expression(exp.EQ(this=column_expr(a).tree.copy(), expression=column_expr(b).tree.copy()))
