"""Values of partition keys: from text to typed, and to and from the `key=value` folders that hold them.

Pure. A partition's values are kept as text, as Hive keeps them; whatever compares them (pruning, `WHERE`) needs them
typed, and a text that does not fit its key's type is an error, never a value.

Source: Apache Hive, FileUtils (escaping of path names); Trino, HiveUtil.parsePartitionValue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import assert_never
from urllib.parse import unquote_to_bytes

from kit.base.domain import Scalar
from kit.base.errors import KitError
from kit.catalog.model import Column
from kit.catalog.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER_BITS,
    STRING,
    TIMESTAMP,
    ArrayType,
    CharType,
    DecimalType,
    HiveType,
    MapType,
    Primitive,
    StructType,
    VarcharType,
)

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SPECIAL_NUMBERS = {"nan", "infinity", "+infinity", "-infinity"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?)?")
_ESCAPED = re.compile(r"""[\x01-\x1f"#%'*/:=?\\\x7f{\[\]^]""")


def typed(text: str, kind: HiveType) -> Scalar:
    """The value that the text stands for. Raises ValueError, which says why, where it does not fit."""
    match kind:
        case Primitive():
            return _primitive(text, kind)
        case DecimalType():
            return _decimal(text, kind)
        case CharType(length):
            return _bounded(text, length).rstrip(" ")
        case VarcharType(length):
            return _bounded(text, length)
        case ArrayType() | MapType() | StructType():
            raise ValueError("partition keys are of primitive types")
        case _:
            assert_never(kind)


def typed_values(
    table: str, keys: Sequence[Column], kinds: Sequence[HiveType], values: Sequence[str | None]
) -> tuple[Scalar | None, ...]:
    """One typed value a key; None for NULL.

    Raises `HIVE_INVALID_PARTITION_VALUE`, which names partition, key and value.
    """
    if len(values) != len(keys):
        raise KitError(
            "InvalidInputException",
            f"The number of partition keys do not match the number of partition values: {len(keys)} keys and "
            f"{len(values)} values for table '{table}'.",
            f"The keys are {', '.join(key.name for key in keys) or 'none'}.",
        )
    result: list[Scalar | None] = []
    for key, kind, text in zip(keys, kinds, values, strict=True):
        try:
            result.append(None if text is None else typed(text, kind))
        except ValueError as error:
            raise KitError(
                "HIVE_INVALID_PARTITION_VALUE",
                f"Invalid partition value '{text}' for {kind} partition key: {key.name} "
                f"(partition '{folder_of([key.name for key in keys], values)}' of table '{table}'): {error}.",
                f"Rename the folder, or declare {key.name} as string.",
            ) from error
    return tuple(result)


def folder_of(names: Iterable[str], values: Iterable[str | None]) -> str:
    """`year=2013/month=1`: the folders of a partition, below the table's, without a trailing slash."""
    return "/".join(f"{escape(name)}={escape(value)}" for name, value in zip(names, values, strict=True))


def escape(value: str | None) -> str:
    """A value as part of a folder's name; NULL and the empty string are the default partition, as Hive writes them."""
    if not value:
        return DEFAULT_PARTITION
    return _ESCAPED.sub(lambda match: f"%{ord(match.group()):02X}", value)


def unescape(text: str) -> str | None:
    """The value that part of a folder's name stands for; a `%` that escapes nothing is itself."""
    if text == DEFAULT_PARTITION:
        return None
    return text if "%" not in text else _unquoted(text)


def split_folder(name: str) -> tuple[str, str | None] | None:
    """Key (in lower case) and value of one `key=value` folder, or None where the name is not of that form."""
    key, equals, value = name.partition("=")
    unescaped = unescape(key)
    if not equals or not unescaped:
        return None
    return unescaped.lower(), unescape(value)


def _unquoted(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def _primitive(text: str, kind: Primitive) -> Scalar:
    if kind == STRING:
        return text
    if kind in INTEGER_BITS:
        return _integer(text, INTEGER_BITS[kind])
    if kind in {FLOAT, DOUBLE}:
        if not _NUMBER.fullmatch(text) and text.lower() not in _SPECIAL_NUMBERS:
            raise ValueError("not a number")
        return float(text)
    if kind == BOOLEAN:
        if text.lower() not in {"true", "false"}:
            raise ValueError("neither true nor false")
        return text.lower() == "true"
    if kind == DATE:
        return _date(text)
    if kind == TIMESTAMP:
        return _timestamp(text)
    assert kind == BINARY
    return text.encode()


def _integer(text: str, bits: int) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("not an integer")
    # No integer of 64 bits has more digits; int() refuses thousands of them with an error of its own.
    bound = 1 << (bits - 1)
    value = int(text) if len(text) <= 100 else bound
    if not -bound <= value < bound:
        raise ValueError(f"beyond {bits} bits")
    return value


def _decimal(text: str, kind: DecimalType) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    digits = value.as_tuple()
    exponent = digits.exponent
    assert isinstance(exponent, int)
    if value and (-exponent > kind.scale or value.adjusted() >= kind.precision - kind.scale):
        raise ValueError("it has more digits")
    return value


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError("not of the form yyyy-mm-dd")
    return date.fromisoformat(text)


def _timestamp(text: str) -> datetime:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError("not of the form yyyy-mm-dd hh:mm:ss.fff")
    day, clock, fraction = match.groups()
    micros = (fraction or ".0")[1:].ljust(9, "0")
    if micros[6:] != "000":
        raise ValueError("finer than microseconds")
    return datetime.fromisoformat(f"{day}T{clock or '00:00:00'}.{micros[:6]}")


def _bounded(text: str, length: int) -> str:
    if len(text) > length:
        raise ValueError(f"longer than {length} characters")
    return text
