"""EXPLAIN as Redshift writes it: a tree of XN steps with costs, rows and widths, joins labelled with what they move.

Shown as in Redshift: the two phases of an aggregate are one HashAggregate where its final phase runs on the slices, and
an aggregate without groups hides how its parts reach the leader. Steps that the leader does over the slice views begin
with LD. Costs follow PostgreSQL's formulas with Redshift's constants, and reproduce the documented example; like
Redshift's they are relative, and no decision of the planner is made by them.

Source: Amazon Redshift Database Developer Guide, "Creating and interpreting a query plan", read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import log2

from sqlglot import exp

from kit.warehouse.plan.expression import generate, quote
from kit.warehouse.plan.nodes import Placed
from kit.warehouse.plan.operators.aggregate import Aggregate
from kit.warehouse.plan.operators.exchange import Exchange, Split
from kit.warehouse.plan.operators.filtering import Filter
from kit.warehouse.plan.operators.join import Join
from kit.warehouse.plan.operators.one_row import OneRow
from kit.warehouse.plan.operators.opaque import Opaque
from kit.warehouse.plan.operators.project import Project
from kit.warehouse.plan.operators.scan import Scan
from kit.warehouse.plan.operators.set_operation import SetOperation
from kit.warehouse.plan.operators.shared import Shared
from kit.warehouse.plan.operators.sort import Sort
from kit.warehouse.plan.operators.system_scan import SystemScan
from kit.warehouse.plan.operators.window import Window
from kit.warehouse.plan.planner import Plan

_TUPLE = 0.01
_OPERATOR = 0.0025
_HASH_PROBE = 0.0225
_BROADCAST_ROW = 320_000.0
_REDISTRIBUTED_ROW = 80_000.0
_SORT = 1e12
_NAMES = {
    "inner": "Hash Join",
    "left": "Hash Left Join",
    "full": "Hash Full Join",
    "semi": "Hash IN Join",
    "anti": "Hash NOT IN Join",
    "null_aware_anti": "Hash NOT IN Join",
}
_ASKED = re.compile(r'\(SELECT "(?:[^"]|"")*" FROM "@subquery (\d+)"\)')
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(slots=True)
class Line:
    """One step as it is shown, with what stands under it."""

    title: str
    start: float
    total: float
    rows: float
    width: int
    details: list[str] = field(default_factory=list)
    children: list[Line] = field(default_factory=list)


def explain(plan: Plan) -> list[str]:
    """The lines of EXPLAIN."""
    names: dict[str, str] = {}
    for identifier, sql in _computed((plan.root, *(each for _, each in plan.subplans))):
        names[identifier] = _readable(sql, names)
    lines = list(_written(_shown(plan.root), names, 0, first=True))
    for number, each in plan.subplans:
        lines.append(f"  InitPlan {number}")
        lines += _written(_shown(each), names, 1)
    for reason in plan.reasons:
        lines.append(f"  On the leader over the slice views: {reason}")
    return lines


def _computed(roots: Iterable[Placed]) -> Iterator[tuple[str, str]]:
    """What computed columns stand for, by id: `sum(sales.pricepaid)` rather than `sum`. Inputs come first."""
    for placed in roots:
        yield from _computed(placed.inputs)
        op = placed.op
        if isinstance(op, Aggregate) and op.phase != "partial":
            yield from ((call.column.id, generate(call.expr.tree)) for call in op.calls)
        elif isinstance(op, Project):
            yield from ((column.id, generate(_uncast(each.tree))) for column, each in op.computed)


def _written(line: Line, names: Mapping[str, str], depth: int, *, first: bool = False) -> Iterator[str]:
    indent = " " if first else " " + " " * (6 * depth - 4) + "->  "
    cost = f"(cost={line.start:.2f}..{line.total:.2f} rows={max(1, round(line.rows))} width={line.width})"
    yield f"{indent}{line.title}  {cost}"
    for detail in line.details:
        yield " " + " " * (6 * depth + 2) + (detail if detail.startswith("Hash Cond") else _readable(detail, names))
    for child in line.children:
        yield from _written(child, names, depth + 1)


def _shown(placed: Placed) -> Line:
    """The line of a step; steps that Redshift does not show give way to what is under them."""
    op = placed.op
    match op:
        case Scan():
            alias = "" if op.alias == op.table.name else f" {op.alias}"
            total = op.table.rows * _TUPLE
            return _line(f"XN Seq Scan on {op.table.name}{alias}", 0.0, total, placed)
        case SystemScan():
            alias = "" if op.alias == op.table.name else f" {op.alias}"
            return _line(f"LD Seq Scan on {op.table.name}{alias}", 0.0, op.table.rows * _TUPLE, placed)
        case OneRow():
            return _line("LD Result", 0.0, _TUPLE, placed)
        case Opaque():
            tables = ", ".join(op.tables)
            return _line(f"LD Subquery Scan on {tables or 'values'}", 0.0, placed.rows * _TUPLE, placed)
        case Filter():
            below = _shown(placed.inputs[0])
            below.rows = placed.rows
            below.details.append(f"Filter: {' AND '.join(f'({each.sql})' for each in op.predicates)}")
            return below
        case Project() | Split():
            below = _shown(placed.inputs[0])
            below.width = placed.width_bytes
            return below
        case Shared():
            below = _shown(placed.inputs[0].inputs[0])
            return _over("XN Subquery Scan volt_tt_" + str(op.number), below, placed)
        case Exchange():
            return _exchange(op, placed)
        case Join():
            return _join(op, placed)
        case Aggregate():
            return _aggregate(op, placed)
        case Window():
            return _window(op, placed)
        case Sort():
            return _sort(op, placed)
        case SetOperation():
            return _set_operation(op, placed)
        case _:
            raise AssertionError(f"no line for {type(op).__name__}")


def _exchange(op: Exchange, placed: Placed) -> Line:
    below = _shown(placed.inputs[0])
    match op.kind:
        case "keep":
            return below
        case "gather":
            # The answer's way to the leader is shown only under what the leader does with it.
            return below
        case "broadcast":
            return _network(below, "Broadcast")
        case "redistribute":
            return _network(below, "Distribute")


def _network(below: Line, what: str) -> Line:
    return Line("XN Network", below.start, below.total, below.rows, below.width, [what], [below])


def _join(op: Join, placed: Placed) -> Line:
    outer, inner = (_without_exchange(each) for each in placed.inputs)
    outer_line, inner_line = _shown(outer), _shown(inner)
    moved = _moved_cost(op.label, outer.rows, inner.rows)
    if not op.pairs:
        total = outer_line.total + inner_line.total + outer_line.rows * inner_line.rows * _TUPLE + moved
        line = _line(f"XN Nested Loop {op.label}", 0.0, total, placed)
        line.children = [outer_line, inner_line]
    else:
        hashed = Line(
            "XN Hash", inner_line.total, inner_line.total, inner_line.rows, inner_line.width, [], [inner_line]
        )
        start = inner_line.total + inner_line.rows * _OPERATOR
        total = start + outer_line.total + outer_line.rows * _HASH_PROBE + moved
        line = _line(f"XN {_NAMES[op.kind]} {op.label}", start, total, placed)
        equal = " AND ".join(f'("outer".{_bare(a)} = "inner".{_bare(b)})' for a, b in op.pairs)
        line.details.append(f"Hash Cond: {equal}")
        line.children = [outer_line, hashed]
    if op.residual:
        line.details.append(f"Join Filter: {' AND '.join(f'({each.sql})' for each in op.residual)}")
    return line


def _moved_cost(label: str, outer_rows: float, inner_rows: float) -> float:
    match label:
        case "DS_BCAST_INNER":
            return inner_rows * _BROADCAST_ROW
        case "DS_DIST_INNER" | "DS_DIST_ALL_INNER":
            return inner_rows * _REDISTRIBUTED_ROW
        case "DS_DIST_OUTER":
            return outer_rows * _REDISTRIBUTED_ROW
        case "DS_DIST_BOTH":
            return (outer_rows + inner_rows) * _REDISTRIBUTED_ROW
        case _:
            return 0.0


def _aggregate(op: Aggregate, placed: Placed) -> Line:
    (source,) = placed.inputs
    title = "XN HashAggregate" if op.keys else "XN Aggregate"
    sends = False
    if op.phase == "final":
        assert isinstance(source.op, Exchange)
        sends = bool(op.keys) and source.op.kind == "gather"
        source = source.inputs[0]
        if not sends and isinstance(source.op, Aggregate):
            (source,) = source.inputs
    elif isinstance(source.op, Exchange):
        (source,) = source.inputs
    below = _shown(source)
    child = _network(below, "Send to leader") if sends else below
    calls = max(1, len(op.keys) + len(op.calls))
    start = below.total + below.rows * _OPERATOR * calls
    total = start + (placed.rows * _OPERATOR if op.keys else 0.0)
    line = _line(title, start, total, placed)
    line.children = [child]
    return line


def _window(op: Window, placed: Placed) -> Line:
    (source,) = placed.inputs
    below = _shown(source)
    total = below.total + below.rows * _TUPLE
    line = _line("XN Window", below.total, total, placed)
    if op.partition:
        line.details.append(f"Partition: {', '.join(sorted(quote(each) for each in op.partition))}")
    line.children = [below]
    return line


def _sort(op: Sort, placed: Placed) -> Line:
    (source,) = placed.inputs
    below = _shown(_without_exchange(source))
    keys = ", ".join(key.expr.sql for key in op.keys)
    if not op.keys:
        return _limit(below, placed)
    if op.phase == "merge":
        network = _network(below, "Send to leader")
        line = Line("XN Merge", below.start, below.total, placed.rows, placed.width_bytes, [f"Merge Key: {keys}"])
        line.children = [network]
        return _limit(line, placed) if op.limit is not None else line
    rows = max(2.0, below.rows)
    start = _SORT + below.total + rows * log2(rows) * 2 * _OPERATOR
    line = Line("XN Sort", start, start + below.rows * _OPERATOR, below.rows, below.width, [f"Sort Key: {keys}"])
    line.children = [_network(below, "Send to leader") if isinstance(source.op, Exchange) else below]
    return _limit(line, placed) if op.limit is not None else line


def _limit(below: Line, placed: Placed) -> Line:
    return Line("XN Limit", below.start, below.total, placed.rows, below.width, [], [below])


def _set_operation(op: SetOperation, placed: Placed) -> Line:
    children = [_shown(each) for each in placed.inputs]
    total = sum(each.total for each in children)
    if op.kind == "UNION ALL":
        line = _line("XN Append", 0.0, total, placed)
    else:
        line = _line(f"XN Hash SetOp {op.kind.title()}", total, total + placed.rows * _OPERATOR, placed)
    line.children = children
    return line


def _over(title: str, below: Line, placed: Placed) -> Line:
    line = _line(title, below.start, below.total + below.rows * _OPERATOR, placed)
    line.children = [below]
    return line


def _line(title: str, start: float, total: float, placed: Placed) -> Line:
    return Line(title, start, total, placed.rows, placed.width_bytes)


def _without_exchange(placed: Placed) -> Placed:
    """What an exchange reads: the label of the join above already says what moves."""
    return placed.inputs[0] if isinstance(placed.op, Exchange) and placed.op.kind != "keep" else placed


def _uncast(tree: exp.Expr) -> exp.Expr:
    """An expression without the conversions around it, which say nothing to a reader."""
    while isinstance(tree, exp.Cast):
        tree = tree.this
    return tree


def _readable(sql: str, names: Mapping[str, str]) -> str:
    """SQL with ids as a reader knows them: `"sales.pricepaid"` as `sales.pricepaid`, a subquery's value as `$0`."""
    return _QUOTED.sub(lambda found: names.get(found[1], found[1]), _ASKED.sub(r"$\1", sql))


def _bare(identifier: str) -> str:
    """The column's own name: which side it is on is said beside it."""
    return identifier.rpartition(".")[2]
