"""Rewriting a finished segment of many small frames into one of few large ones, which are read without a copy.

The records, their indexes and arrivals stay as they are. The new file is written beside the old one, synced, read back
and then put in its place under the shard's lock, so that a crash leaves one or the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from kit.streams.log import frame, segment
from kit.streams.log.disk import Disk
from kit.streams.log.lock import SharedLock
from kit.streams.log.pieces import PIECE_RECORDS, pieces
from kit.streams.log.segment import CorruptSegmentError, FrameTable, Identity, Segment

BATCH_BYTES = 4 << 20


def compact(folder: Path, identity: Identity, first_index: int, disk: Disk, lock: SharedLock) -> None:
    """Rewrite one sealed segment; nothing happens where it has been trimmed meanwhile."""
    path = folder / segment.file_name(first_index)
    draft = path.with_name(path.name + segment.DRAFT_SUFFIX)
    try:
        source = Segment.open_sealed(path, first_index, identity)
    except FileNotFoundError:
        return
    _write(draft, source, identity, disk)
    _verify(draft, source, identity)
    with lock:
        if path.exists():
            disk.replace(draft, path)
        else:
            disk.remove(draft)
    disk.sync_folder(folder)


def batches(source: Segment) -> Iterator[Any]:
    """The segment's records as batches of `frame.SCHEMA` of a size worth a frame, in order."""
    waiting: list[Any] = []
    records = size = 0
    for piece in pieces(source, 0):
        rows = piece.as_batch()
        waiting.append(rows)
        records += rows.num_rows
        size += rows.nbytes
        if records >= PIECE_RECORDS or size >= BATCH_BYTES:
            yield pa.concat_batches(waiting)
            waiting.clear()
            records = size = 0
    if waiting:
        yield pa.concat_batches(waiting)


def _write(draft: Path, source: Segment, identity: Identity, disk: Disk) -> None:
    fd = disk.open(draft, create=True)
    try:
        content = segment.header(identity, source.first_index)
        disk.truncate(fd, 0)
        disk.write(fd, [content], 0)
        table = FrameTable()
        offset, index = len(content), source.first_index
        for rows in batches(source):
            arrivals = rows.column("arrival_time").cast(pa.int64())
            body = frame.batch(rows, (arrivals[0].as_py(), arrivals[-1].as_py()))
            disk.write(fd, [frame.header(body, index), *body.parts], offset)
            table.add(offset, body.kind, index, body.arrivals_ms, body.records)
            offset += body.frame_bytes
            index += body.records
        disk.write(fd, segment.seal(table, offset, index), offset)
        disk.sync(fd)
    finally:
        os.close(fd)


def _verify(draft: Path, source: Segment, identity: Identity) -> None:
    copy = Segment.open_sealed(draft, source.first_index, identity)
    mine, theirs = (pa.Table.from_batches(batches(each), frame.SCHEMA) for each in (copy, source))
    if copy.end_index != source.end_index or not mine.equals(theirs):
        raise CorruptSegmentError(draft, 0, "what was read back is not what was written")
