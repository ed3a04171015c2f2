"""Reads one shard from a checkpoint on, at the pace that the stream allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kit.base.ids import Entropy
from kit.streams.calls import Operation, code_of, is_retryable
from kit.streams.consume.checkpoint import (
    After,
    AtTimestamp,
    ShardEnd,
    TrimHorizon,
    iterator_parameters,
)
from kit.streams.consume.lease import Lease
from kit.streams.consume.metrics import Counts
from kit.streams.consume.options import ConsumerOptions

PACE_MS = 200
"""Between reads of a shard that has refused one: five a second are its budget."""


class ReadClient(Protocol):
    """The operations of a Kinesis client that consuming needs; the last three only with enhanced fan-out."""

    @property
    def describe_stream_summary(self) -> Operation: ...
    @property
    def list_shards(self) -> Operation: ...
    @property
    def get_shard_iterator(self) -> Operation: ...
    @property
    def get_records(self) -> Operation: ...
    @property
    def register_stream_consumer(self) -> Operation: ...
    @property
    def describe_stream_consumer(self) -> Operation: ...
    @property
    def subscribe_to_shard(self) -> Operation: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read gave: `answers` are records as GetRecords has them, in order.

    `last` is the checkpoint behind them, None where nothing was read. `behind_ms` is 0 only at the tip. `ended`: the
    shard is closed and read out. `read_ms` is when the read was made.
    """

    answers: Sequence[Mapping[str, Any]]
    last: After | None
    behind_ms: int
    read_ms: int
    ended: bool = False


class Reader(Protocol):
    """`due_ms` is when it makes sense to read next."""

    due_ms: float

    def read(self, now_ms: int) -> Batch | None:
        """The next records; None where the stream asks to wait. Raises what cannot be mended by waiting."""
        ...

    def close(self) -> None:
        """Let go of a subscription."""
        ...


class PollingReader:
    """Reads with GetRecords: at once while behind the tip, once in `idle_ms` at the tip.

    From the first refusal on it keeps to the shard's five reads a second.
    """

    def __init__(
        self,
        client: ReadClient,
        stream: str,
        lease: Lease,
        options: ConsumerOptions,
        entropy: Entropy,
        counts: Counts,
    ) -> None:
        assert not isinstance(lease.checkpoint, ShardEnd), "an ended shard is not read"
        self._client = client
        self._stream = stream
        self._lease = lease
        self._options = options
        self._entropy = entropy
        self._counts = counts
        self._position: TrimHorizon | AtTimestamp | After = lease.checkpoint
        self._iterator: str | None = None
        self._failures = 0
        self._pace_ms = 0
        self.due_ms = 0.0

    def read(self, now_ms: int) -> Batch | None:
        try:
            answer = self._get_records()
        except Exception as error:
            if not is_retryable(error):
                raise
            self._counts.refused_reads += 1
            self._failures += 1
            self._pace_ms = PACE_MS
            self.due_ms = now_ms + self._options.backoff.delay_ms(self._failures, self._entropy)
            return None
        self._failures = 0
        self._iterator = answer.get("NextShardIterator")
        behind_ms = int(answer["MillisBehindLatest"])
        self.due_ms = now_ms + (self._options.idle_ms if behind_ms == 0 else self._pace_ms)
        answers = answer["Records"]
        last = After(answers[-1]["SequenceNumber"]) if answers else None
        self._position = last or self._position
        self._counts.reads += 1
        return Batch(answers, last, behind_ms, now_ms, ended=self._iterator is None)

    def close(self) -> None:
        self._iterator = None

    def _get_records(self) -> Mapping[str, Any]:
        fresh = self._iterator is None
        if fresh:
            self._iterator = self._new_iterator()
        try:
            return self._client.get_records(ShardIterator=self._iterator, Limit=self._options.max_records)
        except Exception as error:
            # The pause between two reads may outlast an iterator: continue from the position, not from the iterator.
            if fresh or code_of(error) != "ExpiredIteratorException":
                raise
        self._iterator = self._new_iterator()
        return self._client.get_records(ShardIterator=self._iterator, Limit=self._options.max_records)

    def _new_iterator(self) -> str:
        answer = self._client.get_shard_iterator(
            StreamName=self._stream, ShardId=self._lease.shard, **iterator_parameters(self._position)
        )
        return str(answer["ShardIterator"])
