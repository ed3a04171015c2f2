"""Segments: files of frames, one after the other, and what a finished one says of itself. Owns their bytes.

A segment's name is its first index. It begins with a header (the shard it belongs to, the Arrow schema of its batches)
and, once finished, ends with a SEAL frame: the table of its frames, and a trailer that tells where the seal begins. A
sealed segment is never written again; it may be replaced by another with the same records (compaction).

Faults: a flipped bit anywhere, a file cut short or grown, a file of another shard or under another name. A sealed
segment that shows one raises `CorruptSegmentError` with file and offset.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from kit.streams.errors import InternalFailureException
from kit.streams.log import frame
from kit.streams.log.disk import Disk

SUFFIX = ".seg"
DRAFT_SUFFIX = ".draft"
SMALL_RECORDS = 64
_MAGIC = b"BHSEGM01"
_HEADER = struct.Struct("<8sII24sIIQQ")  # magic, CRC, header bytes, stream, shard, schema bytes, created, first index
_CHECKED_FROM = 12
_TRAILER_MAGIC = b"BHSEALED"
_TRAILER = struct.Struct("<8sI4xQQQQ16x")  # magic, CRC, seal offset, file bytes, end index, number of frames
_SCHEMA_MESSAGE = frame.SCHEMA.serialize().to_pybytes()


class CorruptSegmentError(InternalFailureException):
    """A segment's bytes are not what was written; `path` and `offset` say where."""

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(
            f"Segment {path} is corrupt at offset {offset:,}: {reason}.",
            "Restore the file from a copy; records after this place in the shard cannot be read meanwhile.",
        )
        self.path = path
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Identity:
    """The shard that a segment belongs to."""

    stream_id: str
    shard: int
    created_s: int


def file_name(first_index: int) -> str:
    return f"{first_index:020d}{SUFFIX}"


def first_indexes(folder: Path) -> list[int]:
    """The first indexes of the segments in a shard's folder, in order; empty where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(int(each.name[: -len(SUFFIX)]) for each in entries if each.name.endswith(SUFFIX))
    except FileNotFoundError:
        return []


def header(identity: Identity, first_index: int) -> bytes:
    """The bytes that a segment begins with."""
    size = frame.padded(_HEADER.size + len(_SCHEMA_MESSAGE))
    plain = _HEADER.pack(
        _MAGIC,
        0,
        size,
        identity.stream_id.encode(),
        identity.shard,
        len(_SCHEMA_MESSAGE),
        identity.created_s,
        first_index,
    )
    rest = (plain[_CHECKED_FROM:] + _SCHEMA_MESSAGE).ljust(size - _CHECKED_FROM, b"\0")
    return _MAGIC + struct.pack("<I", zlib.crc32(rest)) + rest


def frames_begin(path: Path, view: memoryview, identity: Identity, first_index: int) -> int:
    """Where the first frame begins. Raises `CorruptSegmentError` where the header is damaged or not this segment's."""
    if len(view) < _HEADER.size:
        raise CorruptSegmentError(path, 0, "it is shorter than a header")
    magic, crc, size, stream, shard, schema_bytes, created_s, index = _HEADER.unpack_from(view)
    if magic != _MAGIC or not _HEADER.size <= size <= len(view) or zlib.crc32(view[_CHECKED_FROM:size]) != crc:
        raise CorruptSegmentError(path, 0, "the checksum of its header does not hold")
    if (stream.rstrip(b"\0").decode(), shard, created_s) != (identity.stream_id, identity.shard, identity.created_s):
        raise CorruptSegmentError(path, 0, "it belongs to another shard")
    schema = pa.ipc.read_schema(pa.py_buffer(view[_HEADER.size : _HEADER.size + schema_bytes]))
    if index != first_index or not schema.equals(frame.SCHEMA):
        raise CorruptSegmentError(path, 0, "its header does not fit its name")
    return size


