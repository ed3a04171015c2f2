"""Places in SQL text, and errors that point at them.

Turns offsets into one-based lines and columns, and sqlglot's errors into `KitError`s with a place. Knows no dialect's
rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kit.base.errors import KitError

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.errors import OptimizeError, ParseError, TokenError

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TOKEN_ERROR_PLACE = re.compile(r"\bat (?:line )?(\d+):(\d+)|from (\d+):(\d+)")
_OPTIMIZE_ERROR_PLACE = re.compile(r"Line: (\d+), Col: (\d+)")


def line_column(text: str, offset: int) -> tuple[int, int]:
    """The one-based line and column of the character at `offset`."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of a one-based line and column."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1


def error_at(code: str, message: str, text: str, offset: int, hint: str = "") -> KitError:
    """An error at `offset`, worded as Trino words it: `line 1:8: Column 'x' cannot be resolved`."""
    line, column = line_column(text, offset)
    return KitError(code, f"line {line}:{column}: {message}", hint, statement=text, line=line, column=column)


def start_of(node: exp.Expr) -> int | None:
    """The offset of the first token that `node` was parsed from, where the parser recorded any."""
    starts = [start for part in node.walk() if (start := part.meta.get("start")) is not None]
    return min(starts, default=None)


def from_sqlglot(error: ParseError | TokenError | OptimizeError, text: str, code: str = "SYNTAX_ERROR") -> KitError:
    """sqlglot's error as ours, with its place where it has one."""
    from sqlglot.errors import ParseError

    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        description = str(first.get("description") or "invalid syntax").rstrip(". ")
        line, end_column = first.get("line") or 1, first.get("col") or 1
        column = max(end_column - len(first.get("highlight") or "") + 1, 1)
        return KitError(code, f"line {line}:{column}: {description}", statement=text, line=line, column=column)
    message = _COLOUR.sub("", str(error)).splitlines()[0]
    found = _OPTIMIZE_ERROR_PLACE.search(message) or _TOKEN_ERROR_PLACE.search(message)
    if found is None:
        return KitError(code, message, statement=text)
    line, column = (int(part) for part in found.groups() if part is not None)
    return KitError(code, f"line {line}:{column}: {message}", statement=text, line=line, column=column)
