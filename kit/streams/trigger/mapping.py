"""`EventSourceMapping`: calls a function with batches of a stream's records, as a Kinesis trigger of Lambda does.

It acts; `Dispatch` decides. Leases, checkpoints and the ways to run are the consumer's. Differs: the shards of one
worker take turns; further workers of the same mapping, in this process or others, share them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from kit.base.backoff import Backoff
from kit.base.clock import Clock, now_ms
from kit.base.closing import close_behind
from kit.base.ids import Entropy
from kit.streams.consume.consumer import Consumer, Until
from kit.streams.consume.lease import Lease
from kit.streams.consume.options import ConsumerOptions
from kit.streams.consume.processor import Checkpointer
from kit.streams.consume.reader import Batch, ReadClient
from kit.streams.trigger.dispatch import Dispatch
from kit.streams.trigger.event import failure_record
from kit.streams.trigger.invoker import Function, Invoker, MappingMetrics
from kit.streams.trigger.lane import Discard
from kit.streams.trigger.options import MappingOptions

if TYPE_CHECKING:
    from types import TracebackType

_LOG = logging.getLogger(__name__)

Destination: TypeAlias = Callable[[dict[str, Any]], object]
"""Where the records of failures go. What it raises stops the mapping, so that no failure goes untold."""

HOUR_MS = 3_600_000


class EventSourceMapping:
    """Calls `function(event, context)` with the records of `stream`; run it as a `Consumer` is run.

    A batch that fails comes again until it succeeds, its retries are used up or its records are too old; what is given
    up goes to `on_failure` in Lambda's shape. `leases` is the file in which the mapping keeps how far it is, under
    `name`, by default the function's own.
    """

    def __init__(
        self,
        client: ReadClient,
        stream: str,
        function: Function,
        *,
        leases: Path,
        clock: Clock,
        entropy: Entropy,
        name: str | None = None,
        on_failure: Destination | None = None,
        options: MappingOptions | None = None,
        worker: str = "mapping",
        failover_ms: int = 10_000,
        backoff: Backoff | None = None,
    ) -> None:
        self.stream = stream
        self.function_name = name or str(getattr(function, "__name__", "function"))
        self.options = options or MappingOptions()
        self._on_failure = on_failure
        self._client = client
        self._clock = clock
        self._entropy = entropy
        self._backoff = backoff or Backoff(base_ms=500, cap_ms=60_000)
        self._arn = str(self._summary()["StreamARN"])
        self._invoker = Invoker(function, self.function_name, self._arn, self.options, entropy)
        self.consumer = Consumer(
            client,
            stream,
            self.function_name,
            intake=self._intake,
            leases=leases,
            clock=clock,
            entropy=entropy,
            worker=worker,
            options=ConsumerOptions(start=self.options.starting_position, failover_ms=failover_ms),
        )

    @property
    def metrics(self) -> MappingMetrics:
        return self._invoker.metrics

    @property
    def last_error(self) -> Exception | None:
        """What the function raised last."""
        return self._invoker.last_error

    @property
    def state(self) -> str:
        """`Enabled` or `Disabled`, as Lambda calls a mapping that runs and one that does not."""
        return "Enabled" if self.consumer.is_running else "Disabled"

    def run(self, until: Until = None) -> None:
        """As `Consumer.run`; at `"tip"` no record waits for a call. A window that is still open is begun anew later."""
        self.consumer.run(until)

    def start(self) -> None:
        """Enable the mapping: run it on a background thread."""
        self.consumer.start()

    def stop(self) -> None:
        """Disable the mapping; raises the error that has stopped it before."""
        self.consumer.stop()

    def step(self) -> float:
        """As `Consumer.step`."""
        return self.consumer.step()

    def close(self) -> None:
        try:
            self.consumer.close()
        finally:
            self._invoker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close_behind(error, self.close, f"The mapping '{self.function_name}'")

    def __repr__(self) -> str:
        return f"<EventSourceMapping of {self.stream!r} to {self.function_name!r}: {self.state}>"

    def _intake(self, lease: Lease, checkpointer: Checkpointer) -> _MappingIntake:
        retention_ms = int(self._summary()["RetentionPeriodHours"]) * HOUR_MS
        dispatch = Dispatch(self.options, retention_ms, self._backoff, self._entropy)
        return _MappingIntake(dispatch, self._invoker, self._give_up, lease.shard, checkpointer, self._clock)

    def _summary(self) -> Mapping[str, Any]:
        answer = self._client.describe_stream_summary(StreamName=self.stream)
        summary: Mapping[str, Any] = answer["StreamDescriptionSummary"]
        return summary

    def _give_up(self, shard: str, discard: Discard) -> None:
        self.metrics.discarded += len(discard.items)
        if self._on_failure is None:
            _LOG.warning(
                "'%s' gives up %d records of %s: %s.",
                self.function_name,
                len(discard.items),
                shard,
                discard.condition,
            )
            return
        self._on_failure(
            failure_record(
                request_id=discard.request_id or self._entropy.uuid(),
                function=self.function_name,
                condition=discard.condition,
                invocations=discard.invocations,
                unhandled=discard.unhandled,
                at_ms=now_ms(self._clock),
                shard=shard,
                stream_arn=self._arn,
                answers=[item.answer for item in discard.items],
            )
        )


class _MappingIntake:
    """The records of one shard on their way through the function."""

    def __init__(
        self,
        dispatch: Dispatch,
        invoker: Invoker,
        give_up: Callable[[str, Discard], None],
        shard: str,
        checkpointer: Checkpointer,
        clock: Clock,
    ) -> None:
        self._dispatch = dispatch
        self._invoker = invoker
        self._give_up = give_up
        self._shard = shard
        self._checkpointer = checkpointer
        self._clock = clock

    def initialize(self) -> None:
        pass

    def has_room(self) -> bool:
        return self._dispatch.has_room()

    def accept(self, batch: Batch) -> None:
        self._checkpointer.deliver(batch)
        self._dispatch.accept(batch.answers, batch.read_ms, behind_ms=batch.behind_ms, ended=batch.ended)

    def advance(self, now_ms: int) -> float | None:
        """One round: the calls that are due, one of a lane at most; then the checkpoint."""
        for discard in self._dispatch.expire(now_ms):
            self._give_up(self._shard, discard)
        due = self._dispatch.due(now_ms)
        if due:
            verdicts = self._invoker.invoke(self._shard, [call for _, call in due])
            settled_ms = self._clock.now_ns() // 1_000_000
            for (lane, call), verdict in zip(due, verdicts, strict=True):
                for discard in self._dispatch.settle(lane, call, verdict, settled_ms):
                    self._give_up(self._shard, discard)
        self._checkpoint()
        return self._dispatch.due_ms(self._clock.now_ns() // 1_000_000)

    def is_idle(self) -> bool:
        return self._dispatch.is_idle()

    def lease_lost(self) -> None:
        pass

    def shard_ended(self) -> None:
        pass

    def shutdown_requested(self) -> None:
        self._checkpoint()

    def _checkpoint(self) -> None:
        done = self._dispatch.done_up_to()
        if done is not None:
            self._checkpointer.checkpoint(done)
