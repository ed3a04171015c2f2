"""Findings about a query that has run, in the words of STL_ALERT_EVENT_LOG. Pure.

Source: Amazon Redshift Database Developer Guide, "STL_ALERT_EVENT_LOG" and "Reviewing query alerts", read 2026-11. The
limit for moved rows and the ratio of a selective filter are the documented ones.
Differs: a filter is only called selective where a slice has scanned more than `SELECTIVE_ROWS` rows, and ghost rows
many where they are more than `GHOST_FRACTION` of a table; Redshift does not say where it draws these lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kit.warehouse.plan.facts import TableFacts
from kit.warehouse.system.events import Alert, PlanNode, StepRow

MOVED_ROWS: Final = 1_000_000
SELECTIVE_RATIO: Final = 0.05
SELECTIVE_ROWS: Final = 1_000
GHOST_FRACTION: Final = 0.05

MISSING_STATISTICS: Final = ("Missing query planner statistics", "Run the ANALYZE command")
NESTED_LOOP: Final = (
    "Nested Loop Join in the query plan",
    "Review the join predicates to avoid Cartesian products",
)
SELECTIVE_FILTER: Final = (
    "Very selective query filter",
    (
        "Review the choice of sort key to enable range restricted scans, or run the VACUUM command to ensure the table "
        "is sorted"
    ),
)
GHOST_ROWS: Final = ("Scanned a large number of deleted rows", "Run the VACUUM command to reclaim deleted space")
DISTRIBUTED: Final = (
    "Distributed a large number of rows across the network",
    "Review the choice of distribution key to collocate the join or aggregation",
)
BROADCAST: Final = (
    "Broadcasted a large number of rows across the network",
    "Review the choice of distribution key to collocate the join and consider using distributed tables",
)
SERIAL: Final = (
    "DS_DIST_ALL_INNER for Hash Join in the query plan",
    "Review the choice of distribution key to collocate the join and consider using distributed tables",
)


def alerts(
    steps: Sequence[StepRow],
    nodes: Sequence[PlanNode],
    tables: Mapping[int, TableFacts],
    ghosts: Mapping[int, int],
) -> Iterator[Alert]:
    """What there is to say of a query; `tables` are those that it read and `ghosts` their deleted rows, by table id."""
    if any(not each.analyzed for each in tables.values()):
        yield Alert(0, 0, 0, *MISSING_STATISTICS)
    if any("Nested Loop" in node.text for node in nodes) or any(each.label == "nloop" for each in steps):
        yield Alert(0, 0, 0, *NESTED_LOOP)
    if any("DS_DIST_ALL_INNER" in node.text for node in nodes):
        yield Alert(0, 0, 0, *SERIAL)
    yield from _selective(steps)
    yield from _ghosts(steps, tables, ghosts)
    yield from _moved(steps, "dist", DISTRIBUTED)
    yield from _moved(steps, "bcast", BROADCAST)


def _selective(steps: Sequence[StepRow]) -> Iterator[Alert]:
    event, solution = SELECTIVE_FILTER
    for each in steps:
        if each.label == "scan" and each.rows_before > SELECTIVE_ROWS:
            ratio = each.rows / each.rows_before
            if ratio < SELECTIVE_RATIO:
                said = f"{event}:ratio=rows({each.rows})/rows_pre_user_filter({each.rows_before})={ratio:f}"
                yield Alert(each.slice, each.segment, each.step, said, solution)


def _ghosts(steps: Sequence[StepRow], tables: Mapping[int, TableFacts], ghosts: Mapping[int, int]) -> Iterator[Alert]:
    event, solution = GHOST_ROWS
    for each in steps:
        if each.label != "scan" or not each.table:
            continue
        dead = ghosts.get(each.table, 0)
        live = tables[each.table].rows
        if dead > GHOST_FRACTION * (live + dead):
            said = f"{event}:ghost rows({dead}), rows({round(live)})"
            yield Alert(each.slice, each.segment, each.step, said, solution)


def _moved(steps: Sequence[StepRow], label: str, alert: tuple[str, str]) -> Iterator[Alert]:
    event, solution = alert
    for segment in dict.fromkeys(each.segment for each in steps if each.label == label):
        sent = [each for each in steps if each.label == label and each.segment == segment]
        rows = sum(each.rows for each in sent)
        if rows > MOVED_ROWS:
            yield Alert(sent[0].slice, segment, sent[0].step, f"{event}:rows({rows})", solution)
