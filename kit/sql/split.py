"""Splits a script into its statements, aware of quotes and comments. Knows no dialect's grammar."""

from __future__ import annotations

from dataclasses import dataclass

from kit.sql.lexer import tokens
from kit.sql.place import error_at, line_column


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement: `text` is the characters [start, end) of the script, without its semicolon and outer comments.

    `line` and `column` are one-based places of its first token in the script.
    """

    text: str
    start: int
    end: int
    line: int
    column: int


def split(script: str) -> tuple[Piece, ...]:
    """The statements of `script` in order; empty ones are left out.

    Raises `SYNTAX_ERROR` where a string, a quoted name or a comment is not closed.
    """
    pieces: list[Piece] = []
    start: int | None = None
    end = 0
    for token in tokens(script):
        if token.open:
            what = {"'": "string", '"': "quoted name", "`": "quoted name", "/": "comment", "$": "string"}
            kind = what.get(token.text[0], "string")
            raise error_at("SYNTAX_ERROR", f"This {kind} is not closed", script, token.start)
        if token.text == ";":
            if start is not None:
                pieces.append(_piece(script, start, end))
            start = None
            continue
        if start is None:
            start = token.start
        end = token.end
    if start is not None:
        pieces.append(_piece(script, start, end))
    return tuple(pieces)


def _piece(script: str, start: int, end: int) -> Piece:
    line, column = line_column(script, start)
    return Piece(script[start:end], start, end, line, column)
