"""Drop columns that nothing above reads, so that exchanges move no more than they must."""

from __future__ import annotations

from collections.abc import Sequence

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.project import projected
from kit.warehouse.plan.operators.pruning import prune


def only(node: Node, wanted: Sequence[str]) -> Node:
    """The plan with no other columns than the wanted ones at its top."""
    return projected(node, [], wanted=frozenset(wanted))


def prune_columns(node: Node, context: Context) -> Node:
    """The plan with the columns of its top, and below them only what they need."""
    del context
    return prune(node, node.ids)
