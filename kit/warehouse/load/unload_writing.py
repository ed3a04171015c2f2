"""One slice's files of an UNLOAD: rows as Arrow in, private files out, a new one where the last is full.

Lines come as one text column whose bytes, one value behind the other, are the file's: they are written as they lie in
memory. A writer is used by one thread at a time.
"""

from __future__ import annotations

import bz2
import gzip
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kit.sql.redshift.statements import Compression

# As many bytes are handed to a file at once, so that its size is looked at often enough.
_STEP_BYTES = 1 << 20
GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Written:
    """One complete file."""

    slice: int
    uri: str
    path: Path
    rows: int
    started_ns: int
    ended_ns: int

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size


class OpenFile(Protocol):
    """A file being written; `size_bytes` is what it has on the disk so far, about."""

    @property
    def size_bytes(self) -> int: ...

    def write(self, batch: pa.RecordBatch) -> int:
        """Write rows from the beginning of a batch; how many fitted."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class SliceFiles:
    """`place` gives the URI and the private path of file number n of a partition; `open` begins a file there."""

    number: int
    place: Callable[[int, str], tuple[str, Path]]
    open: Callable[[Path], OpenFile]
    now_ns: Callable[[], int]
    written: list[Written] = field(default_factory=list)
    _parts: dict[str, int] = field(default_factory=dict)
    _partition: str | None = None
    _file: OpenFile | None = None
    _uri: str = ""
    _path: Path = Path()
    _rows: int = 0
    _started_ns: int = 0

    def write(self, batch: pa.RecordBatch, partition: str = "") -> None:
        """Append rows; those of one partition have to come together."""
        if self._partition != partition:
            self.close()
            self._partition = partition
        while batch.num_rows:
            if self._file is None:
                self._begin(partition)
            assert self._file is not None
            fitted = self._file.write(batch)
            self._rows += fitted
            batch = batch.slice(fitted)
            if batch.num_rows:
                self.close()

    def begin(self) -> None:
        """Make a file even if no row comes."""
        self._partition = ""
        self._begin("")

    def close(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._file = None
        self.written.append(Written(self.number, self._uri, self._path, self._rows, self._started_ns, self.now_ns()))

    def _begin(self, partition: str) -> None:
        part = self._parts.get(partition, 0)
        self._parts[partition] = part + 1
        self._uri, self._path = self.place(part, partition)
        self._rows = 0
        self._started_ns = self.now_ns()
        self._file = self.open(self._path)


class LineFile:
    """Text, compressed or not. It is full before `limit_bytes` are passed, but holds one row at least."""

    def __init__(self, path: Path, compression: Compression, limit_bytes: int, header: bytes) -> None:
        self._raw = _private(path)
        self._stream = _compressed(self._raw, compression)
        self._limit = limit_bytes
        # What a compressor has taken and not written yet.
        self._margin = 0 if compression == "NONE" else min(2 * _STEP_BYTES, limit_bytes // 4)
        self._is_plain = compression == "NONE"
        self._rows = 0
        self._size = len(header)
        self._stream.write(header)

    @property
    def size_bytes(self) -> int:
        return self._size if self._is_plain else self._raw.tell()

    def write(self, batch: pa.RecordBatch) -> int:
        lines = batch.column(0)
        offsets = _offsets(lines)
        data = memoryview(lines.buffers()[2] or b"")
        count = len(lines)
        row = 0
        while row < count:
            end = self._fitting(offsets, row, count)
            if end == row:
                break
            self._stream.write(data[offsets[row] : offsets[end]])
            self._size += offsets[end] - offsets[row]
            self._rows += end - row
            row = end
        return row

    def close(self) -> None:
        self._stream.close()
        if not self._raw.closed:
            self._raw.close()

    def _fitting(self, offsets: memoryview, row: int, count: int) -> int:
        """The row up to which the next step goes; `row` itself where the file is full."""
        room = self._limit - self._margin - self.size_bytes
        end = _upto(offsets, row, count, offsets[row] + min(_STEP_BYTES, max(room, 0)))
        if end > row:
            return end
        # A row longer than a step goes alone, and a first row always.
        is_alone = not self._rows or offsets[row + 1] - offsets[row] <= room
        return row + 1 if is_alone else row


class ParquetFile:
    """Row groups of about `group_bytes`; the file is full at the end of the group that reaches the limit's share."""

    def __init__(self, path: Path, schema: pa.Schema, limit_bytes: int, group_bytes: int) -> None:
        self._raw = _private(path)
        self._writer = pq.ParquetWriter(self._raw, schema, compression="snappy")
        self._limit = limit_bytes
        self._group_bytes = group_bytes
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0

    @property
    def size_bytes(self) -> int:
        return self._raw.tell() + self._held_bytes

    def write(self, batch: pa.RecordBatch) -> int:
        if (self._held or self._raw.tell() > _MAGIC_BYTES) and self.size_bytes + batch.nbytes > self._limit:
            return 0
        self._held.append(batch)
        self._held_bytes += batch.nbytes
        if self._held_bytes >= self._group_bytes:
            self._flush()
        return batch.num_rows

    def close(self) -> None:
        self._flush()
        self._writer.close()
        self._raw.close()

    def _flush(self) -> None:
        if self._held:
            table = pa.Table.from_batches(self._held)
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._held.clear()
            self._held_bytes = 0


_MAGIC_BYTES = 4


def runs(batch: pa.RecordBatch, columns: int) -> list[tuple[tuple[str | None, ...], pa.RecordBatch]]:
    """A batch whose last `columns` are the texts of its partition, cut where that changes; those columns are gone."""
    kept = batch.select(range(batch.num_columns - columns))
    keys = [batch.column(batch.num_columns - columns + index) for index in range(columns)]
    encoded = [cast("Any", pc).run_end_encode(key) for key in keys]
    ends = sorted({end for each in encoded for end in each.run_ends.to_pylist()})
    found = []
    start = 0
    for end in ends:
        found.append((tuple(key[start].as_py() for key in keys), kept.slice(start, end - start)))
        start = end
    return found


def dealt(batch: pa.RecordBatch, slices: int) -> list[pa.RecordBatch]:
    """A batch in as many runs of rows as there are slices, about even; some may be empty."""
    bounds = [batch.num_rows * number // slices for number in range(slices + 1)]
    return [batch.slice(start, end - start) for start, end in pairwise(bounds)]


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _compressed(raw: BinaryIO, compression: Compression) -> BinaryIO:
    match compression:
        case "NONE" | "LZOP":
            return raw
        case "GZIP":
            # No name and no time in it: the same rows make the same bytes.
            return cast("BinaryIO", gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0))
        case "BZIP2":
            return cast("BinaryIO", bz2.BZ2File(raw, "wb"))
        case "ZSTD":
            return cast("BinaryIO", pa.CompressedOutputStream(cast("Any", raw), "zstd"))


def _offsets(lines: Any) -> memoryview:
    """Where each line begins in the array's data, and where the last one ends."""
    wide = pa.types.is_large_string(lines.type)
    whole = memoryview(lines.buffers()[1]).cast("q" if wide else "i")
    return whole[lines.offset : lines.offset + len(lines) + 1]


def _upto(offsets: Sequence[int] | memoryview, low: int, high: int, limit: int) -> int:
    """The last row in [low, high] that begins at or before `limit`."""
    while low < high:
        middle = (low + high + 1) // 2
        if offsets[middle] <= limit:
            low = middle
        else:
            high = middle - 1
    return low
