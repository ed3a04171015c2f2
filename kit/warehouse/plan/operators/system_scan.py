"""Read a system table: on the leader, from the exchange, where its rows are put before the query runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import SINGLE
from kit.warehouse.plan.expression import EXCHANGE_DATABASE, quote
from kit.warehouse.plan.facts import TableFacts
from kit.warehouse.plan.nodes import Node, Placed, keep
from kit.warehouse.plan.relation import NO_COLUMNS, Relation, subquery


@dataclass(frozen=True, slots=True)
class SystemScan:
    """`names` maps the ids of its columns to the table's column names."""

    table: TableFacts
    alias: str
    names: Mapping[str, str]

    def rows(self, _node: Node, _context: Context) -> float:
        return self.table.rows

    def reads(self) -> frozenset[str]:
        return frozenset()

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        return Node(self, (), keep(node.columns, wanted))

    def place(self, node: Node, _inputs: tuple[Placed, ...], context: Context) -> Placed:
        return Placed(self, (), node.columns, SINGLE, context.rows(node))

    def render(self, placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        items = ", ".join(f"{quote(self.names[column.id])} AS {quote(column.id)}" for column in placed.columns)
        return subquery(f'SELECT {items or NO_COLUMNS} FROM "{EXCHANGE_DATABASE}".{quote(self.table.relation)}')
