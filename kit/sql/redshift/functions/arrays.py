"""Arrays and objects in SUPER.

Source: Amazon Redshift Database Developer Guide, "Array functions", "Object functions", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, typed
from kit.sql.redshift.functions.table import Call, Function, Row, scalars
from kit.sql.redshift.types import SUPER

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_ROWS: Final[tuple[Row, ...]] = (
    ("array_concat", "super, super", "super", "rs_array_concat($1, $2)"),
    ("array_flatten", "super", "super", "rs_array_flatten($1)"),
    ("get_array_length", "super", "int", "rs_array_length($1)"),
    ("split_to_array", "text", "super", "to_json(string_split($1, ','))"),
    ("split_to_array", "text, text", "super", "CASE WHEN $2 IS NOT NULL THEN to_json(string_split($1, $2)) END"),
    ("subarray", "super, int", "super", "rs_subarray($1, $2, 2147483647)"),
    ("subarray", "super, int, int", "super", "rs_subarray($1, $2, $3)"),
)


def _array(binder: Expressions, call_: Call) -> Typed:
    """ARRAY(value, …): anything in any mixture."""
    nodes = [_element(binder, argument) for argument in call_.arguments]
    return typed(call("json_array", *nodes), SUPER)


def _object(binder: Expressions, call_: Call) -> Typed:
    """OBJECT(key, value, …)."""
    if len(call_.arguments) % 2:
        raise binder.error(errors.SYNTAX_ERROR, "OBJECT takes pairs of a key and a value", call_.node)
    nodes: list[exp.Expr] = []
    for index, argument in enumerate(call_.arguments):
        if index % 2:
            nodes.append(_element(binder, argument))
            continue
        key = coercion.settle(binder.bind(argument))
        if not key.type.is_text:
            raise errors.function_missing(call_.name, [key.type], binder.script, call_.node, None)
        nodes.append(key.node)
    return typed(call("json_object", *nodes), SUPER)


def _element(binder: Expressions, node: exp.Expr) -> exp.Expr:
    value = coercion.settle(binder.bind(node))
    return coercion.explicit(value, SUPER, binder.script, at=node).node


FUNCTIONS: Final[dict[str, Function]] = {
    **scalars(_ROWS),
    "array": Function("array", _array, "array"),
    "object": Function("object", _object, "object"),
}
