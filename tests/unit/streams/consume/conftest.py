"""A Kinesis to read from, in the shapes of the API, with plain lists for shards and refusals on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from kit.base.clock import ManualClock, now, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.consume.consumer import Consumer
from kit.streams.consume.options import ConsumerOptions
from kit.streams.hashing import even_ranges, hash_key

ITERATOR_MS = 300_000


@dataclass
class Shard:
    id: str
    first: int
    last: int
    parents: tuple[str, ...] = ()
    closed: bool = False
    expired: bool = False
    trimmed: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)


class ReadableKinesis:
    """`refusals` are raised by the next reads, one each."""

    def __init__(self, shards: int, clock: ManualClock) -> None:
        self.clock = clock
        self.created = now(clock)
        self.shards = [Shard(f"shardId-{i:012d}", first, last) for i, (first, last) in enumerate(even_ranges(shards))]
        self.refusals: deque[Exception] = deque()
        self.reads: list[tuple[int, str]] = []
        self.iterators: list[tuple[str, dict[str, Any]]] = []
        self._sequence = 0

    # What a test does to it.

    def put(self, key: str, data: bytes) -> str:
        key_hash = hash_key(key)
        shard = next(shard for shard in self.shards if not shard.closed and shard.first <= key_hash <= shard.last)
        return self.put_into(shard.id, key, data)

    def put_into(self, shard_id: str, key: str, data: bytes) -> str:
        self._sequence += 1
        sequence = f"4{self._sequence:055d}"
        self[shard_id].records.append(
            {
                "SequenceNumber": sequence,
                "PartitionKey": key,
                "Data": data,
                "ApproximateArrivalTimestamp": now(self.clock),
            }
        )
        return sequence

    def __getitem__(self, shard_id: str) -> Shard:
        return next(shard for shard in self.shards if shard.id == shard_id)

    def split(self, shard_id: str) -> None:
        parent = self[shard_id]
        middle = (parent.first + parent.last) // 2
        parent.closed = True
        for first, last in ((parent.first, middle), (middle + 1, parent.last)):
            self.shards.append(Shard(f"shardId-{len(self.shards):012d}", first, last, (parent.id,)))

    def merge(self, one: str, other: str) -> None:
        left, right = sorted((self[one], self[other]), key=lambda shard: shard.first)
        left.closed = right.closed = True
        self.shards.append(Shard(f"shardId-{len(self.shards):012d}", left.first, right.last, (left.id, right.id)))

    # The operations.

    def describe_stream_summary(self, *, StreamName: str) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"StreamName": StreamName, "StreamCreationTimestamp": self.created}}

    def list_shards(self, **parameters: Any) -> dict[str, Any]:
        names = ("ParentShardId", "AdjacentParentShardId")
        return {
            "Shards": [
                {
                    "ShardId": shard.id,
                    "HashKeyRange": {"StartingHashKey": str(shard.first), "EndingHashKey": str(shard.last)},
                    "SequenceNumberRange": {"StartingSequenceNumber": "0"}
                    | ({"EndingSequenceNumber": "9"} if shard.closed else {}),
                    **dict(zip(names, shard.parents, strict=False)),
                }
                for shard in self.shards
                if not shard.expired
            ]
        }

    def get_shard_iterator(self, *, StreamName: str, ShardId: str, **parameters: Any) -> dict[str, Any]:
        shard = self._existing(ShardId)
        self.iterators.append((ShardId, parameters))
        sequences = [record["SequenceNumber"] for record in shard.records]
        match parameters:
            case {"ShardIteratorType": "TRIM_HORIZON"}:
                position = 0
            case {"ShardIteratorType": "LATEST"}:
                position = len(sequences)
            case {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": at}:
                position = sum(sequence < at for sequence in sequences)
            case {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": at}:
                position = sum(sequence <= at for sequence in sequences)
            case {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime() as at}:
                position = sum(record["ApproximateArrivalTimestamp"] < at for record in shard.records)
            case _:
                raise AssertionError(parameters)
        return {"ShardIterator": f"{shard.id}/{position}/{now_ms(self.clock)}"}

    def get_records(self, *, ShardIterator: str, Limit: int = 10_000) -> dict[str, Any]:
        shard_id, position, made_ms = ShardIterator.split("/")
        now_ = now_ms(self.clock)
        self.reads.append((now_, shard_id))
        if self.refusals:
            raise self.refusals.popleft()
        if now_ - int(made_ms) > ITERATOR_MS:
            raise KitError("ExpiredIteratorException", "The iterator has expired.")
        shard = self._existing(shard_id)
        start = max(int(position), shard.trimmed)
        records = shard.records[start : start + Limit]
        end = start + len(records)
        done = shard.closed and end == len(shard.records)
        behind = end < len(shard.records)
        answer: dict[str, Any] = {
            "Records": [dict(record) for record in records],
            "NextShardIterator": None if done else f"{shard_id}/{end}/{now_}",
            "MillisBehindLatest": 1_000 if behind else 0,
        }
        return answer

    def _existing(self, shard_id: str) -> Shard:
        shard = next((shard for shard in self.shards if shard.id == shard_id and not shard.expired), None)
        if shard is None:
            raise KitError("ResourceNotFoundException", f"Shard {shard_id} not found.")
        return shard


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def kinesis(clock) -> ReadableKinesis:
    return ReadableKinesis(2, clock)


@pytest.fixture(scope="session")
def readable_kinesis():
    return ReadableKinesis


@pytest.fixture
def make_consumer(tmp_path, clock, kinesis):
    """Workers of one application under a moved clock; closed at the end."""
    made: list[Consumer] = []

    def build(on_records: Callable[..., Any] | None = None, *, seed: int = 1, **arguments: Any) -> Consumer:
        names = set(ConsumerOptions.__dataclass_fields__)
        options = {name: arguments.pop(name) for name in list(arguments) if name in names}
        application = arguments.pop("application", "app")
        consumer = Consumer(
            arguments.pop("client", kinesis),
            "s",
            application,
            on_records,
            leases=tmp_path / f"{application}.sqlite",
            clock=arguments.pop("clock", clock),
            entropy=Entropy(seed),
            options=ConsumerOptions(**options),
            **arguments,
        )
        made.append(consumer)
        return consumer

    yield build
    for consumer in made:
        consumer.close()
