"""Values on their way into a column: the conversions of INSERT and UPDATE, and what a column does not take.

A text that is too long fails, unless what is too much is blanks; a CHAR takes one-byte characters only.

Source: Amazon Redshift Database Developer Guide, "Type compatibility and conversion", "Character types", read 2026-11.
"""

from __future__ import annotations

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, number, string, typed
from kit.sql.redshift.schema import TableColumn
from kit.sql.redshift.types import UNKNOWN, Kind, Type


def assign(value: Typed, column: TableColumn, script: str, at: errors.Place) -> Typed:
    """`value` as `column` stores it; raises 42804 where it does not go there, 22001 for a literal that is too long."""
    target = column.type
    if target.is_text and (value.type.is_text or value.type is UNKNOWN):
        return _stored(value, target, script, at)
    if target.kind is Kind.VARBYTE and value.type.kind is Kind.VARBYTE:
        if value.type.size <= target.size:
            return typed(value.node, target)
        return typed(call("rs_store_varbyte", value.node, number(target.size)), target)
    if not _goes(value.type, target):
        raise errors.error(
            errors.DATATYPE_MISMATCH,
            f'column "{column.name}" is of type {target.name} but expression is of type {value.type.name}',
            script,
            at,
            "You will need to rewrite or cast the expression.",
        )
    if target.is_text:
        return _stored(coercion.explicit(value, coercion.ANY_TEXT, script, at=at), target, script, at)
    return coercion.explicit(value, target, script, at=at)


def _goes(source: Type, target: Type) -> bool:
    if source is UNKNOWN or source == target or target.kind is Kind.SUPER:
        return True
    if source.is_number and target.is_number:
        return True
    if target.is_text:
        return source.is_number or source.is_datetime
    if source.kind is Kind.SUPER:
        return target.is_number or target.is_datetime or target.kind is Kind.BOOLEAN
    if source.is_datetime and target.is_datetime:
        clocks = {Kind.TIME, Kind.TIMETZ}
        return (source.kind in clocks) == (target.kind in clocks)
    return source.is_interval and target.is_interval


def _stored(value: Typed, target: Type, script: str, at: errors.Place) -> Typed:
    if value.is_null:
        return coercion.explicit(value, target, script, at=at)
    settled = coercion.settle(value)
    if isinstance(settled.node, exp.Literal):
        return typed(string(_fitted(settled.node.name, target, script, at)), target, blanks=settled.blanks)
    if settled.type.size <= target.size and (target.kind is Kind.VARCHAR or settled.type.kind is Kind.CHAR):
        return typed(settled.node, target, blanks=settled.blanks)
    name = "rs_store_varchar" if target.kind is Kind.VARCHAR else "rs_store_char"
    return typed(call(name, settled.node, number(target.size)), target, blanks=settled.blanks)


def _fitted(text: str, target: Type, script: str, at: errors.Place) -> str:
    """A literal as it is stored."""
    if target.kind is Kind.CHAR:
        text = text.rstrip(" ")
        if not text.isascii():
            raise errors.error(errors.TOO_LONG, "CHAR string contains invalid ASCII character", script, at)
    size = len(text.encode())
    if size <= target.size:
        return text
    bare = text.rstrip(" ")
    if len(bare.encode()) > target.size:
        raise errors.error(errors.TOO_LONG, f"value too long for type {target}", script, at)
    return bare + " " * (target.size - len(bare.encode()))
