"""What was measured of one run: every fragment on its slice, every exchange, the leader's part.

Profiles are kept as DuckDB gave them and read when somebody asks: a query does not wait for its own statistics.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kit.warehouse.plan.outline import Outline
from kit.warehouse.plan.planner import Plan

LEADER = -1
# DuckDB's operators as Redshift's steps (SVL_QUERY_REPORT.label).
_STEPS = {
    "TABLE_SCAN": "scan",
    "SEQ_SCAN": "scan",
    "FILTER": "filter",
    "PROJECTION": "project",
    "HASH_GROUP_BY": "aggr",
    "PERFECT_HASH_GROUP_BY": "aggr",
    "PARTITIONED_AGGREGATE": "aggr",
    "UNGROUPED_AGGREGATE": "aggr",
    "HASH_JOIN": "hjoin",
    "PIECEWISE_MERGE_JOIN": "mjoin",
    "IE_JOIN": "mjoin",
    "NESTED_LOOP_JOIN": "nloop",
    "BLOCKWISE_NL_JOIN": "nloop",
    "CROSS_PRODUCT": "nloop",
    "ORDER_BY": "sort",
    "TOP_N": "sort",
    "LIMIT": "limit",
    "STREAMING_LIMIT": "limit",
    "WINDOW": "window",
    "STREAMING_WINDOW": "window",
    "UNION": "append",
    "CREATE_TABLE_AS": "save",
    "BATCH_CREATE_TABLE_AS": "save",
    "RESULT_COLLECTOR": "return",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operator of a fragment; `depth` counts from the fragment's top, `rows` and `size_bytes` are what it put out.

    Of a scan, `rows_scanned` are those before its filters, and `blocks` those that it could have read.
    """

    label: str
    operator: str
    depth: int
    rows: int
    ms: float
    detail: str = ""
    size_bytes: int = 0
    rows_scanned: int = 0
    blocks_scanned: int = 0
    blocks: int = 0


@dataclass(frozen=True)
class Fragment:
    """One segment on one slice; `slice` is -1 on the leader. Times in ms, `start_ms` since the query began."""

    segment: int
    slice: int
    start_ms: float
    ms: float
    rows: int
    profile: str = field(repr=False, default="")

    @cached_property
    def _profile(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.profile) if self.profile else {}
        return found

    @property
    def blocks_scanned(self) -> int:
        return int(self._profile.get("query", {}).get("total_row_groups_scanned", 0))

    @property
    def blocks_skipped(self) -> int:
        """Blocks whose zone maps said that no row in them could pass."""
        return int(self._profile.get("query", {}).get("total_row_groups_to_scan", 0)) - self.blocks_scanned

    @property
    def rows_scanned(self) -> int:
        return int(self._profile.get("query", {}).get("total_rows_scanned", 0))

    @property
    def spilled_bytes(self) -> int:
        return int(self._profile.get("system", {}).get("peak_temp_dir_size", 0))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Its operators, from the top down."""
        return tuple(_steps(self._profile.get("operator", ()), 0))


@dataclass(frozen=True, slots=True)
class Moved:
    """What one exchange moved; `rows` and `size_bytes` count each copy that a broadcast makes."""

    segment: int
    kind: str
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class Run:
    """One execution of a plan."""

    plan: Plan | Outline
    fragments: tuple[Fragment, ...]
    moved: tuple[Moved, ...]
    planned_ms: float
    is_cached_plan: bool

    @property
    def bytes_moved(self) -> int:
        return sum(each.size_bytes for each in self.moved if each.kind != "keep")

    @property
    def slice_ms(self) -> Mapping[int, float]:
        """How long each slice worked, by its number."""
        total: dict[int, float] = {}
        for each in self.fragments:
            if each.slice != LEADER:
                total[each.slice] = total.get(each.slice, 0.0) + each.ms
        return dict(sorted(total.items()))

    @property
    def skew(self) -> float:
        """The slowest slice's time over the mean; 1 is even."""
        times = list(self.slice_ms.values())
        mean = sum(times) / len(times) if times else 0.0
        return max(times) / mean if mean > 0 else 1.0

    @property
    def leader_ms(self) -> float:
        return sum(each.ms for each in self.fragments if each.slice == LEADER)

    @property
    def predicted_ms(self) -> float:
        """How long it would take with a core for each slice: the slowest of every stage, and the leader."""
        slowest: dict[int, float] = {}
        stages = {segment.number: segment.stage for segment in self.plan.segments}
        for each in self.fragments:
            stage = stages[each.segment]
            slowest[stage] = max(slowest.get(stage, 0.0), each.ms)
        return self.planned_ms + sum(slowest.values())

    @property
    def blocks_scanned(self) -> int:
        return sum(each.blocks_scanned for each in self._scans)

    @property
    def blocks_skipped(self) -> int:
        return sum(each.blocks_skipped for each in self._scans)

    @property
    def _scans(self) -> list[Fragment]:
        """The fragments that read tables; others read only what was exchanged."""
        reading = {segment.number for segment in self.plan.segments if segment.reads_tables}
        return [each for each in self.fragments if each.segment in reading]


def _steps(operators: Sequence[Mapping[str, Any]], depth: int) -> Iterator[Step]:
    for each in operators:
        kind = str(each.get("type", ""))
        yield Step(
            _STEPS.get(kind, kind.lower()),
            kind,
            depth,
            int(each.get("intermediate_rows", 0)),
            float(each.get("timing", 0.0)) * 1000,
            str(each.get("extra_info", {}).get("Table", "")),
            int(each.get("intermediate_size_bytes", 0)),
            int(each.get("rows_scanned", 0)),
            int(each.get("row_groups_scanned", 0)),
            int(each.get("total_row_groups_to_scan", 0)),
        )
        yield from _steps(each.get("children", ()), depth + 1)
