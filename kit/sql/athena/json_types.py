"""CAST to and from JSON. Source: Cast to JSON, Cast from JSON, Trino documentation, read 2026-11."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from kit.sql.athena import types
from kit.sql.athena.expression import Expr, text_literal
from kit.sql.athena.types import JSON, Type, duckdb_type

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation

_FROM_SCALARS: Final = {
    "varchar": "kit_json_to_varchar({0})",
    "boolean": "kit_json_to_boolean({0})",
    "double": "kit_json_to_double({0})",
    "real": "CAST(kit_json_to_double({0}) AS FLOAT)",
    "bigint": "kit_json_to_bigint({0})",
    "integer": "CAST(kit_json_to_bigint({0}) AS INTEGER)",
    "smallint": "CAST(kit_json_to_bigint({0}) AS SMALLINT)",
    "tinyint": "CAST(kit_json_to_bigint({0}) AS TINYINT)",
}


def to_json(sql: str, source: Type) -> str | None:
    """The JSON of a value; None where Trino has no such cast."""
    match source.name:
        case "boolean" | "varchar" | "tinyint" | "smallint" | "integer" | "bigint" | "double" | "real" | "json":
            return sql if source == JSON else f"to_json({sql})"
        case "decimal":
            from kit.sql.athena.coerce import plain_text

            return f"CAST({plain_text(sql, source)} AS JSON)"
        case "char" | "date":
            return f"to_json(CAST({sql} AS VARCHAR))"
        case "timestamp":
            from kit.sql.athena.coerce import timestamp_text

            return f"to_json({timestamp_text(sql, source.precision)})"
        case "array":
            element = to_json("kit_e", source.element)
            return None if element is None else f"to_json(list_transform({sql}, lambda kit_e: {element}))"
        case "map":
            return _map_to_json(sql, source)
        case "row":
            return _row_to_json(sql, source)
        case _:
            return None


def _map_to_json(sql: str, source: Type) -> str | None:
    """An object, its members sorted by name."""
    value = to_json("kit_m.value", source.value)
    if value is None or source.key.name not in ("varchar", "boolean", *types.NUMERIC):
        return None
    member = (
        f"CAST(to_json(CAST(kit_m.key AS VARCHAR)) AS VARCHAR) || ':' || coalesce(CAST({value} AS VARCHAR), 'null')"
    )
    members = f"list_transform(list_sort(map_entries({sql})), lambda kit_m: {member})"
    return f"CAST('{{' || array_to_string({members}, ',') || '}}' AS JSON)"


def _row_to_json(sql: str, source: Type) -> str | None:
    """An object with the names of the fields; fields without a name have the empty one, as in Trino."""
    members = []
    for actual, (name, kind) in zip(types.row_names(source), source.fields, strict=True):
        value = to_json(f"struct_extract({sql}, {text_literal(actual)})", kind)
        if value is None:
            return None
        label = text_literal(json.dumps(name or "", ensure_ascii=False) + ":")
        members.append(f"{label} || coalesce(CAST({value} AS VARCHAR), 'null')")
    joined = " || ',' || ".join(members)
    return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE CAST('{{' || {joined} || '}}' AS JSON) END)"


def from_json(sql: str, target: Type) -> str | None:
    """A JSON value in another type; None where Trino has no such cast."""
    template = _FROM_SCALARS.get(target.name)
    if template is not None and not (target.name == "varchar" and target.length is not None):
        return template.format(sql)
    match target.name:
        case "json":
            return sql
        case "varchar":
            return f"left(kit_json_to_varchar({sql}), {target.length})"
        case "decimal":
            return f"CAST(kit_json_to_number({sql}) AS {duckdb_type(target)})"
        case "array":
            element = from_json("kit_e", target.element)
            return None if element is None else f"list_transform(kit_json_array({sql}), lambda kit_e: {element})"
        case "map":
            return _map_from_json(sql, target)
        case "row":
            return _row_from_json(sql, target)
        case _:
            return None


def _map_from_json(sql: str, target: Type) -> str | None:
    value = from_json(
        "json_extract(kit_o, '$.\"' || replace(replace(kit_k, '\\', '\\\\'), '\"', '\\\"') || '\"')", target.value
    )
    if value is None or target.key.name not in ("varchar", *types.INTEGERS, "double", "boolean"):
        return None
    key = "kit_k" if target.key.name == "varchar" else f"CAST(kit_k AS {duckdb_type(target.key)})"
    entries = f"list_transform(json_keys(kit_o), lambda kit_k: {{'key': {key}, 'value': {value}}})"
    return f"list_transform([kit_json_object({sql})], lambda kit_o: map_from_entries({entries}))[1]"


def _row_from_json(sql: str, target: Type) -> str | None:
    """From an object by names, whatever their case, or from an array by position."""
    fields = []
    for position, (actual, (name, kind)) in enumerate(zip(types.row_names(target), target.fields, strict=True)):
        source = f"kit_json_field({sql}, {text_literal((name or '').lower())}, {position})"
        value = from_json(source, kind)
        if value is None:
            return None
        fields.append(f"{types.quote(actual)} := {value}")
    return f"(CASE WHEN {sql} IS NULL OR json_type({sql}) = 'NULL' THEN NULL ELSE struct_pack({', '.join(fields)}) END)"


def parse_literal(t: Translation, text: str, at: exp.Expr) -> Expr:
    """`JSON '…'`, checked and put into canonical form while translating."""
    try:
        value = json.loads(text)
    except ValueError:
        raise t.error("INVALID_LITERAL", f"'{text}' is not a valid JSON literal", at) from None
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Expr(f"CAST({text_literal(canonical)} AS JSON)", JSON)
