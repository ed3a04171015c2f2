"""SubscribeToShard: records pushed to a registered consumer, on a budget of its own, for five minutes.

The stream of events is pulled by whoever iterates over it; between two events it sleeps on the workspace's clock. A
second subscription of the same consumer takes a shard over, but not within five seconds of the first. Who holds a shard
is known to this process only.

Source: Amazon Kinesis Data Streams API Reference, SubscribeToShard, read 2026-11. Differs: taking over is not seen
across processes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kit.base.clock import now_ms
from kit.streams import limits
from kit.streams.api.record_operations import described
from kit.streams.api.shard_operations import described_child
from kit.streams.errors import ResourceInUseException
from kit.streams.live_shard import LiveShard
from kit.streams.log.reader import Rows
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ACCOUNT
from kit.streams.reading import behind, index_for

if TYPE_CHECKING:
    from kit.streams.service import Streams

SUBSCRIPTION_MS = 300_000
TAKEOVER_MS = 5_000
IDLE_SECONDS = 0.2
HEARTBEAT_MS = 1_000


class Subscriptions:
    """Who is subscribed: by consumer and shard the latest subscription and when it began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str, str], tuple[object, int]] = {}

    def take(self, key: tuple[str, str, str], now: int) -> object:
        """A new subscription's ticket. Raises `ResourceInUseException` within five seconds of the one before."""
        with self._lock:
            held = self._held.get(key)
            if held is not None and 0 <= now - held[1] < TAKEOVER_MS:
                raise ResourceInUseException(
                    f"Another active subscription exists for consumer {key[1]} on shard {key[2]} in stream {key[0]} "
                    f"under account {ACCOUNT}.",
                    "Subscribe again five seconds after the last time.",
                )
            ticket = object()
            self._held[key] = (ticket, now)
            return ticket

    def holds(self, key: tuple[str, str, str], ticket: object) -> bool:
        with self._lock:
            held = self._held.get(key)
            return held is not None and held[0] is ticket


class Events:
    """The events of one subscription; iterate once. Ends after five minutes, or when the shard is read out."""

    def __init__(
        self, streams: Streams, name: str, live: LiveShard, shard: ShardState, index: int, key: tuple[str, str, str]
    ) -> None:
        self._streams = streams
        self._name = name
        self._live = live
        self._shard = shard
        self._index = index
        self._key = key
        self._began_ms = now_ms(streams.clock)
        self._ticket = streams.subscriptions.take(key, self._began_ms)
        self._last = shard.starting_sequence_number
        self._is_closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        clock = self._streams.clock
        quiet_since = self._began_ms
        while not self._is_closed and (now := now_ms(clock)) - self._began_ms < SUBSCRIPTION_MS:
            if not self._streams.subscriptions.holds(self._key, self._ticket):
                raise ResourceInUseException(
                    f"Another subscription of consumer {self._key[1]} took shard {self._shard.shard_id} over."
                )
            stream = self._streams.control.usable(self._name)
            first = max(self._index, self._live.first_index(stream, now))
            rows = self._live.reader.rows(first, limits.ANSWER_RECORDS, limits.READ_BYTES)
            event = self._event(stream, rows, now)
            if rows.keys or "ChildShards" in event or now - quiet_since >= HEARTBEAT_MS:
                quiet_since = now
                yield {"SubscribeToShardEvent": event}
            if "ChildShards" in event:
                return
            size = sum(map(len, rows.data)) + sum(map(len, rows.keys))
            clock.sleep(size / limits.READ_BYTES if rows.keys else IDLE_SECONDS)

    def close(self) -> None:
        """End the subscription; the loop over it ends with the next event."""
        self._is_closed = True

    def _event(self, stream: StreamState, rows: Rows, now: int) -> dict[str, Any]:
        records = described(self._live, rows)
        self._index = rows.first_index + len(records)
        if records:
            self._last = records[-1]["SequenceNumber"]
        at_tip = self._index >= self._live.end_index()
        event: dict[str, Any] = {
            "Records": records,
            "ContinuationSequenceNumber": self._last,
            "MillisBehindLatest": behind(rows, now, at_tip=at_tip),
        }
        shard = stream.by_index.get(self._shard.index)
        if at_tip and shard is not None and not shard.is_open:
            event["ChildShards"] = [described_child(child) for child in stream.children(shard)]
        return event


def subscribe(
    streams: Streams,
    name: str,
    consumer: str,
    shard: str,
    kind: str,
    *,
    sequence_number: str | None,
    timestamp: datetime | None,
) -> Events:
    """Raises what SubscribeToShard raises, before the first event."""
    stream = streams.control.usable(name)
    found = streams.control.shard(stream, shard)
    live = streams.live(stream, found)
    index = index_for(stream, found, live, kind, sequence_number, timestamp, now_ms(streams.clock))
    return Events(streams, name, live, found, index, (stream.stream_id, consumer, found.shard_id))
