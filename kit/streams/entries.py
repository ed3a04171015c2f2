"""Records on their way in: what callers may hand over, checked, in the form that the log takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute

from kit.streams import hashing, limits
from kit.streams.errors import InvalidArgumentException, ValidationException
from kit.streams.model import StreamState
from kit.streams.records import Entry

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

Data: TypeAlias = bytes | bytearray | memoryview | str | Mapping[str, Any] | Sequence[Any]
Puttable: TypeAlias = Entry | tuple[Any, ...] | Mapping[str, Any]
Parcel: TypeAlias = tuple[bytes, bytes, bytes]
"""A record that may be stored: key, data, and the digest that decides the shard."""

KEY_MAX_CHARACTERS = 256
CHUNK_RECORDS = 131_072
CHUNK_BYTES = 64 << 20
_HASH_KEY = re.compile(r"0|[1-9]\d{0,38}")


def payload(data: Data) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    return _utf8(data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def parcel(stream: StreamState, data: Data, partition_key: str, explicit_hash_key: str | int | None) -> Parcel:
    """Raises what PutRecord raises for a key, a hash key or data outside of their bounds."""
    body = data if type(data) is bytes else payload(data)
    if not isinstance(partition_key, str) or len(partition_key) > KEY_MAX_CHARACTERS:
        raise _bad_key(partition_key)
    if not partition_key and stream.strategy != "AUTO":
        raise _bad_key(partition_key)
    if len(body) > stream.record_max_bytes:
        raise InvalidArgumentException(
            f"The record's data of {len(body):,} bytes exceeds the maximum record size of stream {stream.name}, which "
            f"is {stream.record_max_bytes:,} bytes.",
            "UpdateMaxRecordSize allows up to 10,240 KiB.",
        )
    key = _utf8(partition_key)
    if explicit_hash_key is None:
        return key, body, hashing.digest(key)
    return key, body, explicit_digest(explicit_hash_key)


def parcels(stream: StreamState, records: Sequence[Puttable]) -> list[Parcel]:
    """Raises what PutRecords raises for the request as a whole."""
    if not 0 < len(records) <= limits.PUT_RECORDS:
        raise ValidationException(
            f"1 validation error detected: {len(records)} records at 'records' failed to satisfy constraint: Member "
            f"must have length between 1 and {limits.PUT_RECORDS}.",
            "append() takes any number of rows at once.",
        )
    most, digest = stream.record_max_bytes, hashing.digest
    found: list[Parcel] = []
    size = 0
    for record in records:
        if isinstance(record, tuple):
            data, key, explicit = record if len(record) > 2 else (*record, None)
        else:
            data, key, explicit = record["Data"], record["PartitionKey"], record.get("ExplicitHashKey")
        # What nearly every record is passes here; all else, right or wrong, is looked at closely.
        if type(data) is bytes and type(key) is str and explicit is None and 0 < len(key) <= 256 and len(data) <= most:
            name = _utf8(key)
            found.append((name, data, digest(name)))
        else:
            found.append(parcel(stream, data, key, explicit))
        size += len(found[-1][0]) + len(found[-1][1])
    if size > limits.PUT_BYTES:
        raise InvalidArgumentException(
            f"The records' {size:,} bytes, partition keys included, exceed the limit of {limits.PUT_BYTES:,} bytes a "
            "request."
        )
    return found


def explicit_digest(hash_key: str | int) -> bytes:
    """Raises `InvalidArgumentException` for a hash key that is none."""
    text = str(hash_key)
    if not _HASH_KEY.fullmatch(text) or int(text) > hashing.LAST_HASH_KEY:
        raise InvalidArgumentException(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was " + text
        )
    return int(text).to_bytes(hashing.DIGEST_BYTES, "big")


def columns(stream: StreamState, rows: Any) -> Iterator[tuple[Any, Any, Any | None]]:
    """Keys, data and explicit hash keys (or None) of a table's rows, in pieces that suit the log.

    `rows` is anything that Arrow can read as a table, with columns `data` (binary or text), `partition_key`, and
    `explicit_hash_key` (decimal text) if wanted. Raises `ValidationException` and `InvalidArgumentException`.
    """
    table = rows if isinstance(rows, pa.Table) else pa.table(rows)
    for name in ("data", "partition_key"):
        if table.schema.get_field_index(name) < 0:
            raise ValidationException(f"The rows to append have no column '{name}'.", "data and partition_key.")
    keys = table.column("partition_key").cast(pa.string())
    data = table.column("data").cast(pa.binary())
    explicit = None
    if table.schema.get_field_index("explicit_hash_key") >= 0:
        explicit = table.column("explicit_hash_key").cast(pa.string())
    _check(stream, keys, data)
    step = max(min(CHUNK_RECORDS, len(keys) * CHUNK_BYTES // max(data.nbytes, 1)), 1)
    for begin in range(0, len(keys), step):
        yield (
            _piece(keys, begin, step),
            _piece(data, begin, step),
            None if explicit is None else _piece(explicit, begin, step),
        )


def _check(stream: StreamState, keys: Any, data: Any) -> None:
    if keys.null_count or data.null_count:
        raise ValidationException("A row to append has no partition key or no data.")
    if not len(keys):
        return
    size = _compute.min_max(_compute.binary_length(keys)).as_py()
    # Characters are at most as many as bytes, so they need counting only where the bytes are too many.
    longest = size["max"] if size["max"] <= KEY_MAX_CHARACTERS else _compute.max(_compute.utf8_length(keys)).as_py()
    if size["min"] == 0 or longest > KEY_MAX_CHARACTERS:
        raise _bad_key("" if size["min"] == 0 else "x" * longest)
    longest = _compute.max(_compute.binary_length(data)).as_py()
    if longest > stream.record_max_bytes:
        raise InvalidArgumentException(
            f"A row's data of {longest:,} bytes exceeds the maximum record size of stream {stream.name}, which is "
            f"{stream.record_max_bytes:,} bytes."
        )


def _piece(column: Any, begin: int, size: int) -> Any:
    piece = column.slice(begin, size)
    return piece.chunk(0) if piece.num_chunks == 1 else pa.concat_arrays(piece.chunks)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValidationException(
            f"The text '{text[:32]!a}' cannot be encoded: it holds half of a surrogate pair.", "Put bytes instead."
        ) from error


def _bad_key(key: object) -> ValidationException:
    bound = "less than or equal to 256" if key else "greater than or equal to 1"
    shown = key if not isinstance(key, str) or len(key) <= KEY_MAX_CHARACTERS else key[:32] + "…"
    return ValidationException(
        f"1 validation error detected: Value '{shown}' at 'partitionKey' failed to satisfy constraint: Member must "
        f"have length {bound}",
        "A partition key has 1 to 256 characters.",
    )
