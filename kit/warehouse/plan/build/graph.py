"""Inner-joined inputs and all that WHERE asks of them, as a join graph: each predicate as deep as it may go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from kit.warehouse.plan.build.dates import compared_as_dates
from kit.warehouse.plan.build.disjunctions import common_factors, implied
from kit.warehouse.plan.build.subqueries import Existence
from kit.warehouse.plan.build.subtrees import type_of
from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import Expr, conjuncts, equality, expression
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.filtering import filtered
from kit.warehouse.plan.operators.join import Join, Pair
from kit.warehouse.plan.operators.join_graph import JoinGraph
from kit.warehouse.plan.operators.project import projected
from kit.warehouse.plan.rules.inner_graph import classes_of, equated
from kit.warehouse.plan.rules.push_filters import pushed

_SELECTIVE = 0.5


def closed(
    context: Context,
    inputs: Sequence[Node],
    predicates: Sequence[exp.Expr],
    existences: Sequence[Existence],
    empty: Node,
) -> Node:
    """One node for the inner join of `inputs` under `predicates`, resolved, and semi and anti joins on top."""
    graph = _Graph(context, list(inputs) or [empty])
    for predicate in predicates:
        for part in conjuncts(common_factors(predicate)):
            graph.add(compared_as_dates(part))
    for found in existences:
        graph.restrict(found)
    return graph.node()


class _Graph:
    def __init__(self, context: Context, inputs: list[Node]) -> None:
        self._context = context
        self._inputs = inputs
        self._equalities: list[Pair] = []
        self._predicates: list[Expr] = []
        self._existences: list[Existence] = []
        self._filters: dict[int, list[Expr]] = {}

    def add(self, predicate: exp.Expr) -> None:
        whole = expression(predicate)
        homes = self._homes(whole.columns)
        if len(homes) == 1:
            self._filters.setdefault(homes[0], []).append(whole)
            return
        sides = equality(predicate)
        pair = self._pair(*sides) if sides is not None and not whole.subqueries else None
        if pair is not None:
            self._equalities.append(pair)
            return
        self._predicates.append(whole)
        for index in homes:
            weaker = implied(predicate, self._inputs[index].ids)
            if weaker is not None:
                self._filters.setdefault(index, []).append(expression(weaker))

    def restrict(self, found: Existence) -> None:
        self._existences.append(found)

    def node(self) -> Node:
        classes, pairs = classes_of(self._context, self._equalities)
        filtered_inputs = [filtered(each, self._filters.get(index, ())) for index, each in enumerate(self._inputs)]
        inputs = [pushed(each) for each in equated(classes, filtered_inputs)]
        late: list[Existence] = []
        for found in self._existences:
            homes = self._homes(found.left_columns)
            if len(homes) == 1 and self._is_selective(inputs[homes[0]], found):
                inputs[homes[0]] = found.joined(inputs[homes[0]])
            else:
                late.append(found)
        node = inputs[0]
        if len(inputs) > 1:
            columns = tuple(column for each in inputs for column in each.columns)
            connected = [each for each in self._predicates if len(self._homes(each.columns)) > 1]
            loose = [each for each in self._predicates if each not in connected]
            node = Node(JoinGraph(classes, tuple(pairs), tuple(connected)), tuple(inputs), columns)
            node = filtered(node, loose)
        else:
            node = filtered(node, self._predicates)
        for found in late:
            node = found.joined(node)
        return node

    def _homes(self, columns: frozenset[str]) -> list[int]:
        return [index for index, each in enumerate(self._inputs) if columns & each.ids]

    def _pair(self, left: exp.Expr, right: exp.Expr) -> Pair | None:
        """Both sides as columns of different inputs, computed there where they are not columns yet."""
        sides = [expression(left), expression(right)]
        homes = [self._homes(each.columns) for each in sides]
        if any(len(each) != 1 for each in homes) or homes[0] == homes[1]:
            return None
        columns = [
            each.column or self._computed(home[0], each, tree).id
            for each, home, tree in zip(sides, homes, (left, right), strict=True)
        ]
        return columns[0], columns[1]

    def _computed(self, index: int, value: Expr, tree: exp.Expr) -> Column:
        made = self._context.column("join key", type_of(tree))
        self._inputs[index] = projected(self._inputs[index], [(made, value)])
        return made

    def _is_selective(self, node: Node, found: Existence) -> bool:
        join = Node(Join(found.kind, found.pairs, found.residual), (node, found.inner), node.columns)
        return self._context.rows(join) < _SELECTIVE * self._context.rows(node)
