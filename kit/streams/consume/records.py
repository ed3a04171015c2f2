"""What a consumer is handed: user records, taken out of the Kinesis records that carry them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from kit.streams.aggregate import MAGIC, disaggregate
from kit.streams.consume.checkpoint import After, Checkpoint
from kit.streams.hashing import hash_key


class ConsumedRecord(NamedTuple):
    """A user record. Those of one aggregate share the sequence number; `sub_sequence_number` counts them from 0."""

    data: bytes
    partition_key: str
    sequence_number: str
    shard_id: str
    arrival_time: datetime
    sub_sequence_number: int = 0
    explicit_hash_key: str | None = None

    def json(self) -> Any:
        """The data read as JSON."""
        return json.loads(self.data)


class Unpacked(NamedTuple):
    """`foreign` counts user records that were passed over because their hash key is another shard's."""

    records: list[ConsumedRecord]
    foreign: int


def unpack(
    answers: Iterable[Mapping[str, Any]], shard: str, first_hash_key: int, last_hash_key: int, processed: Checkpoint
) -> Unpacked:
    """The user records of `Records` as GetRecords answers them, in order, behind `processed`.

    A user record of an aggregate belongs to the shard whose range holds its own hash key. Its producer sends it again
    where the aggregate landed elsewhere, which happens while a stream is resharded.
    """
    resumed, done = _resumed(processed)
    records: list[ConsumedRecord] = []
    foreign = 0
    for answer in answers:
        data: bytes = answer["Data"]
        sequence: str = answer["SequenceNumber"]
        arrival: datetime = answer["ApproximateArrivalTimestamp"]
        first_sub = done + 1 if sequence == resumed else 0
        users = disaggregate(data) if data.startswith(MAGIC) else None
        if users is None:
            if first_sub == 0:
                records.append(ConsumedRecord(data, answer["PartitionKey"], sequence, shard, arrival))
            continue
        for sub, user in enumerate(users[first_sub:], first_sub):
            key = hash_key(user.partition_key) if user.explicit_hash_key is None else int(user.explicit_hash_key)
            if first_hash_key <= key <= last_hash_key:
                records.append(
                    ConsumedRecord(user.data, user.partition_key, sequence, shard, arrival, sub, user.explicit_hash_key)
                )
            else:
                foreign += 1
    return Unpacked(records, foreign)


def _resumed(processed: Checkpoint) -> tuple[str | None, int]:
    """The Kinesis record in which reading resumes, and the last of its user records that is processed."""
    if not isinstance(processed, After):
        return None, -1
    sub = processed.sub_sequence_number
    return processed.sequence_number, 1 << 62 if sub is None else sub
