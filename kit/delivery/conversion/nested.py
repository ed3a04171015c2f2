"""JSON values to values of nested Hive types, one after the other, in Python. Pure.

Field names of structs match as those of columns do. A value that does not fit is an error, never NULL.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, assert_never

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

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - timestamps of tables have no zone
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class MisfitError(ValueError):
    """The value is none of the type."""


def read(text: str, kind: HiveType, *, any_case: bool) -> Any:
    """The value that the JSON text stands for. Raises `MisfitError`."""
    return _value(json.loads(text, parse_float=Decimal), kind, any_case)


def _value(found: Any, kind: HiveType, any_case: bool) -> Any:
    if found is None:
        return None
    match kind:
        case ArrayType(element):
            # As OpenX has it, a lone value is an array of one.
            items = found if isinstance(found, list) else [found]
            return [_value(item, element, any_case) for item in items]
        case MapType(key, value):
            if not isinstance(found, dict):
                raise MisfitError(f"{_shown(found)} is no object")
            return [(_scalar(name, key), _value(item, value, any_case)) for name, item in found.items()]
        case StructType(fields):
            if not isinstance(found, dict):
                raise MisfitError(f"{_shown(found)} is no object")
            folded = {name.lower(): item for name, item in found.items()} if any_case else found
            return {
                field.name: _value(
                    found.get(field.name, folded.get(field.name.lower() if any_case else field.name)),
                    field.type,
                    any_case,
                )
                for field in fields
            }
        case _:
            return _scalar(found, kind)


def _scalar(found: Any, kind: HiveType) -> Any:
    match kind:
        case Primitive():
            return _primitive(found, kind)
        case DecimalType(_, scale):
            return _number(found).quantize(Decimal(1).scaleb(-scale))
        case VarcharType(length) | CharType(length):
            text = _text(found)
            if len(text) > length:
                raise MisfitError(f"{_shown(found)} is longer than {length} characters")
            return text
        case ArrayType() | MapType() | StructType():
            raise MisfitError(f"a key of type {kind}")
        case _:
            assert_never(kind)


def _primitive(found: Any, kind: Primitive) -> Any:
    if kind == STRING:
        return _text(found)
    if kind in INTEGER_BITS:
        return _integer(found, INTEGER_BITS[kind])
    if kind in {FLOAT, DOUBLE}:
        return float(_number(found))
    if kind == BOOLEAN:
        text = _text(found).lower()
        if text not in {"true", "false"}:
            raise MisfitError(f"{_shown(found)} is neither true nor false")
        return text == "true"
    if kind == DATE:
        return _date(found)
    if kind == TIMESTAMP:
        return _timestamp(found)
    assert kind == BINARY
    try:
        return base64.b64decode(_text(found), validate=True)
    except (binascii.Error, ValueError):
        raise MisfitError(f"{_shown(found)} is no base64") from None


def _number(found: Any) -> Decimal:
    if isinstance(found, bool) or not isinstance(found, (int, Decimal, str)):
        raise MisfitError(f"{_shown(found)} is no number")
    try:
        number = Decimal(found)
    except InvalidOperation:
        raise MisfitError(f"{_shown(found)} is no number") from None
    if not number.is_finite():
        raise MisfitError(f"{_shown(found)} is no number")
    return number


def _integer(found: Any, bits: int) -> int:
    number = _number(found)
    bound = 1 << (bits - 1)
    if number != number.to_integral_value() or not -bound <= number < bound:
        raise MisfitError(f"{_shown(found)} is no integer of {bits} bits")
    return int(number)


def _date(found: Any) -> date:
    if not isinstance(found, str) or not _DATE.fullmatch(found):
        raise MisfitError(f"{_shown(found)} is no date")
    try:
        return date.fromisoformat(found)
    except ValueError:
        raise MisfitError(f"{_shown(found)} is no date") from None


def _timestamp(found: Any) -> datetime:
    try:
        if isinstance(found, str) and not re.fullmatch(r"[+-]?\d+(\.\d*)?", found):
            time = datetime.fromisoformat(found)
            return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
        number = _number(found)
        milliseconds = int(number if abs(number) >= 10**12 else number * 1000)
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        raise MisfitError(f"{_shown(found)} is no timestamp") from None


def _text(found: Any) -> str:
    match found:
        case str():
            return found
        case bool():
            return "true" if found else "false"
        case int() | Decimal():
            return str(found)
        case _:
            return json.dumps(found, default=str, separators=(",", ":"))


def _shown(found: Any) -> str:
    text = json.dumps(found, default=str)
    return text if len(text) <= 40 else text[:39] + "…"
