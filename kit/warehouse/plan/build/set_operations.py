"""UNION, INTERSECT and EXCEPT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from kit.warehouse.plan.build.block import Built, Output
from kit.warehouse.plan.build.ordering import key_of_output, ordered_terms, sorted_and_cut
from kit.warehouse.plan.distribution import canonical, common
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.aggregate import Aggregate
from kit.warehouse.plan.operators.set_operation import SetKind, SetOperation
from kit.warehouse.plan.refusal import Undistributable
from kit.warehouse.plan.rules.prune_columns import only

if TYPE_CHECKING:
    from kit.warehouse.plan.build.builder import Builder


def build_set_operation(builder: Builder, tree: exp.SetOperation) -> Built:
    """The nodes of a set operation, sorted and cut."""
    if tree.args.get("by_name") or tree.args.get("on") or tree.args.get("side") or tree.args.get("kind"):
        raise Undistributable("a set operation by name")
    parts = [builder.query(each) for each in _operands(tree)]
    widths = {len(part.outputs) for part in parts}
    if len(widths) != 1:
        raise Undistributable("a set operation of different widths")
    columns = tuple(_column(builder, [part.outputs[index] for part in parts]) for index in range(widths.pop()))
    positions = tuple(tuple(output.column.id for output in part.outputs) for part in parts)
    inputs = tuple(only(part.node, ids) for part, ids in zip(parts, positions, strict=True))
    node = Node(SetOperation(_kind(tree), columns, positions), inputs, columns)
    if isinstance(tree, exp.Union) and tree.args.get("distinct"):
        node = Node(Aggregate(tuple(column.id for column in columns), ()), (node,), columns)
    outputs = [Output(first.name, column) for first, column in zip(parts[0].outputs, columns, strict=True)]
    keys = [key_of_output(outputs, each) for each in ordered_terms(tree)]
    if None in keys:
        raise Undistributable("an order by an expression over a set operation")
    return Built(sorted_and_cut(node, [key for key in keys if key is not None], tree), tuple(outputs))


def _operands(tree: exp.SetOperation) -> list[exp.Query]:
    """Both sides; for a chain of UNION ALL all of them."""
    if not isinstance(tree, exp.Union) or tree.args.get("distinct"):
        return [tree.left, tree.right]
    operands: list[exp.Query] = []
    left: exp.Query = tree
    while isinstance(left, exp.Union) and not left.args.get("distinct") and (left is tree or _is_bare(left)):
        operands.insert(0, left.right)
        left = left.left
    return [left, *operands]


def _is_bare(tree: exp.SetOperation) -> bool:
    return not any(tree.args.get(key) for key in ("order", "limit", "offset", "with_"))


def _kind(tree: exp.SetOperation) -> SetKind:
    match tree:
        case exp.Union():
            return "UNION ALL"
        case exp.Intersect():
            return "INTERSECT" if tree.args.get("distinct") is not False else "INTERSECT ALL"
        case exp.Except():
            return "EXCEPT" if tree.args.get("distinct") is not False else "EXCEPT ALL"
        case _:
            raise Undistributable(type(tree).__name__)


def _column(builder: Builder, outputs: list[Output]) -> Column:
    """The operation's own column. Where the sides' types differ its type is what both hash alike in, if anything is."""
    kind = outputs[0].column.type
    for other in outputs[1:]:
        if other.column.type != kind:
            kind = common(kind, other.column.type) or "UNKNOWN" if canonical(kind) is not None else "UNKNOWN"
    width = max(output.column.width_bytes for output in outputs)
    return builder.context.column(f"union.{outputs[0].name}", kind, width)
