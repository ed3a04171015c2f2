"""What the processes that use a shard tell each other: a page of shared memory, backed by the file `state`.

How far the shard is written, which readers look up without a lock; whether the last writer died at work; whether the
shard's place in the stream has to be looked up again; how much of its limits is spent. Everything in it can be rebuilt
by scanning the segments; it is never synced.

The position is written into two slots in turn, each under a CRC: a reader takes the newer one that is whole, so a
writer that is killed half-way through a slot leaves the position before it. All but the horizon is written under the
shard's lock.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

STATE_BYTES = 4096
_MAGIC = b"BHSTAT01"
_SLOT = struct.Struct("<QQQQQQqII")  # the fields of Tail, CRC
_SLOT_CHECKED_BYTES = _SLOT.size - 4
_SLOTS = (64, 128)
_COUNTER = struct.Struct("<Q")
_FLAGS = {"dirty": 16, "unsettled": 17}
_HORIZON = 24
_CUTS = 32
_INDEX = struct.Struct("<Q")

WRITE_BUDGET = 256
READ_BUDGET = 320


class Tail(NamedTuple):
    """How far a shard is written.

    `segment` is the first index of the active segment, `written` its length in bytes and `next_index` what the next
    record gets; `committed` and `committed_index` are how much of that is acknowledged and visible to readers.
    `small` counts the frames of the active segment that are too small to be read fast.
    """

    counter: int
    segment: int
    written: int
    next_index: int
    committed: int
    committed_index: int
    last_arrival_ms: int
    small: int


class ShardState:
    """The mapped page. `tail` is None until the first position is published, or where both slots are damaged."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), STATE_BYTES)
        if self._page[:8] != _MAGIC:
            self._page[:] = _MAGIC.ljust(STATE_BYTES, b"\0")

    @staticmethod
    def create(path: Path) -> None:
        """Make the page where it is missing. It is written in full: a hole would need disk space later, when a lack of
        it could not be reported any more."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            if os.fstat(fd).st_size < STATE_BYTES:
                os.write(fd, _MAGIC.ljust(STATE_BYTES, b"\0"))
        finally:
            os.close(fd)

    def counter(self) -> int:
        """Changes with every published position."""
        page = self._page
        return max(_COUNTER.unpack_from(page, _SLOTS[0])[0], _COUNTER.unpack_from(page, _SLOTS[1])[0])

    def tail(self) -> Tail | None:
        found = [tail for tail in map(self._slot, _SLOTS) if tail is not None]
        return max(found, default=None)

    def publish(self, tail: Tail) -> Tail:
        """Make the position known; the tail with its new counter."""
        tail = tail._replace(counter=tail.counter + 1)
        plain = _SLOT.pack(*tail, 0)[:_SLOT_CHECKED_BYTES]
        place = _SLOTS[tail.counter % 2]
        self._page[place : place + _SLOT.size] = plain + struct.pack("<I", zlib.crc32(plain))
        return tail

    @property
    def dirty(self) -> bool:
        """Whether a writer has begun to write what it has not published."""
        return self._page[_FLAGS["dirty"]] != 0

    @dirty.setter
    def dirty(self, value: bool) -> None:
        self._page[_FLAGS["dirty"]] = value

    @property
    def unsettled(self) -> bool:
        """Whether the shard was closed or deleted, or is about to be: the metadata know which."""
        return self._page[_FLAGS["unsettled"]] != 0

    @unsettled.setter
    def unsettled(self, value: bool) -> None:
        self._page[_FLAGS["unsettled"]] = value

    @property
    def horizon(self) -> int:
        """The first index that has not been seen expired; never goes back but by a lost race."""
        return _INDEX.unpack_from(self._page, _HORIZON)[0]

    @horizon.setter
    def horizon(self, index: int) -> None:
        _INDEX.pack_into(self._page, _HORIZON, index)

    @property
    def cuts(self) -> int:
        """How often records were taken back because the disk failed before they were acknowledged."""
        return _INDEX.unpack_from(self._page, _CUTS)[0]

    @cuts.setter
    def cuts(self, count: int) -> None:
        _INDEX.pack_into(self._page, _CUTS, count)

    def read_budget(self, layout: struct.Struct, place: int) -> tuple[int, ...]:
        return layout.unpack_from(self._page, place)

    def write_budget(self, layout: struct.Struct, place: int, *values: int) -> None:
        layout.pack_into(self._page, place, *values)

    def close(self) -> None:
        self._page.close()

    def _slot(self, place: int) -> Tail | None:
        slot = self._page[place : place + _SLOT.size]
        *fields, crc = _SLOT.unpack(slot)
        return Tail(*fields) if fields[0] and crc == zlib.crc32(slot[:_SLOT_CHECKED_BYTES]) else None
