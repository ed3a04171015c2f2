"""A shard's log on a temporary folder, small segments, and a disk that can be made to fail."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kit.streams.log import frame, writer
from kit.streams.log.disk import Disk
from kit.streams.log.segment import Identity
from kit.streams.log.shard_log import ShardLog

IDENTITY = Identity("abcdefghij0123456789-xyz", 3, 1_700_000_000)


class FaultyDisk(Disk):
    """Writes only as many bytes as there is `room` for, and syncs only while `syncs`."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.syncs = True
        self.synced = 0

    def write(self, fd: int, parts: Sequence[Any], offset: int) -> None:
        whole = b"".join(bytes(part) for part in parts)
        if self.room is not None and len(whole) > self.room:
            os.pwrite(fd, whole[: self.room], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(fd, parts, offset)

    def sync(self, fd: int) -> None:
        if not self.syncs:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.synced += 1
        super().sync(fd)


class Log:
    """A shard's log as a test wants it: put, read everything, close."""

    def __init__(self, folder: Path, disk: Disk, *, durable: bool) -> None:
        self.log = ShardLog(folder, IDENTITY, disk, durable=durable)
        self.folder = folder

    def put(self, *data: bytes, arrival_ms: int = 1_000, key: bytes = b"key") -> list[int]:
        """Add each as a frame of its own; their indexes, once they are acknowledged."""
        return [self._acknowledged(lambda one=one: self._writer().append_row(arrival_ms, key, one)) for one in data]

    def put_batch(self, *data: bytes, arrival_ms: int = 1_000, key: str = "key") -> int:
        """Add all as one frame; the first index."""
        import pyarrow as pa

        rows = pa.record_batch(
            [[key] * len(data), list(data), pa.array([arrival_ms] * len(data)).cast(frame.SCHEMA.field(2).type)],
            schema=frame.SCHEMA,
        )
        body = frame.batch(rows, (arrival_ms, arrival_ms))
        return self._acknowledged(lambda: self._writer().append_bodies([body]))

    def data(self, index: int = 0) -> list[bytes]:
        """What readers see."""
        return self.log.files().reader.rows(index, 1 << 30, 1 << 40).data

    def active(self) -> Path:
        return max(self.folder.glob("*.seg"))

    def close(self) -> None:
        self.log.close()

    def _writer(self) -> writer.Writer:
        self.log.files().writer.begin()
        return self.log.files().writer

    def _acknowledged(self, append: Callable[[], writer.Written]) -> int:
        files = self.log.files()
        with files.lock:
            written = append()
        if self.log.durable:
            files.writer.sync(written)
        if files.writer.finished:
            self.log.settle(horizon_ms=0)
        return written.first_index


@pytest.fixture
def identity() -> Identity:
    return IDENTITY


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def open_log(tmp_path: Path, disk: FaultyDisk) -> Iterator[Callable[..., Log]]:
    opened: list[Log] = []

    def open_one(folder: Path | None = None, *, durable: bool = False) -> Log:
        opened.append(Log(folder or tmp_path / "shard", disk, durable=durable))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment is finished after a few small records."""
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 4_096)
    monkeypatch.setattr(writer, "SMALL_FRAMES", 8)
    monkeypatch.setattr(writer, "WORTH_COMPACTING", 2)
