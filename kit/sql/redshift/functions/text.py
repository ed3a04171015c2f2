"""String functions.

Source: Amazon Redshift Database Developer Guide, "String functions", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, number, typed
from kit.sql.redshift.functions.table import Call, Function, Row, build, scalars
from kit.sql.redshift.types import INTEGER, Kind

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_ROWS: Final[tuple[Row, ...]] = (
    ("upper", "text", "$1", "upper($1)"),
    ("lower", "text", "$1", "lower($1)"),
    ("initcap", "text", "$1", "rs_initcap($1)"),
    ("reverse", "text", "text", "reverse($1)"),
    ("len|length|char_length|character_length|textlen", "varbyte", "int", "CAST(octet_length($1) AS INTEGER)"),
    ("len|length|char_length|character_length|textlen", "text", "int", "CAST(length($1) AS INTEGER)"),
    ("octet_length", "varbyte", "int", "CAST(octet_length($1) AS INTEGER)"),
    ("octet_length", "text", "int", "CAST(strlen($1) AS INTEGER)"),
    ("ascii", "text", "int", "rs_ascii($1)"),
    ("chr", "int", "varchar(4)", "rs_chr($1)"),
    ("strpos", "text, text", "int", "CAST(strpos($1, $2) AS INTEGER)"),
    ("charindex", "text, text", "int", "CAST(strpos($2, $1) AS INTEGER)"),
    ("octetindex", "text, text", "int", "rs_octetindex($1, $2)"),
    ("left", "text, int", "text", "left($1, rs_natural($2))"),
    ("right", "text, int", "text", "right($1, rs_natural($2))"),
    ("lpad", "text, int", "text", "lpad($1, CAST(rs_natural($2) AS INTEGER), ' ')"),
    ("lpad", "text, int, text", "text", "rs_lpad($1, CAST($2 AS INTEGER), $3)"),
    ("rpad", "text, int", "text", "rpad($1, CAST(rs_natural($2) AS INTEGER), ' ')"),
    ("rpad", "text, int, text", "text", "rs_rpad($1, CAST($2 AS INTEGER), $3)"),
    ("repeat|replicate", "text, int", "text", "repeat($1, rs_natural($2))"),
    ("replace", "text, text, text", "text", "replace($1, $2, $3)"),
    ("translate", "text, text, text", "text", "translate($1, $2, $3)"),
    ("split_part", "text, text, int", "text", "rs_split_part($1, $2, $3)"),
    ("btrim", "text", "trimmed", "trim($1)"),
    ("btrim", "text, text", "text", "trim($1, $2)"),
    ("ltrim", "text", "$1", "ltrim($1)"),
    ("ltrim", "text, text", "text", "ltrim($1, $2)"),
    ("rtrim", "text", "trimmed", "rtrim($1)"),
    ("rtrim", "text, text", "text", "rtrim($1, $2)"),
    ("quote_ident", "text", "trimmed", "rs_quote_ident($1)"),
    ("quote_literal", "text", "trimmed", "rs_quote_literal($1)"),
    ("bpcharcmp|bttext_pattern_cmp", "text, text", "int", "rs_text_compare($1, $2)"),
    ("soundex", "text", "varchar(4)", "rs_soundex($1)"),
    ("difference", "text, text", "int", "rs_difference($1, $2)"),
)


def _concat(binder: Expressions, call_: Call) -> Typed:
    """CONCAT of two; NULL if either is, unlike DuckDB's."""
    if len(call_.arguments) != 2:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    return binder.bind(exp.DPipe(this=call_.arguments[0], expression=call_.arguments[1], safe=True))


def substring(binder: Expressions, node: exp.Expr, parts: list[exp.Expr]) -> Typed:
    """SUBSTRING(text, start, length); positions before the first count, and use up the length."""
    if not 2 <= len(parts) <= 3:
        kinds = [binder.bind(part).type for part in parts]
        raise errors.function_missing("substring", kinds, binder.script, node, None)
    value = binder.bind(parts[0])
    start, *rest = (_position(binder, part) for part in parts[1:])
    if value.type.kind is Kind.VARBYTE:
        return typed(build("rs_subbytes($1, $2, $3)", value.node, start, *(rest or [number(1 << 30)])), value.type)
    text = coercion.settle(value)
    if not text.type.is_text:
        converted = coercion.implicit(text, coercion.ANY_TEXT, binder.script)
        if converted is None:
            raise errors.function_missing("substring", [text.type], binder.script, node, None)
        text = converted
    kind = coercion.ANY_TEXT if text.type.kind is Kind.CHAR else text.type
    if _is_positive(start) and (not rest or _is_positive(rest[0])):
        return typed(call("substr", text.node, start, *rest), kind)
    if not rest:
        return typed(call("rs_substring_from", text.node, start), kind)
    return typed(call("rs_substring", text.node, start, rest[0]), kind)


def _position(binder: Expressions, node: exp.Expr) -> exp.Expr:
    value = binder.bind(node)
    if value.type.is_integer:
        return value.node
    return binder.to(value, INTEGER, node, "position of SUBSTRING").node


def _is_positive(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and int(node.name) > 0


def _substr(binder: Expressions, call_: Call) -> Typed:
    return substring(binder, call_.node, list(call_.arguments))


def trim(binder: Expressions, node: exp.Trim) -> Typed:
    """TRIM([LEADING | TRAILING | BOTH] [characters FROM] text)."""
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "btrim")
    arguments = [node.this, *([node.expression] if node.expression is not None else [])]
    return FUNCTIONS[name].bind(binder, Call(name, arguments, node))


def position(binder: Expressions, node: exp.StrPosition) -> Typed:
    """POSITION(text IN text)."""
    return FUNCTIONS["strpos"].bind(binder, Call("position", [node.this, node.args["substr"]], node))


FUNCTIONS: Final[dict[str, Function]] = {
    **scalars(_ROWS),
    "concat": Function("concat", _concat, "concat"),
    "substr": Function("substr", _substr, "substring"),
}
