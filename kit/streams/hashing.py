"""Where a record goes: partition key to hash key, hash key to shard. Pure; knows no stream and no file.

A hash key is the MD5 of the partition key's UTF-8 read as a big-endian integer; digests compare as the integers do, so
most of the work is done on bytes.

Source: Amazon Kinesis Data Streams API Reference, PutRecord, read 2026-11.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

HASH_KEYS = 1 << 128
LAST_HASH_KEY = HASH_KEYS - 1
DIGEST_BYTES = 16

_BULK = 4_096
_PREFIX_DIGITS = 4
_PREFIXES = 16**_PREFIX_DIGITS


def _md5_of_interpreter() -> Callable[[bytes], Any]:
    """The interpreter's own: for texts as short as keys it takes half as long as OpenSSL's."""
    try:
        return import_module("_md5").md5
    except ImportError:
        return hashlib.md5


_md5 = _md5_of_interpreter()


def digest(partition_key: bytes) -> bytes:
    """The hash key of a partition key in UTF-8, as sixteen bytes."""
    return _md5(partition_key).digest()


def hash_key(partition_key: str) -> int:
    return int.from_bytes(digest(partition_key.encode()), "big")


def even_ranges(shards: int) -> list[tuple[int, int]]:
    """All hash keys cut into as many ranges, bounds included; the last one takes what does not divide."""
    width = HASH_KEYS // shards
    starts = [index * width for index in range(shards)]
    return [*zip(starts, [start - 1 for start in starts[1:]] + [LAST_HASH_KEY], strict=True)]


def places(keys: Any, starts: Sequence[bytes]) -> Any:
    """For each of an Arrow array of keys the position of its range, as int32; ranges begin at `starts`, without gap."""
    import pyarrow as pa

    if len(starts) == 1:
        return pa.repeat(pa.scalar(0, pa.int32()), len(keys))
    if len(keys) > _BULK and _repeat(keys):
        encoded = keys.dictionary_encode()
        return places(encoded.dictionary, starts).take(encoded.indices)
    if len(keys) <= _BULK:
        found = [bisect_right(starts, digest(key)) - 1 for key in keys.cast(pa.binary()).to_pylist()]
        return pa.array(found, pa.int32())
    return _places_in_bulk(keys, starts)


def _repeat(keys: Any) -> bool:
    """Whether keys come again so often that it pays to look at each of them once."""
    return len(keys.slice(0, _BULK).unique()) < _BULK // 2


def _places_in_bulk(keys: Any, starts: Sequence[bytes]) -> Any:
    """DuckDB hashes with all cores. The first digits of a digest tell the range, but where one begins among them."""
    import pyarrow as pa
    import pyarrow.compute

    compute: Any = pyarrow.compute

    table = pa.table({"key": keys})
    cursor = _engine(os.getpid()).cursor()
    cursor.register("keys", table)
    prefixes = (
        cursor.sql(f"SELECT ('0x' || left(md5(key), {_PREFIX_DIGITS}))::INTEGER AS prefix FROM keys")
        .to_arrow_table()
        .column("prefix")
        .combine_chunks()
    )
    cursor.close()
    found = _by_prefix(tuple(starts)).take(prefixes)
    if found.null_count == 0:
        return found
    unsure = compute.indices_nonzero(found.is_null())
    exact = [bisect_right(starts, digest(key)) - 1 for key in keys.take(unsure).cast(pa.binary()).to_pylist()]
    return compute.replace_with_mask(found, found.is_null(), pa.array(exact, pa.int32()))


@cache
def _by_prefix(starts: tuple[bytes, ...]) -> Any:
    """The range for each of the possible first digits; null where a range begins inside."""
    import pyarrow as pa

    size = _PREFIX_DIGITS // 2
    first = [
        bisect_right(starts, prefix.to_bytes(size, "big") + bytes(DIGEST_BYTES - size)) for prefix in range(_PREFIXES)
    ]
    last = [
        bisect_right(starts, prefix.to_bytes(size, "big") + b"\xff" * (DIGEST_BYTES - size))
        for prefix in range(_PREFIXES)
    ]
    return pa.array([low - 1 if low == high else None for low, high in zip(first, last, strict=True)], pa.int32())


@cache
def _engine(process: int) -> Any:
    """One a process: after a fork the parent's has lost its threads."""
    import duckdb

    del process

    return duckdb.connect()
