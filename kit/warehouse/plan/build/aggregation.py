"""GROUP BY, its grouping sets, aggregates and HAVING."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product

from sqlglot import exp

from kit.warehouse.plan.aggregates import combination, distinct_arguments
from kit.warehouse.plan.build.block import Block
from kit.warehouse.plan.build.subtrees import type_of
from kit.warehouse.plan.expression import conjuncts, expression
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.aggregate import Aggregate, Call
from kit.warehouse.plan.operators.filtering import filtered
from kit.warehouse.plan.refusal import Undistributable


def aggregate(block: Block) -> None:
    """Put an aggregate on the block's plan where it has GROUP BY or calls one."""
    select = block.select
    group = select.args.get("group")
    having = select.args.get("having")
    calls = list(dict.fromkeys(_calls(_trees(select))))
    if group is None and having is None and not calls:
        return
    keys, sets = _keys(block, group)
    made = {key: column for key, column in keys if not isinstance(key, exp.Literal)}
    built = [_call(block, call) for call in calls]
    for call, each in zip(calls, built, strict=True):
        made[call] = each.column
    ids = tuple(dict.fromkeys(column.id for _, column in keys))
    if not ids and not built:
        counted = block.builder.context.column("count", "BIGINT")
        built = [Call(counted, expression(exp.Count(this=exp.Star())))]
    columns = (*(block.builder.context.columns[each] for each in ids), *(each.column for each in built))
    block.node = Node(Aggregate(ids, tuple(built), sets), (block.node,), columns)
    # What was computed below is gone, but for the keys.
    block.made = made
    block.names = {name: column for name, column in block.names.items() if column.id in ids}
    for part in conjuncts(having.this if having is not None else None):
        predicate = expression(block.resolve(part))
        block.node = filtered(block.node, [predicate])


def _trees(select: exp.Select) -> Iterator[exp.Expr]:
    """The parts of a SELECT that are evaluated after grouping."""
    yield from select.expressions
    for key in ("having", "qualify", "order"):
        part = select.args.get(key)
        if part is not None:
            yield part
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        raise Undistributable("DISTINCT ON")


def _calls(trees: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    """The outermost aggregate calls that are not windows themselves; a window's arguments may hold some."""
    for tree in trees:
        if isinstance(tree, exp.Window):
            function = tree.this
            while isinstance(function, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
                function = function.this
            parts = [*function.iter_expressions(), *tree.args.get("partition_by", ())]
            order = tree.args.get("order")
            yield from _calls([*parts, *([order] if order is not None else [])])
        elif isinstance(tree, exp.Query):
            continue
        elif combination(tree) is not None:
            yield tree
        else:
            yield from _calls(tree.iter_expressions())


def _call(block: Block, tree: exp.Expr) -> Call:
    context = block.builder.context
    arguments = distinct_arguments(tree)
    distinct = None
    if arguments is not None and len(arguments) == 1 and arguments[0].find(exp.Column) is not None:
        argument = block.as_column(arguments[0], "distinct")
        block.remember(arguments[0], argument)
        distinct = argument.id
    made = context.column(tree.key if not isinstance(tree, exp.Anonymous) else tree.name, type_of(tree))
    return Call(made, block.expr(tree), arguments is not None, distinct)


def _keys(
    block: Block, group: exp.Group | None
) -> tuple[list[tuple[exp.Expr, Column]], tuple[tuple[str, ...], ...] | None]:
    """Group keys as columns, and the grouping sets over them, if there are any."""
    if group is None:
        return [], None
    plain: list[exp.Expr] = []
    dimensions: list[list[list[exp.Expr]]] = []
    for each in group.expressions:
        dimension = _dimension(each)
        if dimension is None:
            plain.append(_positioned(block.select, each))
        else:
            dimensions.append(dimension)
    for key in ("rollup", "cube", "grouping_sets"):
        for each in group.args.get(key) or ():
            dimension = _dimension(each)
            if dimension is None:
                raise Undistributable(f"GROUP BY {key}")
            dimensions.append(dimension)
    if group.args.get("all") or group.args.get("totals"):
        raise Undistributable("GROUP BY ALL")
    named: dict[exp.Expr, Column] = {}
    for tree in [*plain, *(each for dimension in dimensions for part in dimension for each in part)]:
        if tree not in named:
            named[tree] = block.as_column(tree, "group")
    keys = list(named.items())
    if not dimensions:
        return keys, None
    sets = [
        tuple(dict.fromkeys(named[each].id for each in [*plain, *(one for part in chosen for one in part)]))
        for chosen in product(*dimensions)
    ]
    return keys, tuple(sets)


def _dimension(tree: exp.Expr) -> list[list[exp.Expr]] | None:
    """The alternatives that ROLLUP, CUBE or GROUPING SETS stand for; None for a plain key."""
    parts = [_members(each) for each in tree.expressions] if hasattr(tree, "expressions") else []
    match tree:
        case exp.Rollup():
            return [_flat(parts[:count]) for count in range(len(parts), -1, -1)]
        case exp.Cube():
            return [
                _flat([parts[index] for index in chosen])
                for count in range(len(parts), -1, -1)
                for chosen in combinations(range(len(parts)), count)
            ]
        case exp.GroupingSets():
            return [alternative for each in tree.expressions for alternative in _dimension(each) or [_members(each)]]
        case _:
            return None


def _members(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.Tuple):
        return list(tree.expressions)
    return [tree.unnest()]


def _flat(parts: Sequence[Sequence[exp.Expr]]) -> list[exp.Expr]:
    return [each for part in parts for each in part]


def _positioned(select: exp.Select, tree: exp.Expr) -> exp.Expr:
    """`GROUP BY 2` means the second column of the answer."""
    if isinstance(tree, exp.Literal) and not tree.is_string:
        return select.expressions[int(tree.name) - 1].unalias()
    return tree
