"""Filling a window from what a source already holds, for a chart that begins, jumps or only needs one picture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from kit.base.clock import now, now_ms
from kit.widgets.stream_chart.decode import Decoder
from kit.widgets.stream_chart.plan import Plan
from kit.widgets.stream_chart.source import ARRIVAL, Tail
from kit.widgets.stream_chart.window import Window

LOOK_BACK = tuple(timedelta(seconds=seconds) for seconds in (10, 120, 1_200, 14_400, 172_800))
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Loaded:
    """A window filled up to the tip, and where to go on from; what was left out on the way."""

    def __init__(self, window: Window, position: Any) -> None:
        self.window = window
        self.position = position
        self.read = 0
        self.left_out = 0
        self.reason = ""

    def take(self, source: Tail, decoder: Decoder, names: list[str], pinned_end_ms: float | None) -> Any:
        """Read one piece into the window; what the source answered."""
        tailed = source.tail(self.position, names)
        # A stream that is put to in small pieces gives small batches; each would cost a parse and a thinning.
        held = list(tailed.batches)
        for batch in pa.Table.from_batches(held).combine_chunks().to_batches() if held else ():
            rows = decoder.decode(batch)
            self.window.add(rows.table, None, pinned_end_ms)
            self.read += batch.num_rows
            self.left_out += rows.left_out
            self.reason = self.reason or rows.reason
        self.position = tailed.position
        return tailed


def load(
    source: Tail,
    plan: Plan,
    decoder: Decoder,
    length_ms: float | None,
    *,
    pinned_end_ms: float | None = None,
    going_on: Callable[[], bool] = lambda: True,
) -> Loaded:
    """The window as of now, or the one that ends at `pinned_end_ms`. Ends early when it is not to go on.

    Where the window moves along the time of arrival, the source knows where it begins. Along another time that can only
    be found out by looking back, further and further, until the window is covered.
    """
    loaded = Loaded(Window(plan, length_ms, decoder.empty()), _BEGINNING)
    for since in _beginnings(source, plan, length_ms, pinned_end_ms):
        loaded = Loaded(Window(plan, length_ms, decoder.empty()), since)
        while going_on():
            if loaded.take(source, decoder, plan.names, pinned_end_ms).is_whole:
                break
        end = loaded.window.end_ms if pinned_end_ms is None else pinned_end_ms
        if not going_on() or (length_ms is not None and loaded.window.begin_seen_ms <= end - length_ms):
            return loaded
    return loaded


def _beginnings(source: Tail, plan: Plan, length_ms: float | None, pinned_end_ms: float | None) -> list[datetime]:
    if length_ms is None:
        return [_BEGINNING]
    if plan.time == ARRIVAL:
        end_ms = now_ms(source.clock) if pinned_end_ms is None else pinned_end_ms
        return [_BEGINNING + timedelta(milliseconds=max(end_ms - length_ms, 0))]
    moment = now(source.clock)
    return [*(moment - step for step in LOOK_BACK), _BEGINNING]
