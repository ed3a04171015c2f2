"""What both drivers do: read a batch of each source, take it through the stages, tell what was bad or late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from kit.analytics.engine import Engine
from kit.analytics.pipeline import Flow, Pipeline
from kit.analytics.source import TRACED, Batch, Source
from kit.streams.scan import Span

LATE = "LATE: its windows had closed"


@dataclass(slots=True)
class Counts:
    """How many records were `read`, and of those how many were `bad`, or `late` for a window.

    `expired` ones were trimmed away before they could be read.
    """

    read: int = 0
    bad: int = 0
    late: int = 0
    expired: int = 0

    def add(self, other: Counts) -> None:
        self.read += other.read
        self.bad += other.bad
        self.late += other.late
        self.expired += other.expired


@dataclass(frozen=True, slots=True)
class Turn:
    """One round: `answer` rows, or None; records that were bad or late; whether nothing more could be read."""

    answer: pa.Table | None
    errors: pa.Table
    late: pa.Table
    counts: Counts
    watermark_ms: int
    at_end: bool = field(default=False)


def turn(
    engine: Engine,
    sources: Mapping[str, Source],
    spans: Mapping[str, Sequence[Span]],
    pipeline: Pipeline,
    now_ms: int,
    *,
    is_bounded: bool,
) -> Turn:
    """Take in the next batch of what `spans` hold of each source."""
    batches = {
        name: source.read(engine, spans[name], now_ms, is_bounded=is_bounded) for name, source in sources.items()
    }
    advance = pipeline.advance({name: Flow(_rows(batch), batch.watermark_ms) for name, batch in batches.items()})
    errors = pa.concat_tables([TRACED.empty_table(), *(batch.errors for batch in batches.values())])
    late = [batches[name].traced(numbers, LATE) for name, parts in advance.late.items() for numbers in parts]
    lates = pa.concat_tables([TRACED.empty_table(), *late])
    counts = Counts(
        sum(batch.read for batch in batches.values()),
        errors.num_rows,
        lates.num_rows,
        sum(batch.expired for batch in batches.values()),
    )
    is_over = all(batch.at_end for batch in batches.values())
    return Turn(advance.answer, errors, lates, counts, advance.watermark_ms, is_over)


def _rows(batch: Batch) -> pa.Table | None:
    return batch.rows if batch.rows.num_rows else None
