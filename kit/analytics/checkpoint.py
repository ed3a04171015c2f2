"""What a continuous query must not lose, as one file: where it has read to, its open windows, and what it gave last.

A checkpoint is written beside the old one and put in its place at once, so a reader finds the one or the other, whole;
its checksum says so. Layout: a magic number, the header's length and the checksum of all that follows; the header as
JSON; then the tables as Arrow IPC streams, one behind the other.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from kit.analytics.run import Counts
from kit.analytics.stepping import Held
from kit.analytics.watermark import NEVER, Progress, Watermarks
from kit.base.errors import KitError

NAME = "checkpoint"
_MAGIC = b"BHWIN001"
_FRONT = struct.Struct("<8sII")


@dataclass(frozen=True, slots=True)
class Given:
    """What an epoch gives to the outside: rows of the answer, and the records that were bad or late. May be empty."""

    answer: pa.Table | None = None
    errors: pa.Table | None = None
    late: pa.Table | None = None

    def __bool__(self) -> bool:
        return any(table is not None for table in (self.answer, self.errors, self.late))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state after an epoch. `given` is that epoch's; all before it is where it belongs.

    `tips` says how far the destination's shards were filled before `given` went there.
    """

    epoch: int = 0
    progress: Mapping[str, Mapping[int, Progress]] = field(default_factory=dict)
    held: Sequence[Held] = ()
    given: Given = Given()
    tips: Mapping[int, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    watermark_ms: int = NEVER


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Put the checkpoint in place of the one before."""
    tables: list[pa.Table] = []

    def place_of(table: pa.Table | None) -> int | None:
        if table is None:
            return None
        tables.append(table)
        return len(tables) - 1

    given = checkpoint.given
    header = {
        "epoch": checkpoint.epoch,
        "progress": {
            source: {str(index): asdict(each) for index, each in shards.items()}
            for source, shards in checkpoint.progress.items()
        },
        "held": [[place_of(held.rows), held.closed_ms] for held in checkpoint.held],
        "given": [place_of(table) for table in (given.answer, given.errors, given.late)],
        "tips": {str(index): end for index, end in checkpoint.tips.items()},
        "counts": asdict(checkpoint.counts),
        "watermark_ms": checkpoint.watermark_ms,
    }
    blobs = [_ipc(table) for table in tables]
    text = json.dumps({**header, "sizes": [blob.size for blob in blobs]}).encode()
    checksum = zlib.crc32(text)
    for blob in blobs:
        checksum = zlib.crc32(blob, checksum)
    replace(folder / NAME, [_FRONT.pack(_MAGIC, len(text), checksum), text, *blobs])


def read(folder: Path) -> Checkpoint | None:
    """The last checkpoint, or None before the first. Raises `INVALID_CHECKPOINT` for a file that is damaged."""
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    magic, length, checksum = _FRONT.unpack(content[: _FRONT.size]) if len(content) >= _FRONT.size else (b"", 0, 0)
    if magic != _MAGIC or zlib.crc32(content[_FRONT.size :]) != checksum:
        raise KitError(
            "INVALID_CHECKPOINT",
            f"The checkpoint of the query '{folder.name}' is damaged.",
            "Delete the query and start it anew: what it reads is still in the stream.",
        )
    begin = _FRONT.size + length
    header = json.loads(content[_FRONT.size : begin])
    tables: list[pa.Table] = []
    for size in header["sizes"]:
        tables.append(pa.ipc.open_stream(pa.py_buffer(content[begin : begin + size])).read_all())
        begin += size

    def table_at(place: int | None) -> pa.Table | None:
        return None if place is None else tables[place]

    return Checkpoint(
        header["epoch"],
        {source: Watermarks.load(shards) for source, shards in header["progress"].items()},
        [Held(table_at(place), closed_ms) for place, closed_ms in header["held"]],
        Given(*map(table_at, header["given"])),
        {int(index): end for index, end in header["tips"].items()},
        Counts(**header["counts"]),
        header["watermark_ms"],
    )


def replace(path: Path, parts: Sequence[Any]) -> None:
    """Write a private file so that a reader sees the old content or the new. One writer at a time."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for part in parts:
            target.write(part)
    fresh.replace(path)


def _ipc(table: pa.Table) -> Any:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def table_bytes(table: pa.Table) -> Any:
    """A table as an Arrow IPC stream."""
    return _ipc(table)


def table_of(path: Path) -> pa.Table:
    """The table in a file of `table_bytes`."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).read_all()
