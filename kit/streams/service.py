"""The streams of a workspace: made, found by name, deleted. Composes what a stream needs, owns what must be closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kit.base.clock import Clock
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams.configuration import Configuration
from kit.streams.control import RETENTION_MIN_HOURS, Control
from kit.streams.errors import ResourceInUseException
from kit.streams.live_shard import LiveShard
from kit.streams.log.disk import Disk
from kit.streams.log.segment import Identity
from kit.streams.log.shard_log import ShardLog
from kit.streams.metadata import Metadata
from kit.streams.model import Durability, Mode, ShardState, StreamState
from kit.streams.names import StreamId
from kit.streams.stream import Stream
from kit.streams.tokens import Tokens, workspace_secret

if TYPE_CHECKING:
    from kit.streams.api.client import Client
    from kit.streams.api.subscription import Subscriptions
    from kit.streams.queue import Queues

POOL_THREADS = 8


class Streams:
    """Ordered, durable, replayable logs, as in Kinesis Data Streams. Safe among threads and processes."""

    def __init__(
        self, folder: Path, *, clock: Clock, entropy: Entropy, settings: Settings, disk: Disk | None = None
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock
        self.entropy = entropy
        self.settings = settings
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._live: dict[tuple[StreamId, int], LiveShard] = {}
        self._streams: dict[str, Stream] = {}
        self._metadata = Metadata(folder)
        with self._metadata.exclusive():
            self.tokens = Tokens(workspace_secret(folder / "secret", entropy))
        self.control = Control(folder, self._metadata, clock, entropy, self.live, self._forget)
        self.configuration = Configuration(self.control, self._metadata, clock)
        self.control.sweep()

    def create(
        self,
        name: str,
        shards: int | None = None,
        *,
        durability: Durability = "os",
        mode: Mode = "PROVISIONED",
        retention_hours: int = RETENTION_MIN_HOURS,
        if_not_exists: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> Stream:
        """Make a stream; of one shard where `shards` does not say otherwise, of four on demand.

        `durability` is what acknowledged means: with `os` a record survives any end of its process, with `fsync` also
        one of the machine. With `if_not_exists` a stream of that name is taken as it is.
        """
        try:
            self.control.create(
                name, shards, mode=mode, durability=durability, retention_hours=retention_hours, tags=tags
            )
        except ResourceInUseException:
            if not if_not_exists:
                raise
        return self[name]

    def __getitem__(self, name: str) -> Stream:
        """The stream. Raises `ResourceNotFoundException`."""
        self.control.find(name)
        found = self._streams.get(name)
        if found is None:
            with self._lock:
                found = self._streams.setdefault(name, Stream(self, name))
        return found

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        """Names of the streams, sorted."""
        return iter([stream.name for stream in self.control.all()])

    def __len__(self) -> int:
        return len(self.control.all())

    def delete(self, name: str) -> None:
        """Delete the stream with all that it holds."""
        self.control.delete(name)

    def client(self) -> Client:
        """The public API under its real names, as boto3's client has it."""
        from kit.streams.api.client import Client

        return Client(self)

    def transitions(self, seconds: float) -> None:
        """Let creating, updating and deleting streams take that long, as they do in the service; here it is no time.

        Of changes that this process makes.
        """
        self.control.transition_ms = round(seconds * 1000)

    def close(self) -> None:
        """Let go of files and threads; the streams may be opened again."""
        with self._lock:
            for live in self._live.values():
                live.close()
            self._live.clear()
        pool = self.__dict__.pop("pool", None)
        if pool is not None:
            pool.shutdown()
        queues = self.__dict__.pop("queues", None)
        if queues is not None:
            queues.close()
        self._metadata.close()

    @cached_property
    def queues(self) -> Queues:
        """Queues as in SQS, to see what a stream is not."""
        from kit.streams.queue import Queues

        return Queues(self.folder / "queues.sqlite", clock=self.clock, entropy=self.entropy)

    def live(self, stream: StreamState, shard: ShardState) -> LiveShard:
        """The shard as this process uses it."""
        key = (stream.stream_id, shard.index)
        found = self._live.get(key)
        if found is None:
            with self._lock:
                found = self._live.get(key) or self._opened(stream, shard)
                self._live[key] = found
        return found

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Who is subscribed to which shard, in this process."""
        from kit.streams.api.subscription import Subscriptions

        return Subscriptions()

    @cached_property
    def pool(self) -> ThreadPoolExecutor:
        """Threads for what waits for the disk or runs outside of the interpreter."""
        return ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="boathouse-streams")

    def _opened(self, stream: StreamState, shard: ShardState) -> LiveShard:
        log = ShardLog(
            self.folder / stream.folder / shard.shard_id,
            Identity(stream.stream_id, shard.index, shard.created_s),
            self._disk,
            durable=stream.durability == "fsync",
        )
        return LiveShard(log, shard, self._metadata, self.clock)

    def _forget(self, stream_id: StreamId) -> None:
        with self._lock:
            for key in [key for key in self._live if key[0] == stream_id]:
                self._live.pop(key).close()
