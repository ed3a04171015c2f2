"""ORDER BY, LIMIT and OFFSET."""

from __future__ import annotations

from sqlglot import exp

from kit.warehouse.plan.build.block import Block, Output, outputs_named
from kit.warehouse.plan.expression import Expr, column, expression
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.sort import Sort, SortKey
from kit.warehouse.plan.refusal import Undistributable


def order(block: Block) -> None:
    """Sort and cut the block's answer."""
    keys = [_key(block, each) for each in _ordered(block.select)]
    block.node = sorted_and_cut(block.node, keys, block.select)


def sorted_and_cut(node: Node, keys: list[SortKey], query: exp.Query) -> Node:
    limit, offset = _constant(query.args.get("limit")), _constant(query.args.get("offset"))
    if not keys and limit is None and offset is None:
        return node
    return Node(Sort(tuple(keys), limit, offset), (node,), node.columns)


def key_of_output(outputs: list[Output], each: exp.Ordered) -> SortKey | None:
    """A sort key that names a column of the answer, by position or by name."""
    tree = each.this
    found: Column | None = None
    if isinstance(tree, exp.Literal) and not tree.is_string:
        found = outputs[int(tree.name) - 1].column
    elif isinstance(tree, exp.Column) and not tree.table:
        found = outputs_named(outputs).get(tree.name)
    return sort_key(column(found.id), each) if found is not None else None


def sort_key(tree: exp.Expr, each: exp.Ordered) -> SortKey:
    descending = bool(each.args.get("desc"))
    return SortKey(expression(tree), descending, bool(each.args.get("nulls_first")))


def ordered_terms(query: exp.Query) -> list[exp.Ordered]:
    clause = query.args.get("order")
    return list(clause.expressions) if clause is not None else []


def _ordered(select: exp.Select) -> list[exp.Ordered]:
    return ordered_terms(select)


def _key(block: Block, each: exp.Ordered) -> SortKey:
    named = key_of_output(block.outputs, each)
    if named is not None:
        return named
    computed = block.as_column(each.this, "order")
    if computed.id not in block.node.ids:
        raise Undistributable("an order by what DISTINCT leaves out")
    return sort_key(column(computed.id), each)


def _constant(clause: exp.Expr | None) -> Expr | None:
    if clause is None:
        return None
    if not isinstance(clause, exp.Limit | exp.Offset):
        raise Undistributable("FETCH or LIMIT with more than a count")
    tree = clause.expression
    if (
        clause.args.get("expressions")
        or clause.args.get("limit_options")
        or tree.find(exp.Column, exp.Query) is not None
    ):
        raise Undistributable("a LIMIT that is computed")
    return expression(tree)
