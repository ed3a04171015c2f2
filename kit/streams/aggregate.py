"""Many user records in one Kinesis record: the aggregated format of the Kinesis Producer Library, written and read.

Owns the bytes: magic, a protobuf message `AggregatedRecord`, the MD5 of the message. The message holds a table of
partition keys, a table of explicit hash keys and the records, which name their keys by index. Knows no stream and does
no I/O. Invariants: what `AggregateBuilder` writes `disaggregate` reads back; bytes that are not an intact aggregate are
never taken for one, whatever they begin with.

Source: amazon-kinesis-producer, aggregation-format.md, read 2026-11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES = 16
FRAME_BYTES = len(MAGIC) + DIGEST_BYTES

# Tags of the fields, as one byte: field number * 8 + wire type (0 varint, 2 length-delimited).
_PARTITION_KEY_TABLE = b"\x0a"
_EXPLICIT_HASH_KEY_TABLE = b"\x12"
_RECORDS = b"\x1a"
_PARTITION_KEY_INDEX = b"\x08"
_EXPLICIT_HASH_KEY_INDEX = b"\x10"
_DATA = b"\x1a"

_VARINT_BYTES = 10


class UserRecord(NamedTuple):
    """A record as an application puts it. `explicit_hash_key` is decimal text, or None where the key's MD5 decides."""

    partition_key: str
    data: bytes
    explicit_hash_key: str | None = None


class AggregateBuilder:
    """An aggregate that grows record by record and always knows its exact size."""

    __slots__ = ("_explicit_hash_keys", "_partition_keys", "_records", "count", "size_bytes")

    def __init__(self) -> None:
        self._partition_keys: dict[str, bytes] = {}
        self._explicit_hash_keys: dict[str, bytes] = {}
        self._records: list[bytes] = []
        self.count = 0
        self.size_bytes = FRAME_BYTES

    def add(self, partition_key: str, data: bytes, explicit_hash_key: str | None, limit_bytes: int) -> bool:
        """Take the record in, unless the whole would exceed `limit_bytes`: then say False and stay as it was."""
        fresh_bytes = 0
        key_index = self._partition_keys.get(partition_key)
        new_key = key_index is None
        if key_index is None:
            key_index = _varint(len(self._partition_keys))
            fresh_bytes = _text_field_bytes(partition_key)
        inner = _PARTITION_KEY_INDEX + key_index
        new_hash_index: bytes | None = None
        if explicit_hash_key is not None:
            hash_index = self._explicit_hash_keys.get(explicit_hash_key)
            if hash_index is None:
                hash_index = new_hash_index = _varint(len(self._explicit_hash_keys))
                fresh_bytes += _text_field_bytes(explicit_hash_key)
            inner += _EXPLICIT_HASH_KEY_INDEX + hash_index
        inner += _DATA + _varint(len(data)) + data
        record = _RECORDS + _varint(len(inner)) + inner
        size_bytes = self.size_bytes + fresh_bytes + len(record)
        if size_bytes > limit_bytes:
            return False
        if new_key:
            self._partition_keys[partition_key] = key_index
        if explicit_hash_key is not None and new_hash_index is not None:
            self._explicit_hash_keys[explicit_hash_key] = new_hash_index
        self._records.append(record)
        self.count += 1
        self.size_bytes = size_bytes
        return True

    def to_bytes(self) -> bytes:
        """The aggregate as the data of one Kinesis record."""
        parts = [_text_field(_PARTITION_KEY_TABLE, key) for key in self._partition_keys]
        parts.extend(_text_field(_EXPLICIT_HASH_KEY_TABLE, key) for key in self._explicit_hash_keys)
        parts.extend(self._records)
        message = b"".join(parts)
        return MAGIC + message + hashlib.md5(message).digest()


def aggregate(records: Iterable[UserRecord]) -> bytes:
    """All of the records in one aggregate, however large it grows."""
    builder = AggregateBuilder()
    for record in records:
        builder.add(record.partition_key, record.data, record.explicit_hash_key, limit_bytes=1 << 62)
    return builder.to_bytes()


