"""SUPER values: navigation with lax semantics, comparison by dynamic type, ordering.

A SUPER is stored as JSON. Navigation into what is not there is NULL. Equality of different dynamic types is false, an
order of them is NULL.

Source: Amazon Redshift Database Developer Guide, "Querying semistructured data", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, string, typed
from kit.sql.redshift.types import SUPER, UNKNOWN, Kind

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions


def navigate(binder: Expressions, value: Typed, steps: Sequence[exp.Expr]) -> Typed:
    """`value` followed along names and indexes; constant ones make one path."""
    node = value.node
    path = "$"
    for step in steps:
        if isinstance(step, exp.Identifier):
            path += f".{_quoted(binder.context.fold(step))}"
            continue
        if isinstance(step, exp.Literal) and step.is_string:
            path += f".{_quoted(step.name)}"
            continue
        if isinstance(step, exp.Literal) and step.name.isdecimal():
            path += f"[{step.name}]"
            continue
        if path != "$":
            node, path = call("json_extract", node, string(path)), "$"
        index = binder.bind(step)
        if not index.type.is_integer:
            raise binder.error(errors.DATATYPE_MISMATCH, "array subscript must have type integer", step)
        node = call("rs_super_element", node, index.node)
    if path != "$":
        node = call("json_extract", node, string(path))
    return typed(node, SUPER)


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def compare(binder: Expressions, kind: type[exp.Expr], left: Typed, right: Typed) -> exp.Expr:
    """A comparison with at least one SUPER; `kind` is EQ, NEQ, LT, LTE, GT or GTE."""
    if kind in {exp.EQ, exp.NEQ}:
        return kind(this=_key(binder, left), expression=_key(binder, right))
    fixed = left if left.type.kind is not Kind.SUPER else right
    if fixed.type.kind is Kind.SUPER:
        order = call("rs_super_order", left.node), call("rs_super_order", right.node)
        return call("rs_super_compare", left.node, right.node, kind(this=order[0], expression=order[1]))
    fixed = coercion.settle(fixed)
    reader = "rs_super_string" if fixed.type.is_text else "rs_super_number"
    first, second = (
        call(reader, side.node) if side.type.kind is Kind.SUPER else coercion.settle(side).node
        for side in (left, right)
    )
    return kind(this=first, expression=second)


def _key(binder: Expressions, value: Typed) -> exp.Expr:
    """What equal values have in common, whatever their type."""
    if value.type.kind is not Kind.SUPER:
        if value.type is UNKNOWN:
            value = coercion.settle(value)
        if value.type.is_text:
            trimmed = call("to_json", coercion.trimmed(value))
            return call("rs_super_key", trimmed)
        value = coercion.explicit(value, SUPER, binder.script)
    return call("rs_super_key", value.node)
