"""What a statement of the warehouse cost, for the line under its result and for whoever asks further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kit.base import display
from kit.base.result import Stats
from kit.warehouse.execute.measures import Fragment, Moved, Run
from kit.warehouse.plan.outline import Outline
from kit.warehouse.plan.planner import Plan, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseStats(Stats):
    """`run` is None for statements that run no plan. `planning_ms` is in `ms`."""

    query_id: int = 0
    planning_ms: float = 0.0
    is_cached_plan: bool = False
    run: Run | None = field(default=None, repr=False)

    @property
    def plan(self) -> Plan | Outline | None:
        """The plan that ran; its outline where another process ran it."""
        return self.run.plan if self.run is not None else None

    @property
    def tier(self) -> Tier:
        """The most general technique that the plan needed."""
        return self.run.plan.tier if self.run is not None else "leader"

    @property
    def fragments(self) -> tuple[Fragment, ...]:
        return self.run.fragments if self.run is not None else ()

    @property
    def moved(self) -> tuple[Moved, ...]:
        return self.run.moved if self.run is not None else ()

    @property
    def bytes_moved(self) -> int:
        """Bytes that went from one slice to another or to the leader, each copy counted."""
        return self.run.bytes_moved if self.run is not None else 0

    @property
    def slice_ms(self) -> Mapping[int, float]:
        """How long each slice worked, by its number."""
        return self.run.slice_ms if self.run is not None else {}

    @property
    def skew(self) -> float:
        """The slowest slice's time over the mean; 1 is even."""
        return self.run.skew if self.run is not None else 1.0

    @property
    def predicted_ms(self) -> float:
        """How long it would take with a core for each slice."""
        return self.run.predicted_ms if self.run is not None else self.ms

    @property
    def blocks_scanned(self) -> int:
        return self.run.blocks_scanned if self.run is not None else 0

    @property
    def blocks_skipped(self) -> int:
        """Blocks that zone maps let the slices skip."""
        return self.run.blocks_skipped if self.run is not None else 0

    def parts(self) -> list[str]:
        # Not super(): a dataclass with slots is another class than the one whose body this is.
        shown = Stats.parts(self)
        if self.run is None or not self.slice_ms:
            return shown
        shown.append(self.tier)
        shown.append(f"{display.size(self.bytes_moved)} moved")
        if self.blocks_skipped:
            shown.append(f"{self.blocks_skipped:,} of {self.blocks_skipped + self.blocks_scanned:,} blocks skipped")
        if len(self.slice_ms) > 1:
            shown.append(f"slowest slice {display.duration(max(self.slice_ms.values()))}, skew {self.skew:.2f}")
        return shown
