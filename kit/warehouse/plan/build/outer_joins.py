"""LEFT and FULL joins: which part of a condition may be applied to an input before the join, and which may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlglot import exp

from kit.warehouse.plan.build.subtrees import type_of
from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import Expr, equality, expression
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.filtering import filtered
from kit.warehouse.plan.operators.join import Join, Pair
from kit.warehouse.plan.operators.project import projected
from kit.warehouse.plan.rules.push_filters import pushed


def outer_join(
    context: Context, kind: Literal["left", "full"], left: Node, right: Node, conditions: Sequence[exp.Expr]
) -> Node:
    """The join of two inputs under resolved conditions."""
    pairs: list[Pair] = []
    residual: list[Expr] = []
    early: list[Expr] = []
    for condition in conditions:
        whole = expression(condition)
        if kind == "left" and whole.columns and whole.columns <= right.ids and not whole.subqueries:
            # Never so for the left input: its rows are preserved whether or not they meet the condition.
            early.append(whole)
            continue
        sides = equality(condition)
        pair = None
        if sides is not None and not whole.subqueries:
            left, right, pair = as_pair(context, left, right, *sides)
        if pair is not None:
            pairs.append(pair)
        else:
            residual.append(whole)
    right = pushed(filtered(right, early))
    return Node(Join(kind, tuple(pairs), tuple(residual)), (left, right), (*left.columns, *right.columns))


def as_pair(context: Context, left: Node, right: Node, a: exp.Expr, b: exp.Expr) -> tuple[Node, Node, Pair | None]:
    """Both sides of an equality as columns of the two inputs, computed there if need be; none where it spans them."""
    first, second = expression(a), expression(b)
    if first.columns and second.columns and first.columns <= right.ids and second.columns <= left.ids:
        first, second, a, b = second, first, b, a
    if not (first.columns and second.columns and first.columns <= left.ids and second.columns <= right.ids):
        return left, right, None
    if first.column is None:
        made = context.column("join key", type_of(a))
        left = projected(left, [(made, first)])
        first_id = made.id
    else:
        first_id = first.column
    if second.column is None:
        made = context.column("join key", type_of(b))
        right = projected(right, [(made, second)])
        second_id = made.id
    else:
        second_id = second.column
    return left, right, (first_id, second_id)
