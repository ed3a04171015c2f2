"""One shard's files as this process holds them: opened when first used, given up after a fork, closed together."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from kit.streams.log import compaction, segment
from kit.streams.log.disk import Disk
from kit.streams.log.lock import SharedLock
from kit.streams.log.reader import Reader
from kit.streams.log.segment import CorruptSegmentError, Identity, Segment
from kit.streams.log.state import ShardState, Tail
from kit.streams.log.writer import Writer


class Files(NamedTuple):
    """What is open.

    `lock` is held by whoever appends, `read_lock` by whoever spends of the shard's read budget, so that readers do not
    wait for writers.
    """

    pid: int
    lock_fd: int
    read_lock_fd: int
    lock: SharedLock
    read_lock: SharedLock
    state: ShardState
    writer: Writer
    reader: Reader


class ShardLog:
    """The log of one shard: append with the `files`' writer under their lock, read with their reader.

    `settle` follows an append after which the writer has `finished` segments.
    """

    def __init__(self, folder: Path, identity: Identity, disk: Disk, *, durable: bool) -> None:
        self.folder = folder
        self.identity = identity
        self.durable = durable
        self._disk = disk
        self._opening = threading.Lock()
        self._held: Files | None = None

    def files(self) -> Files:
        """The open files; opened where they are not, or where this process has inherited another's."""
        held = self._held
        return held if held is not None and held.pid == os.getpid() else self._open()

    def settle(self, horizon_ms: int) -> None:
        """Rewrite what was finished in small pieces, and remove the segments of which all is older than the horizon.

        Called without the lock, by the process that has just appended. It is housekeeping: the records are stored, and
        a disk that is full or a segment that is damaged must not fail the put that happened to come by. The segment
        stays as it is, and its readers will say what is wrong with it.
        """
        files = self.files()
        for first, in_small_pieces in files.writer.take_finished():
            if in_small_pieces:
                with suppress(OSError, CorruptSegmentError):
                    compaction.compact(self.folder, self.identity, first, self._disk, files.lock)
        with suppress(OSError, CorruptSegmentError), files.lock:
            self._trim(files.writer.begin().segment, horizon_ms)

    def close(self) -> None:
        with self._opening:
            held, self._held = self._held, None
        if held is None or held.pid != os.getpid():
            # After a fork the descriptors are shared with the parent, and so are its locks: leave them be.
            return
        held.writer.close()
        held.reader.close()
        held.state.close()
        os.close(held.lock_fd)
        os.close(held.read_lock_fd)

    def _trim(self, active: int, horizon_ms: int) -> None:
        for first in segment.first_indexes(self.folder):
            path = self.folder / segment.file_name(first)
            if first >= active or Segment.open_sealed(path, first, self.identity).last_arrival_ms > horizon_ms:
                return
            self._disk.remove(path)

    def _open(self) -> Files:
        with self._opening:
            held = self._held
            if held is not None and held.pid == os.getpid():
                return held
            for folder in (self.folder.parent, self.folder):
                folder.mkdir(mode=0o700, exist_ok=True)
            lock_fd = self._disk.open(self.folder / "lock", create=True)
            read_lock_fd = self._disk.open(self.folder / "read.lock", create=True)
            lock = SharedLock(lock_fd)
            with lock:
                ShardState.create(self.folder / "state")
                state = ShardState(self.folder / "state")
            writer = Writer(self.folder, self.identity, state, lock, self._disk, durable=self.durable)

            def recover() -> Tail:
                with lock:
                    return writer.begin()

            reader = Reader(self.folder, self.identity, state, recover)
            self._held = Files(
                os.getpid(), lock_fd, read_lock_fd, lock, SharedLock(read_lock_fd), state, writer, reader
            )
            return self._held
