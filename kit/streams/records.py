"""The values that go into a stream and come out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from kit.streams.names import ShardId

if TYPE_CHECKING:
    import pyarrow as pa


class Record(NamedTuple):
    """A record as it is read; `partition_key` is empty where the stream distributes by itself."""

    data: bytes
    partition_key: str
    sequence_number: str
    shard_id: ShardId
    arrival_time: datetime


class PutResult(NamedTuple):
    """What became of one record: where it is, or why it is not. `error_code` is None for a record that is stored."""

    shard_id: ShardId | None
    sequence_number: str | None
    error_code: str | None = None
    error_message: str | None = None


class Entry(NamedTuple):
    """A record as it is put. `explicit_hash_key` is decimal text."""

    data: bytes
    partition_key: str
    explicit_hash_key: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The records of one call that went to one shard: so many, from the first to the last sequence number."""

    records: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: the runs by shard, and the positions of the rows that were throttled, in order."""

    records: int
    runs: Mapping[ShardId, Run]
    throttled: pa.Int64Array


@dataclass(frozen=True, slots=True)
class ChildShard:
    """A shard that continues one which is read out."""

    shard_id: ShardId
    parents: tuple[ShardId, ...]
    starting_hash_key: int
    ending_hash_key: int


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of GetRecords. `next_iterator` is None once a closed shard is read out; then `children` are set."""

    records: list[Record]
    next_iterator: str | None
    millis_behind_latest: int
    children: tuple[ChildShard, ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as it is described; bounds are included."""

    shard_id: ShardId
    index: int
    starting_hash_key: int
    ending_hash_key: int
    starting_sequence_number: str
    ending_sequence_number: str | None = None
    parent_id: ShardId | None = None
    adjacent_parent_id: ShardId | None = None

    @property
    def is_open(self) -> bool:
        return self.ending_sequence_number is None
