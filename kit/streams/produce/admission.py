"""What a stream would refuse of a single record, told before it is accepted: one must not fail a request. Pure.

Source: Amazon Kinesis Data Streams API Reference, PutRecords, read 2026-11.
"""

from __future__ import annotations

import re

from kit.base.errors import KitError
from kit.streams.aggregate import AggregateBuilder, looks_aggregated
from kit.streams.hashing import LAST_HASH_KEY

KEY_CHARACTERS = 256
_HASH_KEY = re.compile(r"0|[1-9]\d{0,38}", re.ASCII)


def admitted_bytes(data: bytes, partition_key: str, explicit_hash_key: str | None, limit_bytes: int) -> int:
    """The size of data and key. Raises `ValidationException` and `InvalidArgumentException`."""
    if not 1 <= len(partition_key) <= KEY_CHARACTERS:
        raise KitError(
            "ValidationException",
            f"A partition key has 1 to {KEY_CHARACTERS} characters; this one has {len(partition_key)}.",
            "Choose a shorter key, or its hash." if partition_key else "Every record needs a partition key.",
        )
    if explicit_hash_key is not None and not (
        _HASH_KEY.fullmatch(explicit_hash_key) and int(explicit_hash_key) <= LAST_HASH_KEY
    ):
        raise KitError(
            "InvalidArgumentException",
            f"'{explicit_hash_key}' is not a hash key.",
            "An explicit hash key is a decimal number from 0 to 2^128 - 1, without leading zeros.",
        )
    key_bytes = len(partition_key) if partition_key.isascii() else _utf8_bytes(partition_key)
    sent_bytes = size_bytes = len(data) + key_bytes
    if looks_aggregated(data):  # it will travel inside an aggregate of its own
        builder = AggregateBuilder()
        builder.add(partition_key, data, explicit_hash_key, limit_bytes=1 << 62)
        sent_bytes = builder.size_bytes + key_bytes
    if sent_bytes > limit_bytes:
        raise KitError(
            "InvalidArgumentException",
            f"The record has {sent_bytes:,} bytes with its key; the stream takes {limit_bytes:,} at most.",
            "Split it, or store it as an object and put its address.",
        )
    return size_bytes


def _utf8_bytes(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise KitError(
            "ValidationException", "A partition key is text; this one holds half of a surrogate pair."
        ) from error
