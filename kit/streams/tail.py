"""Following a stream past its limits: what has arrived behind a position, piece by piece, and how far the tip is.

For those who watch a stream without being an application of it: no lease, no checkpoint, nothing moved. A position is a
value; whoever holds one may ask again from it. Shards made by a resharding are followed from their first record on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kit.streams import scan
from kit.streams.names import ShardId
from kit.streams.scan import Span
from kit.streams.stream import Stream

PIECE_RECORDS = 200_000
"""The most records of a shard in one piece, so that catching up with a long log is not one step."""


@dataclass(frozen=True, slots=True)
class Position:
    """For each shard that was followed, the index of the next record."""

    next_index: Mapping[ShardId, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """What lies behind a position, up to the tip or to the limit of a piece.

    `batches` have the columns that were asked for. `counts` are the records by shard, of open shards also where there
    are none. `behind_ms` is how long ago the oldest of the records arrived, 0 where there are none: the position was at
    the tip. `is_whole` says whether `position` is at the tip as it was.
    """

    batches: Iterator[Any]
    position: Position
    counts: Mapping[ShardId, int]
    behind_ms: int
    is_whole: bool


def tail(
    stream: Stream, since: Position | datetime, now_ms: int, columns: Sequence[str], limit: int = PIECE_RECORDS
) -> Piece:
    """The records behind a position, or those that arrived from a time on.

    `now_ms` is the time of the clock that stamps the records.
    """
    if isinstance(since, datetime):
        spans = stream.spans(since)
    else:
        known = since.next_index
        spans = [_from(span, known.get(span.shard.shard_id, span.begin)) for span in stream.spans()]
    cut = [replace(span, end=max(span.begin, min(span.end, span.begin + limit))) for span in spans]
    return Piece(
        batches=scan.batches([span for span in cut if span.begin < span.end], columns),
        position=Position({span.shard.shard_id: span.end for span in cut}),
        counts={
            span.shard.shard_id: span.end - span.begin for span in cut if span.begin < span.end or span.shard.is_open
        },
        behind_ms=max((now_ms - _arrival_ms(span, now_ms) for span in cut if span.begin < span.end), default=0),
        is_whole=all(part.end >= span.end for part, span in zip(cut, spans, strict=True)),
    )


def _from(span: Span, index: int) -> Span:
    return replace(span, begin=max(span.begin, index))


def _arrival_ms(span: Span, now_ms: int) -> int:
    """When the first record of a span arrived; of one that has been trimmed away meanwhile, the next one."""
    rows = span.live.reader.rows(span.begin, 1, 0)
    return min(rows.arrivals_ms[0], now_ms) if rows.arrivals_ms else now_ms
