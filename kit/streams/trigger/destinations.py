"""Where the records of failures can go: a stream, or a queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from kit.base.backoff import Backoff
from kit.base.clock import Clock
from kit.base.ids import Entropy
from kit.streams.calls import Operation, is_retryable
from kit.streams.queue import Queue

ATTEMPTS = 10


class PutRecordClient(Protocol):
    @property
    def put_record(self) -> Operation: ...


def to_queue(queue: Queue) -> Callable[[dict[str, Any]], None]:
    """A destination that sends each record of a failure to a queue, as JSON."""

    def send(record: dict[str, Any]) -> None:
        queue.send(json.dumps(record))

    return send


def to_stream(
    client: PutRecordClient, stream: str, *, clock: Clock, entropy: Entropy, backoff: Backoff | None = None
) -> Callable[[dict[str, Any]], None]:
    """A destination that puts each record of a failure into a stream, as JSON, under the failed shard's id.

    Refusals are waited out on the workspace's clock, a few times; then they are raised.
    """
    waits = backoff or Backoff()

    def put(record: dict[str, Any]) -> None:
        for failures in range(1, ATTEMPTS + 1):
            try:
                client.put_record(
                    StreamName=stream,
                    Data=json.dumps(record).encode(),
                    PartitionKey=record["KinesisBatchInfo"]["shardId"],
                )
            except Exception as error:
                if failures == ATTEMPTS or not is_retryable(error):
                    raise
                clock.sleep(waits.delay_ms(failures, entropy) / 1000)
            else:
                return

    return put
