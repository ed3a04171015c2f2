"""The type of values that are written as text: of a delimited file's column, of the folders of a partition key. Pure.

A type is chosen only if the SerDe reads every value as written. So `2013-01-01T00:00:00Z`, which LazySimpleSerDe takes
for NULL, is a string, and so is `00501`: as a number it would lose its zeros. Two digits with a leading zero are a
month, a day or an hour, hence a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kit.catalog.classifiers.schema import VOID
from kit.catalog.partition_values import typed
from kit.catalog.types import BIGINT, BOOLEAN, DATE, DOUBLE, INT, STRING, TIMESTAMP, HiveType

# Hive's own mark of NULL in text, and the empty field.
_NULLS = frozenset({"", "\\N"})
_INTEGER = re.compile(r"-?(?:0[0-9]|[1-9][0-9]*|0)")
_DECIMAL = re.compile(r"-?(?=\.?[0-9])(?:0[0-9]|[1-9][0-9]*|0)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_MIN_BIGINT, _MAX_BIGINT, _MAX_BIGINT_CHARACTERS = -(1 << 63), (1 << 63) - 1, 20
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}(?:\.[0-9]{1,9})?")


def type_of_texts(texts: Iterable[str]) -> HiveType:
    """bigint, double, boolean, date, timestamp or string; `VOID` where all are NULL."""
    values = set(texts) - _NULLS
    if not values:
        return VOID
    if all(map(_INTEGER.fullmatch, values)):
        return BIGINT if all(map(_is_bigint, values)) else STRING
    if all(map(_DECIMAL.fullmatch, values)):
        return DOUBLE
    if all(map(_TIMESTAMP.fullmatch, values)) and fits_all(values, TIMESTAMP):
        return TIMESTAMP
    return next((kind for kind in (DATE, BOOLEAN) if fits_all(values, kind)), STRING)


def type_of_key(texts: Iterable[str | None]) -> HiveType:
    """The type of a partition key: int, bigint, date, timestamp or string."""
    values = {text for text in texts if text is not None}
    kind = STRING if values & _NULLS else type_of_texts(values)
    if kind == BIGINT:
        return INT if fits_all(values, INT) else BIGINT
    return kind if kind in {DATE, TIMESTAMP} else STRING


def fits_all(texts: Iterable[str | None], kind: HiveType) -> bool:
    """Whether a key of this type takes all the values."""
    return all(text is None or _fits(text, kind) for text in texts)


def _is_bigint(text: str) -> bool:
    return len(text) <= _MAX_BIGINT_CHARACTERS and _MIN_BIGINT <= int(text) <= _MAX_BIGINT


def _fits(text: str, kind: HiveType) -> bool:
    try:
        typed(text, kind)
    except ValueError:
        return False
    return True
