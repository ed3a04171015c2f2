"""ORDER BY, LIMIT and OFFSET: each slice sorts and cuts what it has, the leader merges and cuts again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import SINGLE, is_partitioned
from kit.warehouse.plan.expression import Expr
from kit.warehouse.plan.nodes import Node, Placed
from kit.warehouse.plan.operators.exchange import gather
from kit.warehouse.plan.operators.pruning import prune_inputs
from kit.warehouse.plan.relation import Relation, ids, subquery

Phase: TypeAlias = Literal["whole", "slice", "merge"]


@dataclass(frozen=True, slots=True)
class SortKey:
    expr: Expr
    descending: bool
    nulls_first: bool

    @property
    def sql(self) -> str:
        return f"{self.expr.sql} {'DESC' if self.descending else 'ASC'} NULLS {'FIRST' if self.nulls_first else 'LAST'}"


@dataclass(frozen=True, slots=True)
class Sort:
    """`limit` and `offset` are constants or parameters; without keys the order is nobody's promise."""

    keys: tuple[SortKey, ...]
    limit: Expr | None = None
    offset: Expr | None = None
    phase: Phase = "whole"

    def rows(self, node: Node, context: Context) -> float:
        return self._cut(context.rows(node.inputs[0]))

    def reads(self) -> frozenset[str]:
        return frozenset().union(*(key.expr.columns for key in self.keys))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        return prune_inputs(node, self, wanted)

    def place(self, node: Node, inputs: tuple[Placed, ...], _context: Context) -> Placed:
        (below,) = inputs
        rows = self._cut(below.rows)
        if not is_partitioned(below.distribution):
            return Placed(self, (gather(below),), node.columns, SINGLE, rows)
        first = self._on_slices(below)
        phase: Phase = "whole" if first is below else "merge"
        # The keys travel even where the answer leaves them out: the leader has to compare them.
        return Placed(replace(self, phase=phase), (gather(first),), node.columns, SINGLE, rows)

    def render(self, placed: Placed, inputs: Sequence[Relation]) -> Relation:
        return subquery(inputs[0].select(ids(placed.columns), self.tail))

    @property
    def tail(self) -> str:
        """ORDER BY, LIMIT and OFFSET as SQL."""
        parts = [f" ORDER BY {', '.join(key.sql for key in self.keys)}"] if self.keys else []
        if self.limit is not None:
            parts.append(f" LIMIT {self.limit.sql}")
        if self.offset is not None:
            parts.append(f" OFFSET {self.offset.sql}")
        return "".join(parts)

    def _on_slices(self, below: Placed) -> Placed:
        limit = self._slice_limit()
        if limit is None and self.limit is None and self.keys:
            return Placed(Sort(self.keys, phase="slice"), (below,), below.columns, below.distribution, below.rows)
        if limit is None:
            return below
        rows = min(below.rows, float(limit.sql) if limit.sql.isdigit() else below.rows)
        return Placed(Sort(self.keys, limit, phase="slice"), (below,), below.columns, below.distribution, rows)

    def _slice_limit(self) -> Expr | None:
        """How many rows of one slice can be in the answer; None where that is not known before it runs."""
        if self.limit is None or self.offset is None:
            return self.limit
        if self.limit.sql.isdigit() and self.offset.sql.isdigit():
            total = str(int(self.limit.sql) + int(self.offset.sql))
            return replace(self.limit, sql=total)
        return None

    def _cut(self, rows: float) -> float:
        if self.limit is not None and self.limit.sql.isdigit():
            return max(1.0, min(rows, float(self.limit.sql)))
        return rows
