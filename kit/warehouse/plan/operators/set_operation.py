"""UNION ALL, INTERSECT and EXCEPT of inputs whose columns correspond by position.

UNION without ALL is an `Aggregate` over a UNION ALL. INTERSECT and EXCEPT need equal rows of both sides on one slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import (
    ARBITRARY,
    REPLICATED,
    SINGLE,
    Distribution,
    Hashed,
    Single,
    canonical,
    function_for,
)
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.nodes import Column, Node, Placed
from kit.warehouse.plan.operators.exchange import broadcast, gather, partition, redistribute
from kit.warehouse.plan.operators.pruning import prune
from kit.warehouse.plan.relation import Relation, subquery

SetKind: TypeAlias = Literal["UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"]


@dataclass(frozen=True, slots=True)
class SetOperation:
    """`positions` are the ids of each input's columns, in the order of `columns`, the operation's own."""

    kind: SetKind
    columns: tuple[Column, ...]
    positions: tuple[tuple[str, ...], ...]

    def rows(self, node: Node, context: Context) -> float:
        sizes = [context.rows(each) for each in node.inputs]
        match self.kind:
            case "UNION ALL":
                return sum(sizes)
            case "INTERSECT" | "INTERSECT ALL":
                return min(sizes) * 0.5
            case "EXCEPT" | "EXCEPT ALL":
                return sizes[0] * 0.5

    def reads(self) -> frozenset[str]:
        return frozenset(each for ids in self.positions for each in ids)

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        kept = range(len(self.columns))
        if self.kind == "UNION ALL":
            # Not the others: which rows are equal depends on every column.
            kept = [index for index, column in enumerate(self.columns) if column.id in wanted] or [0]
        columns = tuple(self.columns[index] for index in kept)
        positions = tuple(tuple(ids[index] for index in kept) for ids in self.positions)
        inputs = tuple(prune(each, frozenset(ids)) for each, ids in zip(node.inputs, positions, strict=True))
        return Node(SetOperation(self.kind, columns, positions), inputs, columns)

    def place(self, _node: Node, inputs: tuple[Placed, ...], context: Context) -> Placed:
        placements = {each.distribution for each in inputs}
        if placements == {SINGLE} or placements == {REPLICATED}:
            return self._placed(inputs, next(iter(placements)))
        if self.kind == "UNION ALL":
            spread = tuple(partition(_off_leader(each), context) for each in inputs)
            return self._placed(spread, self._common(spread))
        return self._meeting(inputs, context)

    def render(self, _placed: Placed, inputs: Sequence[Relation]) -> Relation:
        parts = [
            "("
            + each.select(
                [f"{quote(own)} AS {quote(column.id)}" for own, column in zip(ids, self.columns, strict=True)]
            )
            + ")"
            for each, ids in zip(inputs, self.positions, strict=True)
        ]
        return subquery(f" {self.kind} ".join(parts))

    def _meeting(self, inputs: tuple[Placed, ...], context: Context) -> Placed:
        kinds = [canonical(column.type) for column in self.columns]
        hashed = [index for index, kind in enumerate(kinds) if kind is not None]
        if not hashed:
            return self._placed(tuple(gather(each) for each in inputs), SINGLE)
        types = tuple(kind for kind in kinds if kind is not None)
        function = function_for(types)
        met = tuple(
            redistribute(each, Hashed(tuple(frozenset((ids[index],)) for index in hashed), types, function), context)
            for each, ids in zip(inputs, self.positions, strict=True)
        )
        target = Hashed(tuple(frozenset((self.columns[index].id,)) for index in hashed), types, function)
        return self._placed(met, target)

    def _common(self, inputs: Sequence[Placed]) -> Distribution:
        """The placement by output columns that all inputs share, if any."""
        found = {self._by_output(each, ids) for each, ids in zip(inputs, self.positions, strict=True)}
        (only,) = found if len(found) == 1 else (ARBITRARY,)
        return only

    def _by_output(self, placed: Placed, ids: Sequence[str]) -> Distribution:
        distribution = placed.distribution
        if not isinstance(distribution, Hashed):
            return ARBITRARY
        keys: list[frozenset[str]] = []
        for key, kind in zip(distribution.keys, distribution.types, strict=True):
            names = frozenset(
                column.id
                for own, column in zip(ids, self.columns, strict=True)
                if own in key and canonical(column.type) == kind
            )
            if not names:
                return ARBITRARY
            keys.append(names)
        return Hashed(tuple(keys), distribution.types, distribution.function)

    def _placed(self, inputs: tuple[Placed, ...], distribution: Distribution) -> Placed:
        sizes = [each.rows for each in inputs]
        rows = sum(sizes) if self.kind == "UNION ALL" else max(1.0, sizes[0] * 0.5)
        return Placed(self, inputs, self.columns, distribution, rows)


def _off_leader(placed: Placed) -> Placed:
    return broadcast(placed) if isinstance(placed.distribution, Single) else placed
