"""The planner's front door: a bound query to a distributed plan, with the tier that it needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlglot import exp

from kit.warehouse.plan.build.builder import Builder
from kit.warehouse.plan.build.opaque import build_opaque
from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribute import answer
from kit.warehouse.plan.distribution import Single
from kit.warehouse.plan.facts import Knobs, Shape, Tables
from kit.warehouse.plan.nodes import Node, Placed
from kit.warehouse.plan.operators.exchange import Exchange
from kit.warehouse.plan.operators.one_row import OneRow
from kit.warehouse.plan.operators.opaque import Opaque
from kit.warehouse.plan.operators.system_scan import SystemScan
from kit.warehouse.plan.rules import RULES
from kit.warehouse.plan.segments import Cutter, Segment

Tier: TypeAlias = Literal["leader", "colocated", "broadcast", "redistributed", "staged", "leader_views"]

# Another value on every slice and on every reading: a row that is on all slices would not be the same row.
_VOLATILE = frozenset({"random", "rand", "uuid", "gen_random_uuid", "nextval", "currval"})


@dataclass(frozen=True, slots=True)
class Plan:
    """`root` and `subplans`, by number, are the placed plan as EXPLAIN shows it, `segments` what runs, in order.

    `reasons` say why blocks run on the leader over the slice views.
    """

    root: Placed
    subplans: tuple[tuple[int, Placed], ...]
    segments: tuple[Segment, ...]
    tier: Tier
    reasons: tuple[str, ...]
    shape: Shape


def plan(tree: exp.Query, tables: Tables, shape: Shape, knobs: Knobs | None = None, *, leader_reason: str = "") -> Plan:
    """Plan a bound query: aliases unique, `*` expanded, types annotated, functions DuckDB's.

    `leader_reason`: why it has to run on the leader, over the first copy of tables that are on all nodes.
    """
    context = Context(shape, tables, knobs or Knobs())
    builder = Builder(context)
    if leader_reason or _is_volatile(tree):
        builder.reasons.append(leader_reason or "a function whose value changes from row to row")
        built = build_opaque(builder, tree, builder.reasons[0])
    else:
        built = builder.query(tree)
    outputs = [output.column.id for output in built.outputs]
    node = _ruled(_top(built.node, outputs), context)
    for number, each in list(context.subqueries.items()):
        context.subqueries[number] = _ruled(each, context)
    placed = answer(node, context)
    cutter = Cutter(context)
    cutter.answer(placed, outputs)
    subplans = tuple(cutter.subplans.items())
    return Plan(
        placed,
        subplans,
        tuple(cutter.segments),
        _tier((placed, *(each for _, each in subplans))),
        tuple(dict.fromkeys(builder.reasons)),
        shape,
    )


def _top(node: Node, outputs: Sequence[str]) -> Node:
    wanted = frozenset(outputs)
    return Node(node.op, node.inputs, tuple(column for column in node.columns if column.id in wanted))


def _ruled(node: Node, context: Context) -> Node:
    for rule in RULES:
        node = rule(node, context)
    return node


def _tier(roots: Sequence[Placed]) -> Tier:
    """The most general technique that any part of a plan needs; all but the first of its roots are subqueries."""
    nodes = [node for each in roots for node in walk(each)]
    if any(isinstance(node.op, Opaque) for node in nodes):
        return "leader_views"
    if all(isinstance(node.op, OneRow | SystemScan) or node.inputs for node in nodes):
        return "leader"
    exchanges = [node for node in nodes if isinstance(node.op, Exchange)]
    kinds = {node.op.kind for node in exchanges if isinstance(node.op, Exchange)}
    sent_back = any(
        isinstance(node.inputs[0].distribution, Single) and node.op.kind in {"broadcast", "redistribute"}
        for node in exchanges
        if isinstance(node.op, Exchange)
    )
    if len(roots) > 1 or "keep" in kinds or sent_back:
        return "staged"
    if "redistribute" in kinds:
        return "redistributed"
    return "broadcast" if "broadcast" in kinds else "colocated"


def walk(placed: Placed) -> Iterator[Placed]:
    """A plan's nodes, from the top down."""
    yield placed
    for each in placed.inputs:
        yield from walk(each)


def _is_volatile(tree: exp.Query) -> bool:
    for node in tree.find_all(exp.Func):
        name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
        if name in _VOLATILE:
            return True
    return False
