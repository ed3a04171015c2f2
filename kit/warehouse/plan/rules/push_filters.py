"""Move predicates towards the tables: fewer rows reach an exchange, and estimates see them.

Below a projection, where it computes nothing that they read; below the preserved side of a LEFT join; below GROUP BY
where they read only its keys; into every input of a UNION ALL; into the inputs of a join graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import Expr, column, expression, substitute
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.aggregate import Aggregate
from kit.warehouse.plan.operators.filtering import Filter, filtered
from kit.warehouse.plan.operators.join import Join
from kit.warehouse.plan.operators.join_graph import JoinGraph
from kit.warehouse.plan.operators.project import Project
from kit.warehouse.plan.operators.set_operation import SetOperation
from kit.warehouse.plan.operators.window import Window


def push_filters(node: Node, context: Context) -> Node:
    """The whole plan with its filters as deep as they may go."""
    return pushed(replace(node, inputs=tuple(push_filters(each, context) for each in node.inputs)))


def pushed(node: Node) -> Node:
    """A filter's predicates moved below what it stands on, as far as that changes no answer."""
    if not isinstance(node.op, Filter):
        return node
    (below,) = node.inputs
    deep, stay = _through(below, node.op.predicates)
    return filtered(deep, stay)


def _through(below: Node, predicates: Sequence[Expr]) -> tuple[Node, list[Expr]]:
    """The node with what it could take, and the predicates that have to stay above it."""
    op = below.op
    if isinstance(op, Filter):
        return _through(below.inputs[0], [*op.predicates, *predicates])
    taken: list[list[Expr]] = [[] for _ in below.inputs]
    stay: list[Expr] = []
    for predicate in predicates:
        homes = _homes(below, predicate)
        if homes:
            for index, each in homes:
                taken[index].append(each)
        else:
            stay.append(predicate)
    if not any(taken):
        return below, stay
    inputs = tuple(pushed(filtered(each, taken[index])) for index, each in enumerate(below.inputs))
    return replace(below, inputs=inputs), stay


def _homes(below: Node, predicate: Expr) -> list[tuple[int, Expr]]:
    """The inputs that may apply a predicate, each with its form there; none where it has to stay."""
    op = below.op
    if not predicate.columns or predicate.subqueries:
        return []
    match op:
        case Project():
            made = {made.id for made, _ in op.computed}
            return [(0, predicate)] if not predicate.columns & made else []
        case Aggregate():
            # Not below grouping sets: a key is NULL there in rows that exist only above.
            return [(0, predicate)] if op.sets is None and op.keys and predicate.columns <= set(op.keys) else []
        case Window():
            # Only whole partitions may go: a window that loses a row of its frame gives another value.
            return [(0, predicate)] if op.partition and predicate.columns <= op.partition else []
        case Join(kind="left" | "semi" | "anti" | "null_aware_anti"):
            # Not to the right of LEFT: what is NULL above for want of a match is no row below.
            return [(0, predicate)] if predicate.columns <= below.inputs[0].ids else []
        case JoinGraph():
            homes = [index for index, each in enumerate(below.inputs) if predicate.columns & each.ids]
            return [(homes[0], predicate)] if len(homes) == 1 else []
        case SetOperation(kind="UNION ALL"):
            return [(index, _renamed(predicate, op, index)) for index in range(len(below.inputs))]
        case _:
            return []


def _renamed(predicate: Expr, op: SetOperation, index: int) -> Expr:
    names = {own.id: column(below) for own, below in zip(op.columns, op.positions[index], strict=True)}
    return expression(substitute(predicate.tree, names))
