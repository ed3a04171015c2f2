"""Changes to streams: made, resharded, reconfigured, deleted. One change at a time in a workspace, each all or nothing.

Resharding holds the locks of the shards that it closes from before the change to the metadata until after it, and marks
them: a writer that comes next, in whatever process, looks into the metadata before it goes on. A change that dies
half-way leaves the mark, which costs the next writer a look, and nothing else.

Source: Amazon Kinesis Data Streams API Reference, read 2026-11. Differs: changes take effect at once unless
`Streams.transitions` says otherwise; calls a second of the control operations are not counted.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from kit.base.clock import Clock, now_ms
from kit.base.errors import did_you_mean
from kit.base.ids import Entropy
from kit.streams import applications, hashing, names, reshard
from kit.streams.errors import (
    InvalidArgumentException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from kit.streams.live_shard import LiveShard
from kit.streams.metadata import Metadata, insert_stream, write_shards
from kit.streams.model import (
    DAY_MS,
    Durability,
    Mode,
    ShardState,
    Status,
    Strategy,
    StreamState,
)
from kit.streams.names import ACCOUNT, StreamId
from kit.streams.reshard import Resharding

RETENTION_MIN_HOURS = 24
RETENTION_MAX_HOURS = 8_760
RECORD_KIB = 1_024
RECORD_MAX_KIB = 10_240
SHARD_LIMIT = 1_000
ON_DEMAND_SHARDS = 4
ON_DEMAND_MAX_SHARDS = 200
ON_DEMAND_PAUSE_MS = 15 * 60_000
ON_DEMAND_STREAM_LIMIT = 50
CREATING_LIMIT = 5
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")


class Control:
    """Makes the changes. `live` gives the shard as this process uses it; `forget` lets go of a stream's shards."""

    def __init__(
        self,
        folder: Path,
        metadata: Metadata,
        clock: Clock,
        entropy: Entropy,
        live: Callable[[StreamState, ShardState], LiveShard],
        forget: Callable[[StreamId], None],
    ) -> None:
        self._folder = folder
        self._metadata = metadata
        self._clock = clock
        self._entropy = entropy
        self._live = live
        self._forget = forget
        self._grown_s: dict[StreamId, int] = {}
        self.transition_ms = 0

    def find(self, name: str) -> StreamState:
        """The stream as it is now, without shards that have expired. Raises `ResourceNotFoundException`."""
        now = now_ms(self._clock)
        stream = self._metadata.streams().get(name)
        if stream is not None and stream.expired_shards(now):
            # Removed as soon as it is noticed: what has expired stays so, even if the clock is moved back.
            self.tidy()
            stream = self._metadata.streams().get(name)
        if stream is None or stream.status_at(now) is None:
            raise ResourceNotFoundException(
                f"Stream {name} under account {ACCOUNT} not found.", did_you_mean(name, self._metadata.streams())
            )
        return stream

    def usable(self, name: str) -> StreamState:
        """The stream, ready for records. Raises `ResourceNotFoundException` while it is made or deleted, too."""
        stream = self.find(name)
        if stream.status_at(now_ms(self._clock)) not in {"ACTIVE", "UPDATING"}:
            raise ResourceNotFoundException(
                f"Stream {name} under account {ACCOUNT} not found.", "It is being made or deleted."
            )
        return stream

    def all(self) -> list[StreamState]:
        """The streams by name."""
        now = now_ms(self._clock)
        return [stream for stream in self._metadata.streams().values() if stream.status_at(now) is not None]

    def active(self, name: str) -> StreamState:
        """The stream, ready for a change. Raises `ResourceInUseException` where it is in the middle of another."""
        stream = self.find(name)
        status = stream.status_at(now_ms(self._clock))
        if status != "ACTIVE":
            raise ResourceInUseException(
                f"Stream {name} under account {ACCOUNT} not ACTIVE, instead in state {status}.",
                "Wait for it: client.get_waiter('stream_exists').",
            )
        return stream

    def create(
        self,
        name: str,
        shards: int | None,
        *,
        mode: Mode,
        durability: Durability = "os",
        retention_hours: int = RETENTION_MIN_HOURS,
        record_max_kib: int = RECORD_KIB,
        strategy: Strategy = "USER_PARTITION_KEY",
        tags: Mapping[str, str] | None = None,
    ) -> StreamState:
        _require_name(name)
        require_retention(retention_hours)
        if mode == "ON_DEMAND" and shards is not None:
            raise ValidationException("ShardCount must not be given for a stream in ON_DEMAND mode.")
        if mode == "PROVISIONED" and strategy == "AUTO":
            raise InvalidArgumentException("A provisioned stream cannot distribute records by itself.")
        count = ON_DEMAND_SHARDS if mode == "ON_DEMAND" else 1 if shards is None else shards
        now = now_ms(self._clock)
        with self._metadata.exclusive():
            self.tidy()
            if name in self._metadata.streams():
                raise ResourceInUseException(f"Stream {name} under account {ACCOUNT} already exists.")
            self._require_quotas(count, mode)
            stream = StreamState(
                names.new_stream_id(self._entropy),
                name,
                now,
                "CREATING",
                self._settles_ms(now),
                durability,
                mode,
                retention_hours,
                floor_ms=0,
                enforced=True,
                record_max_kib=record_max_kib,
                strategy=strategy,
                shards=tuple(
                    ShardState(index, low, high, now // 1000)
                    for index, (low, high) in enumerate(hashing.even_ranges(count))
                ),
            )
            with self._metadata.change() as connection:
                insert_stream(connection, stream)
                write_tags(connection, stream, "", tags or {})
        return stream

    def delete(self, name: str, *, enforce_consumer_deletion: bool = True) -> None:
        with self._metadata.exclusive():
            stream = self.active(name)
            if stream.consumers and not enforce_consumer_deletion:
                raise ResourceInUseException(
                    f"Stream {name} under account {ACCOUNT} has {len(stream.consumers)} consumers registered.",
                    "Deregister them, or set EnforceConsumerDeletion.",
                )
            with self._metadata.change() as connection:
                self._begin(connection, stream, "DELETING")
            self.tidy()

    def tidy(self) -> None:
        """Remove what is deleted, and the shards that closed so long ago that nothing of them is left."""
        now = now_ms(self._clock)
        with self._metadata.exclusive():
            streams = self._metadata.streams().values()
            gone = [stream for stream in streams if stream.status_at(now) is None]
            expired = [(stream, shard) for stream in streams for shard in stream.expired_shards(now)]
            if gone or expired:
                with self._metadata.change() as connection:
                    connection.executemany("DELETE FROM streams WHERE id = ?", [(stream.stream_id,) for stream in gone])
                    connection.executemany(
                        "DELETE FROM shards WHERE stream = ? AND idx = ?",
                        [(stream.stream_id, shard.index) for stream, shard in expired],
                    )
            for stream in gone:
                self._forget(stream.stream_id)
                shutil.rmtree(self._folder / stream.folder, ignore_errors=True)
                applications.forget(self._folder, stream.name)
            for stream, shard in expired:
                shutil.rmtree(self._folder / stream.folder / shard.shard_id, ignore_errors=True)

    def sweep(self) -> None:
        """Remove folders of streams that a process deleted without coming to the end of it."""
        with self._metadata.exclusive():
            self.tidy()
            known = {stream.folder for stream in self._metadata.streams().values()}
            for folder in self._folder.iterdir():
                if folder.is_dir() and folder.name not in known:
                    shutil.rmtree(folder, ignore_errors=True)

    def split(self, name: str, shard_id: str, key: int | None) -> Resharding:
        """Split in the middle where no key is given."""
        with self._metadata.exclusive():
            stream = self._reshardable(name, "SplitShard")
            shard = self.shard(stream, shard_id)
            key = (shard.low + shard.high + 1) // 2 if key is None else key
            self._require_room(1)
            return self._reshard(stream, reshard.split(stream, shard, key, now_ms(self._clock)))

    def merge(self, name: str, shard_id: str, adjacent_id: str) -> Resharding:
        with self._metadata.exclusive():
            stream = self._reshardable(name, "MergeShards")
            shard, adjacent = self.shard(stream, shard_id), self.shard(stream, adjacent_id)
            return self._reshard(stream, reshard.merge(stream, shard, adjacent, now_ms(self._clock)))

    def scale(self, name: str, target: int) -> StreamState:
        """Bring the stream to `target` open shards; the stream as it was before."""
        now = now_ms(self._clock)
        with self._metadata.exclusive():
            stream = self._reshardable(name, "UpdateShardCount")
            if self.changes(stream, "scale", now - DAY_MS) >= reshard.SCALINGS_PER_DAY:
                raise LimitExceededException(
                    f"Stream {name} was scaled {reshard.SCALINGS_PER_DAY} times in the last 24 hours, which is as "
                    "often as UpdateShardCount allows."
                )
            self._require_room(target - len(stream.open_shards))
            self._reshard(stream, reshard.scale(stream, target, now), kind="scale")
            return stream

    def note_throttling(self, stream: StreamState) -> None:
        """A shard of the stream has throttled: one on demand may have to grow. Looked into once a second at most."""
        second = now_ms(self._clock) // 1000
        if stream.mode == "ON_DEMAND" and self._grown_s.get(stream.stream_id) != second:
            self._grown_s[stream.stream_id] = second
            self._grow(stream.name)

    def shard(self, stream: StreamState, shard_id: str) -> ShardState:
        """The shard by its id. Raises `ResourceNotFoundException`."""
        index = names.shard_index(shard_id)
        shard = None if index is None else stream.by_index.get(index)
        if shard is None:
            raise ResourceNotFoundException(
                f"Could not find shard {shard_id} in stream {stream.name} under account {ACCOUNT}.",
                did_you_mean(shard_id, [each.shard_id for each in stream.shards]),
            )
        return shard

    def update(self, stream: StreamState, *, change: str = "", **columns: object) -> None:
        """Set columns of an active stream, as a change that may be counted by its kind."""
        assigned = ", ".join(f"{column} = ?" for column in columns)
        with self._metadata.change() as connection:
            connection.execute(f"UPDATE streams SET {assigned} WHERE id = ?", (*columns.values(), stream.stream_id))
            self._begin(connection, stream, "UPDATING", change)

    def changes(self, stream: StreamState, kind: str, since_ms: int) -> int:
        """How many changes of a kind there were since then."""
        rows = self._metadata.query(
            "SELECT count(*) FROM changes WHERE stream = ? AND kind = ? AND at_ms > ?", stream.stream_id, kind, since_ms
        )
        return int(str(rows[0][0]))

    def _reshard(self, stream: StreamState, plan: Resharding, *, kind: str = "reshard") -> Resharding:
        with ExitStack() as locks:
            closed: list[ShardState] = []
            for shard in plan.closed:
                last_arrival_ms = locks.enter_context(self._live(stream, shard).closing())
                # A clock that went back must not let the shard expire before its records do.
                closed.append(replace(shard, closed_ms=max(shard.closed_ms or 0, last_arrival_ms)))
            with self._metadata.change() as connection:
                write_shards(connection, stream.stream_id, (*closed, *plan.made))
                self._begin(connection, stream, "UPDATING", kind)
        return replace(plan, closed=tuple(closed))

    def _grow(self, name: str) -> None:
        """Double the shards of a stream on demand that was throttled, if it has not just grown: so it follows a load
        that doubles in a quarter of an hour, as the service promises, and throttles one that grows faster."""
        now = now_ms(self._clock)
        with self._metadata.exclusive():
            stream = self.find(name)
            count = len(stream.open_shards)
            if (
                stream.mode == "ON_DEMAND"
                and stream.status_at(now) == "ACTIVE"
                and 2 * count <= ON_DEMAND_MAX_SHARDS
                and not self.changes(stream, "grow", now - ON_DEMAND_PAUSE_MS)
            ):
                self._reshard(stream, reshard.scale(stream, 2 * count, now), kind="grow")

    def _begin(self, connection: sqlite3.Connection, stream: StreamState, status: Status, change: str = "") -> None:
        now = now_ms(self._clock)
        connection.execute(
            "UPDATE streams SET status = ?, settles_ms = ? WHERE id = ?",
            (status, self._settles_ms(now), stream.stream_id),
        )
        if change:
            connection.execute("INSERT INTO changes VALUES (?, ?, ?)", (stream.stream_id, change, now))

    def _settles_ms(self, now: int) -> int:
        """When a change that begins now has taken effect; one that takes no time has, even if the clock moves back."""
        return now + self.transition_ms if self.transition_ms else 0

    def _reshardable(self, name: str, operation: str) -> StreamState:
        stream = self.active(name)
        if stream.mode == "ON_DEMAND":
            raise ValidationException(
                f"Request is invalid. Stream {name} under account {ACCOUNT} is in On-Demand mode, which {operation} "
                "does not support."
            )
        return stream

    def _require_quotas(self, shards: int, mode: Mode) -> None:
        now = now_ms(self._clock)
        streams = self.all()
        if sum(stream.status_at(now) == "CREATING" for stream in streams) >= CREATING_LIMIT:
            raise LimitExceededException(f"There are {CREATING_LIMIT} streams in the CREATING state already.")
        on_demand = sum(stream.mode == "ON_DEMAND" for stream in streams)
        if mode == "ON_DEMAND" and on_demand >= ON_DEMAND_STREAM_LIMIT:
            raise LimitExceededException(f"There are {on_demand} streams on demand, which is as many as there can be.")
        self._require_room(shards)

    def _require_room(self, shards: int) -> None:
        count = sum(len(stream.open_shards) for stream in self.all())
        if count + shards > SHARD_LIMIT:
            raise LimitExceededException(
                f"This request would exceed the shard limit for the account {ACCOUNT} in {names.REGION}. Current shard "
                f"count for the account: {count}. Limit: {SHARD_LIMIT}. Number of additional shards that would have "
                f"resulted from this request: {shards}."
            )


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'streamName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            "1 to 128 letters, digits, '_', '.' and '-'.",
        )


def require_retention(hours: int) -> None:
    """Raises `InvalidArgumentException` for a retention period that is too short or too long."""
    if not RETENTION_MIN_HOURS <= hours <= RETENTION_MAX_HOURS:
        raise InvalidArgumentException(
            f"Requested retention period ({hours} hours) is not between the minimum of {RETENTION_MIN_HOURS} hours and "
            f"the maximum of {RETENTION_MAX_HOURS} hours."
        )


def write_tags(connection: sqlite3.Connection, stream: StreamState, consumer: str, tags: Mapping[str, str]) -> None:
    """Add tags to a stream, or to one of its consumers."""
    connection.executemany(
        "INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?)",
        [(stream.stream_id, consumer, key, value) for key, value in tags.items()],
    )
