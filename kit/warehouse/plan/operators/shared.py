"""A common table expression that is read more than once: computed once, kept where it is, read under other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribute import distribute
from kit.warehouse.plan.distribution import ARBITRARY, Distribution, Hashed
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.nodes import Node, Placed, keep
from kit.warehouse.plan.operators.exchange import hold
from kit.warehouse.plan.operators.pruning import prune
from kit.warehouse.plan.relation import Relation, subquery


@dataclass(frozen=True, slots=True)
class Shared:
    """One reading of the plan `number` of the context; `names` maps its own ids to those of that plan."""

    number: int
    names: Mapping[str, str]

    def rows(self, _node: Node, context: Context) -> float:
        return context.rows(context.subqueries[self.number])

    def reads(self) -> frozenset[str]:
        return frozenset()

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        return Node(self, (), keep(node.columns, wanted))

    def place(self, node: Node, _inputs: tuple[Placed, ...], context: Context) -> Placed:
        held = context.placed.get(self.number)
        if held is None:
            whole = context.subqueries[self.number]
            held = context.placed[self.number] = hold(distribute(prune(whole, whole.ids), context))
        return Placed(self, (held,), node.columns, self._renamed(held.distribution, node), held.rows)

    def render(self, placed: Placed, inputs: Sequence[Relation]) -> Relation:
        items = [f"{quote(self.names[column.id])} AS {quote(column.id)}" for column in placed.columns]
        return subquery(inputs[0].select(items))

    def _renamed(self, distribution: Distribution, node: Node) -> Distribution:
        if not isinstance(distribution, Hashed):
            return distribution
        own: dict[str, set[str]] = {}
        for column in node.columns:
            own.setdefault(self.names[column.id], set()).add(column.id)
        keys = tuple(frozenset(each for name in key for each in own.get(name, ())) for key in distribution.keys)
        return Hashed(keys, distribution.types, distribution.function) if all(keys) else ARBITRARY
