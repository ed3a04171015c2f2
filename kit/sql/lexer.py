"""Cuts SQL text into tokens, the same way for every dialect of the house.

Owns where strings, quoted names, comments, numbers and parameters begin and end; knows no grammar and no keyword's
meaning. Every token carries its place in the text, so that whoever reads tokens can point at them. Text that ends
inside a string, a quoted name or a comment yields a token marked `open`: completion reads on, `split` refuses.

Invariant: tokens come in order and do not overlap; what lies between two tokens is white space or comments only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    WORD = auto()
    QUOTED = auto()
    STRING = auto()
    NUMBER = auto()
    PARAMETER = auto()
    OPERATOR = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is the slice [start, end) of the source; offsets count characters from 0.

    `open` marks a string, a quoted name or a comment that the text ends in the middle of.
    """

    kind: Kind
    text: str
    start: int
    end: int
    open: bool = False

    @property
    def upper(self) -> str:
        """The text in upper case where it is a bare word, else as it stands: what keywords are compared with."""
        return self.text.upper() if self.kind is Kind.WORD else self.text

    @property
    def name(self) -> str:
        """What a name says: quotes taken off and their doubling undone; for parameters, without the colon."""
        match self.kind:
            case Kind.QUOTED:
                quote = self.text[0]
                body = self.text[1:] if self.open else self.text[1:-1]
                return body.replace(quote * 2, quote)
            case Kind.PARAMETER:
                return self.text[1:]
            case _:
                return self.text

    @property
    def value(self) -> str:
        """What a plain or dollar-quoted string says."""
        if self.text.startswith("$"):
            width = self.text.index("$", 1) + 1
            return self.text[width:] if self.open else self.text[width:-width]
        body = self.text[self.text.index("'") + 1 :]
        return (body if self.open else body[:-1]).replace("''", "'")


_SHAPES = r"""
      (?P<space>\s+)
    | (?P<line>--[^\n]*)
    | (?P<comment>/\*)
    | (?P<string>(?:[xXeEbB]|[uU]&)?'(?:[^'@]++|''@)*(?P<string_end>'?))
    | (?P<quoted>(?:[uU]&)?"(?:[^"@]++|""@)*(?P<quoted_end>"?)|`(?:[^`]++|``)*(?P<tick_end>`?))
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<operator>::|:=|=>|->|<=|>=|<>|!=|\|\||[^\w\s])
"""
_TOKEN = re.compile(_SHAPES.replace("''@", "''").replace('""@', '""').replace("@", ""), re.VERBOSE)
_TOKEN_WITH_ESCAPES = re.compile(
    _SHAPES.replace("''@", r"''|\\.").replace('""@', r'""|\\.').replace("@", r"\\"), re.VERBOSE | re.DOTALL
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_NAME = re.compile(r"[^\W\d]\w*")
_CLOSERS = frozenset({")", "]", "}"})
# Words after which an operand begins: a colon that touches one of them cannot be a path into it.
_BEFORE_OPERAND = frozenset(
    {
        *(
            "ALL",
            "AND",
            "ANY",
            "AS",
            "BETWEEN",
            "BY",
            "CASE",
            "DISTINCT",
            "ELSE",
            "ESCAPE",
            "EXCEPT",
            "FETCH",
            "FILTER",
        ),
        *("FIRST", "FROM", "HAVING", "IN", "INTERSECT", "IS", "LIKE", "LIMIT", "NEXT", "NOT", "OFFSET", "ON", "OR"),
        *("RETURN", "ROW", "ROWS", "SELECT", "SET", "SIMILAR", "SOME", "THEN", "TO", "UNION", "USING", "VALUES"),
        *("WHEN", "WHERE", "WITH"),
    }
)


def tokens(text: str, *, escapes: bool = False) -> Iterator[Token]:
    """The tokens of `text`, comments left out, except one that is left open at the end.

    With `escapes` a backslash in quotes takes what follows with it, as in Hive.
    """
    shapes = _TOKEN_WITH_ESCAPES if escapes else _TOKEN
    position = 0
    before: Token | None = None
    brackets: list[str] = []
    while position < len(text):
        token = _next(shapes, text, position, before, brackets)
        if isinstance(token, int):
            position = token
            continue
        yield token
        position = token.end
        before = token


def _next(shapes: re.Pattern[str], text: str, position: int, before: Token | None, brackets: list[str]) -> Token | int:
    """The token at `position`, or the offset to go on from where there is none."""
    found = shapes.match(text, position)
    assert found is not None, "every character begins a token"
    end = found.end()
    match found.lastgroup:
        case "space" | "line":
            return end
        case "comment":
            closed = _comment_end(text, end)
            return closed if closed is not None else Token(Kind.OPERATOR, text[position:], position, len(text), True)
        case "dollar":
            closing = text.find(found.group(), end)
            if closing < 0:
                return Token(Kind.STRING, text[position:], position, len(text), True)
            end = closing + end - position
            return Token(Kind.STRING, text[position:end], position, end)
        case "word":
            return Token(Kind.WORD, text[position:end], position, end)
        case "number":
            return Token(Kind.NUMBER, text[position:end], position, end)
        case "operator":
            return _operator(text, position, found.group(), before, brackets)
        case _:
            pass
    if found.group("string") is not None:
        return Token(Kind.STRING, found.group(), position, end, not found.group("string_end"))
    is_open = not (found.group("quoted_end") or found.group("tick_end"))
    return Token(Kind.QUOTED, found.group(), position, end, is_open)


def _operator(text: str, position: int, symbol: str, before: Token | None, brackets: list[str]) -> Token:
    if symbol in "([{":
        brackets.append(symbol)
    elif symbol in _CLOSERS and brackets:
        brackets.pop()
    elif symbol == ":" and not _continues_operand(position, before, brackets):
        name = _NAME.match(text, position + 1)
        if name is not None:
            return Token(Kind.PARAMETER, text[position : name.end()], position, name.end())
    return Token(Kind.OPERATOR, symbol, position, position + len(symbol))


def _continues_operand(colon: int, before: Token | None, brackets: list[str]) -> bool:
    """Whether the colon belongs to what stands before it: a path `x:y`, a slice `a[1 : n]`, a JSON member `"k" : v`."""
    if before is None or not _ends_operand(before):
        return False
    touches = before.end == colon
    return touches or (bool(brackets) and brackets[-1] in "[{")


def _ends_operand(token: Token) -> bool:
    match token.kind:
        case Kind.WORD:
            return token.upper not in _BEFORE_OPERAND
        case Kind.OPERATOR:
            return token.text in _CLOSERS
        case _:
            return True


def _comment_end(text: str, position: int) -> int | None:
    """Where a block comment that is open at `position` ends; block comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None
