"""Texts of JSON values to values of primitive Hive types, as SQL over a column of type VARCHAR: NULL where one does not
fit, which whoever uses it tells from a text that is NULL.

Differs: what OpenX's SerDe would cut in silence (the fraction of a number for an integer, the end of a text that is too
long) does not fit.

Source: Amazon Athena User Guide, OpenX JSON SerDe; Amazon Data Firehose Developer Guide, Convert input data format;
read 2026-11.
"""

from __future__ import annotations

from typing import assert_never

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
    to_duckdb,
)

_DIGITS = "'+-0123456789'"
_NUMBER = "'+-0123456789.eE'"


def is_scalar(kind: HiveType) -> bool:
    return not isinstance(kind, (ArrayType, MapType, StructType))


def value(text: str, kind: HiveType) -> str:
    """SQL of the value; `text` is evaluated several times."""
    match kind:
        case Primitive():
            return _primitive(text, kind)
        case DecimalType():
            return f"CASE WHEN trim({text}, {_NUMBER}) = '' THEN TRY_CAST({text} AS {to_duckdb(kind)}) END"
        case VarcharType(length) | CharType(length):
            return f"CASE WHEN length({text}) <= {length} THEN {text} END"
        case ArrayType() | MapType() | StructType():
            raise AssertionError("nested values are not read by SQL")
        case _:
            assert_never(kind)


def _primitive(text: str, kind: Primitive) -> str:
    name = to_duckdb(kind)
    if kind == STRING:
        return text
    if kind in INTEGER_BITS:
        # A number with an exponent is whole where its double is; beyond 15 digits a double does not tell.
        number = f"TRY_CAST({text} AS DOUBLE)"
        return (
            f"CASE WHEN trim({text}, {_DIGITS}) = '' THEN TRY_CAST({text} AS {name}) "
            f"WHEN regexp_full_match({text}, '[+-]?[0-9]+[.]0*') "
            f"THEN TRY_CAST(split_part({text}, '.', 1) AS {name}) "
            f"WHEN trim({text}, {_NUMBER}) = '' AND trunc({number}) = {number} AND abs({number}) < 1e15 "
            f"THEN TRY_CAST({number} AS {name}) END"
        )
    if kind in {FLOAT, DOUBLE}:
        specials = "('NaN', 'Infinity', '-Infinity')"
        return f"CASE WHEN trim({text}, {_NUMBER}) = '' OR {text} IN {specials} THEN TRY_CAST({text} AS {name}) END"
    if kind == BOOLEAN:
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind == DATE:
        return f"CASE WHEN {text} LIKE '____-__-__' THEN TRY_CAST({text} AS DATE) END"
    if kind == TIMESTAMP:
        return _timestamp(text)
    assert kind == BINARY
    return f"TRY(from_base64({text}))"


def _timestamp(text: str) -> str:
    """Hive's form, ISO 8601 with or without an offset, or a number: of seconds, of milliseconds where its whole part
    has 13 digits or more."""
    form = r"'[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]{1,9})?)?)?'"
    zoned = r"'[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)'"
    number = f"TRY_CAST({text} AS DECIMAL(38,9))"
    scale = f"CASE WHEN length(ltrim(split_part({text}, '.', 1), '+-')) >= 13 THEN 1 ELSE 1000 END"
    return (
        f"CASE WHEN trim({text}, '+-.0123456789') = '' "
        f"THEN TRY(make_timestamp_ms(CAST(trunc({number} * {scale}) AS BIGINT))) "
        f"WHEN regexp_full_match({text}, {form}) THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN regexp_full_match({text}, {zoned}) THEN TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
    )
