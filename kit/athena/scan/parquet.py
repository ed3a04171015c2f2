"""Parquet: columns by name in any letter case, those that a file lacks NULL, types checked before DuckDB sees them.

Files of one table may differ; those that read alike are read together (`variant`). What a file holds must be readable
as what the catalog declares, or the query fails: DuckDB's casts would make text of numbers and the other way round.

Source: Amazon Athena User Guide, Handle schema updates; Trino, Parquet reader's supported conversions; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from kit.athena.prune.footers import Footer
from kit.athena.scan import values
from kit.athena.scan.source import DataFile, Layout, Request, Source, hive_type, literal, quote
from kit.base.domain import Between, Domain, OneOf, Scalar
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
    StructType,
    VarcharType,
    to_duckdb,
)

if TYPE_CHECKING:
    import pyarrow as pa

Variant: TypeAlias = "tuple[tuple[str, str, pa.DataType] | None, ...]"
"""How a file holds the requested columns: its name for each, and type; None where it lacks the column."""


def variant(file: DataFile, footer: Footer, layout: Layout, columns: Sequence[str]) -> Variant:
    """Files of equal variants are read by one scan. Raises `HIVE_BAD_DATA` for a type that is not as declared."""
    found: list[tuple[str, str, pa.DataType] | None] = []
    for name in columns:
        field = footer.fields.get(name)
        if field is None:
            found.append(None)
            continue
        kind = hive_type(layout.type_of(name))
        if not _fits(field.type, kind):
            raise KitError(
                "HIVE_BAD_DATA",
                f"Field {field.name}'s type {footer.physical_type(name)} in parquet file {file.uri} is incompatible "
                f"with type {kind} defined in table schema",
                f"The file holds {field.type}: change the column's type, or rewrite the file.",
            )
        found.append((name, field.name, field.type))
    return tuple(found)


def source(request: Request, held: Variant) -> Source:
    """A scan of files of one variant."""
    expressions: dict[str, str] = {}
    for name, column in zip(request.columns, held, strict=True):
        kind = hive_type(request.layout.type_of(name))
        if column is None:
            expressions[name] = f"CAST(NULL AS {to_duckdb(kind)})"
        else:
            expressions[name] = _converted(quote(column[1]), column[2], kind)
    files = f"{request.name}_files"
    parameters: dict[str, Any] = {files: [str(file.path) for file in request.files]}
    condition = _condition(request, held, parameters)
    return Source(
        f"read_parquet(${files}, hive_partitioning = false){condition}",
        expressions,
        "file_index::BIGINT",
        parameters=parameters,
    )


def _condition(request: Request, held: Variant, parameters: dict[str, Any]) -> str:
    """A condition on timestamps as they lie in the files, a little wider than what is asked for.

    They are rounded when they are read, and DuckDB does not look through that to the bounds of row groups.
    """
    conditions: list[str] = []
    for name, column in zip(request.columns, held, strict=True):
        domain = request.domains.get(name)
        if column is None or domain is None or hive_type(request.layout.type_of(name)) != TIMESTAMP:
            continue
        low, high = _bounds(domain)
        for suffix, operator, moment in (("from", ">=", low), ("to", "<=", high)):
            if isinstance(moment, datetime):
                parameter = f"{request.name}_{suffix}{len(conditions)}"
                parameters[parameter] = moment + (timedelta(milliseconds=1) * (1 if suffix == "to" else -1))
                kind = "TIMESTAMPTZ" if column[2].tz is not None else "TIMESTAMP"
                conditions.append(f"{quote(column[1])} {operator} CAST(${parameter} AS {kind})")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _bounds(domain: Domain) -> tuple[Scalar | None, Scalar | None]:
    match domain:
        case Between(low, high):
            return low, high
        case OneOf(values):
            times = [value for value in values if isinstance(value, datetime)]
            return (min(times), max(times)) if times and len(times) == len(values) else (None, None)
        case _:
            assert_never(domain)


def _fits(held: pa.DataType, kind: HiveType) -> bool:
    import pyarrow.types as pt

    match kind:
        case DecimalType():
            return pt.is_decimal(held) or pt.is_integer(held)
        case VarcharType() | CharType():
            return _is_text(held)
        case ArrayType(element):
            return (pt.is_list(held) or pt.is_large_list(held)) and _fits(held.value_type, element)
        case MapType(key, value):
            return pt.is_map(held) and _fits(held.key_type, key) and _fits(held.item_type, value)
        case StructType(fields):
            if not pt.is_struct(held):
                return False
            members = _members(held)
            return all(_fits(members[field.name.lower()], field.type) for field in fields if field.name in members)
    if kind in INTEGER_BITS:
        return pt.is_integer(held)
    if kind == STRING:
        return _is_text(held)
    if kind == BINARY:
        return _is_text(held) or pt.is_fixed_size_binary(held)
    if kind == DOUBLE:
        return pt.is_float64(held) or pt.is_float32(held)
    tests = {BOOLEAN: pt.is_boolean, FLOAT: pt.is_float32, DATE: pt.is_date32, TIMESTAMP: pt.is_timestamp}
    return bool(tests[kind](held))


def _is_text(held: pa.DataType) -> bool:
    return _is_marked_text(held) or _is_unmarked(held)


def _is_marked_text(held: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_string(held) or pt.is_large_string(held) or pt.is_string_view(held))


def _is_unmarked(held: pa.DataType) -> bool:
    """Bytes of which the writer has not said what they are."""
    import pyarrow.types as pt

    return bool(pt.is_binary(held) or pt.is_large_binary(held) or pt.is_binary_view(held))


def _members(held: pa.DataType) -> dict[str, pa.DataType]:
    return {field.name.lower(): field.type for field in held}


def _converted(expression: str, held: pa.DataType, kind: HiveType, depth: int = 0) -> str:
    """SQL of the column in its declared type, over the column as DuckDB reads it. Nothing is cast that need not be."""
    import pyarrow.types as pt

    match kind:
        case VarcharType(length):
            return f"left({_text(expression, held)}, {length})"
        case CharType(length):
            return f"rtrim(left({_text(expression, held)}, {length}), ' ')"
        case ArrayType() | MapType() | StructType():
            return expression if _is_same(held, kind) else _rebuilt(expression, held, kind, depth + 1)
        case DecimalType(precision, scale):
            same = pt.is_decimal(held) and held.precision == precision and held.scale == scale
            return expression if same else f"CAST({expression} AS {to_duckdb(kind)})"
    if kind == STRING:
        return _text(expression, held)
    if kind == BINARY:
        return f"encode({expression})" if _is_marked_text(held) else expression
    if kind == TIMESTAMP:
        return _timestamp(expression, held)
    return expression if _is_same(held, kind) else f"CAST({expression} AS {to_duckdb(kind)})"


def _text(expression: str, held: pa.DataType) -> str:
    """Bytes that the writer has not marked as text are text here: a cast would show them in hexadecimal."""
    return f"decode({expression})" if _is_unmarked(held) else expression


def _timestamp(expression: str, held: Any) -> str:
    plain = f"({expression} AT TIME ZONE 'UTC')" if held.tz is not None else expression
    return plain if held.unit in {"s", "ms"} else values.rounded_to_milliseconds(plain)


def _rebuilt(expression: str, held: Any, kind: ArrayType | MapType | StructType, depth: int) -> str:
    item = f"x{depth}"
    match kind:
        case ArrayType(element):
            member = _converted(item, held.value_type, element, depth)
            value = f"list_transform({expression}, lambda {item}: {member})"
        case MapType(key, member_kind):
            pair = (
                f"struct_pack(k := {_converted(f'{item}.key', held.key_type, key, depth)}, "
                f"v := {_converted(f'{item}.value', held.item_type, member_kind, depth)})"
            )
            value = f"map_from_entries(list_transform(map_entries({expression}), lambda {item}: {pair}))"
        case StructType(fields):
            members = {field.name.lower(): field for field in held}
            packed = ", ".join(
                f"{quote(field.name)} := "
                + (
                    _converted(f"{expression}[{literal(found.name)}]", found.type, field.type, depth)
                    if (found := members.get(field.name.lower())) is not None
                    else f"CAST(NULL AS {to_duckdb(field.type)})"
                )
                for field in fields
            )
            value = f"struct_pack({packed})"
    return f"CASE WHEN {expression} IS NOT NULL THEN {value} END"


def _is_same(held: Any, kind: HiveType) -> bool:
    """Whether DuckDB reads the column as the very type that is declared."""
    import pyarrow.types as pt

    match kind:
        case ArrayType(element):
            return _is_same(held.value_type, element)
        case MapType(key, value):
            return _is_same(held.key_type, key) and _is_same(held.item_type, value)
        case StructType(fields):
            names = [field.name.lower() for field in held] == [field.name.lower() for field in fields]
            return names and all(_is_same(held.field(i).type, field.type) for i, field in enumerate(fields))
        case DecimalType(precision, scale):
            return pt.is_decimal(held) and (held.precision, held.scale) == (precision, scale)
        case VarcharType() | CharType():
            return False
    if kind in INTEGER_BITS:
        return pt.is_signed_integer(held) and held.bit_width == INTEGER_BITS[kind]
    if kind == STRING:
        return _is_marked_text(held)
    if kind == TIMESTAMP:
        return held.tz is None and held.unit in {"s", "ms"}
    if kind == DOUBLE:
        return pt.is_float64(held)
    if kind == BINARY:
        return not _is_marked_text(held)
    return True  # those that fit in one way only


def scanned_bytes(footer: Footer, columns: Sequence[str], row_groups: Sequence[int]) -> int:
    """The compressed bytes of these columns' chunks in these row groups: what Athena bills."""
    return sum(sizes[index] for sizes in map(footer.chunk_bytes, columns) for index in row_groups)
