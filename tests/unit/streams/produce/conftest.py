"""A Kinesis that fails on demand: answers in the shapes of the API, records kept in plain lists."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from kit.base.clock import ManualClock, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.aggregate import disaggregate
from kit.streams.hashing import even_ranges, hash_key
from kit.streams.produce.options import ProducerOptions
from kit.streams.produce.producer import Producer


@dataclass
class Shard:
    id: str
    first: int
    last: int
    parents: tuple[str, ...] = ()
    closed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)


class FailingKinesis:
    """`fate` says of an entry of a request (position, entry) which error code it meets, if any.

    `before_call` runs ahead of each put_records and may raise; `after_call` once the records are kept.
    """

    def __init__(self, shards: int, clock: ManualClock) -> None:
        self.clock = clock
        self.shards = [
            Shard(f"shardId-{index:012d}", first, last) for index, (first, last) in enumerate(even_ranges(shards))
        ]
        self.fate: Callable[[int, Mapping[str, Any]], str | None] = lambda position, entry: None
        self.before_call: Callable[[], None] = lambda: None
        self.after_call: Callable[[], None] = lambda: None
        self.requests: list[tuple[int, list[Mapping[str, Any]]]] = []
        self.listings = 0

    def put_records(self, *, StreamName: str, Records: list[Mapping[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(Records) <= 500
        self.requests.append((now_ms(self.clock), list(Records)))
        self.before_call()
        results = []
        for position, entry in enumerate(Records):
            code = self.fate(position, entry)
            if code:
                results.append({"ErrorCode": code, "ErrorMessage": code})
                continue
            explicit = entry.get("ExplicitHashKey")
            key = hash_key(entry["PartitionKey"]) if explicit is None else int(explicit)
            shard = next(shard for shard in self.shards if not shard.closed and shard.first <= key <= shard.last)
            sequence = str(sum(len(other.records) for other in self.shards)).rjust(56, "4")
            shard.records.append({"SequenceNumber": sequence, **entry})
            results.append({"ShardId": shard.id, "SequenceNumber": sequence})
        self.after_call()
        return {"FailedRecordCount": sum("ErrorCode" in result for result in results), "Records": results}

    def list_shards(self, **parameters: Any) -> dict[str, Any]:
        self.listings += 1
        return {
            "Shards": [
                {
                    "ShardId": shard.id,
                    "HashKeyRange": {"StartingHashKey": str(shard.first), "EndingHashKey": str(shard.last)},
                    "SequenceNumberRange": {"StartingSequenceNumber": "0"}
                    | ({"EndingSequenceNumber": "9"} if shard.closed else {}),
                }
                for shard in self.shards
            ]
        }

    def split(self, position: int) -> None:
        parent = [shard for shard in self.shards if not shard.closed][position]
        middle = (parent.first + parent.last) // 2
        self._close(parent)
        for first, last in ((parent.first, middle), (middle + 1, parent.last)):
            self.shards.append(Shard(f"shardId-{len(self.shards):012d}", first, last, (parent.id,)))

    def merge(self, position: int) -> None:
        open_shards = sorted((shard for shard in self.shards if not shard.closed), key=lambda shard: shard.first)
        left, right = open_shards[position : position + 2]
        self._close(left)
        self._close(right)
        self.shards.append(Shard(f"shardId-{len(self.shards):012d}", left.first, right.last, (left.id, right.id)))

    def open_count(self) -> int:
        return sum(not shard.closed for shard in self.shards)

    def delivered(self) -> list[tuple[str, bytes]]:
        """What a consumer sees: shards in the order of their making (parents before children), aggregates taken apart,
        user records that belong to another shard's range passed over."""
        seen: list[tuple[str, bytes]] = []
        for shard in self.shards:
            for record in shard.records:
                users = disaggregate(record["Data"])
                if users is None:
                    seen.append((record["PartitionKey"], record["Data"]))
                    continue
                for user in users:
                    key = (
                        hash_key(user.partition_key) if user.explicit_hash_key is None else int(user.explicit_hash_key)
                    )
                    if shard.first <= key <= shard.last:
                        seen.append((user.partition_key, user.data))
        return seen

    def _close(self, shard: Shard) -> None:
        shard.closed = True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make(clock):
    """A fake of so many shards and a producer into it, under a seed and a moved clock."""
    made: list[Producer] = []

    def build(shards: int = 2, *, seed: int = 1, background: bool = False, **options: Any):
        kinesis = FailingKinesis(shards, clock)
        producer = Producer(
            kinesis,
            "s",
            clock=clock,
            entropy=Entropy(seed),
            options=ProducerOptions(**options),
            background=background,
        )
        made.append(producer)
        return kinesis, producer

    yield build
    for producer in made:
        with contextlib.suppress(KitError):  # a test that wants the failure has looked at it
            producer.close()


@pytest.fixture(scope="session")
def failing_kinesis():
    return FailingKinesis
