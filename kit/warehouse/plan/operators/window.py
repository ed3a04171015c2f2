"""Window functions: every partition on one slice, or everything on the leader where there are no partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import Hashed, Single, canonical, function_for, hashed_within, retained
from kit.warehouse.plan.expression import Expr, quote
from kit.warehouse.plan.nodes import Column, Node, Placed
from kit.warehouse.plan.operators.exchange import gather, redistribute
from kit.warehouse.plan.operators.pruning import prune_inputs
from kit.warehouse.plan.relation import Relation, ids, subquery

_ENOUGH_DISTINCT = 20


@dataclass(frozen=True, slots=True)
class Window:
    """`partition` are columns by which each of the functions partitions, perhaps among others."""

    functions: tuple[tuple[Column, Expr], ...]
    partition: frozenset[str]

    def rows(self, node: Node, context: Context) -> float:
        return context.rows(node.inputs[0])

    def reads(self) -> frozenset[str]:
        return self.partition.union(*(each.columns for _, each in self.functions))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        functions = tuple((column, each) for column, each in self.functions if column.id in wanted)
        return prune_inputs(node, replace(self, functions=functions), wanted)

    def place(self, node: Node, inputs: tuple[Placed, ...], context: Context) -> Placed:
        below = self._together(inputs[0], context)
        return Placed(self, (below,), node.columns, retained(below.distribution, node.ids), below.rows)

    def render(self, placed: Placed, inputs: Sequence[Relation]) -> Relation:
        made = {column.id for column, _ in self.functions}
        handed = ids(column for column in placed.columns if column.id not in made)
        items = [*handed, *(f"{each.sql} AS {quote(column.id)}" for column, each in self.functions)]
        return subquery(inputs[0].select(items))

    def _together(self, below: Placed, context: Context) -> Placed:
        if isinstance(below.distribution, Single) or hashed_within(below.distribution, self.partition):
            return below
        types = {column.id: canonical(column.type) for column in below.columns}
        typed = [(key, kind) for key in sorted(self.partition) if (kind := types[key]) is not None]
        if not typed:
            return gather(below)
        best = max(typed, key=lambda each: context.distinct(each[0], below.rows))
        if context.distinct(best[0], below.rows) >= _ENOUGH_DISTINCT * context.slices:
            typed = [best]
        kinds = tuple(kind for _, kind in typed)
        # Also where every slice has all rows: row_number() over ties may number each copy differently, and a filter
        # on it would then keep other rows on every slice.
        target = Hashed(tuple(frozenset((key,)) for key, _ in typed), kinds, function_for(kinds))
        return redistribute(below, target, context)
