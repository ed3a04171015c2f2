"""Where a record goes: partition key to hash key, hash key to shard. Pure; knows no stream and no file.

A hash key is the MD5 of the partition key's UTF-8 read as a big-endian integer.

Source: Amazon Kinesis Data Streams API Reference, PutRecord, read 2026-11.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence

HASH_KEYS = 1 << 128
LAST_HASH_KEY = HASH_KEYS - 1


def hash_key(partition_key: str) -> int:
    return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest(), "big")


def even_ranges(shards: int) -> list[tuple[int, int]]:
    """All hash keys cut into as many ranges, bounds included; the last one takes what does not divide."""
    width = HASH_KEYS // shards
    starts = [index * width for index in range(shards)]
    return [*zip(starts, [start - 1 for start in starts[1:]] + [LAST_HASH_KEY], strict=True)]


def place(starts: Sequence[int], key: int) -> int:
    """The position of the range that holds `key`, of ranges without gaps that begin at `starts` in order."""
    return bisect_right(starts, key) - 1
