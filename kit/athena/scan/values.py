"""Fields of text to typed values, as SQL over an expression of type VARCHAR: one function a manner of parsing.

Hive's LazySimpleSerDe makes NULL of what it cannot read, and reads less than DuckDB's casts do: no blanks around
numbers, no exponents in integers, no `inf`; but `1.7` as the integer 1. OpenCSVSerde, the JSON SerDes and the regular
expressions have rules of their own. Each expression evaluates its argument several times: give it a column.

Source: Amazon Athena User Guide, LazySimpleSerDe for CSV, TSV, and custom-delimited files, and Open CSV SerDe; Trino,
trino-hive-formats (its encodings are tested against Hive's); read 2026-11.
"""

from __future__ import annotations

from typing import assert_never

from kit.athena.scan.source import literal
from kit.base.errors import KitError
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
_SPECIALS = "'NaN','Infinity','+Infinity','-Infinity'"


def lenient(expression: str, kind: HiveType) -> str:
    """NULL where the text is no value of the type, as LazySimpleSerDe has it. Primitive types only."""
    match kind:
        case Primitive():
            return _primitive(expression, kind)
        case DecimalType():
            return _when_only(expression, _NUMBER, f"TRY_CAST({expression} AS {to_duckdb(kind)})")
        case VarcharType(length):
            return f"left({expression}, {length})"
        case CharType(length):
            return f"rtrim(left({expression}, {length}), ' ')"
        case ArrayType() | MapType() | StructType():
            raise nested(kind)
        case _:
            assert_never(kind)


def java(expression: str, kind: HiveType) -> str:
    """As the regular expression SerDes read: integers without a fraction, anything but `true` is false."""
    if kind in INTEGER_BITS:
        return _when_only(expression, _DIGITS, f"TRY_CAST({expression} AS {to_duckdb(kind)})")
    if kind == BOOLEAN:
        return f"lower({expression}) = 'true'"
    return lenient(expression, kind)


def epochs(expression: str, kind: HiveType) -> str:
    """As OpenCSVSerde reads: dates as days and timestamps as milliseconds since 1970; NULL where it cannot."""
    if kind == DATE:
        days = _when_only(expression, _DIGITS, f"TRY_CAST({expression} AS INTEGER)")
        return f"DATE '1970-01-01' + {days}"
    if kind == TIMESTAMP:
        return f"make_timestamp_ms({_when_only(expression, _DIGITS, f'TRY_CAST({expression} AS BIGINT)')})"
    if kind == BOOLEAN:
        return lenient(expression, kind)
    return java(expression, kind)


def or_fail(value: str, expression: str, message: str) -> str:
    """The value, or an error where it is NULL though the text is not. `message` is SQL of type VARCHAR."""
    return f"CASE WHEN {expression} IS NOT NULL THEN coalesce({value}, error({message})) END"


def bad_data(expression: str, ordinal: int, uri: str) -> str:
    """SQL of the error that Athena raises for a field that is no value of its column's type."""
    return (
        f"'HIVE_BAD_DATA: Error parsing field value ''' || {expression} || ''' for field {ordinal}: "
        f"For input string: \"' || {expression} || '\" in ' || {uri}"
    )


def rounded_to_milliseconds(expression: str) -> str:
    """Athena's timestamps in Hive tables have three digits; what is finer is rounded half up."""
    return f"CAST(CAST({expression} AS TIMESTAMP_MS) AS TIMESTAMP)"


def nested(kind: HiveType) -> KitError:
    return KitError("NOT_SUPPORTED", f"This SerDe does not read columns of type {kind}.", "Declare it as string.")


def _primitive(expression: str, kind: Primitive) -> str:
    if kind == STRING:
        return expression
    if kind in INTEGER_BITS:
        return _integer(expression, to_duckdb(kind))
    if kind in {FLOAT, DOUBLE}:
        return _floating(expression, to_duckdb(kind))
    if kind == BOOLEAN:
        return f"CASE lower({expression}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind == DATE:
        return _date(expression)
    if kind == TIMESTAMP:
        return _timestamp(expression)
    assert kind == BINARY
    # LazyBinary holds base64; what is not is taken as it is.
    return f"coalesce(TRY(from_base64({expression})), encode({expression}))"


def _integer(expression: str, name: str) -> str:
    whole = f"split_part({expression}, '.', 1)"
    return (
        f"CASE WHEN trim({expression}, {_DIGITS}) = '' THEN TRY_CAST({expression} AS {name})"
        f" WHEN regexp_full_match({expression}, '[+-]?[0-9]*\\.[0-9]*')"
        f" THEN CASE WHEN {whole} IN ('', '+', '-') THEN 0::{name} ELSE TRY_CAST({whole} AS {name}) END END"
    )


def _floating(expression: str, name: str) -> str:
    # Java also takes blanks around a number and the suffix of a literal (`1.5d`).
    return (
        f"CASE WHEN trim({expression}, {_NUMBER[:-1]} ') = '' OR {expression} IN ({_SPECIALS})"
        f" THEN TRY_CAST({expression} AS {name})"
        f" WHEN regexp_full_match(trim({expression}), '[+-]?[0-9.]+([eE][+-]?[0-9]+)?[dDfF]')"
        f" THEN TRY_CAST(rtrim(trim({expression}), 'dDfF') AS {name}) END"
    )


def _date(expression: str) -> str:
    day = f"split_part({expression}, ' ', 1)"
    return (
        f"CASE WHEN {expression} LIKE '____-__-__' THEN TRY_CAST({expression} AS DATE)"
        f" WHEN regexp_full_match({day}, '[0-9]{{1,4}}-[0-9]{{1,2}}-[0-9]{{1,2}}') THEN TRY_CAST({day} AS DATE) END"
    )


def _timestamp(expression: str) -> str:
    form = r"[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,9})?)?)?"
    value = rounded_to_milliseconds(f"TRY_CAST({expression} AS TIMESTAMP)")
    return f"CASE WHEN regexp_full_match({expression}, {literal(form)}) THEN {value} END"


def _when_only(expression: str, characters: str, value: str) -> str:
    """The value where the text has no other characters; DuckDB's casts take more than Hive does."""
    return f"CASE WHEN trim({expression}, {characters}) = '' THEN {value} END"
