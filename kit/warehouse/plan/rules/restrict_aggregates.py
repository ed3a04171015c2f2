"""Aggregate only the groups that a join will ask for.

An aggregate that is joined on its keys with a small input (`part` with its filters) need not see rows of other keys: a
semi join with that input goes under it. DuckDB does the same for correlated subqueries it decorrelates itself; here the
aggregate may be on other slices than what asks for it.
"""

from __future__ import annotations

from dataclasses import replace

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.aggregate import Aggregate
from kit.warehouse.plan.operators.filtering import Filter
from kit.warehouse.plan.operators.join import Join, Pair
from kit.warehouse.plan.operators.join_graph import JoinGraph
from kit.warehouse.plan.operators.project import Project
from kit.warehouse.plan.rules.prune_columns import only

_SELECTIVE = 0.3


def restrict_aggregates(node: Node, context: Context) -> Node:
    """The whole plan with semi joins under aggregates where they save most of the work."""
    node = replace(node, inputs=tuple(restrict_aggregates(each, context) for each in node.inputs))
    if not isinstance(node.op, JoinGraph):
        return node
    inputs = list(node.inputs)
    for index, each in enumerate(inputs):
        aggregate = _aggregate_in(each)
        if aggregate is None:
            continue
        best = _asker(node.op, aggregate, [other for other in inputs if other is not each], context)
        if best is not None:
            inputs[index] = _replaced(each, aggregate, _restricted(aggregate, *best))
    return replace(node, inputs=tuple(inputs))


def _aggregate_in(node: Node) -> Node | None:
    """The grouped aggregate that an input is, under projections and filters."""
    while isinstance(node.op, Project | Filter):
        (node,) = node.inputs
    if isinstance(node.op, Aggregate) and node.op.keys and node.op.sets is None:
        return node
    return None


def _asker(
    graph: JoinGraph, aggregate: Node, others: list[Node], context: Context
) -> tuple[Node, tuple[Pair, ...]] | None:
    """The input that names the fewest groups, with its equalities to their keys."""
    assert isinstance(aggregate.op, Aggregate)
    below = context.rows(aggregate.inputs[0])
    best: tuple[float, Node, tuple[Pair, ...]] | None = None
    for other in others:
        pairs = tuple(
            (key, min(equal & other.ids))
            for equal in graph.classes
            for key in sorted(equal & set(aggregate.op.keys))
            if equal & other.ids
        )
        if not pairs or _aggregate_in(other) is not None:
            continue
        asked = min(
            context.distinct(theirs, context.rows(other)) / context.distinct(key, below) for key, theirs in pairs
        )
        if asked < _SELECTIVE and (best is None or asked < best[0]):
            best = (asked, other, pairs)
    return best[1:] if best is not None else None


def _restricted(aggregate: Node, asker: Node, pairs: tuple[Pair, ...]) -> Node:
    keys = only(asker, sorted({theirs for _, theirs in pairs}))
    return replace(aggregate, inputs=(_below(aggregate.inputs[0], keys, pairs),))


def _below(node: Node, keys: Node, pairs: tuple[Pair, ...]) -> Node:
    """A semi join as deep as the columns that it tests."""
    tested = {own for own, _ in pairs}
    if isinstance(node.op, Project) and not tested & {made.id for made, _ in node.op.computed}:
        return replace(node, inputs=(_below(node.inputs[0], keys, pairs),))
    if isinstance(node.op, JoinGraph):
        inputs = [_below(each, keys, pairs) if tested <= each.ids else each for each in node.inputs]
        if any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            return replace(node, inputs=tuple(inputs))
    return Node(Join("semi", pairs), (node, keys), node.columns)


def _replaced(tree: Node, old: Node, new: Node) -> Node:
    if tree is old:
        return new
    return replace(tree, inputs=tuple(_replaced(each, old, new) for each in tree.inputs))
