"""Compute columns row by row. Columns that are only handed on keep their id, and so what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import retained
from kit.warehouse.plan.expression import Expr, quote
from kit.warehouse.plan.nodes import Column, Node, Placed, keep
from kit.warehouse.plan.operators.pruning import prune_inputs
from kit.warehouse.plan.relation import Relation, ids, subquery


@dataclass(frozen=True, slots=True)
class Project:
    """`computed` are new columns; they are not visible to each other."""

    computed: tuple[tuple[Column, Expr], ...]

    def rows(self, node: Node, context: Context) -> float:
        return context.rows(node.inputs[0])

    def reads(self) -> frozenset[str]:
        return frozenset().union(*(each.columns for _, each in self.computed))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        op = Project(tuple((column, each) for column, each in self.computed if column.id in wanted))
        return prune_inputs(node, op, wanted)

    def place(self, node: Node, inputs: tuple[Placed, ...], _context: Context) -> Placed:
        (below,) = inputs
        return Placed(self, inputs, node.columns, retained(below.distribution, node.ids), below.rows)

    def render(self, placed: Placed, inputs: Sequence[Relation]) -> Relation:
        made = {column.id for column, _ in self.computed}
        kept = {column.id for column in placed.columns}
        handed = ids(column for column in placed.columns if column.id not in made)
        items = [*handed, *(f"{each.sql} AS {quote(column.id)}" for column, each in self.computed if column.id in kept)]
        return subquery(inputs[0].select(items))


def projected(node: Node, computed: Sequence[tuple[Column, Expr]], *, wanted: frozenset[str] | None = None) -> Node:
    """`node` with more columns; of its own only the `wanted` ones, all by default."""
    handed = node.columns if wanted is None else keep(node.columns, wanted)
    if not computed and len(handed) == len(node.columns):
        return node
    columns = (*handed, *(column for column, _ in computed))
    if isinstance(node.op, Project) and all(each.columns <= node.inputs[0].ids for _, each in computed):
        # Beside what is computed there already, not on top of it: a long select list is one projection.
        return Node(Project((*node.op.computed, *computed)), node.inputs, columns)
    return Node(Project(tuple(computed)), (node,), columns)
