"""Sends the rows of a source as timed events: a day of flights in a second, in a minute, or as it was.

What is due is sent at once as a table, so the pace costs a call a tick, not a call a row. Time is the workspace's
clock: under one that is moved by hand a replay moves it through the events' own time, at full speed and repeatably.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kit.base.clock import Clock, Stopwatch, instant
from kit.base.display import count
from kit.base.errors import KitError
from kit.base.progress import Progress, Silent
from kit.base.settings import Settings
from kit.streams.produce.columnar import Append, TableSender

if TYPE_CHECKING:
    import pyarrow as pa

TICK_US = 10_000
"""Rows that are due within a tick travel together."""


@dataclass(frozen=True, slots=True, repr=False)
class Replayed:
    """What a replay has sent. `refused` records met shards over their limits and were sent again.

    `first_event` and `last_event` are None where the source has no time. `clock_seconds` passed on the workspace's
    clock, `wall_seconds` on the machine's.
    """

    records: int
    refused: int
    first_event: datetime | None
    last_event: datetime | None
    clock_seconds: float
    wall_seconds: float

    @property
    def records_per_second(self) -> float:
        """Of wall time."""
        return self.records / self.wall_seconds if self.wall_seconds else 0.0

    def __repr__(self) -> str:
        events = f", events from {self.first_event} to {self.last_event}" if self.first_event else ""
        refused = f", {self.refused:,} of them refused at first" if self.refused else ""
        return f"{count(self.records, 'record')} in {self.clock_seconds:,.1f} s{events}{refused}"


def replay(
    source: Any,
    append: Append,
    *,
    clock: Clock,
    key: str | Sequence[str] | None = None,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    rate: float | None = None,
    speedup: float | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Replayed:
    """Send the rows of `source` by `append` (a stream's), each as a JSON object.

    Without a pace, as fast as the stream takes them. `rate`: so many records a second. `speedup`: at the distances of
    `time`, so many times faster; 1 is as it was. `key` names the column, or columns, of the partition key; without it
    rows are spread evenly. Rows go in the order of `time`, else of the source. Sources are those of `Rows`.
    """
    from kit.streams.produce.row_sql import RowOptions
    from kit.streams.produce.rows import Rows

    if rate is not None and speedup is not None:
        raise KitError("InvalidArgumentException", "A replay has a rate or a speedup, not both.")
    for name, value in (("rate", rate), ("speedup", speedup)):
        if value is not None and not value > 0:
            raise KitError("InvalidArgumentException", f"{name} is {value}; it must be above zero.")
    if speedup is not None and time is None:
        raise KitError(
            "InvalidArgumentException", "A speedup needs the column that holds the events' time.", "time=..."
        )
    watch = Stopwatch()
    began_ns = clock.now_ns()
    sender = TableSender(append, clock)
    span = _Span()
    names = (key,) if isinstance(key, str) else tuple(key or ())
    with Rows(source, RowOptions(names, time, None if columns is None else tuple(columns)), settings) as rows:
        batches = span.watched(rows.batches(), sender, progress or Silent())
        if rate is None and speedup is None:
            for batch in batches:
                sender.send(_table(batch))
        else:
            schedule = _by_rate(rate) if rate is not None else _by_event_time(speedup or 1.0)
            _pace(batches, schedule, sender, clock)
        sender.drain()
    return Replayed(
        sender.sent,
        sender.refused,
        span.first,
        span.last,
        (clock.now_ns() - began_ns) / 1e9,
        watch.ms / 1000,
    )


def _pace(
    batches: Iterable[pa.RecordBatch],
    schedule: Callable[[pa.RecordBatch], list[int]],
    sender: TableSender,
    clock: Clock,
) -> None:
    """Send each row when it is due, in microseconds since the beginning."""
    began_us = clock.now_ns() // 1000
    free_us = 0
    for batch in batches:
        due = schedule(batch)
        table = _table(batch)
        position = 0
        while position < len(due):
            elapsed_us = clock.now_ns() // 1000 - began_us
            wait_us = max(due[position], free_us) - elapsed_us
            if wait_us > 0:
                # What was refused is tried again while the next events are not due.
                wait_s = wait_us / 1e6
                clock.sleep(min(wait_s, sender.pause_seconds) if sender.waiting else wait_s)
                sender.retry()
                continue
            end = bisect_right(due, elapsed_us, lo=position)
            sender.send(table.slice(position, end - position))
            position = end
            free_us = elapsed_us + TICK_US


def _by_rate(rate: float) -> Callable[[pa.RecordBatch], list[int]]:
    sent = 0

    def due(batch: pa.RecordBatch) -> list[int]:
        nonlocal sent
        first, sent = sent, sent + batch.num_rows
        return [int(position * 1e6 / rate) for position in range(first, sent)]

    return due


def _by_event_time(speedup: float) -> Callable[[pa.RecordBatch], list[int]]:
    origin: int | None = None

    def due(batch: pa.RecordBatch) -> list[int]:
        nonlocal origin
        times = batch.column("event_us").to_pylist()
        if origin is None:
            origin = times[0]
        return [int((time - origin) / speedup) for time in times]

    return due


def _table(batch: pa.RecordBatch) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches([batch.select(["partition_key", "data"])])


class _Span:
    """The time that the events cover, noted as they pass."""

    def __init__(self) -> None:
        self.first: datetime | None = None
        self.last: datetime | None = None

    def watched(
        self, batches: Iterator[pa.RecordBatch], sender: TableSender, progress: Progress
    ) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if not batch.num_rows:
                continue
            times = batch.column("event_us")
            if times[0].is_valid:
                self.first = self.first or instant(times[0].as_py() * 1000)
                self.last = instant(times[-1].as_py() * 1000)
            progress.update(None, f"{sender.sent:,} records sent")
            yield batch
