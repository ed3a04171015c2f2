"""Map functions and their lambdas. Source: Map functions and operators, Trino documentation, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena.functions.table import Call, Scalar


def _body(call: Call, index: int) -> tuple[list[str], str]:
    head, _, body = call.sql(index).removeprefix("lambda ").partition(": ")
    return head.split(", "), body


def _inlined(call: Call, index: int, entry: str) -> str:
    """A lambda of key and value, applied to an entry of a map."""
    (key, value), body = _body(call, index)
    return f"list_transform([{entry}.key], lambda {key}: list_transform([{entry}.value], lambda {value}: {body})[1])[1]"


def _entries(call: Call, transform: str) -> str:
    return f"map_from_entries(list_transform(map_entries({call.sql(0)}), lambda kit_m: {transform}))"


def _filter(call: Call) -> str:
    kept = _inlined(call, 1, "kit_m")
    return f"map_from_entries(list_filter(map_entries({call.sql(0)}), lambda kit_m: {kept}))"


def _transform_keys(call: Call) -> str:
    return _entries(call, f"{{'key': {_inlined(call, 1, 'kit_m')}, 'value': kit_m.value}}")


def _transform_values(call: Call) -> str:
    return _entries(call, f"{{'key': kit_m.key, 'value': {_inlined(call, 1, 'kit_m')}}}")


def _zip_with(call: Call) -> str:
    """All keys of both maps; the value that one lacks is NULL."""
    (key, one, other), body = _body(call, 2)
    keys = f"kit_array_distinct(kit_concat_lists(map_keys({call.sql(0)}), map_keys({call.sql(1)})))"
    inner = (
        f"list_transform([{call.sql(0)}[{key}]], lambda {one}:"
        f" list_transform([{call.sql(1)}[{key}]], lambda {other}: {body})[1])[1]"
    )
    return f"map_from_entries(list_transform({keys}, lambda {key}: {{'key': {key}, 'value': {inner}}}))"


def _concat(call: Call) -> str:
    result = call.sql(0)
    for argument in call.arguments[1:]:
        result = f"kit_map_concat({result}, {argument.sql})"
    return result


def _multimap(call: Call) -> str:
    entry = call.arguments[0].type.element
    first, second = ("field0" if name is None else name for name, _ in entry.fields)
    second = "field1" if entry.fields[1][0] is None else second
    pairs = call.sql(0)
    keys = f'kit_array_distinct(list_transform({pairs}, lambda kit_m: kit_m."{first}"))'
    values = (
        f'list_transform(list_filter({pairs}, lambda kit_m: kit_m."{first}" = kit_k), lambda kit_m: kit_m."{second}")'
    )
    return f"map_from_entries(list_transform({keys}, lambda kit_k: {{'key': kit_k, 'value': {values}}}))"


def _from_entries(call: Call) -> str:
    entry = call.arguments[0].type.element
    first, second = entry.fields[0][0] or "field0", entry.fields[1][0] or "field1"
    pairs = f"list_transform({call.sql(0)}, lambda kit_m: {{'key': kit_m.\"{first}\", 'value': kit_m.\"{second}\"}})"
    return f"map_from_entries({pairs})"


def _to_entries(call: Call) -> str:
    entry = "struct_pack(field0 := kit_m.key, field1 := kit_m.value)"
    return f"list_transform(map_entries({call.sql(0)}), lambda kit_m: {entry})"


FUNCTIONS: Final = (
    Scalar("element_at(map(K, V), K) -> V", "{0}[{1}]"),
    Scalar("map() -> map(unknown, unknown)", "MAP {{}}"),
    Scalar("map(array(K), array(V)) -> map(K, V)", "kit_map({0}, {1})"),
    Scalar("map_concat(map(K, V), map(K, V)...) -> map(K, V)", _concat),
    Scalar("map_entries(map(K, V)) -> array(row(K, V))", _to_entries),
    Scalar("map_filter(map(K, V), function(K, V, boolean)) -> map(K, V)", _filter),
    Scalar("map_from_entries(array(row(K, V))) -> map(K, V)", _from_entries),
    Scalar("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    Scalar("map_values(map(K, V)) -> array(V)", "map_values({0})"),
    Scalar("map_zip_with(map(K, A), map(K, B), function(K, A, B, C)) -> map(K, C)", _zip_with),
    Scalar("multimap_from_entries(array(row(K, V))) -> map(K, array(V))", _multimap),
    Scalar("transform_keys(map(A, V), function(A, V, B)) -> map(B, V)", _transform_keys),
    Scalar("transform_values(map(K, A), function(K, A, B)) -> map(K, B)", _transform_values),
)
