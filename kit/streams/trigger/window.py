"""The tumbling window of a shard: a state that the function carries through all records that arrived in a period.

Pure. A window is open from its first record until the function has taken the final call. Its records count as done only
then, so that after a crash the state is built again from the window's first record.
Source: Lambda Developer Guide, Implementing stateful Kinesis Data Streams processing in Lambda, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Finishable(Protocol):
    done: bool


@dataclass(frozen=True, slots=True)
class WindowPart:
    """What a call is told of its window; the end does not belong to it. `early`: the state grew too large."""

    start_ms: int
    end_ms: int
    state: Mapping[str, Any]
    final: bool = False
    early: bool = False


@dataclass(slots=True)
class TumblingWindow:
    """`start_ms` is None between windows."""

    size_ms: int
    start_ms: int | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    overgrown: bool = False
    _not_before_ms: float = 0.0
    _kept: list[Finishable] = field(default_factory=list)

    def start_of(self, arrival_ms: int) -> int:
        return arrival_ms // self.size_ms * self.size_ms

    def open_at(self, arrival_ms: int) -> None:
        """Open the window that an arrival falls into, unless it is open."""
        if self.start_ms is None:
            self.start_ms = self.start_of(arrival_ms)

    def part(self) -> WindowPart:
        assert self.start_ms is not None, "records are in an open window"
        return WindowPart(self.start_ms, self.start_ms + self.size_ms, self.state)

    def closing(self, now_ms: int, following_ms: int | None, read_ms: int, *, ended: bool) -> WindowPart | None:
        """The final call that is due: the state has grown too large, or nothing more can belong to the window.

        `following_ms` is the arrival of the next record, None where there is none.
        """
        if self.start_ms is None or now_ms < self._not_before_ms:
            return None
        end_ms = self.start_ms + self.size_ms
        if self.overgrown:
            return WindowPart(self.start_ms, end_ms, self.state, final=True, early=True)
        over = ended or read_ms >= end_ms if following_ms is None else self.start_of(following_ms) != self.start_ms
        return WindowPart(self.start_ms, end_ms, self.state, final=True) if over else None

    def is_waiting(self, now_ms: int) -> bool:
        """Whether a final call that failed is to be repeated later; nothing else may happen before it."""
        return now_ms < self._not_before_ms

    def hold_until(self, ms: float) -> None:
        self._not_before_ms = ms

    def carry(self, state: Mapping[str, Any], *, overgrown: bool) -> None:
        """Replace the state; one that is overgrown ends the window early."""
        self.state = state
        self.overgrown = overgrown

    def closed(self) -> None:
        """The final call went well: what was kept is done. A window that was closed early goes on with a new state."""
        for item in self._kept:
            item.done = True
        self._kept.clear()
        self.state = {}
        self._not_before_ms = 0.0
        if self.overgrown:
            self.overgrown = False
        else:
            self.start_ms = None

    def keep(self, items: Iterable[Finishable]) -> None:
        """Records that are dealt with, up to the window's end; where none is open they are done."""
        if self.start_ms is None:
            for item in items:
                item.done = True
        else:
            self._kept.extend(items)

    def due_ms(self, now_ms: int, read_ms: int, *, ended: bool) -> float | None:
        """When the final call is due; None where a read must show first that nothing more belongs to the window."""
        if self.start_ms is None:
            return None
        end_ms = self.start_ms + self.size_ms
        if self.overgrown or ended or self._not_before_ms > now_ms or read_ms >= end_ms:
            return max(float(now_ms), self._not_before_ms)
        return end_ms if end_ms > now_ms else None
