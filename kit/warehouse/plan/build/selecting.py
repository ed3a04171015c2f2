"""The select list and DISTINCT."""

from __future__ import annotations

from kit.warehouse.plan.build.block import Block, Output
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.aggregate import Aggregate


def select(block: Block) -> None:
    """Name the columns of the answer, computing those that are not columns yet."""
    for item in block.select.expressions:
        name = item.alias_or_name
        column = block.as_column(item.unalias(), name or "column")
        block.outputs.append(Output(name, column))
        block.remember(item.unalias(), column)


def distinct(block: Block) -> None:
    if block.select.args.get("distinct") is None:
        return
    columns = tuple({output.column.id: output.column for output in block.outputs}.values())
    block.node = Node(Aggregate(tuple(column.id for column in columns), ()), (block.node,), columns)
