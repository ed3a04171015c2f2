"""Alerts on made-up steps, plans as rows, texts in pieces: the pure parts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kit.warehouse.plan.facts import TableFacts
from kit.warehouse.system.alerts import (
    BROADCAST,
    DISTRIBUTED,
    GHOST_ROWS,
    MISSING_STATISTICS,
    NESTED_LOOP,
    SELECTIVE_FILTER,
    SERIAL,
    alerts,
)
from kit.warehouse.system.digest import plan_nodes, table_id
from kit.warehouse.system.events import PlanNode, StepRow
from kit.warehouse.system.tables.texts import pieces


def step(label: str, *, rows: int = 0, before: int = 0, table: int = 0, slice_: int = 0) -> StepRow:
    return StepRow(slice_, 0, 0, 1, label, table, "t", 0, 0, 0, rows, 0, before, 0, False, 0)


def found(
    steps: Sequence[StepRow] = (), plan: str = "", *, analyzed: bool = True, rows: float = 1_000, ghosts: int = 0
) -> list[tuple[str, str]]:
    tables = {100: TableFacts("public", "t", "t100", "EVEN", {}, rows, analyzed=analyzed)}
    nodes = [PlanNode(1, 0, plan, "")]
    return [(each.event.partition(":")[0], each.solution) for each in alerts(steps, nodes, tables, {100: ghosts})]


@pytest.mark.parametrize(
    ("steps", "plan", "analyzed", "ghosts", "expected"),
    [
        ([], "XN Seq Scan on t", False, 0, MISSING_STATISTICS),
        ([], "XN Nested Loop DS_BCAST_INNER", True, 0, NESTED_LOOP),
        ([step("nloop")], "", True, 0, NESTED_LOOP),
        ([], "XN Hash Join DS_DIST_ALL_INNER", True, 0, SERIAL),
        ([step("scan", rows=49, before=1_001, table=100)], "", True, 0, SELECTIVE_FILTER),
        ([step("scan", rows=1_000, before=1_000, table=100)], "", True, 60, GHOST_ROWS),
        ([step("dist", rows=600_000), step("dist", rows=600_000, slice_=1)], "", True, 0, DISTRIBUTED),
        ([step("bcast", rows=1_000_001)], "", True, 0, BROADCAST),
    ],
)
def test_each_alert_has_its_occasion(
    steps: list[StepRow], plan: str, analyzed: bool, ghosts: int, expected: tuple[str, str]
) -> None:
    assert found(steps, plan, analyzed=analyzed, ghosts=ghosts) == [expected]


@pytest.mark.parametrize(
    "steps",
    [
        [step("scan", rows=51, before=1_001, table=100)],
        [step("scan", rows=1, before=1_000, table=100)],
        [step("bcast", rows=1_000_000)],
        [step("dist", rows=1_000_000)],
    ],
)
def test_what_is_on_the_line_is_no_alert(steps: list[StepRow]) -> None:
    assert found(steps, "XN Hash Join DS_DIST_NONE", ghosts=10) == []


def test_explain_becomes_a_tree_of_rows() -> None:
    lines = [
        " XN Limit  (cost=1..2 rows=1 width=8)",
        "   ->  XN Hash Join DS_DIST_NONE  (cost=1..2 rows=1 width=8)",
        '         Hash Cond: ("outer".a = "inner".a)',
        "         ->  XN Seq Scan on t  (cost=1..2 rows=1 width=8)",
        "               Filter: (t.a > 1)",
        "         ->  XN Hash  (cost=1..2 rows=1 width=8)",
        "               ->  XN Seq Scan on u  (cost=1..2 rows=1 width=8)",
    ]

    nodes = list(plan_nodes(lines))

    assert [(node.node, node.parent) for node in nodes] == [(1, 0), (2, 1), (3, 2), (4, 2), (5, 4)]
    assert nodes[1].info == 'Hash Cond: ("outer".a = "inner".a)'
    assert nodes[2].info == "Filter: (t.a > 1)"


def test_the_part_of_a_table_names_it_also_when_it_was_written_anew() -> None:
    assert [table_id(name) for name in ("t100", "t100_3")] == [100, 100]


def test_texts_are_cut_between_characters_and_line_ends_are_told() -> None:
    text = "SELECT 'é'\n" + "x" * 185 + "éé"

    parts = list(pieces(text))

    assert "".join(part for _, part in parts) == text.replace("\n", "\\n")
    assert [number for number, _ in parts] == [0, 1]
    assert all(len(part.encode()) <= 200 for _, part in parts)
    assert list(pieces("")) == [(0, "")]
