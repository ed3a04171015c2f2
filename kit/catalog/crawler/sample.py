"""Reading the beginning of an object: as much as Glue's crawler reads, decompressed.

A codec is taken only where the key's suffix and the content agree on it: whoever reads the table goes by the suffix.

Source: AWS Glue Developer Guide, How crawlers work (the first 1,000 records or the first megabyte, up to ten where a
record is longer).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from kit.catalog.classifiers.classifier import Refusal, Sample
from kit.catalog.decompress import CODECS, UNSUPPORTED, CorruptError, Readable, unpacked
from kit.storage import ObjectInfo, Storage

HEAD_BYTES: Final = 1 << 20
LONGEST_RECORD_BYTES: Final = 10 << 20
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# How data of a codec begin that is known by its content; Hadoop's blocks of Snappy and LZ4 have no such mark.
_MAGICS: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
# Of bzip2 alone three letters are the mark, and text may begin with them.
_BZIP2: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")
_UNREAD_MAGICS: Final = {
    b"\xfd7zXZ\x00": "compressed with xz",
    b"PK\x03\x04": "compressed with zip",
    b"PK\x05\x06": "compressed with zip",
    b"7z\xbc\xaf\x27\x1c": "compressed with 7-Zip",
    b"\x89LZO\x00": "compressed with lzo",
    b"\xff\x06\x00\x00sNaPpY": "Snappy in frames of its own, not in Hadoop's blocks",
    b"\x04\x22\x4d\x18": "LZ4 in frames of its own, not in Hadoop's blocks",
}
_MARK_BYTES: Final = 10


def take(storage: Storage, info: ObjectInfo) -> Sample | Refusal:
    """A sample of the object, or why there is none."""
    suffix = PurePosixPath(info.key).suffix.lower()
    with storage.open(info.uri) as source:
        start = source.read(_MARK_BYTES)
        source.seek(0)
        refusal = _refused(start, suffix)
        if refusal is not None:
            return refusal
        codec = CODECS.get(suffix, "")
        try:
            with unpacked(source, codec) as content:
                head, is_whole = _lines(content)
            stored_bytes = source.tell() if not source.closed else info.size_bytes
        except CorruptError as error:
            return Refusal(f"a {codec} file that is truncated or damaged ({error})")
    if not head:
        return Refusal("empty", is_harmless=True)
    text, problem = _decoded(head)
    return Sample(
        info.uri,
        info.size_bytes,
        codec or "none",
        head,
        is_whole,
        stored_bytes if codec else len(head),
        lambda: storage.open(info.uri),
        text,
        problem,
    )


def _refused(start: bytes, suffix: str) -> Refusal | None:
    """Why an object that begins so is not even unpacked."""
    for magic, what in _UNREAD_MAGICS.items():
        if start.startswith(magic):
            return Refusal(f"{what}, which Athena does not read")
    if suffix in UNSUPPORTED:
        return Refusal(f"compressed with {UNSUPPORTED[suffix]} by its name, which Athena does not read")
    found = next((codec for magic, codec in _MAGICS.items() if start.startswith(magic)), "")
    if _BZIP2.match(start):
        found = "bzip2"
    named = CODECS.get(suffix, "")
    marked = named if named in {"bzip2", *_MAGICS.values()} else ""
    if found and found != named:
        return Refusal(f"{found} by its content, not by its name: readers go by the name")
    if marked and found != named:
        return Refusal(f"{named} by its name, not its content: readers go by the name")
    return None


def _lines(source: Readable) -> tuple[bytes, bool]:
    """The first megabyte up to the end of its last line, and whether that is all."""
    head = _read(source, HEAD_BYTES)
    if len(head) == HEAD_BYTES and b"\n" not in head:
        head += _read(source, LONGEST_RECORD_BYTES - HEAD_BYTES)
    if not source.read(1):
        return head, True
    end = head.rfind(b"\n") + 1
    return head[: end or len(head)], False


def _read(source: Readable, size: int) -> bytes:
    """That many bytes, fewer only at the end: a codec gives what it has unpacked so far."""
    parts: list[bytes] = []
    missing = size
    while missing and (data := source.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


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
