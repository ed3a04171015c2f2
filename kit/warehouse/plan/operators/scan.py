"""Read a table: on every slice its own part, or the copy of the slice's node where the table is on ALL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import ARBITRARY, REPLICATED, Distribution, Hashed, at_rest
from kit.warehouse.plan.expression import OWN_NODE_SLICE, OWN_SLICE, quote
from kit.warehouse.plan.facts import PLACES, TableFacts
from kit.warehouse.plan.nodes import Column, Node, Placed, keep
from kit.warehouse.plan.relation import NO_COLUMNS, Relation, subquery


@dataclass(frozen=True, slots=True)
class Scan:
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
        return Placed(self, (), node.columns, self._distribution(node, context), context.rows(node))

    def render(self, placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        schema = OWN_NODE_SLICE if self.table.style == "ALL" else OWN_SLICE
        items = ", ".join(f"{self._value(column, schema)} AS {quote(column.id)}" for column in placed.columns)
        return subquery(f'SELECT {items or NO_COLUMNS} FROM "slice{schema}".{quote(self.table.relation)}')

    def _value(self, column: Column, number: str) -> str:
        name = self.names[column.id]
        return f"rowid * {PLACES} + {number}" if name == self.table.place else quote(name)

    def _distribution(self, node: Node, context: Context) -> Distribution:
        # With one slice its part is the whole table, so nothing ever has to move.
        if self.table.style == "ALL" or context.slices == 1:
            return REPLICATED
        key = next((column for column in node.columns if self.names[column.id] == self.table.distkey), None)
        if self.table.style != "KEY" or key is None:
            return ARBITRARY
        hashed = at_rest(self.table.columns[self.names[key.id]].type)
        return Hashed((frozenset((key.id,)),), (hashed[0],), hashed[1]) if hashed is not None else ARBITRARY
