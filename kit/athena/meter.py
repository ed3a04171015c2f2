"""What a query scanned, read and cost: from its plan, and from what was measured while it ran. Pure.

Billed are the column chunks of the row groups that survive pruning (Parquet), the bytes that were really read (ORC), or
whole objects (everything else), compressed as they lie in storage. Beside it stands what DuckDB really read.

Source: Amazon Athena pricing (per byte scanned, rounded up to the megabyte, at least 10 MB; DDL, failed queries and
reused results free; cancelled queries for what they scanned); read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kit.athena.planning import Pruned, ScanPlan
from kit.base import display
from kit.base.pricing import athena_cost_usd
from kit.base.result import Stats

_NONE = Pruned(None, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AthenaStats(Stats):
    """`bytes_scanned` is billed; `bytes_read` is what was taken from storage, None where nobody knows.

    `planning_ms` is the time before the engine started, `engine_ms` that until its last row.
    """

    query_id: str
    bytes_scanned: int = 0
    bytes_read: int | None = None
    cost_usd: float = 0.0
    partitions: Pruned = _NONE
    files: Pruned = _NONE
    row_groups: Pruned = _NONE
    planning_ms: float = 0.0
    engine_ms: float = 0.0
    reused_from: str = ""
    output_location: str = ""

    def parts(self) -> list[str]:
        shown = Stats.parts(self)
        if self.reused_from:
            return [*shown, f"reused from {self.reused_from}", "nothing scanned", display.dollars(0)]
        if self.files.total is not None:
            shown.append(f"scanned {display.size(self.bytes_scanned)}{self._read()}")
            shown += [
                f"{noun} {each.read:,} of {each.total:,}"
                for noun, each in (("partitions", self.partitions), ("row groups", self.row_groups))
                if each.total is not None and each.total > 1
            ]
            shown.append(display.dollars(self.cost_usd))
        return shown

    def _read(self) -> str:
        return "" if self.bytes_read is None else f" (read {display.size(self.bytes_read)})"


@dataclass(frozen=True, slots=True)
class Metered:
    """What the plans of one query add up to."""

    partitions: Pruned
    files: Pruned
    row_groups: Pruned
    bytes_planned: int
    measured_at_most: int

    @classmethod
    def none(cls) -> Metered:
        """A query that scans nothing."""
        return metered(())

    @property
    def upper_bound(self) -> int:
        """No query with these plans is billed for more."""
        return self.bytes_planned + self.measured_at_most


def metered(plans: Iterable[ScanPlan]) -> Metered:
    found = list(plans)
    return Metered(
        _sum(plan.partitions for plan in found),
        _sum(plan.files for plan in found),
        _sum(plan.row_groups for plan in found),
        sum(plan.bytes_planned for plan in found),
        sum(plan.measured_bytes for plan in found),
    )


def bytes_scanned(plan: Metered, bytes_read: int, *, fraction: float = 1.0) -> int:
    """What is billed. `bytes_read` is what our own readers took; `fraction` how far a query came that was stopped."""
    measured = min(bytes_read, plan.measured_at_most)
    return round(plan.bytes_planned * fraction) + measured


def bytes_read(profile: Mapping[str, Any], own: int) -> int | None:
    """What was taken from storage, by DuckDB's own account and by our readers'; None where there is no account."""
    if not profile:
        return own or None
    return int(profile.get("io", {}).get("total_bytes_read", 0)) + own


def cost_usd(scanned: int) -> float:
    return athena_cost_usd(scanned)


def _sum(parts: Iterable[Pruned]) -> Pruned:
    known = list(parts)
    totals = [each.total for each in known if each.total is not None]
    return Pruned(sum(totals) if totals else None, sum(each.read for each in known if each.total is not None))
