"""The end of a shard where records are added. Owns the active segment's file, its finishing, and what a crash left.

All but `sync` is called under the shard's lock. A writer keeps what it knows of the end between calls, and looks again
only where another process has written in between: every change goes through `ShardState.publish`.

Invariants:
- What is published is in the file; what is not is cut off, or taken up by recovery where it is whole.
- With `durable`, nothing is committed, and so visible to readers, before it is on the disk.
- Indexes have no gap, arrival times never go back, whatever the clock does.
Faults: killed between any two instructions; a write that fails half-way; a full disk; a sync that fails; another
process that died while it held the lock; a state page that is damaged or older than the files.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from kit.streams.log import frame, segment
from kit.streams.log.disk import Disk
from kit.streams.log.lock import SharedLock
from kit.streams.log.recovery import recover
from kit.streams.log.segment import CorruptSegmentError, FrameTable, Identity
from kit.streams.log.state import ShardState, Tail

SEGMENT_BYTES = 32 << 20
SMALL_FRAMES = 16_384
WORTH_COMPACTING = 256
_UNKNOWN = Tail(0, 0, 0, 0, 0, 0, 0, 0)


class Written(NamedTuple):
    """Records that were added: the first one's index, the arrival of all, and what `sync` needs to know."""

    first_index: int
    arrival_ms: int
    records: int
    cuts: int


