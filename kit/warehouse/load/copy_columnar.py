"""Parquet and ORC: columns by their position, in their own types.

Source: Amazon Redshift Database Developer Guide, "COPY from columnar data formats", read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kit.base.errors import KitError
from kit.sql.redshift.types import Kind
from kit.warehouse.catalog import StoredColumn
from kit.warehouse.load.copy_convert import BAD_ROW, VALUE, literal, name
from kit.warehouse.plan.expression import quote

_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_MOMENTS = frozenset({"TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP WITH TIME ZONE"})
_NESTED = re.compile(r"^(?:STRUCT|MAP|UNION)\b|\[\]$")


def columnar_select(
    columns: Sequence[StoredColumn],
    described: Sequence[tuple[str, str]],
    source: str,
    uri: str,
    *,
    to_json: bool,
) -> str:
    """A SELECT of `value0, value1, …`. `described` are the file's columns: name and DuckDB type."""
    if len(described) != len(columns):
        raise KitError(
            "XX000",
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(described)}, File name: {uri}",
            "Name the columns that the files hold: COPY t (a, b) FROM ... (error code 15007)",
        )
    items = [
        f"{_value(column, found, kind, uri, to_json=to_json)} AS {name(VALUE, index)}"
        for index, (column, (found, kind)) in enumerate(zip(columns, described, strict=True))
    ]
    return f"SELECT {', '.join(items)} FROM {source}"


def _value(column: StoredColumn, found: str, kind: str, uri: str, *, to_json: bool) -> str:
    _check(column, found, kind, uri, to_json=to_json)
    field = quote(found)
    size = column.type.size
    if column.type.kind is Kind.SUPER:
        made = f"to_json({field})"
        if not _NESTED.search(kind):
            made = f"CASE WHEN {field} IS NOT NULL THEN {made} END"
    elif column.type.is_text:
        too_long = f"The length of the data column {column.name} is longer than the length defined in the table. "
        too_long += f"Table: {size}, Data: "
        failure = f"error({literal(too_long)} || strlen({field}) || {literal(', File name: ' + uri)})"
        text = f"CAST({field} AS VARCHAR)" if kind == "BLOB" else field
        made = f"CASE WHEN strlen({text}) > {size} THEN {failure} ELSE {text} END"
    elif kind == column.type.duckdb:
        made = field
    else:
        made = f"CAST({field} AS {column.type.duckdb})"
    if column.nullable:
        return made
    missing = f"{BAD_ROW}: Missing data for not-null field, column {column.name}"
    return f"CASE WHEN {field} IS NULL THEN error({literal(missing)}) ELSE {made} END"


def _check(column: StoredColumn, found: str, kind: str, uri: str, *, to_json: bool) -> None:
    """Refuse what Redshift refuses: a file's type that is not the column's."""
    match column.type.kind:
        case Kind.SMALLINT | Kind.INTEGER | Kind.BIGINT:
            fits = kind in _INTEGERS
        case Kind.NUMERIC:
            fits = kind.startswith("DECIMAL") or kind in _INTEGERS
        case Kind.REAL | Kind.DOUBLE:
            fits = kind in _FLOATS
        case Kind.BOOLEAN:
            fits = kind == "BOOLEAN"
        case Kind.CHAR | Kind.VARCHAR:
            fits = kind in {"VARCHAR", "BLOB", "JSON"}
        case Kind.DATE:
            fits = kind == "DATE"
        case Kind.TIMESTAMP | Kind.TIMESTAMPTZ:
            fits = kind in _MOMENTS
        case Kind.TIME | Kind.TIMETZ:
            fits = kind.startswith("TIME") and not kind.startswith("TIMESTAMP")
        case Kind.VARBYTE:
            fits = kind == "BLOB"
        case Kind.SUPER:
            fits = to_json if _NESTED.search(kind) else True
        case _:
            fits = kind == column.type.duckdb
    if not fits:
        hint = "Change the column's type, or write the file anew. (error code 15007)"
        if column.type.kind is Kind.SUPER:
            hint = "COPY ... FORMAT PARQUET SERIALIZETOJSON loads nested columns into SUPER."
        raise KitError(
            "XX000",
            f"Spectrum Scan Error. File '{uri}' has an incompatible Parquet schema for column '{found}'. "
            f"Column type: {str(column.type).upper()}, file's type: {kind}",
            hint,
        )
