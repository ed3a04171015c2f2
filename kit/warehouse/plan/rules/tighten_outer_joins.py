"""Turn a LEFT join into an inner one where a filter above it refuses the rows that found no match.

Inner joins may be ordered, and either input broadcast; the decorrelated `x < (SELECT avg(y) …)` becomes one.
"""

from __future__ import annotations

from dataclasses import replace

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import conjuncts, expression
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.nullness import refuses_null
from kit.warehouse.plan.operators.filtering import Filter, filtered
from kit.warehouse.plan.operators.join import Join
from kit.warehouse.plan.rules.inner_graph import inner_graph


def tighten_outer_joins(node: Node, context: Context) -> Node:
    """The whole plan with LEFT joins made inner where no answer changes."""
    node = replace(node, inputs=tuple(tighten_outer_joins(each, context) for each in node.inputs))
    if not isinstance(node.op, Filter):
        return node
    (below,) = node.inputs
    if isinstance(below.op, Filter):
        # Predicates that stand one above the other: all of them see the join.
        merged = Node(Filter((*below.op.predicates, *node.op.predicates)), below.inputs, node.columns)
        return tighten_outer_joins(merged, context)
    if not isinstance(below.op, Join) or below.op.kind != "left":
        return node
    left, right = below.inputs
    if not any(refuses_null(part, right.ids) for each in node.op.predicates for part in conjuncts(each.tree)):
        return node
    graph = inner_graph(context, left, right, below.op.pairs, [each.tree for each in below.op.residual], below.columns)
    return filtered(graph, [expression(each.tree) for each in node.op.predicates])
