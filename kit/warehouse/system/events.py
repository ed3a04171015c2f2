"""What is kept of the past, as values: statements, the work of queries, changes to tables. Flat, so that it is cheap to
write and to read.

Times are microseconds since 1970, UTC. Loading and unloading have records of their own (`kit.warehouse.load.records`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "CTAS",
    "COPY",
    "UNLOAD",
    "VACUUM",
    "ANALYZE",
    "REFRESH",
    "DDL",
    "UTILITY",
]
# The kinds that have no query of their own: Redshift logs them as text only.
TEXT_ONLY: frozenset[str] = frozenset({"DDL", "UTILITY"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One that has ended. `rows` are those returned or changed; `error` is empty where it succeeded.

    `reads` and `writes` are table ids. `planning_us` is part of what lies between `start_us` and `end_us`.
    """

    query: int
    xid: int
    pid: int
    label: str
    text: str
    kind: Kind
    start_us: int
    end_us: int
    planning_us: int = 0
    rows: int = 0
    size_bytes: int = 0
    code: str = ""
    error: str = ""
    is_cached: bool = False

    @property
    def failed(self) -> bool:
        return bool(self.code)

    @property
    def cancelled(self) -> bool:
        return self.code == "57014"


class StepRow(NamedTuple):
    """One step on one slice; the leader is slice -1. `name` is the table's or the segment's that it reads.

    `rows_before` are those of a scan before its filters; `segment_us` is how long the whole segment ran there.
    """

    slice: int
    stream: int
    segment: int
    step: int
    label: str
    table: int
    name: str
    start_us: int
    step_us: int
    segment_us: int
    rows: int
    size_bytes: int
    rows_before: int
    blocks: int
    is_range: bool
    spilled_bytes: int


class Alert(NamedTuple):
    """A finding about a query; `slice`, `segment` and `step` say where, 0 where it is about the whole."""

    slice: int
    segment: int
    step: int
    event: str
    solution: str


class PlanNode(NamedTuple):
    """A line of EXPLAIN; `info` is what stands under it."""

    node: int
    parent: int
    text: str
    info: str


@dataclass(frozen=True, slots=True)
class Work:
    """What a query's slices did, what its plan was, and what there is to say about it."""

    query: int
    at_us: int
    steps: tuple[StepRow, ...] = ()
    nodes: tuple[PlanNode, ...] = ()
    alerts: tuple[Alert, ...] = ()

    @classmethod
    def read(cls, document: dict[str, Any]) -> Work:
        return cls(
            document["query"],
            document["at_us"],
            tuple(StepRow(*each) for each in document["steps"]),
            tuple(PlanNode(*each) for each in document["nodes"]),
            tuple(Alert(*each) for each in document["alerts"]),
        )


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """One line of STL_VACUUM: `status` is `Started` with the mode, `Finished`, or why nothing was done."""

    xid: int
    table: int
    status: str
    rows: int
    sorted_rows: int
    blocks: int
    at_us: int
    reclaimable_rows: int = 0
    is_recluster: bool = False


@dataclass(frozen=True, slots=True)
class Analyzed:
    """One table that ANALYZE looked at; `modified_rows` are those changed since it did so before."""

    xid: int
    table: int
    schema: str
    name: str
    status: Literal["Full", "PredicateColumn", "Skipped", "Failed"]
    rows: int
    modified_rows: int
    start_us: int
    end_us: int
    previous_us: int | None = None
    is_auto: bool = False
    threshold_percent: int = 10


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One REFRESH of a materialised view; `status` is Redshift's sentence."""

    xid: int
    schema: str
    name: str
    status: str
    start_us: int
    end_us: int
    kind: Literal["Manual", "Auto"] = "Manual"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A transaction that was undone because another had changed what it read or wrote."""

    xid: int
    pid: int
    table: int
    start_us: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Fault:
    """An error of the warehouse's own that no statement raised."""

    at_us: int
    where: str
    context: str
    pid: int = 0
    details: str = field(default="")
