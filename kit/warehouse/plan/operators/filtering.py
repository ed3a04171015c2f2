"""Let through the rows for which predicates hold, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.estimates import selectivity
from kit.warehouse.plan.expression import Expr, all_of
from kit.warehouse.plan.nodes import Node, Placed, narrowed
from kit.warehouse.plan.operators.pruning import prune_inputs
from kit.warehouse.plan.relation import Relation


@dataclass(frozen=True, slots=True)
class Filter:
    predicates: tuple[Expr, ...]

    def rows(self, node: Node, context: Context) -> float:
        return context.rows(node.inputs[0]) * selectivity(all_of(each.tree for each in self.predicates), context)

    def reads(self) -> frozenset[str]:
        return frozenset().union(*(each.columns for each in self.predicates))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        return prune_inputs(node, self, wanted)

    def place(self, node: Node, inputs: tuple[Placed, ...], context: Context) -> Placed:
        (below,) = inputs
        return narrowed(replace(below, op=self, inputs=inputs, rows=context.rows(node)), node.ids)

    def render(self, _placed: Placed, inputs: Sequence[Relation]) -> Relation:
        return inputs[0].where(each.sql for each in self.predicates)


def filtered(node: Node, predicates: Sequence[Expr]) -> Node:
    return Node(Filter(tuple(predicates)), (node,), node.columns) if predicates else node
