"""JSON functions. Source: JSON functions and operators, Trino documentation, read 2026-11.

Paths have to be known while translating: they are read here, and what Trino refuses in them is refused. Text that is
not JSON gives NULL where Trino gives NULL. Numbers come out of `json_extract_scalar` digit by digit as they stand in
the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kit.sql.athena import types
from kit.sql.athena.expression import Expr, combine, text_literal
from kit.sql.athena.functions.table import Call, Scalar
from kit.sql.athena.types import VARCHAR, Type

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation

_STEP: Final = re.compile(
    r"""\.(?P<name>[\w:@-]+)|\[(?P<index>\d+)\]|\[\s*"(?P<quoted>(?:[^"\\]|\\.)*)"\s*\]|\[\s*'(?P<single>[^']*)'\s*\]"""
)
_SQL_STEP: Final = re.compile(
    r"""\s*(?:\.\s*(?:(?P<name>\w+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<every>\*))|\[\s*(?:(?P<index>\d+)|(?P<all>\*))\s*\])\s*"""
)


def json_path(t: Translation, text: str, at: exp.Expr) -> str:
    """A path of json_extract (`$.store.book[0]["a b"]`) as DuckDB reads it."""
    if not text.startswith("$"):
        raise t.error("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{text}'", at)
    position = 1
    pieces = ["$"]
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            hint = 'A path is made of .name, [0] and ["name"]; wildcards and filters are not part of it.'
            raise t.error("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{text}'", at, hint)
        if step["index"] is not None:
            pieces.append(f"[{step['index']}]")
        else:
            pieces.append(f'."{_member(step)}"')
        position = step.end()
    return "".join(pieces)


def _member(step: re.Match[str]) -> str:
    if step["quoted"] is not None:
        return step["quoted"]
    name = step["name"] if step["name"] is not None else step["single"]
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _path(call: Call) -> str:
    text = call.constant(1)
    if not isinstance(text, str):
        raise call.t.unsupported("A JSON path that is not a literal", call.node)
    return text_literal(json_path(call.t, text, call.node))


def _document(call: Call) -> str:
    """The JSON that is looked into: a json value is valid, text may not be."""
    value = call.arguments[0]
    return value.sql if value.type == types.JSON else f"kit_json_or_null({value.sql})"


def _extract(call: Call) -> str:
    return f"json_extract({_document(call)}, {_path(call)})"


def _extract_scalar(call: Call) -> str:
    return f"kit_json_scalar({_document(call)}, {_path(call)})"


def _size(call: Call) -> str:
    return f"kit_json_size(json_extract({_document(call)}, {_path(call)}))"


def _array_length(call: Call) -> str:
    return f"kit_json_array_length({_document(call)})"


def _array_get(call: Call) -> str:
    return f"kit_json_array_get({_document(call)}, {call.sql(1)})"


def _array_contains(call: Call) -> str:
    value = call.arguments[1]
    document = _document(call)
    match value.type.name:
        case "boolean":
            test = f"json_type(kit_j) = 'BOOLEAN' AND CAST(kit_j AS BOOLEAN) = {value.sql}"
        case "varchar":
            test = f"json_type(kit_j) = 'VARCHAR' AND json_extract_string(kit_j, '$') = {value.sql}"
        case _:
            test = (
                f"json_type(kit_j) IN ('BIGINT', 'UBIGINT', 'DOUBLE')"
                f" AND TRY_CAST(json_extract_string(kit_j, '$') AS DOUBLE) = CAST({value.sql} AS DOUBLE)"
            )
    items = f"kit_json_items({document})"
    return f"(CASE WHEN {items} IS NULL THEN NULL ELSE len(list_filter({items}, lambda kit_j: {test})) > 0 END)"


FUNCTIONS: Final = (
    *(
        Scalar(f"is_json_scalar({kind}) -> boolean", "(json_type({0}) NOT IN ('ARRAY', 'OBJECT'))")
        for kind in ("json", "varchar")
    ),
    *(
        Scalar(f"json_array_contains({kind}, {value}) -> boolean", _array_contains)
        for kind in ("json", "varchar")
        for value in ("boolean", "bigint", "double", "varchar")
    ),
    *(Scalar(f"json_array_get({kind}, bigint) -> json", _array_get) for kind in ("json", "varchar")),
    *(Scalar(f"json_array_length({kind}) -> bigint", _array_length) for kind in ("json", "varchar")),
    *(Scalar(f"json_extract({kind}, varchar) -> json", _extract) for kind in ("json", "varchar")),
    *(Scalar(f"json_extract_scalar({kind}, varchar) -> varchar", _extract_scalar) for kind in ("json", "varchar")),
    Scalar("json_format(json) -> varchar", "CAST({0} AS VARCHAR)"),
    Scalar("json_parse(varchar) -> json", "kit_json_parse({0})"),
    *(Scalar(f"json_size({kind}, varchar) -> bigint", _size) for kind in ("json", "varchar")),
)


