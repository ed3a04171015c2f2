"""The text that a query magic sends: the cell's SQL, behind the snippets it builds on and the EXPLAIN it asked for.

Pure. Text is only ever put on lines of its own before the cell's, never inside them, so that a line and column of the
whole can be led back to what the user wrote. Snippets become common table expressions; values never become text here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kit.base.errors import KitError
from kit.sql.lexer import Token, tokens

_QUERY_STARTS = frozenset({"SELECT", "VALUES", "TABLE", "WITH", "("})


@dataclass(frozen=True, slots=True)
class Snippet:
    """A query kept under a name, and the names of the snippets that it builds on itself."""

    name: str
    text: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of the whole that came from one place: a snippet's name, or empty for the cell.

    `first` is their first line in the whole, one-based.
    """

    origin: str
    text: str
    first: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What is sent, and where its lines came from."""

    text: str
    parts: tuple[Part, ...]

    def locate(self, line: int) -> tuple[Part, int] | None:
        """The part that a line of the whole belongs to and the line within it, one-based; None between parts."""
        for part in self.parts:
            if part.first <= line <= part.first + part.text.count("\n"):
                return part, line - part.first + 1
        return None

    def restore(self, error: KitError) -> None:
        """Let an error that points into the whole point into what the user wrote."""
        if error.statement != self.text or error.line is None:
            return
        found = self.locate(error.line)
        if found is not None:
            part, line = found
            # Services repeat the place in their messages: `line 3:8: Column 'x' cannot be resolved`.
            error.message = re.sub(rf"\bline {error.line}:(?=\d)", f"line {line}:", error.message)
            error.statement, error.line = part.text, line
            if part.origin:
                error.message = f"In the snippet '{part.origin}': {error.message}"


def compose(text: str, snippets: Sequence[Snippet] = (), *, explain: bool = False) -> Statement:
    """The statement to send. Snippets come in the order in which they build on each other.

    Raises `INVALID_ARGUMENT` where the text is no query that common table expressions can stand before.
    """
    chunks = [("EXPLAIN", None)] if explain else list[tuple[str, str | None]]()
    body = text
    if snippets:
        own = _own_with(text)
        recursive = " RECURSIVE" if len(own) == 2 else ""
        opening = f"WITH{recursive} "
        for snippet in snippets:
            chunks += [(f"{opening}{snippet.name} AS (", None), (snippet.text, snippet.name), ("),", None)]
            opening = ""
        if own:
            body = text[: own[0].start] + " " * (own[-1].end - own[0].start) + text[own[-1].end :]
        else:
            chunks[-1] = (")", None)
    parts: list[Part] = []
    line = 1
    for chunk, origin in chunks:
        if origin is not None:
            parts.append(Part(origin, chunk, line))
        line += chunk.count("\n") + 1
    parts.append(Part("", text, line))
    return Statement("\n".join([*(chunk for chunk, _ in chunks), body]), tuple(parts))


def trimmed(text: str) -> str:
    """A query without the semicolons, comments and white space at its end, so that it can stand in parentheses."""
    significant = _significant(text)
    return text[: significant[-1].end] if significant else ""


def is_empty(text: str) -> bool:
    """Whether there is nothing but white space, comments and semicolons."""
    return not _significant(text)


def _own_with(text: str) -> list[Token]:
    """The tokens WITH [RECURSIVE] that the text starts with, if it does."""
    first = _significant(text)[:2]
    if not first or first[0].upper not in _QUERY_STARTS:
        raise KitError(
            "INVALID_ARGUMENT",
            "--with needs a query, which starts with SELECT, WITH or VALUES.",
            "Write the snippet's text into a WITH of the statement's own query.",
        )
    if first[0].upper != "WITH":
        return []
    return first if len(first) == 2 and first[1].upper == "RECURSIVE" else first[:1]


def _significant(text: str) -> list[Token]:
    return [token for token in tokens(text) if token.text != ";"]
