"""Errors in Redshift's words: SQLSTATE codes, PostgreSQL's sentences, and the place in the script.

Knows wordings, not rules. A place is an offset into the script, a token or a sqlglot node that carries one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token

from kit.base.errors import KitError, did_you_mean
from kit.sql import lexer, place
from kit.sql.redshift.types import type_names

if TYPE_CHECKING:
    from kit.sql.redshift.types import Type

_WANTS_MORE = re.compile(r"Required keyword|Expect")
Place: TypeAlias = "int | Token | exp.Expr | None"

SYNTAX_ERROR = "42601"
UNDEFINED_COLUMN = "42703"
UNDEFINED_TABLE = "42P01"
UNDEFINED_FUNCTION = "42883"
UNDEFINED_SCHEMA = "3F000"
UNDEFINED_OBJECT = "42704"
UNDEFINED_PARAMETER = "42P02"
AMBIGUOUS_COLUMN = "42702"
DUPLICATE_COLUMN = "42701"
DUPLICATE_ALIAS = "42712"
DATATYPE_MISMATCH = "42804"
CANNOT_COERCE = "42846"
GROUPING = "42803"
WINDOWING = "42P20"
INVALID_COLUMN_REFERENCE = "42P10"
INVALID_RECURSION = "42P19"
INVALID_TABLE_DEFINITION = "42P16"
NOT_SUPPORTED = "0A000"
DIVISION_BY_ZERO = "22012"
OUT_OF_RANGE = "22003"
TOO_LONG = "22001"
NOT_NULL_VIOLATION = "23502"
INVALID_TEXT = "22P02"
INVALID_DATETIME = "22007"
DATETIME_OVERFLOW = "22008"
INVALID_PARAMETER_VALUE = "22023"
INVALID_REGULAR_EXPRESSION = "2201B"
CARDINALITY = "21000"
INTERNAL = "XX000"


def error(code: str, message: str, script: str = "", at: Place = None, hint: str = "") -> KitError:
    """An error of any wording, at a place where there is one."""
    made = KitError(code, message, hint)
    offset = offset_of(at)
    if offset is None or not script:
        return made
    return made.at(script, *place.line_column(script, offset))


def offset_of(at: Place) -> int | None:
    if isinstance(at, Token):
        return at.start
    if isinstance(at, exp.Expr):
        return place.start_of(at)
    return at


def syntax(script: str, at: Place, near: str = "", hint: str = "") -> KitError:
    """`near` defaults to the token's own text; without a token the input has ended too early."""
    if isinstance(at, Token):
        near = near or script[at.start : at.end + 1]
    if not near:
        return _ended(script, len(script.rstrip()), hint)
    return error(SYNTAX_ERROR, f'syntax error at or near "{near}"', script, at, hint)


def _ended(script: str, end: int, hint: str = "") -> KitError:
    return error(SYNTAX_ERROR, "syntax error at end of input", script, end, hint)


def unsupported(what: str, script: str, at: Place, hint: str = "") -> KitError:
    return error(NOT_SUPPORTED, f"{what} is not supported", script, at, hint)


def column_missing(
    name: str, sources: Iterable[str], script: str, at: Place, candidates: Iterable[str] = ()
) -> KitError:
    listed = ", ".join(sources)
    message = f'column "{name}" does not exist' + (f" in {listed}" if listed else "")
    return error(UNDEFINED_COLUMN, message, script, at, did_you_mean(name.rpartition(".")[2], candidates))


def relation_missing(name: str, script: str, at: Place, candidates: Iterable[str] = ()) -> KitError:
    hint = did_you_mean(name.rpartition(".")[2], candidates)
    return error(UNDEFINED_TABLE, f'relation "{name}" does not exist', script, at, hint)


def function_missing(
    name: str, types: Iterable[Type], script: str, at: Place, candidates: Iterable[str] | None
) -> KitError:
    """`candidates` None: the name is known, but not for these types."""
    message = f"function {name}({', '.join(kind.name for kind in types)}) does not exist"
    if candidates is None:
        hint = "No function matches the given name and argument types. You may need to add explicit type casts."
    else:
        hint = did_you_mean(name, candidates)
    return error(UNDEFINED_FUNCTION, message, script, at, hint)


def operator_missing(symbol: str, left: Type | None, right: Type, script: str, at: Place) -> KitError:
    operands = f"{left.name} {symbol} {right.name}" if left is not None else f"{symbol} {right.name}"
    hint = "No operator matches the given name and argument type(s). You may need to add explicit type casts."
    return error(UNDEFINED_FUNCTION, f"operator does not exist: {operands}", script, at, hint)


def cannot_cast(source: Type, target: Type, script: str, at: Place) -> KitError:
    return error(CANNOT_COERCE, f"cannot cast type {source.name} to {target.name}", script, at)


def from_sqlglot(failure: ParseError | TokenError, script: str, tokens: Sequence[Token] = ()) -> KitError:
    """sqlglot's error in Redshift's words, at the same place; `tokens` are those of the statement."""
    if isinstance(failure, ParseError) and failure.errors:
        first = failure.errors[0]
        near = str(first.get("highlight") or "")
        wants_type = str(first.get("description") or "").lower().startswith("expected type")
        line, end_column = int(first.get("line") or 1), int(first.get("col") or 1)
        offset = place.offset_of(script, line, max(end_column - len(near) + 1, 1))
        if wants_type and near.isidentifier():
            hint = did_you_mean(near, type_names())
            return error(UNDEFINED_OBJECT, f'type "{near}" does not exist', script, offset, hint)
        if tokens and offset == tokens[-1].start and _WANTS_MORE.match(str(first.get("description"))):
            end = tokens[-1].end + 1
            return syntax(script, end, ";") if script[end:].lstrip().startswith(";") else _ended(script, end)
        return syntax(script, offset, near)
    opened = next((token for token in lexer.tokens(script, escapes=True) if token.open), None)
    return error(
        SYNTAX_ERROR, "unterminated quoted string, name or comment", script, opened.start if opened is not None else 0
    )
