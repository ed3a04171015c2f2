"""The part of column pruning that most operators share."""

from __future__ import annotations

from kit.warehouse.plan.nodes import Node, Operator, keep


def prune(node: Node, wanted: frozenset[str]) -> Node:
    """The same plan without the columns that nothing above it wants."""
    return node.op.prune(node, wanted)


def prune_inputs(node: Node, op: Operator, wanted: frozenset[str]) -> Node:
    """`op` over inputs that keep only what is wanted of them or read by it."""
    needed = wanted | op.reads()
    return Node(op, tuple(prune(each, needed & each.ids) for each in node.inputs), keep(node.columns, wanted))
