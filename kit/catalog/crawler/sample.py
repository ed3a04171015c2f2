"""Reading the beginning of an object: as much as Glue's crawler reads, decompressed.

Source: AWS Glue Developer Guide, How crawlers work (the first 1,000 records or the first megabyte, up to ten where a
record is longer).
"""

from __future__ import annotations

import gzip
import zlib
from typing import BinaryIO, Final

from kit.catalog.classifiers.classifier import Refusal, Sample
from kit.storage import ObjectInfo, Storage

HEAD_BYTES: Final = 1 << 20
LONGEST_RECORD_BYTES: Final = 10 << 20
GZIP_SUFFIX: Final = ".gz"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# How compressed data begin. Those beside gzip are named, so that the report says why they were left out.
_MAGICS: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"\xff\x06\x00\x00sNaPpY": "snappy",
    b"\x04\x22\x4d\x18": "lz4",
}


def take(storage: Storage, info: ObjectInfo) -> Sample | Refusal:
    """A sample of the object, or why there is none."""
    with storage.open(info.uri) as source:
        start = source.read(max(map(len, _MAGICS)))
        source.seek(0)
        compression = next((name for magic, name in _MAGICS.items() if start.startswith(magic)), "none")
        if compression not in {"none", "gzip"}:
            return Refusal(f"compressed with {compression}, which is not read yet")
        if (compression == "gzip") != info.key.lower().endswith(GZIP_SUFFIX):
            what = (
                "gzip by its content, not by its name" if compression == "gzip" else "gzip by its name, not its content"
            )
            return Refusal(f"{what}: readers go by the name")
        try:
            head, is_whole, stored_bytes = _gunzipped(source) if compression == "gzip" else _plain(source)
        except (OSError, EOFError, zlib.error) as error:
            return Refusal(f"a gzip file that is truncated or damaged ({error})")
    if not head:
        return Refusal("empty")
    text, problem = _decoded(head)
    return Sample(
        info.uri,
        info.size_bytes,
        compression,
        head,
        is_whole,
        stored_bytes,
        lambda: storage.open(info.uri),
        text,
        problem,
    )


def _plain(source: BinaryIO) -> tuple[bytes, bool, int]:
    head, is_whole = _lines(source)
    return head, is_whole, len(head)


def _gunzipped(source: BinaryIO) -> tuple[bytes, bool, int]:
    with gzip.GzipFile(fileobj=source) as content:
        head, is_whole = _lines(content)
    return head, is_whole, source.tell()


def _lines(source: BinaryIO | gzip.GzipFile) -> tuple[bytes, bool]:
    """The first megabyte up to the end of its last line, and whether that is all."""
    head = source.read(HEAD_BYTES)
    if len(head) == HEAD_BYTES and b"\n" not in head:
        head += source.read(LONGEST_RECORD_BYTES - HEAD_BYTES)
    if not source.read(1):
        return head, True
    end = head.rfind(b"\n") + 1
    return head[: end or len(head)], False


def _decoded(head: bytes) -> tuple[str | None, str]:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, "text in UTF-16; only UTF-8 is read"
    content = head.removeprefix(_BYTE_ORDER_MARK)
    if b"\0" in content:
        return None, ""
    try:
        return content.decode(), ""
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, f"not UTF-8: byte 0x{content[error.start]:02x} in line {line:,}"
