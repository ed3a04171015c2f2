"""Fill in a segment's SQL for one slice of one run: its own number, its node's first slice, the exchange database."""

from __future__ import annotations

from kit.warehouse.plan.expression import EXCHANGE_DATABASE, OWN_NODE_SLICE, OWN_SLICE
from kit.warehouse.plan.facts import Shape


def filled(sql: str, *, database: str, number: int, shape: Shape) -> str:
    """The statement that slice `number` runs."""
    first = shape.node_of(number) * shape.slices_per_node
    return sql.replace(OWN_SLICE, str(number)).replace(OWN_NODE_SLICE, str(first)).replace(EXCHANGE_DATABASE, database)
