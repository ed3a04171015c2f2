"""Frames: the unit in which records reach the disk, whole or not at all. Owns their bytes; does no I/O.

A frame is a header of 64 bytes and a body padded to 64, so that every frame and every Arrow buffer in it begins
aligned. The CRC runs over the body with its padding and then over the rest of the header: there is no bit of a frame
whose change goes unnoticed, and a body can be summed up before its place in the log is known. Three kinds:

- ROW: one record as it is, key then data. What a single put writes: an Arrow batch of one row would cost a multiple.
- BATCH: one Arrow record batch (`SCHEMA`) as an encapsulated IPC message, so that reading it copies nothing.
- SEAL: the last frame of a finished segment; its body is the segment's table of frames.

Sequence numbers follow from the frame's first index and the arrival times, so their digits are not stored.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import pyarrow as pa

SCHEMA = pa.schema(
    [
        pa.field("partition_key", pa.string(), nullable=False),
        pa.field("data", pa.binary(), nullable=False),
        pa.field("arrival_time", pa.timestamp("ms", "UTC"), nullable=False),
    ]
)
ALIGNMENT = 64
HEADER_BYTES = 64
BODY_MAX_BYTES = 1 << 30
MAGIC = b"BHFR"
VERSION = 1

_CHECKED = struct.Struct("<4sI")  # magic, CRC of all that follows
_REST = struct.Struct(
    "<BBHIQqqIIQ8x"
)  # kind, version, -, body, first index, first and last arrival, records, key, data
_HEADER = struct.Struct("<4sIBBHIQqqIIQ8x")
_PADDING = bytes(ALIGNMENT)


class Kind(IntEnum):
    ROW = 1
    BATCH = 2
    SEAL = 3


_ROW, _SEAL = int(Kind.ROW), int(Kind.SEAL)


class Header(NamedTuple):
    """`body_bytes` counts padding. `key_bytes` and `data_bytes` tell a ROW's parts, `data_bytes` a BATCH's message."""

    kind: int
    body_bytes: int
    first_index: int
    first_arrival_ms: int
    last_arrival_ms: int
    records: int
    key_bytes: int
    data_bytes: int

    @property
    def frame_bytes(self) -> int:
        return HEADER_BYTES + self.body_bytes


def padded(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT


def row(index: int, arrival_ms: int, key: bytes, data: bytes) -> bytes:
    """The frame of one record."""
    size = len(key) + len(data)
    body_bytes = -(-size // ALIGNMENT) * ALIGNMENT
    body = b"".join((key, data, _PADDING[: body_bytes - size]))
    rest = _REST.pack(_ROW, VERSION, 0, body_bytes, index, arrival_ms, arrival_ms, 1, len(key), len(data))
    return b"".join((_CHECKED.pack(MAGIC, zlib.crc32(rest, zlib.crc32(body))), rest, body))


@dataclass(frozen=True, slots=True)
class Body:
    """A frame without its header. `parts` are buffers that stand one after the other, padding included."""

    kind: Kind
    parts: tuple[Any, ...]
    body_bytes: int
    crc: int
    records: int
    data_bytes: int
    arrivals_ms: tuple[int, int]

    @property
    def frame_bytes(self) -> int:
        return HEADER_BYTES + self.body_bytes


def batch(rows: Any, arrivals_ms: tuple[int, int]) -> Body:
    """A record batch of `SCHEMA`; the arrivals of its first and its last record."""
    message = rows.serialize()
    return _body(Kind.BATCH, message, message.size, rows.num_rows, arrivals_ms)


def seal(table: bytes, frames: int, arrivals_ms: tuple[int, int]) -> Body:
    """What ends a segment."""
    return _body(Kind.SEAL, table, len(table), frames, arrivals_ms)


def header(body: Body, first_index: int) -> bytes:
    """The header that makes `body` a frame whose first record is `first_index`."""
    rest = _REST.pack(
        body.kind, VERSION, 0, body.body_bytes, first_index, *body.arrivals_ms, body.records, 0, body.data_bytes
    )
    return _CHECKED.pack(MAGIC, zlib.crc32(rest, body.crc)) + rest


def _body(kind: Kind, content: Any, size: int, records: int, arrivals_ms: tuple[int, int]) -> Body:
    body_bytes = padded(size)
    parts = (content, _PADDING[: body_bytes - size]) if body_bytes > size else (content,)
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return Body(kind, parts, body_bytes, crc, records, size, arrivals_ms)


def header_at(view: memoryview, offset: int, end: int) -> Header | None:
    """The header at `offset` where a frame that ends before `end` may begin; None where none can. Checks no CRC."""
    if offset + HEADER_BYTES > end:
        return None
    magic, _, kind, version, _, body, first_index, first_ms, last_ms, records, key, data = _HEADER.unpack_from(
        view, offset
    )
    if magic != MAGIC or version != VERSION or not _ROW <= kind <= _SEAL:
        return None
    if body > BODY_MAX_BYTES or body % ALIGNMENT or offset + HEADER_BYTES + body > end:
        return None
    return Header(kind, body, first_index, first_ms, last_ms, records, key, data)


def is_intact(view: memoryview, offset: int, header: Header) -> bool:
    """Whether the frame's CRC holds."""
    body = offset + HEADER_BYTES
    crc = zlib.crc32(view[body : body + header.body_bytes])
    return zlib.crc32(view[offset + _CHECKED.size : body], crc) == _CHECKED.unpack_from(view, offset)[1]


def row_at(view: memoryview, offset: int) -> tuple[int, bytes, bytes]:
    """Arrival, key and data of the ROW frame at `offset`, which has been found intact."""
    fields = _HEADER.unpack_from(view, offset)
    key_end = offset + HEADER_BYTES + fields[10]
    return fields[7], bytes(view[offset + HEADER_BYTES : key_end]), bytes(view[key_end : key_end + fields[11]])


def batch_at(buffer: Any, offset: int, body_bytes: int) -> Any:
    """The record batch of the BATCH frame at `offset`: its columns point into `buffer`."""
    return pa.ipc.read_record_batch(buffer.slice(offset + HEADER_BYTES, body_bytes), SCHEMA)
