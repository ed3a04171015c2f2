"""What a stream is, as values: settings, shards, where a key goes, what has expired. Knows no file and no clock.

A stream's state is read as a whole and never changed in place; `now_ms` is handed in wherever time decides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from kit.streams import hashing, names, sequence
from kit.streams.names import ShardId, StreamId
from kit.streams.records import ChildShard, Shard

Status = Literal["CREATING", "ACTIVE", "UPDATING", "DELETING"]
Mode = Literal["PROVISIONED", "ON_DEMAND"]
Durability = Literal["os", "fsync"]
Strategy = Literal["USER_PARTITION_KEY", "AUTO"]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class ShardState:
    """One shard. Hash keys are bounds included; parents are indexes of shards that may be expired by now."""

    index: int
    low: int
    high: int
    created_s: int
    parent: int | None = None
    adjacent_parent: int | None = None
    closed_ms: int | None = None

    @property
    def shard_id(self) -> ShardId:
        return names.shard_id(self.index)

    @property
    def is_open(self) -> bool:
        return self.closed_ms is None

    @property
    def parents(self) -> tuple[int, ...]:
        return tuple(parent for parent in (self.parent, self.adjacent_parent) if parent is not None)

    @property
    def sequence_base(self) -> int:
        return sequence.shard_base(self.index, self.created_s)

    @property
    def starting_sequence_number(self) -> str:
        return str(self.sequence_base + sequence.offset(sequence.FIRST_INDEX - 1, self.created_s))

    @property
    def ending_sequence_number(self) -> str | None:
        """Above every number of the shard; None while it is open."""
        if self.closed_ms is None:
            return None
        return str(self.sequence_base + sequence.offset(sequence.LAST_INDEX, self.closed_ms // 1000))

    def described(self) -> Shard:
        return Shard(
            self.shard_id,
            self.index,
            self.low,
            self.high,
            self.starting_sequence_number,
            self.ending_sequence_number,
            None if self.parent is None else names.shard_id(self.parent),
            None if self.adjacent_parent is None else names.shard_id(self.adjacent_parent),
        )


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """A registered consumer of enhanced fan-out."""

    name: str
    created_ms: int


@dataclass(frozen=True)
class StreamState:
    """One stream. `next_status` holds from `settles_ms` on, `status` before; a DELETING stream is gone then.

    `floor_ms` is an arrival time: what arrived up to it has expired for good, however long the retention is now.
    """

    stream_id: StreamId
    name: str
    created_ms: int
    status: Status
    settles_ms: int
    durability: Durability
    mode: Mode
    retention_hours: int
    floor_ms: int
    enforced: bool
    record_max_kib: int
    strategy: Strategy
    monitoring: tuple[str, ...] = ()
    shards: tuple[ShardState, ...] = ()
    consumers: Mapping[str, ConsumerState] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return names.stream_arn(self.name)

    @property
    def folder(self) -> str:
        """The name of its folder: names may differ in case only, and one may be used again after a deletion."""
        return f"{self.name}.{self.stream_id}"

    @property
    def record_max_bytes(self) -> int:
        return self.record_max_kib * 1024

    def status_at(self, now_ms: int) -> Status | None:
        """The status, or None once the stream is deleted."""
        if now_ms < self.settles_ms:
            return self.status
        return None if self.status == "DELETING" else "ACTIVE"

    def horizon_ms(self, now_ms: int) -> int:
        """What arrived up to this time has expired."""
        return max(self.floor_ms, now_ms - self.retention_hours * HOUR_MS)

    @cached_property
    def open_shards(self) -> tuple[ShardState, ...]:
        """The open shards by hash key; their ranges have no gap."""
        return tuple(sorted((shard for shard in self.shards if shard.is_open), key=lambda shard: shard.low))

    @cached_property
    def starts(self) -> tuple[bytes, ...]:
        """Where the open shards' ranges begin, as digests: they compare as the integers do."""
        return tuple(shard.low.to_bytes(hashing.DIGEST_BYTES, "big") for shard in self.open_shards)

    @cached_property
    def by_index(self) -> Mapping[int, ShardState]:
        return {shard.index: shard for shard in self.shards}

    def place(self, digest: bytes) -> ShardState:
        """The open shard that holds the hash key."""
        return self.open_shards[bisect_right(self.starts, digest) - 1]

    @cached_property
    def first_closed_ms(self) -> int | None:
        """When the first of the closed shards was closed."""
        return min((shard.closed_ms for shard in self.shards if shard.closed_ms is not None), default=None)

    def expired_shards(self, now_ms: int) -> tuple[ShardState, ...]:
        """The shards that closed so long ago that all they held has expired."""
        horizon_ms = self.horizon_ms(now_ms)
        if self.first_closed_ms is None or self.first_closed_ms > horizon_ms:
            return ()
        return tuple(shard for shard in self.shards if shard.closed_ms is not None and shard.closed_ms <= horizon_ms)

    def children(self, shard: ShardState) -> tuple[ChildShard, ...]:
        """The shards that continue a closed one."""
        return tuple(
            ChildShard(child.shard_id, tuple(map(names.shard_id, child.parents)), child.low, child.high)
            for child in self.shards
            if shard.index in child.parents
        )

    @property
    def next_shard_index(self) -> int:
        return self.shards[-1].index + 1
