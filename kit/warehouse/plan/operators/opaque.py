"""A query block that has no distributed form here: it runs on the leader over all slices' rows, as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import SINGLE
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.nodes import Node, Placed
from kit.warehouse.plan.relation import Relation

UNKNOWN_ROWS = 1_000.0


@dataclass(frozen=True, slots=True)
class Opaque:
    """`sql` answers its columns in their order, by names that do not matter; `reason` is why it is here."""

    sql: str
    reason: str
    tables: tuple[str, ...] = ()

    def rows(self, _node: Node, _context: Context) -> float:
        return UNKNOWN_ROWS

    def reads(self) -> frozenset[str]:
        return frozenset()

    def prune(self, node: Node, _wanted: frozenset[str]) -> Node:
        return node

    def place(self, node: Node, _inputs: tuple[Placed, ...], context: Context) -> Placed:
        return Placed(self, (), node.columns, SINGLE, context.rows(node))

    def render(self, placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        names = ", ".join(quote(column.id) for column in placed.columns)
        return Relation(f'({self.sql}) AS "block"({names})')
