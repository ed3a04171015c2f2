"""How far a delivery stream has come, as values: positions in its source, a flush in hand, what it has counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Range:
    """Records of one shard of the source, from index `begin` up to `end`."""

    shard: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Flush:
    """A delivery that has been decided on, and is carried out again until it is committed.

    Names of objects follow from `flush_id`, `made_ms` and `oldest_ms` alone, so that what is repeated after a kill
    replaces what is there already. `source_id` is the incarnation of the stream that is read.
    """

    flush_id: str
    made_ms: int
    oldest_ms: int
    source_id: str
    ranges: tuple[Range, ...]

    @property
    def records(self) -> int:
        return sum(part.end - part.begin for part in self.ranges)

    def to_text(self) -> str:
        ranges = [[part.shard, part.begin, part.end] for part in self.ranges]
        return json.dumps([self.flush_id, self.made_ms, self.oldest_ms, self.source_id, ranges])

    @classmethod
    def from_text(cls, text: str) -> Flush:
        flush_id, made_ms, oldest_ms, source_id, ranges = json.loads(text)
        return cls(flush_id, made_ms, oldest_ms, source_id, tuple(Range(*part) for part in ranges))


@dataclass(frozen=True, slots=True)
class Position:
    """By shard, the index of the first record that is not delivered yet."""

    source_id: str
    next_index: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of records. A record of the source is delivered, failed (written to the error prefix) or dropped (by
    the transformation); `expired` are those that the source lost to its retention before they were read."""

    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    expired: int = 0
    objects: int = 0
    bytes: int = 0
    partitions: int = 0

    def outcomes(self) -> dict[str, int]:
        """What has become of records, by name."""
        return {
            "delivered": self.delivered,
            "failed": self.failed,
            "dropped": self.dropped,
            "expired": self.expired,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that has been counted since the delivery stream was made; `error` is that of the last attempt, if it
    failed."""

    counts: Counts
    flushes: int = 0
    last_flush_ms: int | None = None
    error: str = ""
    attempts: int = 0
