"""From a logical plan to a placed one: inputs first, then each operator decides for itself."""

from __future__ import annotations

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.nodes import Node, Placed
from kit.warehouse.plan.operators.exchange import gather


def distribute(node: Node, context: Context) -> Placed:
    """The plan with a distribution on every node, and exchanges where rows have to move."""
    inputs = tuple(distribute(each, context) for each in node.inputs)
    return node.op.place(node, inputs, context)


def answer(node: Node, context: Context) -> Placed:
    """The plan of a whole query: its rows end on the leader."""
    return gather(distribute(node, context))
