"""JSON functions over text, and the type tests of SUPER.

Source: Amazon Redshift Database Developer Guide, "JSON functions", "SUPER type information functions", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, string, typed
from kit.sql.redshift.functions.table import Call, Function, Row, scalars
from kit.sql.redshift.types import Kind

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_MAX_DEPTH: Final = 5
_ROWS: Final[tuple[Row, ...]] = (
    ("is_valid_json", "text", "bool", "rs_is_json($1, '{')"),
    ("is_valid_json_array", "text", "bool", "rs_is_json($1, '[')"),
    ("can_json_parse", "text", "bool", "rs_json_valid($1)"),
    ("json_parse", "text", "super", "rs_json_parse($1)"),
    ("json_serialize", "super", "trimmed", "rs_json_serialize($1)"),
    ("json_serialize_to_varbyte", "super", "varbyte", "encode(CAST($1 AS VARCHAR))"),
    ("json_size", "super", "int", "CAST(strlen(CAST($1 AS VARCHAR)) AS INTEGER)"),
    ("json_typeof", "super", "varchar(7)", "rs_json_typeof($1)"),
    ("json_array_length", "text", "int", "rs_json_array_length($1, FALSE)"),
    ("json_array_length", "text, bool", "int", "rs_json_array_length($1, $2)"),
    ("json_extract_array_element_text", "text, int", "text", "rs_json_element($1, $2, FALSE)"),
    ("json_extract_array_element_text", "text, int, bool", "text", "rs_json_element($1, $2, $3)"),
    ("is_array", "super", "bool", "coalesce(json_type($1) = 'ARRAY', FALSE)"),
    ("is_object", "super", "bool", "coalesce(json_type($1) = 'OBJECT', FALSE)"),
    ("is_scalar", "super", "bool", "coalesce(json_type($1) NOT IN ('ARRAY', 'OBJECT', 'NULL'), FALSE)"),
    ("is_boolean", "super", "bool", "coalesce(json_type($1) = 'BOOLEAN', FALSE)"),
    ("is_varchar|is_char", "super", "bool", "coalesce(json_type($1) = 'VARCHAR', FALSE)"),
    ("is_smallint", "super", "bool", "rs_super_fits($1, 15)"),
    ("is_integer", "super", "bool", "rs_super_fits($1, 31)"),
    ("is_bigint", "super", "bool", "rs_super_fits($1, 63)"),
    ("is_decimal", "super", "bool", "rs_super_is_decimal($1)"),
    ("is_float", "super", "bool", "rs_super_is_float($1)"),
    ("decimal_precision", "super", "int", "rs_super_precision($1)"),
    ("decimal_scale", "super", "int", "rs_super_scale($1)"),
)


def _path_text(binder: Expressions, call_: Call) -> Typed:
    """JSON_EXTRACT_PATH_TEXT(json, element, … [, null_if_invalid]): an empty string where there is nothing."""
    arguments = list(call_.arguments)
    lenient: exp.Expr = exp.Boolean(this=False)
    if len(arguments) > 2:
        last = binder.bind(arguments[-1])
        if last.type.kind is Kind.BOOLEAN:
            lenient = last.node
            arguments.pop()
    if not 2 <= len(arguments) <= _MAX_DEPTH + 1:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    document, *steps = (_text(binder, argument, call_) for argument in arguments)
    return typed(call("rs_json_path_text", document, _pointer(steps), lenient), coercion.ANY_TEXT)


def _text(binder: Expressions, node: exp.Expr, call_: Call) -> exp.Expr:
    value = coercion.settle(binder.bind(node))
    converted = value if value.type.is_text else coercion.implicit(value, coercion.ANY_TEXT, binder.script)
    if converted is None:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    return converted.node


def _pointer(steps: list[exp.Expr]) -> exp.Expr:
    """A path of member names; constants make one text."""
    if all(isinstance(step, exp.Literal) for step in steps):
        return string("$" + "".join(f".{_quoted(step.name)}" for step in steps))
    parts = (
        string(f".{_quoted(step.name)}") if isinstance(step, exp.Literal) else call("rs_json_step", step)
        for step in steps
    )
    return call("concat", string("$"), *parts)


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


FUNCTIONS: Final[dict[str, Function]] = {
    **scalars(_ROWS),
    "json_extract_path_text": Function("json_extract_path_text", _path_text, "json_extract_path_text"),
}