def walk(
    view: memoryview, begin: int, end: int, next_index: int, *, checked: bool
) -> Iterator[tuple[int, frame.Header]]:
    """Offsets and headers of the frames from `begin` on, as far as they are whole and follow each other.

    Without `checked` only the headers are looked at.
    """
    offset = begin
    while (header := frame.header_at(view, offset, end)) is not None:
        if header.first_index != next_index or (checked and not frame.is_intact(view, offset, header)):
            return
        yield offset, header
        if header.kind == frame.Kind.SEAL:
            return
        offset += header.frame_bytes
        next_index += header.records


def create(folder: Path, identity: Identity, first_index: int, disk: Disk, *, durable: bool) -> int:
    """Begin a segment, whole or not at all; its size in bytes. A file of that name which nothing is in is replaced."""
    content = header(identity, first_index)
    draft = folder / f"{file_name(first_index)}{DRAFT_SUFFIX}"
    fd = disk.open(draft, create=True)
    try:
        disk.truncate(fd, 0)
        disk.write(fd, [content], 0)
        if durable:
            disk.sync(fd)
    finally:
        os.close(fd)
    disk.replace(draft, folder / file_name(first_index))
    if durable:
        disk.sync_folder(folder)
    return len(content)


@dataclass(slots=True)
class FrameTable:
    """Where the frames of a segment are and what they hold, column by column, in order."""

    offsets: array[int] = field(default_factory=lambda: array("Q"))
    first_indexes: array[int] = field(default_factory=lambda: array("Q"))
    first_arrivals_ms: array[int] = field(default_factory=lambda: array("q"))
    last_arrivals_ms: array[int] = field(default_factory=lambda: array("q"))
    records: array[int] = field(default_factory=lambda: array("Q"))
    kinds: array[int] = field(default_factory=lambda: array("Q"))

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, offset: int, kind: int, first_index: int, arrivals_ms: tuple[int, int], records: int) -> None:
        self.offsets.append(offset)
        self.first_indexes.append(first_index)
        self.first_arrivals_ms.append(arrivals_ms[0])
        self.last_arrivals_ms.append(arrivals_ms[1])
        self.records.append(records)
        # The last to grow: readers on other threads go by its length.
        self.kinds.append(kind)

    def columns(self) -> tuple[array[int], ...]:
        return (
            self.offsets,
            self.first_indexes,
            self.first_arrivals_ms,
            self.last_arrivals_ms,
            self.records,
            self.kinds,
        )

    def holding(self, index: int) -> int:
        """The frame that holds the record at `index`; frames are without gaps."""
        return max(bisect_right(self.first_indexes, index, 0, len(self)) - 1, 0)


def seal(table: FrameTable, offset: int, end_index: int) -> list[Any]:
    """The frame that finishes a segment whose frames end at `offset` and whose next record would be `end_index`."""
    columns = b"".join(column.tobytes() for column in table.columns())
    body_bytes = frame.padded(len(columns) + _TRAILER.size)
    file_bytes = offset + frame.HEADER_BYTES + body_bytes
    plain = _TRAILER.pack(_TRAILER_MAGIC, 0, offset, file_bytes, end_index, len(table))[_CHECKED_FROM:]
    trailer = _TRAILER_MAGIC + struct.pack("<I", zlib.crc32(plain)) + plain
    arrivals = (table.first_arrivals_ms[0], table.last_arrivals_ms[-1])
    body = frame.seal(columns.ljust(body_bytes - _TRAILER.size, b"\0") + trailer, len(table), arrivals)
    return [frame.header(body, end_index), *body.parts]


