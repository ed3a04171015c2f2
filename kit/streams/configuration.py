"""Settings of streams, their registered consumers and their tags.

Source: Amazon Kinesis Data Streams API Reference, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from kit.base.clock import Clock, now_ms
from kit.streams.control import Control, require_retention, write_tags
from kit.streams.errors import InvalidArgumentException, LimitExceededException, ResourceInUseException
from kit.streams.metadata import Metadata
from kit.streams.model import DAY_MS, ConsumerState, Mode, Strategy, StreamState
from kit.streams.names import ACCOUNT

CONSUMER_LIMIT = 20
TAG_LIMIT = 50
MODE_CHANGES_PER_DAY = 2


class Configuration:
    """Changes what does not touch the shards. Streams are found, and changes made, as `control` does."""

    def __init__(self, control: Control, metadata: Metadata, clock: Clock) -> None:
        self._control = control
        self._metadata = metadata
        self._clock = clock

    def set_retention(self, name: str, hours: int) -> None:
        require_retention(hours)
        with self._metadata.exclusive():
            stream = self._control.active(name)
            # What has expired under the old retention stays expired under the new one.
            floor_ms = stream.horizon_ms(now_ms(self._clock))
            self._control.update(stream, retention_hours=hours, floor_ms=floor_ms)

    def expire(self, name: str, arrival_ms: int) -> None:
        """Let what arrived up to then be expired for good, however long the retention is."""
        with self._metadata.exclusive():
            stream = self._control.active(name)
            if arrival_ms > stream.floor_ms:
                self._control.update(stream, floor_ms=arrival_ms)

    def set_mode(self, name: str, mode: Mode) -> None:
        now = now_ms(self._clock)
        with self._metadata.exclusive():
            stream = self._control.active(name)
            if stream.mode == mode:
                raise InvalidArgumentException(f"Stream {name} is in {mode} mode already.")
            if self._control.changes(stream, "mode", now - DAY_MS) >= MODE_CHANGES_PER_DAY:
                raise LimitExceededException(f"The mode of stream {name} was changed twice in the last 24 hours.")
            if mode == "PROVISIONED" and stream.strategy == "AUTO":
                raise InvalidArgumentException("A provisioned stream cannot distribute records by itself.")
            self._control.update(stream, mode=mode, change="mode")

    def set_record_size(self, name: str, kib: int) -> None:
        with self._metadata.exclusive():
            self._control.update(self._control.active(name), record_max_kib=kib)

    def set_strategy(self, name: str, strategy: Strategy) -> None:
        with self._metadata.exclusive():
            stream = self._control.active(name)
            if stream.mode != "ON_DEMAND":
                raise InvalidArgumentException(
                    f"Stream {name} is provisioned; only a stream on demand has a record distribution strategy."
                )
            self._control.update(stream, strategy=strategy)

    def set_enforced(self, name: str, enforced: bool) -> None:
        with self._metadata.exclusive():
            stream = self._control.find(name)
            with self._metadata.change() as connection:
                connection.execute("UPDATE streams SET enforced = ? WHERE id = ?", (int(enforced), stream.stream_id))

    def set_monitoring(self, name: str, metrics: Sequence[str]) -> None:
        with self._metadata.exclusive():
            self._control.update(self._control.active(name), monitoring=json.dumps(metrics))

    def register_consumer(self, name: str, consumer: str, tags: Mapping[str, str]) -> ConsumerState:
        now = now_ms(self._clock)
        with self._metadata.exclusive():
            stream = self._control.find(name)
            if consumer in stream.consumers:
                raise ResourceInUseException(
                    f"Consumer {consumer} under stream {stream.arn} already exists for account {ACCOUNT}."
                )
            if len(stream.consumers) >= CONSUMER_LIMIT:
                raise LimitExceededException(
                    f"Stream {name} has {CONSUMER_LIMIT} registered consumers, which is as many as it can have."
                )
            with self._metadata.change() as connection:
                connection.execute("INSERT INTO consumers VALUES (?, ?, ?)", (stream.stream_id, consumer, now))
                write_tags(connection, stream, consumer, tags)
        return ConsumerState(consumer, now)

    def deregister_consumer(self, name: str, consumer: str) -> None:
        with self._metadata.exclusive():
            stream = self._control.find(name)
            with self._metadata.change() as connection:
                for table, column in (("consumers", "name"), ("tags", "consumer")):
                    connection.execute(
                        f"DELETE FROM {table} WHERE stream = ? AND {column} = ?", (stream.stream_id, consumer)
                    )

    def tags(self, stream: StreamState, consumer: str = "") -> dict[str, str]:
        """The tags of a stream, or of one of its consumers, sorted by key."""
        rows = self._metadata.query(
            "SELECT key, value FROM tags WHERE stream = ? AND consumer = ? ORDER BY key", stream.stream_id, consumer
        )
        return {str(key): str(value) for key, value in rows}

    def tag(self, name: str, tags: Mapping[str, str], consumer: str = "") -> None:
        with self._metadata.exclusive():
            stream = self._control.find(name)
            if len({**self.tags(stream, consumer), **tags}) > TAG_LIMIT:
                raise InvalidArgumentException(
                    f"Failed to add tags to stream {name} under account {ACCOUNT} because a given stream cannot have "
                    f"more than {TAG_LIMIT} tags associated with it."
                )
            with self._metadata.change() as connection:
                write_tags(connection, stream, consumer, tags)

    def untag(self, name: str, keys: Sequence[str], consumer: str = "") -> None:
        with self._metadata.exclusive():
            stream = self._control.find(name)
            with self._metadata.change() as connection:
                connection.executemany(
                    "DELETE FROM tags WHERE stream = ? AND consumer = ? AND key = ?",
                    [(stream.stream_id, consumer, key) for key in keys],
                )
