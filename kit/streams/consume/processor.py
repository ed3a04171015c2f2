"""What an application is to a consumer: a function of records, or a class with the KCL's life cycle.

`Intake` is what the consumer feeds; `ProcessorIntake` gives its batches to the user's code, one at a time, and tries a
batch that fails again before it lets the error out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.consume.checkpoint import After, Checkpoint, order, to_text
from kit.streams.consume.lease import Lease
from kit.streams.consume.metrics import Counts
from kit.streams.consume.options import ConsumerOptions
from kit.streams.consume.reader import Batch
from kit.streams.consume.records import ConsumedRecord, unpack
from kit.streams.consume.store import LeaseStore

LEASE_LOST = "ShutdownException"


class Checkpointer:
    """Moves the checkpoint of one shard for as long as the worker holds its lease."""

    def __init__(self, store: LeaseStore, lease: Lease) -> None:
        self.shard_id = lease.shard
        self._store = store
        self._lease = lease
        self._reached: Checkpoint = lease.checkpoint
        self._delivered: Checkpoint = lease.checkpoint
        self._behind_ms: int | None = None

    @property
    def reached(self) -> Checkpoint:
        """The last checkpoint."""
        return self._reached

    def deliver(self, batch: Batch) -> None:
        """Allow checkpoints up to the end of a batch."""
        self._delivered = batch.last or self._delivered
        self._behind_ms = batch.behind_ms

    def withdraw(self) -> None:
        """Allow no checkpoint beyond the last one: the batch was not processed."""
        self._delivered = self._reached

    def checkpoint(self, sequence_number: str | None = None, sub_sequence_number: int | None = None) -> None:
        """Note that everything up to a record is processed; without one, everything that was delivered.

        `sub_sequence_number` counts inside of an aggregate; without it the whole Kinesis record counts as processed.
        Raises InvalidArgumentException for a record before the last checkpoint or beyond what was delivered, and
        ShutdownException where another worker has the lease.
        """
        if sequence_number is None:
            target = self._delivered
        else:
            target = After(sequence_number, sub_sequence_number)
            if not (sequence_number.isascii() and sequence_number.isdigit()) or not (
                order(self._reached) <= order(target) <= order(self._delivered)
            ):
                raise KitError(
                    "InvalidArgumentException",
                    f"The checkpoint {to_text(target)} of {self.shard_id} does not lie between the last one"
                    f" ({to_text(self._reached)}) and the last record delivered ({to_text(self._delivered)}).",
                    "Checkpoint records of this shard, in their order.",
                )
        if target == self._reached:
            return
        if not self._store.checkpoint(self._lease, target, self._behind_ms):
            raise KitError(
                LEASE_LOST,
                f"The lease of {self.shard_id} has another owner by now, so its checkpoint cannot be moved.",
                "Records since the last checkpoint will be processed again by the new owner.",
            )
        self._reached = target

    def __repr__(self) -> str:
        return f"<Checkpointer of {self.shard_id}: {to_text(self._reached)}>"


class RecordProcessor(Protocol):
    """The life of one shard in the application's hands, as in the Kinesis Client Library.

    One processor is made for each lease. All calls of one processor come from one thread at a time.
    """

    def initialize(self, shard_id: str) -> None:
        """The lease is taken; records follow."""
        ...

    def process_records(
        self, records: Sequence[ConsumedRecord], checkpointer: Checkpointer, millis_behind_latest: int
    ) -> None:
        """Process records in order. What it raises makes the same records come again, then stops the consumer."""
        ...

    def lease_lost(self) -> None:
        """Another worker has the shard. Checkpoints are refused from now on."""
        ...

    def shard_ended(self, checkpointer: Checkpointer) -> None:
        """All records of the closed shard were delivered. On return it counts as processed, and its children begin."""
        ...

    def shutdown_requested(self, checkpointer: Checkpointer) -> None:
        """The consumer stops, or hands the shard to another worker: the last chance to checkpoint."""
        ...


class Intake(Protocol):
    """Where the records of one shard go."""

    def initialize(self) -> None: ...

    def has_room(self) -> bool:
        """Whether another batch may be handed over."""
        ...

    def accept(self, batch: Batch) -> None:
        """Take a batch over; it is processed by `advance`."""
        ...

    def advance(self, now_ms: int) -> float | None:
        """Do what is due; when the next thing is due, or None where only new records bring one."""
        ...

    def is_idle(self) -> bool:
        """Whether everything that was accepted is dealt with and checkpointed as far as the application wants it."""
        ...

    def lease_lost(self) -> None: ...
    def shard_ended(self) -> None: ...
    def shutdown_requested(self) -> None: ...


class FunctionProcessor:
    """A function of records as a processor: each batch is checkpointed when the function returns."""

    def __init__(self, function: Callable[[Sequence[ConsumedRecord]], object]) -> None:
        self._function = function

    def initialize(self, shard_id: str) -> None:
        del shard_id

    def process_records(
        self, records: Sequence[ConsumedRecord], checkpointer: Checkpointer, millis_behind_latest: int
    ) -> None:
        del millis_behind_latest
        self._function(records)
        checkpointer.checkpoint()

    def lease_lost(self) -> None:
        pass

    def shard_ended(self, checkpointer: Checkpointer) -> None:
        del checkpointer

    def shutdown_requested(self, checkpointer: Checkpointer) -> None:
        del checkpointer


class ProcessorIntake:
    """Gives one batch at a time to a processor, again after a while where it raises, at most `attempts` times."""

    def __init__(
        self,
        processor: RecordProcessor,
        lease: Lease,
        checkpointer: Checkpointer,
        options: ConsumerOptions,
        entropy: Entropy,
        counts: Counts,
    ) -> None:
        self._processor = processor
        self._lease = lease
        self._checkpointer = checkpointer
        self._options = options
        self._entropy = entropy
        self._counts = counts
        self._batch: Batch | None = None
        self._records: list[ConsumedRecord] = []
        self._attempts = 0
        self._not_before_ms = 0.0

    def initialize(self) -> None:
        self._processor.initialize(self._lease.shard)

    def has_room(self) -> bool:
        return self._batch is None

    def accept(self, batch: Batch) -> None:
        lease = self._lease
        unpacked = unpack(
            batch.answers, lease.shard, lease.first_hash_key, lease.last_hash_key, self._checkpointer.reached
        )
        self._counts.foreign_records += unpacked.foreign
        if unpacked.records:
            self._batch, self._records = batch, unpacked.records
            self._attempts = 0
            self._not_before_ms = 0.0
        else:
            self._checkpointer.deliver(batch)

    def advance(self, now_ms: int) -> float | None:
        batch = self._batch
        if batch is None:
            return None
        if now_ms < self._not_before_ms:
            return self._not_before_ms
        self._attempts += 1
        self._checkpointer.deliver(batch)
        try:
            self._processor.process_records(self._remaining(), self._checkpointer, batch.behind_ms)
        except Exception as error:
            # A checkpoint made while shutting down must not cover records that the processor has failed on.
            self._checkpointer.withdraw()
            if isinstance(error, KitError) and error.code == LEASE_LOST:
                raise
            if self._attempts >= self._options.attempts:
                error.add_note(self._place())
                raise
            self._counts.retries += 1
            self._not_before_ms = now_ms + self._options.backoff.delay_ms(self._attempts, self._entropy)
            return self._not_before_ms
        self._counts.batches += 1
        self._counts.records += len(self._records)
        self._batch = None
        return None

    def is_idle(self) -> bool:
        return self._batch is None

    def lease_lost(self) -> None:
        self._batch = None
        self._processor.lease_lost()

    def shard_ended(self) -> None:
        self._processor.shard_ended(self._checkpointer)

    def shutdown_requested(self) -> None:
        self._processor.shutdown_requested(self._checkpointer)

    def _remaining(self) -> list[ConsumedRecord]:
        """The batch, without what the processor has checkpointed in an attempt that failed later."""
        if self._attempts == 1:
            return self._records
        reached = order(self._checkpointer.reached)
        return [
            record
            for record in self._records
            if order(After(record.sequence_number, record.sub_sequence_number)) > reached
        ]

    def _place(self) -> str:
        first, last = self._records[0].sequence_number, self._records[-1].sequence_number
        what = f"{len(self._records):,} records of {self._lease.shard}, {first} to {last}"
        return f"while processing {what}, in {self._attempts} attempts"
