"""Constants and parameters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlglot import exp

from kit.base.errors import KitError, did_you_mean
from kit.sql.parameters import placeholders
from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed, cast, typed
from kit.sql.redshift.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    MAX_PRECISION,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    Type,
    numeric,
    varbyte,
)

_INT4 = 1 << 31
_INT8 = 1 << 63


def _literal(binder: Expressions, node: exp.Literal) -> Typed:
    if node.is_string:
        made = exp.Literal(this=node.name, is_string=True).update_positions(node)
        return Typed(made, UNKNOWN, node.name.endswith(" "))
    text = node.name
    if text.isdecimal():
        value = int(text)
        if value < _INT4:
            return typed(exp.Literal(this=str(value), is_string=False), INTEGER)
        if value < _INT8:
            return typed(exp.Literal(this=str(value), is_string=False), BIGINT)
    kind = _number_type(text)
    if kind is None:
        raise binder.error(errors.OUT_OF_RANGE, f'value "{text}" is out of range', node)
    bare = exp.Literal(this=text, is_string=False)
    return typed(cast(bare, kind) if kind is DOUBLE or kind.size > 18 else bare, kind)


def _number_type(text: str) -> Type | None:
    if not all(part.isdecimal() or not part for part in text.split(".")):
        return DOUBLE
    whole, _, fraction = text.partition(".")
    digits = max(len(whole.lstrip("0")), 1) + len(fraction)
    return numeric(digits, len(fraction)) if digits <= MAX_PRECISION else None


def _null(binder: Expressions, node: exp.Null) -> Typed:
    del binder, node
    return Typed(exp.Null(), UNKNOWN)


def _boolean(binder: Expressions, node: exp.Boolean) -> Typed:
    del binder
    return typed(exp.Boolean(this=node.this), BOOLEAN)


def _paren(binder: Expressions, node: exp.Paren) -> Typed:
    inner = binder.bind(node.this)
    if isinstance(inner.node, (exp.Literal, exp.Null, exp.Paren, exp.Column)):
        return inner
    made = exp.Paren(this=inner.node)
    made.type = inner.node.type
    return Typed(made, inner.type, inner.blanks)


def _interval(binder: Expressions, node: exp.Interval) -> Typed:
    unit = node.args.get("unit")
    try:
        return coercion.interval_literal(node.this.name, unit.name if unit is not None else "")
    except KitError as error:
        raise binder.error(error.code, error.message, node) from None


def _placeholder(binder: Expressions, node: exp.Placeholder) -> Typed:
    name = node.name
    if not name:
        raise binder.unsupported("An unnamed parameter", node, "Write :name.")
    values = binder.context.values
    if name not in values:
        raise binder.error(
            errors.UNDEFINED_PARAMETER,
            f'there is no parameter "{name}"',
            next((found.start for found in placeholders(binder.script) if found.name == name), None),
            did_you_mean(name, values) or "Pass it as a parameter, or define a variable of that name.",
        )
    value = values[name]
    binder.context.found.parameters[name] = value
    made = exp.Parameter(this=exp.Var(this=name))
    if value is None:
        return typed(cast(made, coercion.ANY_TEXT), coercion.ANY_TEXT, blanks=False)
    kind = _type_of(value)
    if kind is None:
        raise binder.error(
            errors.DATATYPE_MISMATCH, f'parameter "{name}" has a value of type {type(value).__name__}', node
        )
    if kind is UNKNOWN:
        return Typed(made, UNKNOWN, blanks=True)
    return typed(cast(made, kind), kind)


def _type_of(value: Any) -> Type | None:
    """The type of a parameter's value; a text is open, as a string literal is."""
    for kinds, give in _PYTHON:
        if isinstance(value, kinds):
            return give(value)
    return None


def _integer_type(value: int) -> Type:
    if -_INT4 <= value < _INT4:
        return INTEGER
    return BIGINT if -_INT8 <= value < _INT8 else numeric(MAX_PRECISION, 0)


def _decimal_type(value: Decimal) -> Type:
    _, digits, exponent = value.as_tuple()
    scale = max(-exponent, 0) if isinstance(exponent, int) else 0
    return numeric(min(max(len(digits), scale + 1), MAX_PRECISION), min(scale, MAX_PRECISION - 1))


_PYTHON: tuple[tuple[type | tuple[type, ...], Callable[[Any], Type]], ...] = (
    (bool, lambda _: BOOLEAN),
    (int, _integer_type),
    (float, lambda _: DOUBLE),
    (Decimal, _decimal_type),
    (str, lambda _: UNKNOWN),
    ((bytes, bytearray, memoryview), lambda _: varbyte()),
    (datetime, lambda value: TIMESTAMPTZ if value.tzinfo is not None else TIMESTAMP),
    (date, lambda _: DATE),
    (time, lambda _: TIME),
)


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Literal: _literal,
    exp.National: _literal,
    exp.RawString: _literal,
    exp.Null: _null,
    exp.Boolean: _boolean,
    exp.Paren: _paren,
    exp.Interval: _interval,
    exp.Placeholder: _placeholder,
    exp.Parameter: _placeholder,
}
