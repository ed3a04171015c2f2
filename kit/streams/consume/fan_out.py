"""Enhanced fan-out: a shard's records as they are pushed, on a read budget that no other application shares.

A thread follows the subscription, since its events come when they come, and renews it when its five minutes are over;
the worker takes the events from a short queue, which holds the thread back where the application is slow.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from kit.base.clock import Clock, WallClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.calls import code_of, is_retryable
from kit.streams.consume.checkpoint import After, AtTimestamp, ShardEnd, TrimHorizon, starting_position
from kit.streams.consume.lease import Lease
from kit.streams.consume.metrics import Counts
from kit.streams.consume.options import ConsumerOptions
from kit.streams.consume.reader import Batch, ReadClient

QUEUED_EVENTS = 8
LOOK_MS = 20
"""How soon the worker looks again for an event."""

STEP_SECONDS = 0.05


def registered_consumer(client: ReadClient, stream: str, name: str, clock: Clock) -> str:
    """The ARN of the stream's consumer `name`, registered where it is missing, once it is active."""
    if not isinstance(clock, WallClock):
        raise KitError(
            "InvalidArgumentException",
            "Enhanced fan-out pushes records as time passes, so it needs a clock that passes by itself.",
            "Leave fan_out out under a clock that is moved by hand.",
        )
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    try:
        client.register_stream_consumer(StreamARN=arn, ConsumerName=name)
    except Exception as error:
        if code_of(error) != "ResourceInUseException":
            raise
    while True:
        described = client.describe_stream_consumer(StreamARN=arn, ConsumerName=name)["ConsumerDescription"]
        if described["ConsumerStatus"] == "ACTIVE":
            return str(described["ConsumerARN"])
        clock.sleep(STEP_SECONDS)


class FanOutReader:
    """Reads one shard by subscription."""

    def __init__(
        self,
        client: ReadClient,
        consumer_arn: str,
        lease: Lease,
        options: ConsumerOptions,
        clock: Clock,
        entropy: Entropy,
        counts: Counts,
    ) -> None:
        assert not isinstance(lease.checkpoint, ShardEnd), "an ended shard is not read"
        self._client = client
        self._consumer_arn = consumer_arn
        self._shard = lease.shard
        self._position: TrimHorizon | AtTimestamp | After = lease.checkpoint
        self._options = options
        self._clock = clock
        self._entropy = entropy
        self._counts = counts
        self._events: queue.Queue[Mapping[str, Any] | Exception] = queue.Queue(QUEUED_EVENTS)
        self._closed = threading.Event()
        self._subscription: Any = None
        self.due_ms = 0.0
        self._thread = threading.Thread(target=self._follow, name=f"boathouse-fan-out-{lease.shard}", daemon=True)
        self._thread.start()

    def read(self, now_ms: int) -> Batch | None:
        try:
            event = self._events.get_nowait()
        except queue.Empty:
            self.due_ms = now_ms + LOOK_MS
            return None
        if isinstance(event, Exception):
            raise event
        self.due_ms = now_ms
        answers = event["Records"]
        last = After(answers[-1]["SequenceNumber"]) if answers else None
        self._counts.reads += 1
        return Batch(answers, last, int(event["MillisBehindLatest"]), now_ms, ended=bool(event.get("ChildShards")))

    def close(self) -> None:
        self._closed.set()
        subscription = self._subscription
        if subscription is not None:
            subscription.close()
        self._thread.join()

    def _follow(self) -> None:
        """Hand events over until the shard ends, the reader is closed, or an error cannot be waited out."""
        failures = 0
        try:
            while not self._closed.is_set():
                try:
                    for event in self._subscribe():
                        failures = 0
                        self._hand_over(event)
                        if self._closed.is_set() or event.get("ChildShards"):
                            return
                except Exception as error:
                    # Another worker of the application may hold the subscription still: it loses it with the lease.
                    if not is_retryable(error) and code_of(error) != "ResourceInUseException":
                        raise
                    self._counts.refused_reads += 1
                    failures += 1
                    self._closed.wait(self._options.backoff.delay_ms(failures, self._entropy) / 1000)
        except Exception as error:
            self._hand_over(error)

    def _subscribe(self) -> Iterator[Mapping[str, Any]]:
        answer = self._client.subscribe_to_shard(
            ConsumerARN=self._consumer_arn, ShardId=self._shard, StartingPosition=starting_position(self._position)
        )
        self._subscription = answer["EventStream"]
        for wrapped in self._subscription:
            event = wrapped["SubscribeToShardEvent"]
            # What was handed over is not asked for again when the subscription is renewed.
            if event["Records"]:
                self._position = After(event["Records"][-1]["SequenceNumber"])
            yield event

    def _hand_over(self, event: Mapping[str, Any] | Exception) -> None:
        while not self._closed.is_set():
            try:
                self._events.put(event, timeout=STEP_SECONDS)
            except queue.Full:
                continue
            return
