"""One row without columns: what a SELECT without FROM selects from. Every slice can make it for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import REPLICATED
from kit.warehouse.plan.nodes import Node, Placed
from kit.warehouse.plan.relation import Relation, subquery


@dataclass(frozen=True, slots=True)
class OneRow:
    def rows(self, _node: Node, _context: Context) -> float:
        return 1.0

    def reads(self) -> frozenset[str]:
        return frozenset()

    def prune(self, node: Node, _wanted: frozenset[str]) -> Node:
        return node

    def place(self, _node: Node, _inputs: tuple[Placed, ...], _context: Context) -> Placed:
        return Placed(self, (), (), REPLICATED, 1.0)

    def render(self, _placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        return subquery('SELECT 1 AS "one"')
