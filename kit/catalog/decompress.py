"""Opening an object of text as its bytes, whatever it is compressed with.

As in Hadoop, the codec is chosen by the suffix of the key alone. Knows nothing of lines.
"""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from kit.base.errors import KitError

CODECS: Final[Mapping[str, str]] = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".bz2": "bzip2",
    ".deflate": "deflate",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".snappy": "snappy",
    ".lz4": "lz4",
}
"""The codecs that are read, by the suffix of a key in lower case."""
UNSUPPORTED: Final[Mapping[str, str]] = {
    ".lzo": "LZO",
    ".lzma": "LZMA",
    ".xz": "XZ",
    ".zip": "ZIP",
    ".7z": "7-Zip",
    ".br": "Brotli",
}
"""Codecs that are known and not read, by suffix."""
# Arrow's names of what Hadoop's blocks are packed with.
_BLOCK_CODECS: Final = {"snappy": "snappy", "lz4": "lz4_raw"}


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class CorruptError(Exception):
    """Compressed bytes that do not hold together."""


@contextmanager
def opened(path: Path, suffix: str, read_bytes: Callable[[int], None]) -> Iterator[Readable]:
    """The decompressed bytes of a file whose key ends in `suffix`. `read_bytes` is told of compressed bytes.

    Raises `NOT_SUPPORTED` for codecs that are known but not read, `CorruptError` while reading, OSError as `open` does.
    """
    suffix = suffix.lower()
    if suffix in UNSUPPORTED:
        raise KitError(
            "NOT_SUPPORTED",
            f"{UNSUPPORTED[suffix]}-compressed objects ({suffix}) are not supported.",
            "Compress them with gzip, bzip2, zstd, snappy or lz4.",
        )
    with path.open("rb", buffering=0) as raw:
        counted = io.BufferedReader(_Counted(raw, read_bytes), 1 << 20)
        with unpacked(counted, CODECS.get(suffix, "")) as source:
            yield source


@contextmanager
def unpacked(source: BinaryIO, codec: str) -> Iterator[Readable]:
    """The decompressed bytes of an open file; `codec` is one of `CODECS`, or empty for bytes as they are.

    Raises `CorruptError` while reading.
    """
    match codec:
        case "gzip":
            with gzip.GzipFile(fileobj=source, mode="rb") as stream:
                yield _Checked(stream)
        case "bzip2":
            with bz2.BZ2File(source) as stream:
                yield _Checked(stream)
        case "deflate":
            yield _Checked(_Deflated(source))
        case "zstd":
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd") as stream:
                yield _Checked(stream)
        case "snappy" | "lz4":
            yield _Checked(_HadoopBlocks(source, _BLOCK_CODECS[codec]))
        case _:
            yield source


class _Counted(io.RawIOBase):
    def __init__(self, raw: io.FileIO, read_bytes: Callable[[int], None]) -> None:
        self._raw = raw
        self._read_bytes = read_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        count = self._raw.readinto(buffer)
        self._read_bytes(count)
        return count


class _Checked:
    """Turns each codec's own complaints into one."""

    def __init__(self, unpacked: Readable) -> None:
        self._unpacked = unpacked

    def read(self, size: int, /) -> bytes:
        try:
            return self._unpacked.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile, struct.error, OSError, ValueError) as error:
            raise CorruptError(str(error)) from error


class _Deflated:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._inflater = zlib.decompressobj()

    def read(self, size: int, /) -> bytes:
        while not self._inflater.eof:
            data = self._inflater.unconsumed_tail or self._source.read(1 << 16)
            if not data:
                raise EOFError("the stream ended early")
            if unpacked := self._inflater.decompress(data, size):
                return unpacked
        return b""


class _HadoopBlocks:
    """Hadoop's framing of Snappy and LZ4: blocks, each with its unpacked size, of chunks, each with its packed size."""

    def __init__(self, source: BinaryIO, codec: str) -> None:
        import pyarrow as pa

        self._source = source
        self._codec = pa.Codec(codec)
        self._ready = b""

    def read(self, size: int, /) -> bytes:
        while not self._ready:
            header = self._source.read(4)
            if not header:
                return b""
            self._ready = self._block(struct.unpack(">I", header)[0])
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken

    def _block(self, unpacked_bytes: int) -> bytes:
        parts: list[bytes] = []
        missing = unpacked_bytes
        while missing > 0:
            (packed_bytes,) = struct.unpack(">I", self._exactly(4))
            packed = self._exactly(packed_bytes)
            unpacked = self._codec.decompress(packed, self._chunk_bytes(packed, missing), asbytes=True)
            parts.append(unpacked)
            missing -= len(unpacked)
        return b"".join(parts)

    def _chunk_bytes(self, packed: bytes, missing: int) -> int:
        if self._codec.name != "snappy":
            return missing
        size = shift = 0
        for byte in packed:
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return size
        raise EOFError("the chunk ended early")

    def _exactly(self, count: int) -> bytes:
        data = self._source.read(count)
        if len(data) < count:
            raise EOFError("the stream ended early")
        return data
