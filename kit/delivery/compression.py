"""Compressing the text of objects, as the service does; what extension says so.

Source: Amazon Data Firehose Developer Guide, Configure Amazon S3 object name format; Snappy framing format description;
Hadoop's BlockCompressorStream; read 2026-11.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from importlib import import_module
from typing import Any, Final

import pyarrow as pa

EXTENSIONS: Final = {
    "UNCOMPRESSED": "",
    "GZIP": ".gz",
    "ZIP": ".zip",
    "Snappy": ".snappy",
    "HADOOP_SNAPPY": ".hsnappy",
}
_HADOOP_BLOCK_BYTES: Final = 256 << 10
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def compress(content: bytes, compression: str, name: str) -> bytes:
    """The content, compressed; the same content gives the same bytes. `name` is what a ZIP calls its one member."""
    match compression:
        case "GZIP":
            return gzip.compress(content, 6, mtime=0)
        case "ZIP":
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w") as archive:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
            return held.getvalue()
        case "Snappy":
            return bytes(_cramjam().snappy.compress(content))
        case "HADOOP_SNAPPY":
            return _hadoop_snappy(content)
        case _:
            return content


def _hadoop_snappy(content: bytes) -> bytes:
    """Blocks, each behind its own length and that of its one compressed chunk, in four bytes each."""
    codec = pa.Codec("snappy")
    parts: list[bytes] = []
    for begin in range(0, len(content), _HADOOP_BLOCK_BYTES):
        block = content[begin : begin + _HADOOP_BLOCK_BYTES]
        packed = codec.compress(block, asbytes=True)
        parts += [struct.pack(">II", len(block), len(packed)), packed]
    return b"".join(parts)


def _cramjam() -> Any:
    return import_module("cramjam")
