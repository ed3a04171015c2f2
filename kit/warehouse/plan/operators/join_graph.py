"""Inner joins of several inputs, in an order that the planner chooses: greedily, by what each join moves and returns.

The order inside one segment is DuckDB's business, which knows the slice's own statistics; what is decided here is which
inputs meet before which exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.estimates import selectivity
from kit.warehouse.plan.expression import Expr
from kit.warehouse.plan.nodes import Node, Placed, narrowed
from kit.warehouse.plan.operators.filtering import Filter
from kit.warehouse.plan.operators.join import Join, Pair, choices, joined_rows
from kit.warehouse.plan.operators.pruning import prune_inputs
from kit.warehouse.plan.relation import Relation


@dataclass(frozen=True, slots=True)
class JoinGraph:
    """`classes` are sets of columns that are all equal and hash alike; no input has two of one class unequal.

    `pairs` are equalities between unlike types, `predicates` anything else that spans more than one input.
    """

    classes: tuple[frozenset[str], ...]
    pairs: tuple[Pair, ...] = ()
    predicates: tuple[Expr, ...] = ()

    def rows(self, node: Node, context: Context) -> float:
        joined: list[Node] = [node.inputs[0]]
        rows = context.rows(joined[0])
        for each in node.inputs[1:]:
            pairs = self._between(frozenset().union(*(one.ids for one in joined)), each.ids)
            rows = joined_rows(Join("inner", pairs), rows, context.rows(each), context)
            joined.append(each)
        for predicate in self.predicates:
            rows *= selectivity(predicate.tree, context)
        return rows

    def reads(self) -> frozenset[str]:
        return self._equal().union(*(each.columns for each in self.predicates))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        return prune_inputs(node, self, wanted)

    def place(self, node: Node, inputs: tuple[Placed, ...], context: Context) -> Placed:
        parts = list(inputs)
        open_predicates = list(self.predicates)
        while len(parts) > 1:
            first, second, joined = self._cheapest(parts, node.ids, open_predicates, context)
            parts = [each for each in parts if each is not first and each is not second]
            ready = [each for each in open_predicates if each.columns <= joined.ids]
            open_predicates = [each for each in open_predicates if each not in ready]
            parts.append(_filtered(joined, ready, context))
        (result,) = parts
        return narrowed(result, node.ids)

    def render(self, _placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        raise AssertionError("placement turns a join graph into joins")

    def _still_read(
        self, output: frozenset[str], predicates: Sequence[Expr], others: Sequence[Placed]
    ) -> frozenset[str]:
        """The columns that are needed once two inputs are joined: by what is above, and to join the others."""
        outside = frozenset().union(*(each.ids for each in others))
        open_classes = (each for each in self.classes if each & outside)
        pairs = (frozenset(pair) for pair in self.pairs)
        return output.union(*open_classes, *pairs, *(each.columns for each in predicates))

    def _equal(self) -> frozenset[str]:
        return frozenset(each for pair in self.pairs for each in pair).union(*self.classes)

    def _between(self, left: frozenset[str], right: frozenset[str]) -> tuple[Pair, ...]:
        """The equalities that connect two sets of columns, left column first: one of each class is enough."""
        found = [(min(own), min(other)) for each in self.classes if (own := each & left) and (other := each & right)]
        for a, b in self.pairs:
            if a in left and b in right:
                found.append((a, b))
            elif b in left and a in right:
                found.append((b, a))
        return tuple(found)

    def _cheapest(
        self, parts: Sequence[Placed], output: frozenset[str], predicates: Sequence[Expr], context: Context
    ) -> tuple[Placed, Placed, Placed]:
        """The two inputs to join next, and their join; a cross product only where nothing is connected."""
        best: tuple[float, Placed, Placed, Placed] | None = None
        for connected in (True, False):
            for index, a in enumerate(parts):
                for b in parts[index + 1 :]:
                    # The larger input is the outer one: the smaller is built, and broadcast if either is.
                    outer, inner = (a, b) if a.rows >= b.rows else (b, a)
                    pairs = self._between(outer.ids, inner.ids)
                    if connected and not pairs:
                        continue
                    others = [each for each in parts if each is not a and each is not b]
                    wanted = self._still_read(output, predicates, others)
                    for joined in choices(Join("inner", pairs), outer, inner, wanted, context):
                        cost = joined.cost + joined.rows
                        if best is None or cost < best[0]:
                            best = (cost, a, b, joined)
            if best is not None:
                break
        assert best is not None
        return best[1:]


def _filtered(placed: Placed, predicates: Sequence[Expr], context: Context) -> Placed:
    if not predicates:
        return placed
    rows = placed.rows
    for predicate in predicates:
        rows *= selectivity(predicate.tree, context)
    return replace(placed, op=Filter(tuple(predicates)), inputs=(placed,), rows=max(1.0, rows))
