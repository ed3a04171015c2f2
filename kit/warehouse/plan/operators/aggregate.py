"""GROUP BY, DISTINCT and aggregates without groups: in one phase where a group's rows are together, else in two.

In two phases each slice aggregates what it has and the partial results are combined, on the leader where groups are
few, else on the slice that the group's hash names. What a partial result is depends on the function (`decompose.py`).
DISTINCT aggregates have no partial result that may be added up: equal values on two slices would count twice. Their
rows are brought together by group, or by the distinct value itself, which then is on one slice only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.decompose import Decomposed, decompose
from kit.warehouse.plan.distribution import (
    Hashed,
    canonical,
    function_for,
    hashed_within,
    is_partitioned,
    retained,
)
from kit.warehouse.plan.expression import Expr, quote
from kit.warehouse.plan.nodes import Column, Node, Placed, keep
from kit.warehouse.plan.operators.exchange import gather, redistribute
from kit.warehouse.plan.operators.pruning import prune
from kit.warehouse.plan.relation import Relation, subquery

Phase: TypeAlias = Literal["complete", "partial", "final"]
_ENOUGH_DISTINCT = 20
_WORTH_REDUCING = 0.6
_MANY_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Call:
    """An aggregate. `distinct` is the column whose distinct values it takes, where it does.

    A distinct call with more than one argument has `distinct` None and `is_distinct` True: it has no second phase.
    """

    column: Column
    expr: Expr
    is_distinct: bool = False
    distinct: str | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`sets` are grouping sets over `keys`; None is the plain GROUP BY. Without keys there is exactly one group."""

    keys: tuple[str, ...]
    calls: tuple[Call, ...]
    sets: tuple[tuple[str, ...], ...] | None = None
    phase: Phase = "complete"

    def rows(self, node: Node, context: Context) -> float:
        return grouped_rows(self.keys, context.rows(node.inputs[0]), context) * (len(self.sets) if self.sets else 1)

    def reads(self) -> frozenset[str]:
        return frozenset(self.keys).union(*(call.expr.columns for call in self.calls))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        calls = tuple(call for call in self.calls if call.column.id in wanted)
        if not calls and not self.keys:
            calls = self.calls[:1]
        op = replace(self, calls=calls)
        (below,) = node.inputs
        # Keys stay: without one of them groups would merge.
        kept = keep(node.columns, frozenset(self.keys) | {call.column.id for call in calls})
        return Node(op, (prune(below, op.reads()),), kept)

    def place(self, node: Node, inputs: tuple[Placed, ...], context: Context) -> Placed:
        (below,) = inputs
        if not is_partitioned(below.distribution):
            return self._complete(below, node, context)
        if self.sets is None and hashed_within(below.distribution, frozenset(self.keys)):
            return self._complete(below, node, context)
        if any(call.is_distinct for call in self.calls):
            return self._distinct(below, node, context)
        parts = self._decomposed(context)
        if parts is None:
            return self._brought_together(below, node, context)
        return self._two_phases(below, parts, node, context)

    def render(self, _placed: Placed, inputs: Sequence[Relation]) -> Relation:
        items = [quote(key) for key in self.keys]
        items += [f"{call.expr.sql} AS {quote(call.column.id)}" for call in self.calls]
        return subquery(inputs[0].select(items, _group_by(self.keys, self.sets)))

    def _complete(self, below: Placed, node: Node, context: Context) -> Placed:
        op = replace(self, phase="complete")
        rows = self._groups(below, context)
        return Placed(op, (below,), node.columns, retained(below.distribution, frozenset(self.keys)), rows)

    def _brought_together(self, below: Placed, node: Node, context: Context) -> Placed:
        """All rows of a group on one slice (of all groups on the leader, where no key can be hashed), in one phase."""
        target = self._target(below, context)
        if target is None or self.sets is not None:
            return self._complete(gather(below), node, context)
        return self._complete(redistribute(below, target, context), node, context)

    def _distinct(self, below: Placed, node: Node, context: Context) -> Placed:
        groups = self._groups(below, context)
        if self.sets is None and self.keys and groups >= _MANY_GROUPS * context.slices:
            return self._brought_together(below, node, context)
        columns = {call.distinct for call in self.calls if call.is_distinct}
        parts = self._decomposed(context)
        (only,) = columns if len(columns) == 1 else (None,)
        kind = canonical(_type(below, only)) if only is not None else None
        if only is None or kind is None or parts is None or self.sets is not None:
            return self._brought_together(below, node, context)
        placement = Hashed((frozenset((only,)),), (kind,), function_for((kind,)))
        if not hashed_within(below.distribution, frozenset((only,))):
            below = redistribute(below, placement, context)
        return self._two_phases(below, parts, node, context)

    def _two_phases(
        self, below: Placed, parts: Sequence[tuple[Call, Decomposed]], node: Node, context: Context
    ) -> Placed:
        groups = self._groups(below, context)
        partial_rows = min(groups, below.rows / context.slices) * context.slices
        on_leader = not self.keys or self.sets is not None or groups <= context.knobs.leader_groups
        distinct = any(call.is_distinct for call, _ in parts)
        if not on_leader and not distinct and partial_rows > _WORTH_REDUCING * below.rows:
            return self._brought_together(below, node, context)
        partial = self._partial(below, parts, partial_rows)
        target = None if on_leader else self._target(partial, context)
        moved = gather(partial) if target is None else redistribute(partial, target, context)
        final = Aggregate(
            self.keys, tuple(Call(call.column, part.final) for call, part in parts), self.sets, phase="final"
        )
        return Placed(
            final,
            (moved,),
            node.columns,
            retained(moved.distribution, frozenset(self.keys)),
            self._groups(below, context),
        )

    def _partial(self, below: Placed, parts: Sequence[tuple[Call, Decomposed]], rows: float) -> Placed:
        calls = tuple(Call(part.slot, part.partial) for _, part in parts if part.partial is not None)
        op = Aggregate(self.keys, calls, phase="partial")
        keys = keep(below.columns, frozenset(self.keys))
        columns = (*keys, *(call.column for call in calls))
        return Placed(op, (below,), columns, retained(below.distribution, frozenset(self.keys)), rows)

    def _decomposed(self, context: Context) -> list[tuple[Call, Decomposed]] | None:
        parts: list[tuple[Call, Decomposed]] = []
        for call in self.calls:
            part = decompose(call.expr, call.column, is_distinct=call.is_distinct, context=context)
            if part is None:
                return None
            parts.append((call, part))
        return parts

    def _target(self, below: Placed, context: Context) -> Hashed | None:
        """Where groups meet: by the key with the most values if it has enough for all slices, else by all keys."""
        typed = [(key, kind) for key in self.keys if (kind := canonical(_type(below, key))) is not None]
        if not typed:
            return None
        best = max(typed, key=lambda each: context.distinct(each[0], below.rows))
        if context.distinct(best[0], below.rows) >= _ENOUGH_DISTINCT * context.slices:
            typed = [best]
        types = tuple(kind for _, kind in typed)
        return Hashed(tuple(frozenset((key,)) for key, _ in typed), types, function_for(types))

    def _groups(self, below: Placed, context: Context) -> float:
        return grouped_rows(self.keys, below.rows, context) * (len(self.sets) if self.sets else 1)


def grouped_rows(keys: Sequence[str], rows: float, context: Context) -> float:
    """Groups that `rows` rows fall into."""
    groups = 1.0
    for key in keys:
        groups *= context.distinct(key, rows)
        if groups >= rows:
            return max(1.0, rows)
    return max(1.0, groups)


def _group_by(keys: Sequence[str], sets: Sequence[Sequence[str]] | None) -> str:
    if sets is not None:
        each = ", ".join(f"({', '.join(quote(key) for key in group)})" for group in sets)
        return f" GROUP BY GROUPING SETS ({each})"
    return f" GROUP BY {', '.join(quote(key) for key in keys)}" if keys else ""


def _type(placed: Placed, identifier: str) -> str:
    return next(column.type for column in placed.columns if column.id == identifier)
