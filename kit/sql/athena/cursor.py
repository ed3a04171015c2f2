"""A cursor over the tokens of a statement that is not a query, with errors worded as Trino words them."""

from __future__ import annotations

import re
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.sql.lexer import Kind, Token, tokens
from kit.sql.place import error_at

_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}


class Cursor:
    """Reads tokens from left to right. Words are compared without regard to case; `start` is that of the next token."""

    def __init__(self, text: str, *, escapes: bool) -> None:
        self.text = text
        self.escapes = escapes
        self._tokens = [part for token in tokens(text, escapes=escapes) for part in _parted(token)]
        self._position = 0
        for token in self._tokens:
            if token.open:
                raise error_at("SYNTAX_ERROR", "A string, quoted name or comment is not closed", text, token.start)

    @property
    def token(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    @property
    def start(self) -> int:
        return self.token.start if self.token is not None else len(self.text)

    @property
    def end_of_last(self) -> int:
        """Where the token before the next one ends."""
        return self._tokens[self._position - 1].end if self._position else 0

    def advance(self) -> Token:
        token = self.token
        if token is None:
            raise self.unexpected()
        self._position += 1
        return token

    def peek(self, *words: str) -> bool:
        """Whether the next tokens are these words or symbols."""
        following = self._tokens[self._position : self._position + len(words)]
        return len(following) == len(words) and all(
            token.upper == word and token.kind is not Kind.QUOTED for token, word in zip(following, words, strict=True)
        )

    def accept(self, *words: str) -> bool:
        """Take these words or symbols if they come next."""
        if not self.peek(*words):
            return False
        self._position += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take these words or symbols; an error at the first that does not come."""
        for word in words:
            if not self.accept(word):
                raise self.unexpected(f"'{word}'")

    def unexpected(self, *expected: str, hint: str = "") -> KitError:
        """The error that the next token does not fit."""
        shown = self.token.text if self.token is not None else "<EOF>"
        expecting = f". Expecting: {', '.join(expected)}" if expected else ""
        if not hint and self.token is not None:
            hint = did_you_mean(shown, [word.strip("'") for word in expected if word.startswith("'")])
        return error_at("SYNTAX_ERROR", f"mismatched input '{shown}'{expecting}", self.text, self.start, hint)

    def finish(self) -> None:
        """Nothing may follow but the semicolon that ends the statement."""
        self.accept(";")
        if self.token is not None:
            raise self.unexpected("<EOF>")

    def name(self) -> str:
        """An identifier, folded to lower case. In DDL backticks quote, elsewhere double quotes."""
        token = self.token
        if token is None or token.kind not in (Kind.WORD, Kind.QUOTED):
            raise self.unexpected("<identifier>")
        if token.kind is Kind.QUOTED and (token.text[0] == "`") != self.escapes:
            quote = "backticks" if self.escapes else "double quotes"
            raise self.unexpected("<identifier>", hint=f"Names in this statement are quoted with {quote}.")
        return self.advance().name.lower()

    def any_name(self) -> str:
        """An identifier in any quotes: for statements that both of Athena's engines understand."""
        token = self.token
        if token is None or token.kind not in (Kind.WORD, Kind.QUOTED):
            raise self.unexpected("<identifier>")
        return self.advance().name.lower()

    def string(self) -> str:
        """A string literal; in DDL double quotes make one too, and backslashes escape."""
        token = self.token
        in_quotes = self.escapes and token is not None and token.kind is Kind.QUOTED and token.text[0] == '"'
        if token is None or not (token.kind is Kind.STRING or in_quotes):
            raise self.unexpected("<string>")
        self.advance()
        body = token.name if in_quotes else token.value
        return _ESCAPE.sub(_unescape, body) if self.escapes else body

    def integer(self) -> int:
        token = self.token
        if token is None or token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.unexpected("<integer>")
        return int(self.advance().text)


def _parted(token: Token) -> tuple[Token, ...]:
    """No statement that is read here has parameters: `struct<a :int>` is a colon and a word."""
    if token.kind is not Kind.PARAMETER:
        return (token,)
    colon = token.start + 1
    return (
        Token(Kind.OPERATOR, ":", token.start, colon),
        Token(Kind.WORD, token.name, colon, token.end),
    )


def _unescape(found: re.Match[str]) -> str:
    escaped = found[1]
    if escaped[0] == "u" and len(escaped) == 5:
        return chr(int(escaped[1:], 16))
    if len(escaped) == 3:
        return chr(int(escaped, 8))
    # A backslash before % and _ stays: they are patterns' own.
    return found[0] if escaped in "%_" else _ESCAPED.get(escaped, escaped)
