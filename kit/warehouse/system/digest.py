"""A run as the system tables show it: steps from the bottom up, the plan as rows, alerts. Pure.

A stage of a plan is Redshift's stream, a segment its segment, and an operator of a fragment a step. Where a fragment
ends in an exchange, its last step says so: `dist`, `bcast`, `return`; what waits to be read again is a `save`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from kit.warehouse.execute.measures import LEADER, Fragment, Run, Step
from kit.warehouse.plan.explain import explain
from kit.warehouse.plan.facts import TableFacts
from kit.warehouse.plan.operators.scan import Scan
from kit.warehouse.plan.planner import Plan, walk
from kit.warehouse.plan.segments import Segment
from kit.warehouse.system.alerts import alerts
from kit.warehouse.system.events import PlanNode, StepRow, Work

# Steps of DuckDB's that Redshift does not have, or that a step of its own stands for here.
_UNSEEN = frozenset({"return", "save", "append", "empty_result", "column_data_scan", "dummy_scan"})
_SENT = {"gather": "return", "broadcast": "bcast", "redistribute": "dist", "keep": "save", None: "return"}


class Explained:
    """The plans of recent runs as rows. A plan that is kept is run again and again, and reads the same each time."""

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._known: OrderedDict[int, tuple[Plan, tuple[PlanNode, ...]]] = OrderedDict()

    def nodes(self, plan: Plan) -> tuple[PlanNode, ...]:
        known = self._known.pop(id(plan), None)
        if known is None:
            known = (plan, tuple(plan_nodes(explain(plan))))
        self._known[id(plan)] = known
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return known[1]


def worked(query: int, run: Run, start_us: int, ghosts: Mapping[int, int], explained: Explained) -> Work:
    """What a run leaves; `ghosts` are the deleted rows that its tables still hold, by table id."""
    plan = run.plan
    assert isinstance(plan, Plan), "a run is digested where it ran"
    tables = scanned(plan)
    steps = tuple(_steps(run, plan, start_us, tables))
    nodes = explained.nodes(plan)
    found = tuple(alerts(steps, nodes, {table_id(name): each for name, each in tables.items()}, ghosts))
    return Work(query, start_us, steps, nodes, found)


def scanned(plan: Plan) -> dict[str, TableFacts]:
    """The tables that a plan reads, by the name of their part in a slice."""
    roots = (plan.root, *(each for _, each in plan.subplans))
    return {node.op.table.relation: node.op.table for root in roots for node in walk(root) if isinstance(node.op, Scan)}


def table_id(relation: str) -> int:
    """The table whose part is called `t100`, or `t100_2` after it was written anew."""
    return int(relation[1:].partition("_")[0])


def plan_nodes(lines: Sequence[str]) -> Iterator[PlanNode]:
    """EXPLAIN's lines as a tree: what has an arrow, or stands first, is a node; the rest belongs to the node above."""
    open_nodes: list[tuple[int, int]] = []
    current: tuple[int, int, str] | None = None
    details: list[str] = []
    number = 0
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if current is not None and not text.startswith("->") and "(cost=" not in text:
            details.append(text)
            continue
        if current is not None:
            yield PlanNode(*current, "; ".join(details))
        details = []
        number += 1
        while open_nodes and open_nodes[-1][0] >= indent:
            open_nodes.pop()
        current = (number, open_nodes[-1][1] if open_nodes else 0, text)
        open_nodes.append((indent, number))
    if current is not None:
        yield PlanNode(*current, "; ".join(details))


def _steps(run: Run, plan: Plan, start_us: int, tables: Mapping[str, TableFacts]) -> Iterator[StepRow]:
    segments = {segment.number: segment for segment in plan.segments}
    moved = {each.segment: each for each in run.moved}
    rows = {number: sum(each.rows for each in run.fragments if each.segment == number) for number in segments}
    for fragment in run.fragments:
        segment = segments[fragment.segment]
        made: list[StepRow] = []
        for step in reversed(fragment.steps):
            if step.label in _UNSEEN:
                continue
            row = _row(fragment, segment, len(made), step, start_us, tables)
            if made and row.label == "scan" and not row.table and made[-1][4:7] == row[4:7]:
                # What several slices have sent is one relation to who receives it.
                made[-1] = _together(made[-1], row)
            else:
                made.append(row)
        yield from made
        one = moved.get(segment.number)
        share = fragment.rows / rows[segment.number] if rows[segment.number] else 0.0
        sent_rows = fragment.rows if one is None else round(one.rows * share)
        sent_bytes = 0 if one is None else round(one.size_bytes * share)
        yield _last(fragment, segment, len(made), start_us, sent_rows, sent_bytes)


def _row(
    fragment: Fragment, segment: Segment, number: int, step: Step, start_us: int, tables: Mapping[str, TableFacts]
) -> StepRow:
    relation = step.detail.rpartition(".")[2].strip('"')
    table = tables.get(relation)
    identifier = table_id(relation) if table is not None else 0
    exchanged = relation.partition("_")[0] if relation.startswith("segment") else relation
    begun = start_us + round(fragment.start_ms * 1000)
    is_scan = step.label == "scan" and table is not None
    return StepRow(
        fragment.slice,
        segment.stage,
        segment.number,
        number,
        step.label,
        identifier,
        table.name if table is not None else exchanged,
        begun,
        round(step.ms * 1000),
        round(fragment.ms * 1000),
        step.rows,
        step.size_bytes,
        step.rows_scanned if is_scan else 0,
        step.blocks_scanned if is_scan else 0,
        is_scan and step.blocks_scanned < step.blocks,
        fragment.spilled_bytes if step.label in {"sort", "aggr", "hjoin", "window"} else 0,
    )


def _together(one: StepRow, other: StepRow) -> StepRow:
    return one._replace(
        step_us=one.step_us + other.step_us, rows=one.rows + other.rows, size_bytes=one.size_bytes + other.size_bytes
    )


def _last(fragment: Fragment, segment: Segment, number: int, start_us: int, rows: int, size_bytes: int) -> StepRow:
    ms = fragment.ms - sum(each.ms for each in fragment.steps)
    return StepRow(
        fragment.slice,
        segment.stage,
        segment.number,
        number,
        _SENT[segment.exchange],
        0,
        "" if fragment.slice == LEADER else f"segment{segment.number}",
        start_us + round(fragment.start_ms * 1000),
        max(0, round(ms * 1000)),
        round(fragment.ms * 1000),
        rows,
        size_bytes,
        0,
        0,
        False,
        0,
    )
