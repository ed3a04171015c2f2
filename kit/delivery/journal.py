"""What keeps records that are put directly until they are delivered: for each delivery stream a stream of its own.

They are streams of `kit.streams`, in a folder apart from the user's: what is acknowledged survives any end of the
process, and delivery reads it as it reads a user's stream. They have one shard, no limits, and keep a record until it
is delivered.

Differs: the service keeps records for 24 hours while it cannot deliver; here they are kept for a year, since a laptop
may be closed over a weekend.
"""

from __future__ import annotations

from collections.abc import Sequence

from kit.base.clock import Clock
from kit.delivery.errors import ResourceInUseException
from kit.delivery.source import Source
from kit.streams import PutResult, Streams

RETENTION_HOURS = 8_760
_KEY = "0"


class Journal:
    """The journals of a workspace's delivery streams."""

    def __init__(self, streams: Streams, clock: Clock) -> None:
        self._streams = streams
        self._clock = clock

    def open(self, name: str) -> Source:
        """Make the journal of a delivery stream that is made. Raises `ResourceInUseException`."""
        if name in self._streams:  # of a creation that was killed before it was complete
            self._streams.delete(name)
        try:
            made = self._streams.create(name, 1, retention_hours=RETENTION_HOURS)
        except ResourceInUseException as error:
            raise ResourceInUseException(f"Firehose {name} is being made by another process.") from error
        made.limits(enforced=False)
        return self.source(name)

    def source(self, name: str) -> Source:
        return Source(self._streams, name, self._clock)

    def put(self, name: str, data: bytes) -> PutResult:
        return self._streams[name].put_record(data, _KEY)

    def put_many(self, name: str, data: Sequence[bytes]) -> list[PutResult]:
        return self._streams[name].put_records([(each, _KEY) for each in data])

    def forget(self, name: str, arrival_ms: int) -> None:
        """Let go of what arrived before then; its space is freed as the log goes on."""
        self._streams.configuration.expire(name, arrival_ms - 1)

    def remove(self, name: str) -> None:
        if name in self._streams:
            self._streams.delete(name)

    def close(self) -> None:
        self._streams.close()
