"""What Athena knows of one run of a statement, and the states it goes through. Values only.

Source: Amazon Athena API Reference, QueryExecution, QueryExecutionStatus, QueryExecutionStatistics; read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from kit.base.errors import KitError
from kit.base.ids import QueryId

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
Kind = Literal["DML", "DDL", "UTILITY"]

TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    "QUEUED": frozenset({"RUNNING", "FAILED", "CANCELLED"}),
    "RUNNING": frozenset({"SUCCEEDED", "FAILED", "CANCELLED"}),
    "SUCCEEDED": frozenset(),
    "FAILED": frozenset(),
    "CANCELLED": frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run. Sizes in bytes, durations in milliseconds, times in UTC; `reason` is Athena's StateChangeReason.

    `bytes_scanned` is what is billed for (0 where a result was reused). `session` is the process that runs it.
    """

    id: QueryId
    statement: str
    database: str
    workgroup: str
    session: str
    state: State
    submitted: datetime
    kind: Kind = "DML"
    statement_type: str = ""
    reason: str = ""
    completed: datetime | None = None
    bytes_scanned: int = 0
    rows: int | None = None
    planning_ms: float = 0.0
    engine_ms: float = 0.0
    total_ms: float = 0.0
    output_location: str = ""
    manifest_location: str = ""
    reused_from: str = ""

    @property
    def is_over(self) -> bool:
        return not TRANSITIONS[self.state]


def check_transition(before: State, after: State) -> None:
    """Raises `INVALID_STATE` for a change that the table does not have."""
    if after not in TRANSITIONS[before]:
        raise KitError("INVALID_STATE", f"A query execution that is {before} cannot become {after}.")
