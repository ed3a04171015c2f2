"""What can be set for a consumer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from kit.base.backoff import Backoff
from kit.base.errors import KitError

Start: TypeAlias = Literal["TRIM_HORIZON", "LATEST"] | datetime
"""Where an application begins that has no checkpoint yet; a datetime (with its zone) is AT_TIMESTAMP."""

MAX_RECORDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOptions:
    """Times are milliseconds of the workspace's clock.

    `failover_ms`: how long a lease's counter may stand still before the owner is taken for dead; leases are renewed
    and looked at three times as often. `idle_ms`: the pause between reads of a shard at its tip. `max_records`: of one
    read. `attempts`: how often a batch is given to a processor that raises, before the consumer stops with the error.
    `fan_out`: the name of a registered consumer whose subscription is read instead of polling; registered where it is
    missing.
    """

    start: Start = "TRIM_HORIZON"
    failover_ms: int = 10_000
    idle_ms: int = 1_000
    max_records: int = MAX_RECORDS
    attempts: int = 4
    fan_out: str | None = None
    backoff: Backoff = field(default_factory=lambda: Backoff(base_ms=200, cap_ms=5_000))

    def __post_init__(self) -> None:
        _at_least("failover_ms", self.failover_ms, 3)
        _at_least("idle_ms", self.idle_ms, 0)
        _at_least("attempts", self.attempts, 1)
        if not 1 <= self.max_records <= MAX_RECORDS:
            raise KitError(
                "InvalidArgumentException", f"max_records is 1 to {MAX_RECORDS:,}, not {self.max_records:,}."
            )
        if isinstance(self.start, datetime):
            if self.start.tzinfo is None:
                raise KitError(
                    "InvalidArgumentException",
                    "The start has no time zone.",
                    "Write datetime(..., tzinfo=timezone.utc).",
                )
        elif self.start not in ("TRIM_HORIZON", "LATEST"):
            raise KitError(
                "InvalidArgumentException", f"Unknown start '{self.start}'.", "TRIM_HORIZON, LATEST or a datetime."
            )

    @property
    def beat_ms(self) -> int:
        """How often leases are renewed and looked at."""
        return self.failover_ms // 3


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise KitError("InvalidArgumentException", f"{name} is {value}; it must be at least {least}.")
