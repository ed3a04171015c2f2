"""Merge join graphs that stand in each other, so that one choice of order sees all inputs."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import Expr
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.filtering import Filter
from kit.warehouse.plan.operators.join import Pair
from kit.warehouse.plan.operators.join_graph import JoinGraph
from kit.warehouse.plan.rules.inner_graph import classes_of, equated


def flatten_joins(node: Node, context: Context) -> Node:
    """The whole plan with nested join graphs merged, and filters on a graph made predicates of it."""
    node = replace(node, inputs=tuple(flatten_joins(each, context) for each in node.inputs))
    if isinstance(node.op, Filter) and isinstance(node.inputs[0].op, JoinGraph):
        return _absorbed(node, context)
    if not isinstance(node.op, JoinGraph):
        return node
    inputs: list[Node] = []
    equalities: list[Pair] = [*node.op.pairs, *_chains(node.op.classes)]
    predicates: list[Expr] = list(node.op.predicates)
    for each in node.inputs:
        if isinstance(each.op, JoinGraph):
            inputs += each.inputs
            equalities += [*each.op.pairs, *_chains(each.op.classes)]
            predicates += each.op.predicates
        else:
            inputs.append(each)
    if len(inputs) == len(node.inputs):
        return node
    classes, pairs = classes_of(context, equalities)
    columns = tuple(column for each in inputs for column in each.columns)
    return Node(JoinGraph(classes, tuple(pairs), tuple(predicates)), equated(classes, inputs), columns)


def _absorbed(node: Node, context: Context) -> Node:
    """A filter over a graph: its equalities of columns connect inputs, the rest are predicates of the graph."""
    (graph,) = node.inputs
    assert isinstance(node.op, Filter)
    assert isinstance(graph.op, JoinGraph)
    equalities: list[Pair] = []
    predicates: list[Expr] = []
    for each in node.op.predicates:
        pair = _column_pair(each, graph)
        if pair is not None:
            equalities.append(pair)
        else:
            predicates.append(each)
    classes, pairs = classes_of(context, [*graph.op.pairs, *_chains(graph.op.classes), *equalities])
    spanning = [each for each in predicates if _spans(each, graph)]
    op = JoinGraph(classes, tuple(pairs), (*graph.op.predicates, *spanning))
    merged = Node(op, equated(classes, graph.inputs), graph.columns)
    left = tuple(each for each in predicates if each not in spanning)
    return Node(Filter(left), (merged,), node.columns) if left else merged


def _column_pair(predicate: Expr, graph: Node) -> Pair | None:
    tree = predicate.tree
    if not isinstance(tree, exp.EQ) or not isinstance(tree.left, exp.Column) or not isinstance(tree.right, exp.Column):
        return None
    a, b = tree.left.name, tree.right.name
    return (a, b) if not any({a, b} <= each.ids for each in graph.inputs) else None


def _spans(predicate: Expr, graph: Node) -> bool:
    return sum(1 for each in graph.inputs if predicate.columns & each.ids) > 1


def _chains(classes: tuple[frozenset[str], ...]) -> list[Pair]:
    """Equalities that say the same as classes."""
    return [(first, other) for first, *others in (sorted(each) for each in classes) for other in others]