class Writer:
    """Appends to one shard. `durable`: a record counts only once it is on the disk.

    `finished` are the segments sealed by this writer that nobody has looked after yet: first index, and whether it is
    in small pieces.
    """

    def __init__(
        self, folder: Path, identity: Identity, state: ShardState, lock: SharedLock, disk: Disk, *, durable: bool
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._state = state
        self._lock = lock
        self._disk = disk
        self._durable = durable
        self._tail = _UNKNOWN
        self._fd = -1
        self._syncing = threading.Lock()
        self.finished: list[tuple[int, bool]] = []

    def begin(self) -> Tail:
        """Where the shard ends now, as other processes may have left it. Recovers where one of them died at work."""
        if self._tail.counter != self._state.counter() or self._state.dirty or self._fd < 0:
            self._look_again()
        return self._tail

    def append_row(self, arrival_ms: int, key: bytes, data: bytes) -> Written:
        """Add one record. Its arrival is later than asked for where the clock went back."""
        self._make_room(frame.HEADER_BYTES + len(key) + len(data))
        tail = self._tail
        arrival_ms = max(arrival_ms, tail.last_arrival_ms)
        row = frame.row(tail.next_index, arrival_ms, key, data)
        self._write([row], len(row), 1, arrival_ms, 1)
        return Written(tail.next_index, arrival_ms, 1, self._state.cuts)

    def append_rows(self, arrival_ms: int, rows: Sequence[tuple[bytes, bytes, object]]) -> Written:
        """Add a few records (key, data, and what else) with one write."""
        self._make_room(sum(frame.HEADER_BYTES + len(key) + len(data) for key, data, _ in rows))
        tail = self._tail
        arrival_ms = max(arrival_ms, tail.last_arrival_ms)
        frames = b"".join(
            [frame.row(tail.next_index + place, arrival_ms, key, data) for place, (key, data, _) in enumerate(rows)]
        )
        self._write([frames], len(frames), len(rows), arrival_ms, len(rows))
        return Written(tail.next_index, arrival_ms, len(rows), self._state.cuts)

    def append_bodies(self, bodies: Sequence[frame.Body]) -> Written:
        """Add frames of many records, all of one arrival, which is not before the shard's last.

        What fits into the active segment is written at once; a failure leaves what went into segments before it.
        """
        first_index, arrival_ms = self._tail.next_index, bodies[0].arrivals_ms[0]
        assert arrival_ms >= self._tail.last_arrival_ms
        waiting = list(reversed(bodies))
        while waiting:
            self._make_room(waiting[-1].frame_bytes)
            room = SEGMENT_BYTES - self._tail.written
            index = self._tail.next_index
            parts: list[Any] = []
            size = small = 0
            while waiting and (not parts or size + waiting[-1].frame_bytes <= room):
                body = waiting.pop()
                parts += (frame.header(body, index), *body.parts)
                size += body.frame_bytes
                index += body.records
                small += body.records < segment.SMALL_RECORDS
            self._write(parts, size, index - self._tail.next_index, arrival_ms, small)
        return Written(first_index, arrival_ms, self._tail.next_index - first_index, self._state.cuts)

    def sync(self, written: Written) -> None:
        """Return once the records are on the disk and visible. Called without the lock.

        One thread syncs for all that wrote before it began; those that come meanwhile wait for the next turn.
        """
        with self._syncing:
            if self._is_committed(written):
                return
            with self._lock:
                tail = self._still_there(written)
                fd = os.dup(self._fd)
            try:
                self._disk.sync(fd)
            except BaseException:
                with self._lock:
                    self._cut()
                raise
            finally:
                os.close(fd)
            with self._lock:
                now = self._still_there(written)
                # A segment is synced as a whole before the next one begins, so what was covered may be committed
                # already, but is never in a segment that has been left behind uncommitted.
                if now.committed_index < tail.next_index:
                    self._publish(now._replace(committed=tail.written, committed_index=tail.next_index))

    def take_finished(self) -> list[tuple[int, bool]]:
        """The `finished` segments, each given to one thread only."""
        taken: list[tuple[int, bool]] = []
        with suppress(IndexError):
            while True:
                taken.append(self.finished.pop())
        return taken

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._tail = _UNKNOWN

    def _write(self, parts: Sequence[Any], size: int, records: int, arrival_ms: int, small: int) -> None:
        tail = self._tail
        state = self._state
        state.dirty = True
        try:
            self._disk.write(self._fd, parts, tail.written)
        except BaseException:
            self._disk.truncate(self._fd, tail.written)
            state.dirty = False
            raise
        written = tail.written + size
        index = tail.next_index + records
        committed, committed_index = (tail.committed, tail.committed_index) if self._durable else (written, index)
        self._publish(
            Tail(
                tail.counter,
                tail.segment,
                written,
                index,
                committed,
                committed_index,
                arrival_ms,
                tail.small + small,
            )
        )
        state.dirty = False

    def _publish(self, tail: Tail) -> None:
        self._tail = self._state.publish(tail)

    def _is_committed(self, written: Written) -> bool:
        """Whether another one's sync has covered the records; needs no lock, for whoever takes records back says so
        before the position goes back."""
        tail = self._state.tail()
        covered = tail is not None and tail.committed_index >= written.first_index + written.records
        return covered and self._state.cuts == written.cuts

    def _still_there(self, written: Written) -> Tail:
        """Where the shard ends. Raises where records have been taken back since these were written: an index may stand
        for another record by now."""
        tail = self.begin()
        if self._state.cuts != written.cuts:
            raise OSError(errno.EIO, "the disk failed while the record was on its way")
        return tail

    def _cut(self) -> None:
        """Take back what is written but not committed: a sync that failed once says nothing about the next one."""
        tail = self.begin()
        state = self._state
        state.dirty = True
        state.cuts += 1
        self._publish(tail._replace(written=tail.committed, next_index=tail.committed_index))
        self._disk.truncate(self._fd, tail.committed)
        state.dirty = False

    def _look_again(self) -> None:
        tail = self._state.tail()
        if tail is not None and not self._state.dirty:
            if tail.segment != self._tail.segment or self._fd < 0:
                self._open(tail.segment)
                # Sizes that differ without a writer at work: the page is older than the files, as after a power cut.
                if os.fstat(self._fd).st_size != tail.written:
                    tail = self._recover()
        else:
            tail = self._recover()
        self._tail = tail

    def _recover(self) -> Tail:
        self._state.dirty = True
        tail = recover(self._folder, self._identity, self._state.tail(), self._disk)
        self._open(tail.segment)
        if self._durable:
            self._disk.sync(self._fd)
        tail = self._state.publish(tail)
        self._state.dirty = False
        return tail

    def _open(self, first_index: int) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        path = self._folder / segment.file_name(first_index)
        try:
            self._fd = self._disk.open(path)
        except FileNotFoundError as error:
            raise CorruptSegmentError(path, 0, "the file is gone") from error

    def _make_room(self, size: int) -> None:
        tail = self._tail
        if tail.small >= SMALL_FRAMES or tail.written + size > SEGMENT_BYTES:
            self._roll()

    def _roll(self) -> None:
        """Finish the active segment and begin the next one."""
        tail = self._tail
        if tail.next_index == tail.segment:
            return
        table = self._frames()
        parts = segment.seal(table, tail.written, tail.next_index)
        state = self._state
        # Whatever fails from here on leaves the flag set: recovery cuts half a seal, or goes on from a whole one.
        state.dirty = True
        self._disk.write(self._fd, parts, tail.written)
        if self._durable:
            self._disk.sync(self._fd)
        size = segment.create(self._folder, self._identity, tail.next_index, self._disk, durable=self._durable)
        self._open(tail.next_index)
        self.finished.append((tail.segment, tail.small >= WORTH_COMPACTING))
        index = tail.next_index
        self._publish(Tail(tail.counter, index, size, index, size, index, tail.last_arrival_ms, 0))
        state.dirty = False

    def _frames(self) -> FrameTable:
        tail = self._tail
        path = self._folder / segment.file_name(tail.segment)
        view = memoryview(segment.map_file(path))
        end = segment.frames_begin(path, view, self._identity, tail.segment)
        table = FrameTable()
        for offset, header in segment.walk(view, end, tail.written, tail.segment, checked=False):
            arrivals_ms = (header.first_arrival_ms, header.last_arrival_ms)
            table.add(offset, header.kind, header.first_index, arrivals_ms, header.records)
            end = offset + header.frame_bytes
        if end != tail.written:
            raise CorruptSegmentError(path, end, "there is no frame where one was written")
        return table
