"""What a column is called that nobody named: PostgreSQL's rules with Redshift's names of functions and types.

Source: PostgreSQL 8.0, FigureColname; examples of the Amazon Redshift Database Developer Guide, read 2026-11.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.dialect import SPELLING
from kit.sql.redshift.functions.registry import find
from kit.sql.redshift.types import Kind, parse_type

UNNAMED: Final = "?column?"
_TYPE_NAMES: Final = {
    Kind.SMALLINT: "int2",
    Kind.INTEGER: "int4",
    Kind.BIGINT: "int8",
    Kind.NUMERIC: "numeric",
    Kind.REAL: "float4",
    Kind.DOUBLE: "float8",
    Kind.BOOLEAN: "bool",
    Kind.CHAR: "bpchar",
    Kind.VARCHAR: "varchar",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMETZ: "timetz",
    Kind.TIMESTAMP: "timestamp",
    Kind.TIMESTAMPTZ: "timestamptz",
    Kind.INTERVAL_DAY_SECOND: "interval",
    Kind.INTERVAL_YEAR_MONTH: "interval",
    Kind.VARBYTE: "varbyte",
    Kind.SUPER: "super",
}
_NODE_NAMES: Final[dict[type[exp.Expr], str]] = {
    exp.Extract: "date_part",
    exp.Substring: "substring",
    exp.StrPosition: "position",
    exp.CurrentDate: "date",
    exp.CurrentTimestamp: "timestamptz",
    exp.CurrentTime: "timetz",
    exp.CurrentUser: "current_user",
    exp.CurrentUserId: "current_user_id",
    exp.SessionUser: "session_user",
    exp.Localtime: "time",
    exp.Localtimestamp: "timestamp",
    exp.Boolean: "bool",
    exp.AtTimeZone: "timezone",
}
_TRIMS: Final = {"LEADING": "ltrim", "TRAILING": "rtrim"}


def column_name(context: Context, node: exp.Expr) -> str:
    """The name of a projection without AS."""
    return _named(context, node) or UNNAMED


def _named(context: Context, node: exp.Expr) -> str | None:
    match node:
        case exp.Column():
            return context.fold(node.this)
        case exp.Dot():
            return context.fold(node.expression)
        case exp.Bracket():
            return _named(context, node.this)
        case exp.Cast():
            return _name_of_cast(context, node)
        case exp.Anonymous():
            return _function_name(node)
        case exp.Window() | exp.WithinGroup() | exp.IgnoreNulls() | exp.RespectNulls() | exp.Paren() | exp.Prior():
            return _named(context, node.this)
        case exp.Case():
            default = node.args.get("default")
            return (_named(context, default) if isinstance(default, (exp.Column, exp.Cast)) else None) or "case"
        case exp.Trim():
            return _TRIMS.get(str(node.args.get("position") or "").upper(), "btrim")
        case _:
            return _NODE_NAMES.get(type(node))


def _name_of_cast(context: Context, node: exp.Cast) -> str | None:
    """The name of what is cast, unless that has none of its own; then the type's."""
    inner = node.this
    while isinstance(inner, (exp.Cast, exp.Paren)):
        inner = inner.this
    own = None if isinstance(inner, (exp.Case, exp.Boolean)) else _named(context, inner)
    return own or _type_name(node)


def _type_name(node: exp.Cast) -> str | None:
    try:
        return _TYPE_NAMES.get(parse_type(node.to.meta.get(SPELLING, "")).kind)
    except KitError:
        return None


def _function_name(node: exp.Anonymous) -> str:
    name = node.name.lower()
    if name == "@":
        return UNNAMED
    if name == "approximate" and node.expressions:
        inner = node.expressions[0]
        return (inner.this if isinstance(inner, exp.WithinGroup) else inner).name.lower()
    function = find(name)
    return function.column if function is not None else name