# SQL/JSON: json_value, json_query, json_exists


def nodes(t: Translation, document: str, text: str, at: exp.Expr) -> tuple[str, bool]:
    """The list of what a SQL/JSON path finds, and whether its mode is strict.

    In lax mode a member of an array is looked for in its elements, and an element of what is no array is the thing
    itself.
    """
    found = re.match(r"\s*(lax|strict)?\s*\$", text)
    if found is None:
        raise t.error(
            "INVALID_PATH", f"Invalid SQL/JSON path: '{text}'", at, "A path begins with $, lax $ or strict $."
        )
    strict = found[1] == "strict"
    position = found.end()
    items = f"[{document}]"
    while position < len(text.rstrip()):
        step = _SQL_STEP.match(text, position)
        if step is None:
            raise t.unsupported(
                f"The part '{text[position:].strip()}' of a SQL/JSON path",
                at,
                "Members and elements are supported: $.a.b[0][*].",
            )
        items = f"flatten(list_transform({items}, lambda kit_n: {_step(step, strict=strict)}))"
        position = step.end()
    return items, strict


def _step(step: re.Match[str], *, strict: bool) -> str:
    lax = "" if strict else "_lax"
    if step["every"] is not None:
        return f"kit_json_members{lax}(kit_n)"
    if step["all"] is not None:
        return f"kit_json_elements{lax}(kit_n)"
    if step["index"] is not None:
        return f"kit_json_element{lax}(kit_n, {step['index']})"
    name = step["quoted"] if step["quoted"] is not None else step["name"]
    path = text_literal(f'$."{name}"')
    return f"kit_json_member{lax}(kit_n, {path})"


def as_json(value: Expr) -> str:
    """A document given as text or JSON; NULL where it is not JSON."""
    return value.sql if value.type == types.JSON else f"kit_json_or_null({value.sql})"


def json_exists(t: Translation, value: Expr, path: str, at: exp.Expr) -> Expr:
    items, _ = nodes(t, as_json(value), path, at)
    sql = f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE coalesce(len({items}) > 0, false) END)"
    return combine(sql, types.BOOLEAN, (value,))


def json_query(t: Translation, value: Expr, path: str, wrapper: str, at: exp.Expr) -> Expr:
    """`wrapper` is WITHOUT, CONDITIONAL or UNCONDITIONAL."""
    items, _ = nodes(t, as_json(value), path, at)
    wrapped = f"CAST(to_json({items}) AS VARCHAR)"
    single = f"CAST({items}[1] AS VARCHAR)"
    match wrapper:
        case "UNCONDITIONAL":
            sql = f"CASE WHEN len({items}) = 0 THEN NULL ELSE {wrapped} END"
        case "CONDITIONAL":
            alone = f"len({items}) = 1 AND json_type({items}[1]) IN ('ARRAY', 'OBJECT')"
            sql = f"CASE WHEN len({items}) = 0 THEN NULL WHEN {alone} THEN {single} ELSE {wrapped} END"
        case _:
            sql = f"CASE WHEN len({items}) = 1 THEN {single} END"
    return combine(f"({sql})", VARCHAR, (value,))


def json_value(t: Translation, value: Expr, path: str, target: Type, empty: Expr, failed: Expr, at: exp.Expr) -> Expr:
    """One scalar, in `target`; `empty` where the path finds nothing, `failed` where it finds no single scalar."""
    items, strict = nodes(t, as_json(value), path, at)
    text = f"kit_json_scalar({items}[1], '$')"
    if target.name == "varchar":
        found = text
    else:
        from kit.sql.athena.coerce import cast

        found = cast(t, Expr(text, VARCHAR), target, at, trying=True).sql
    nothing = failed if strict else empty
    sql = (
        f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {as_json(value)} IS NULL THEN {failed.sql}"
        f" WHEN len({items}) = 0 THEN {nothing.sql}"
        f" WHEN len({items}) > 1 OR json_type({items}[1]) IN ('ARRAY', 'OBJECT') THEN {failed.sql}"
        f" WHEN json_type({items}[1]) = 'NULL' THEN NULL ELSE coalesce({found}, {failed.sql}) END)"
    )
    return combine(sql, target, (value, empty, failed))
