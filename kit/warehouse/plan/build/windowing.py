"""Window functions, grouped by what they partition by, and QUALIFY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from kit.warehouse.plan.build.block import Block
from kit.warehouse.plan.build.subtrees import type_of
from kit.warehouse.plan.expression import Expr, conjuncts, expression
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.filtering import filtered
from kit.warehouse.plan.operators.window import Window
from kit.warehouse.plan.refusal import Undistributable


def window(block: Block) -> None:
    """Compute every window function of SELECT, QUALIFY and ORDER BY, one node a set of partition columns."""
    select = block.select
    if select.args.get("windows"):
        raise Undistributable("a named window")
    trees = [*select.expressions, *(part for key in ("qualify", "order") if (part := select.args.get(key)) is not None)]
    found = list(dict.fromkeys(_windows(trees)))
    by_partition: dict[frozenset[str], list[tuple[exp.Expr, Column, Expr]]] = {}
    for tree in found:
        partition = frozenset(_partition_column(block, each).id for each in tree.args.get("partition_by") or ())
        made = block.builder.context.column("window", type_of(tree))
        by_partition.setdefault(partition, []).append((tree, made, _function(block, tree)))
    for partition, functions in by_partition.items():
        op = Window(tuple((made, each) for _, made, each in functions), partition)
        block.node = Node(op, (block.node,), (*block.node.columns, *(made for _, made, _ in functions)))
        block.made.update({tree: made for tree, made, _ in functions})


def qualify(block: Block) -> None:
    clause = block.select.args.get("qualify")
    if clause is not None:
        predicates = [expression(block.resolve(part)) for part in conjuncts(clause.this)]
        block.node = filtered(block.node, predicates)


def _windows(trees: Iterable[exp.Expr]) -> Iterator[exp.Window]:
    for tree in trees:
        if isinstance(tree, exp.Window):
            if tree.args.get("alias"):
                raise Undistributable("a named window")
            yield tree
        elif not isinstance(tree, exp.Query):
            yield from _windows(tree.iter_expressions())


def _partition_column(block: Block, tree: exp.Expr) -> Column:
    column = block.as_column(tree, "partition")
    block.remember(tree, column)
    return column


def _function(block: Block, tree: exp.Window) -> Expr:
    """The call over columns that exist by now."""
    return expression(_resolved(block, tree))


def _resolved(block: Block, tree: exp.Expr) -> exp.Expr:
    """A window, or the function in it, with its parts resolved.

    Not the function itself: `sum(x) OVER ()` beside `sum(x)` would be taken for the aggregate that is a column by now.
    """
    copy = tree.__class__()
    copy.type = tree.type
    wrapper = isinstance(tree, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls)
    for key, value in tree.args.items():
        if isinstance(value, exp.Expr):
            copy.set(key, _resolved(block, value) if wrapper and key == "this" else block.resolve(value))
        elif isinstance(value, list):
            copy.set(key, [block.resolve(each) if isinstance(each, exp.Expr) else each for each in value])
        else:
            copy.set(key, value)
    return copy