def looks_aggregated(data: bytes) -> bool:
    """Whether `data` begins as an aggregate does; only `disaggregate` knows whether it is one."""
    return data.startswith(MAGIC)


def disaggregate(data: bytes) -> list[UserRecord] | None:
    """The user records inside, in order; None where `data` is no aggregate and stands for itself.

    An aggregate may be empty. A damaged one (digest, structure, an index outside of its table) is None, as the Kinesis
    Client Library treats it: a record's data is anybody's bytes.
    """
    if not data.startswith(MAGIC) or len(data) < FRAME_BYTES:
        return None
    message = data[len(MAGIC) : -DIGEST_BYTES]
    if hashlib.md5(message).digest() != data[-DIGEST_BYTES:]:
        return None
    try:
        return _parse(message)
    except (_MalformedError, UnicodeDecodeError):
        return None


class _MalformedError(Exception):
    """The bytes are not the protobuf message that they claim to be."""


def _parse(message: bytes) -> list[UserRecord]:
    keys: list[str] = []
    hash_keys: list[str] = []
    spans: list[tuple[int, int]] = []
    position, end = 0, len(message)
    while position < end:
        tag, position = _read_varint(message, position, end)
        field, wire = tag >> 3, tag & 7
        if field in (1, 2, 3):
            if wire != 2:
                raise _MalformedError
            length, position = _read_varint(message, position, end)
            stop = position + length
            if stop > end:
                raise _MalformedError
            if field == 3:
                spans.append((position, stop))
            else:
                (keys if field == 1 else hash_keys).append(message[position:stop].decode())
            position = stop
        else:
            position = _skip(message, position, end, wire)
    # Protobuf lets a table follow the records that point into it, so records are read last.
    return [_parse_record(message, start, stop, keys, hash_keys) for start, stop in spans]


def _parse_record(message: bytes, position: int, end: int, keys: list[str], hash_keys: list[str]) -> UserRecord:
    key_index = -1
    hash_index = -1
    data: bytes | None = None
    while position < end:
        tag = message[position]
        if tag >= 0x80 or tag >> 3 not in (1, 2, 3):
            tag, position = _read_varint(message, position, end)
            if tag >> 3 in (1, 2, 3):
                raise _MalformedError
            position = _skip(message, position, end, tag & 7)
            continue
        value, position = _read_varint(message, position + 1, end)
        if tag == 0x08:
            key_index = value
        elif tag == 0x10:
            hash_index = value
        elif tag == 0x1A and position + value <= end:
            data = message[position : position + value]
            position += value
        else:
            raise _MalformedError
    if data is None or not 0 <= key_index < len(keys) or hash_index >= len(hash_keys):
        raise _MalformedError
    return UserRecord(keys[key_index], data, hash_keys[hash_index] if hash_index >= 0 else None)


def _skip(message: bytes, position: int, end: int, wire: int) -> int:
    """The position behind an unknown field's value (tags of a record, fields of a later format)."""
    if wire == 0:
        _, position = _read_varint(message, position, end)
    elif wire == 1:
        position += 8
    elif wire == 2:
        length, position = _read_varint(message, position, end)
        position += length
    elif wire == 5:
        position += 4
    else:
        raise _MalformedError
    if position > end:
        raise _MalformedError
    return position


def _read_varint(message: bytes, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while position < end and shift < 7 * _VARINT_BYTES:
        byte = message[position]
        position += 1
        if byte < 0x80:
            return value | byte << shift, position
        value |= (byte & 0x7F) << shift
        shift += 7
    raise _MalformedError


def _varint(value: int) -> bytes:
    return _SMALL[value] if value < len(_SMALL) else _encode_varint(value)


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _text_field(tag: bytes, text: str) -> bytes:
    encoded = text.encode()
    return tag + _varint(len(encoded)) + encoded


def _text_field_bytes(text: str) -> int:
    length = len(text.encode())
    return 1 + len(_varint(length)) + length


_SMALL = tuple(_encode_varint(value) for value in range(2048))
