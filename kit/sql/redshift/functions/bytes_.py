"""VARBYTE functions.

Source: Amazon Redshift Database Developer Guide, "VARBYTE functions and operators", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, typed
from kit.sql.redshift.functions.table import Call, Function, Row, build, scalars
from kit.sql.redshift.types import Kind, varbyte

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_ROWS: Final[tuple[Row, ...]] = (
    ("from_hex", "text", "varbyte", "rs_unhex($1)"),
    ("getbit", "varbyte, int", "int", "rs_get_bit($1, $2)"),
)
_DECODERS: Final = {"hex": "rs_unhex($1)", "base64": "from_base64($1)", "utf-8": "encode($1)", "utf8": "encode($1)"}
_ENCODERS: Final = {"hex": "lower(hex($1))", "base64": "to_base64($1)", "utf-8": "decode($1)", "utf8": "decode($1)"}


def _format(binder: Expressions, call_: Call, known: dict[str, str]) -> tuple[Typed, str]:
    values = [coercion.settle(binder.bind(argument)) for argument in call_.arguments]
    node = call_.arguments[1] if len(values) == 2 else None
    if not isinstance(node, exp.Literal):
        raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)
    sql = known.get(node.name.lower())
    if sql is None:
        raise binder.error(
            errors.INVALID_PARAMETER_VALUE, f'format "{node.name}" is not supported', node, "One of hex, base64, utf-8."
        )
    return values[0], sql


def _to_varbyte(binder: Expressions, call_: Call) -> Typed:
    value, sql = _format(binder, call_, _DECODERS)
    if not value.type.is_text:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    return typed(build(sql, value.node), varbyte())


def _from_varbyte(binder: Expressions, call_: Call) -> Typed:
    value, sql = _format(binder, call_, _ENCODERS)
    if value.type.kind is not Kind.VARBYTE:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    return typed(build(sql, value.node), coercion.ANY_TEXT)


FUNCTIONS: Final[dict[str, Function]] = {
    **scalars(_ROWS),
    "to_varbyte": Function("to_varbyte", _to_varbyte, "to_varbyte"),
    "from_varbyte": Function("from_varbyte", _from_varbyte, "from_varbyte"),
}