class Segment:
    """A segment mapped into memory, as far as its frames are known: nothing is copied, and nothing read before it is
    asked for.

    `open_sealed` knows all frames from the seal and checks each when it is first touched; a segment that is still
    written begins empty (`open_active`) and learns of frames, checked, as far as they are committed (`extend`).
    """

    def __init__(self, path: Path, first_index: int, identity: Identity) -> None:
        self.path = path
        self.first_index = first_index
        self.end_index = first_index
        self.table = FrameTable()
        self._map()
        self._end = frames_begin(path, self._view, identity, first_index)
        self._intact = bytearray()

    @classmethod
    def open_active(cls, path: Path, first_index: int, identity: Identity) -> Segment:
        return cls(path, first_index, identity)

    @classmethod
    def open_sealed(cls, path: Path, first_index: int, identity: Identity) -> Segment:
        """Raises `CorruptSegmentError` where the segment does not end with its seal."""
        opened = cls(path, first_index, identity)
        opened._read_seal()
        return opened

    @property
    def last_arrival_ms(self) -> int:
        return self.table.last_arrivals_ms[-1]

    def extend(self, committed: int) -> None:
        """Learn of the frames up to the offset `committed`. Raises `CorruptSegmentError` where they are not whole."""
        if committed <= self._end:
            return
        if committed > len(self._view):
            self._map()
        view, end = self._view, self._end
        for offset, header in walk(view, end, min(committed, len(view)), self.end_index, checked=True):
            if header.kind == frame.Kind.SEAL:
                break
            end = offset + header.frame_bytes
            self._intact.append(1)
            self.table.add(
                offset,
                header.kind,
                header.first_index,
                (header.first_arrival_ms, header.last_arrival_ms),
                header.records,
            )
            self.end_index += header.records
            self._end = end
        if end != committed:
            raise CorruptSegmentError(self.path, end, "the checksum of a frame does not hold")

    def batch(self, position: int) -> Any:
        """The frame at `position` in the table, a BATCH, as a record batch that points into the file."""
        return frame.batch_at(self._buffer, self.table.offsets[position], self.check(position).body_bytes)

    def rows(self, begin: int, end: int) -> list[tuple[int, bytes, bytes]]:
        """Arrival, key and data of the frames from `begin` to `end`, all of them ROWs."""
        view, offsets = self._view, self.table.offsets
        for position in range(begin, end):
            if not self._intact[position]:
                self.check(position)
        return [frame.row_at(view, offsets[position]) for position in range(begin, end)]

    def check(self, position: int) -> frame.Header:
        """The header of the frame at `position`. Raises `CorruptSegmentError` where the frame is not whole."""
        offset = self.table.offsets[position]
        header = frame.header_at(self._view, offset, self._end)
        if header is None or header.first_index != self.table.first_indexes[position]:
            raise CorruptSegmentError(self.path, offset, "there is no frame where the table says")
        if not self._intact[position]:
            if not frame.is_intact(self._view, offset, header):
                raise CorruptSegmentError(self.path, offset, "the checksum of a frame does not hold")
            self._intact[position] = 1
        return header

    def _map(self) -> None:
        try:
            self._buffer = map_file(self.path)
        except ValueError as error:
            raise CorruptSegmentError(self.path, 0, "the file is empty") from error
        self._view = memoryview(self._buffer)

    def _read_seal(self) -> None:
        view = self._view
        size = len(view)
        begin = size - _TRAILER.size
        if begin < self._end or size % frame.ALIGNMENT:
            raise CorruptSegmentError(self.path, size, "it is cut short")
        magic, crc, offset, file_bytes, self.end_index, frames = _TRAILER.unpack_from(view, begin)
        if magic != _TRAILER_MAGIC or crc != zlib.crc32(view[begin + _CHECKED_FROM :]) or file_bytes != size:
            raise CorruptSegmentError(self.path, begin, "it does not end with its seal")
        header = frame.header_at(view, offset, size)
        if header is None or header.kind != frame.Kind.SEAL or not frame.is_intact(view, offset, header):
            raise CorruptSegmentError(self.path, offset, "the checksum of its seal does not hold")
        place = offset + frame.HEADER_BYTES
        for column in self.table.columns():
            column.frombytes(view[place : place + 8 * frames])
            place += 8 * frames
        self._end = offset
        self._intact = bytearray(frames)


def map_file(path: Path) -> Any:
    """The file's bytes as an Arrow buffer on a read-only mapping, which lasts as long as anything points into it."""
    with path.open("rb") as file:
        return pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
