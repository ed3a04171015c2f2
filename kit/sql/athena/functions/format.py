"""FORMAT, in the manner of Java's Formatter.

The format string has to be known while translating; each conversion becomes SQL for its argument. Source:
java.util.Formatter; format() in Conversion functions, Trino documentation, read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

from kit.sql.athena import types
from kit.sql.athena.coerce import plain_text
from kit.sql.athena.expression import Expr, text_literal
from kit.sql.athena.functions.table import Call
from kit.sql.athena.types import APPROXIMATE, VARCHAR

_CONVERSION: Final = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")


def format_call(call: Call) -> str:
    """`format('%s is %,.2f', name, amount)`; its arguments may be of any types."""
    pattern = call.constant(0)
    if not isinstance(pattern, str):
        raise call.t.unsupported("A format that is not a literal", call.node)
    pieces: list[str] = []
    position = following = 0
    for found in _CONVERSION.finditer(pattern):
        _literal(call, pattern[position : found.start()], pieces)
        position = found.end()
        index, flags, width, precision, letter = found.groups()
        if letter in "%n":
            pieces.append(text_literal("%" if letter == "%" else "\n"))
            continue
        if index is None:
            following += 1
        number = int(index) if index else following
        if number >= len(call.given) or number < 1:
            raise call.t.error(
                "INVALID_FUNCTION_ARGUMENT",
                f"Invalid format string: {pattern} (Format specifier '{found[0]}')",
                call.node,
            )
        value = call.given[number]
        text = _converted(call, value, flags, precision, letter, found[0], int(width or 0))
        text = f"coalesce({text}, 'null')"
        pieces.append(_padded(text, flags, width))
    _literal(call, pattern[position:], pieces)
    return f"({' || '.join(pieces)})" if pieces else "''"


def _literal(call: Call, text: str, pieces: list[str]) -> None:
    if "%" in text:
        raise call.t.error("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {call.constant(0)}", call.node)
    if text:
        pieces.append(text_literal(text))


def _converted(call: Call, value: Expr, flags: str, precision: str | None, letter: str, whole: str, width: int) -> str:
    kind = value.type
    match letter:
        case "s" | "S":
            text = _plain(call, value)
            text = f"left({text}, {precision})" if precision else text
            return f"upper({text})" if letter == "S" else text
        case "d" if types.is_integer(kind):
            return _signed(_grouped(f"CAST({value.sql} AS VARCHAR)", flags), value, flags, width)
        case "f" if kind.name in (*APPROXIMATE, "decimal"):
            scale = int(precision) if precision else 6
            rounded = f"CAST(CAST(CAST({value.sql} AS VARCHAR) AS DECIMAL(38, {scale})) AS VARCHAR)"
            return _signed(_grouped(rounded, flags), value, flags, width)
        case "x" | "X" if types.is_integer(kind):
            digits = f"lower(to_hex({value.sql}))"
            text = f"upper({digits})" if letter == "X" else digits
            return (
                f"lpad({text}, CAST(greatest({width}, length({text})) AS INTEGER), '0')"
                if "0" in flags and width
                else text
            )
        case "b" if kind.name == "boolean":
            return f"CAST({value.sql} AS VARCHAR)"
        case _:
            raise call.t.unsupported(f"The format specifier '{whole}' for {kind}", call.node)


def _plain(call: Call, value: Expr) -> str:
    if value.type.name in (*types.INTEGERS, "decimal", "boolean", "varchar", "char", "date", "uuid"):
        return plain_text(value.sql, value.type)
    if value.type.name in APPROXIMATE:
        return f"kit_java_double({value.sql})"
    if value.type == types.UNKNOWN:
        return "'null'"
    raise call.t.unsupported(f"The format specifier '%s' for {value.type}", call.node, f"CAST the value to {VARCHAR}.")


def _grouped(text: str, flags: str) -> str:
    return f"kit_grouped({text})" if "," in flags else text


def _signed(text: str, value: Expr, flags: str, width: int) -> str:
    if "+" in flags:
        text = f"(CASE WHEN {value.sql} >= 0 THEN '+' ELSE '' END || {text})"
    elif " " in flags:
        text = f"(CASE WHEN {value.sql} >= 0 THEN ' ' ELSE '' END || {text})"
    return f"kit_zero_padded({text}, {width})" if "0" in flags and width else text


def _padded(text: str, flags: str, width: str | None) -> str:
    if not width or "0" in flags:
        return text
    side = "rpad" if "-" in flags else "lpad"
    return f"{side}({text}, CAST(greatest({width}, length({text})) AS INTEGER), ' ')"
