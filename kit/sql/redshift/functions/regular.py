"""Regular expression functions: POSIX patterns, constant, translated to RE2 when the statement is bound.

Source: Amazon Redshift Database Developer Guide, "REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_REPLACE", "REGEXP_SUBSTR",
read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors, patterns
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, number, string, typed
from kit.sql.redshift.functions.table import Call, Function
from kit.sql.redshift.types import INTEGER

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_PARAMETERS: Final = frozenset("ceip")


def _text(binder: Expressions, node: exp.Expr, call_: Call) -> Typed:
    value = coercion.settle(binder.bind(node))
    converted = value if value.type.is_text else coercion.implicit(value, coercion.ANY_TEXT, binder.script)
    if converted is None:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    return converted


def _constant(binder: Expressions, node: exp.Expr, what: str) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise binder.unsupported(f"A {what} that is not a constant", node, "Write it as a string literal.")
    return node.name


def _pattern(binder: Expressions, node: exp.Expr, parameters: str) -> str:
    if isinstance(node, exp.Null):
        return ""
    text = _constant(binder, node, "pattern")
    try:
        return patterns.posix(text, ignore_case="i" in parameters)
    except ValueError as error:
        raise binder.error(errors.INVALID_REGULAR_EXPRESSION, f"invalid regular expression: {error}", node) from None


def _integer(binder: Expressions, node: exp.Expr, what: str) -> exp.Expr:
    value = binder.bind(node)
    return value.node if value.type.is_integer else binder.to(value, INTEGER, node, what).node


def _parameters(binder: Expressions, node: exp.Expr | None) -> str:
    if node is None:
        return ""
    text = _constant(binder, node, "list of match parameters")
    unknown = set(text) - _PARAMETERS
    if unknown:
        raise binder.error(
            errors.INVALID_PARAMETER_VALUE, f'invalid match parameter "{min(unknown)}"', node, "One of c, i, e, p."
        )
    return text


def _count(least: int, most: int) -> Callable[[Expressions, Call], None]:
    def check(binder: Expressions, call_: Call) -> None:
        if not least <= len(call_.arguments) <= most:
            kinds = [binder.bind(argument).type for argument in call_.arguments]
            raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)

    return check


def _nth(call_: Call, index: int) -> exp.Expr | None:
    return call_.arguments[index] if len(call_.arguments) > index else None


def _replace(binder: Expressions, call_: Call) -> Typed:
    """REGEXP_REPLACE(source, pattern [, replacement [, position [, parameters]]]): every occurrence."""
    _count(2, 5)(binder, call_)
    source = _text(binder, call_.arguments[0], call_)
    pattern = _pattern(binder, call_.arguments[1], _parameters(binder, _nth(call_, 4)))
    given = _nth(call_, 2)
    replacement = _replacement(binder, given, call_) if given is not None else string("")
    start = _nth(call_, 3)
    arguments = [source.node, string(pattern), replacement]
    if start is None:
        return typed(call("regexp_replace", *arguments, string("g")), coercion.ANY_TEXT)
    return typed(call("rs_regexp_replace", *arguments, _integer(binder, start, "position")), coercion.ANY_TEXT)


def _replacement(binder: Expressions, node: exp.Expr, call_: Call) -> exp.Expr:
    """`$1` means a group in Redshift, `\\1` in RE2; a backslash means itself."""
    value = _text(binder, node, call_)
    if isinstance(value.node, exp.Literal):
        escaped = value.node.name.replace("\\", "\\\\")
        return string(re.sub(r"\$(\d)", r"\\\1", escaped))
    return call("replace", value.node, string("\\"), string("\\\\"))


def _substr(binder: Expressions, call_: Call) -> Typed:
    """REGEXP_SUBSTR(source, pattern [, position [, occurrence [, parameters]]])."""
    _count(2, 5)(binder, call_)
    source = _text(binder, call_.arguments[0], call_)
    parameters = _parameters(binder, _nth(call_, 4))
    pattern = _pattern(binder, call_.arguments[1], parameters)
    group = number(1 if "e" in parameters and re.search(r"(?<!\\)\((?!\?)", pattern[4:]) else 0)
    start, occurrence = _nth(call_, 2), _nth(call_, 3)
    if start is None:
        return typed(call("regexp_extract", source.node, string(pattern), group), coercion.ANY_TEXT)
    made = call(
        "rs_regexp_substr",
        source.node,
        string(pattern),
        _integer(binder, start, "position"),
        _integer(binder, occurrence, "occurrence") if occurrence is not None else number(1),
        group,
    )
    return typed(made, coercion.ANY_TEXT)


def _occurrences(binder: Expressions, call_: Call) -> Typed:
    """REGEXP_COUNT(source, pattern [, position [, parameters]])."""
    _count(2, 4)(binder, call_)
    source = _text(binder, call_.arguments[0], call_)
    pattern = _pattern(binder, call_.arguments[1], _parameters(binder, _nth(call_, 3)))
    start = _nth(call_, 2)
    made = call(
        "rs_regexp_count",
        source.node,
        string(pattern),
        _integer(binder, start, "position") if start is not None else number(1),
    )
    return typed(made, INTEGER)


def _instr(binder: Expressions, call_: Call) -> Typed:
    """REGEXP_INSTR(source, pattern [, position [, occurrence [, option [, parameters]]]])."""
    _count(2, 6)(binder, call_)
    source = _text(binder, call_.arguments[0], call_)
    pattern = _pattern(binder, call_.arguments[1], _parameters(binder, _nth(call_, 5)))
    start, occurrence, option = (_nth(call_, index) for index in (2, 3, 4))
    made = call(
        "rs_regexp_instr",
        source.node,
        string(pattern),
        _integer(binder, start, "position") if start is not None else number(1),
        _integer(binder, occurrence, "occurrence") if occurrence is not None else number(1),
        _integer(binder, option, "option") if option is not None else number(0),
    )
    return typed(made, INTEGER)


FUNCTIONS: Final[dict[str, Function]] = {
    "regexp_replace": Function("regexp_replace", _replace, "regexp_replace"),
    "regexp_substr": Function("regexp_substr", _substr, "regexp_substr"),
    "regexp_count": Function("regexp_count", _occurrences, "regexp_count"),
    "regexp_instr": Function("regexp_instr", _instr, "regexp_instr"),
}
