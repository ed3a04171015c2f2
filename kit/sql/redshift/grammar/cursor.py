"""A cursor over a statement's tokens, with the small vocabulary that the statement parsers share.

Keywords are compared without case. sqlglot's tokenizer makes one token of some pairs of words (`PRIMARY KEY`); the
cursor matches words and hides that. What a query or an expression looks like is sqlglot's business: those are cut out
as runs of tokens and handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from kit.base.errors import KitError
from kit.sql import place
from kit.sql.redshift import errors
from kit.sql.redshift.dialect import parse_expression, parse_query
from kit.sql.redshift.statements import TableName
from kit.sql.redshift.types import Type, parse_type

T = TypeVar("T")

_TEXTUAL = frozenset({TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET})
# Words that may follow a type's name and belong to it.
_TYPE_TAILS = (
    ("VARYING",),
    ("PRECISION",),
    ("WITH", "TIME", "ZONE"),
    ("WITHOUT", "TIME", "ZONE"),
    ("YEAR", "TO", "MONTH"),
    ("DAY", "TO", "SECOND"),
)


class Cursor:
    """Reads one statement's `tokens`; places are in `script`."""

    def __init__(self, tokens: Sequence[Token], script: str, *, keep_case: bool = False) -> None:
        self.tokens = tokens
        self.script = script
        self.index = 0
        self._keep_case = keep_case

    @property
    def done(self) -> bool:
        return self.index >= len(self.tokens)

    @property
    def current(self) -> Token | None:
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    def at(self, *words: str) -> bool:
        """Whether the next words are these."""
        return self._match(words) is not None

    def accept(self, *words: str) -> bool:
        """Step over these words if they come next."""
        end = self._match(words)
        if end is None:
            return False
        self.index = end
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            self.fail()

    def choice(self, *words: str) -> str | None:
        """The first of these single words that comes next, stepped over."""
        for word in words:
            if self.accept(word):
                return word
        return None

    def accept_symbol(self, symbol: str) -> bool:
        token = self.current
        if token is None or token.text != symbol or token.token_type in _TEXTUAL:
            return False
        self.index += 1
        return True

    def expect_symbol(self, symbol: str) -> None:
        if not self.accept_symbol(symbol):
            self.fail()

    def identifier(self) -> str:
        """A name, folded to lower case unless quoted names keep theirs."""
        token = self._take()
        if token.token_type is TokenType.IDENTIFIER:
            return token.text if self._keep_case else token.text.lower()
        word = token.text
        if token.token_type in _TEXTUAL or not (word[:1].isalpha() or word[:1] in "_#") or " " in word:
            self.fail(token)
        return word.lower()

    def string(self) -> str:
        token = self._take()
        if token.token_type not in _TEXTUAL:
            self.fail(token)
        return token.text

    def accept_string(self) -> str | None:
        token = self.current
        return self.string() if token is not None and token.token_type in _TEXTUAL else None

    def integer(self) -> int:
        negative = self.accept_symbol("-")
        token = self._take()
        if token.token_type is not TokenType.NUMBER or not token.text.isdecimal():
            self.fail(token)
        return -int(token.text) if negative else int(token.text)

    def accept_integer(self) -> int | None:
        token = self.current
        return self.integer() if token is not None and token.token_type is TokenType.NUMBER else None

    def table_name(self) -> TableName:
        """`[[database.]schema.]name`."""
        start = self.current
        parts = [self.identifier()]
        while self.accept_symbol("."):
            parts.append(self.identifier())
        if start is None or len(parts) > 3:
            self.fail(start)
        line, column = self.place(start)
        padded = [None] * (3 - len(parts)) + parts
        return TableName(parts[-1], padded[1], padded[0], line, column)

    def type(self) -> Type:
        start = self.current
        words = [self._take().text]
        if words[0].upper() == "DOUBLE" or words[0].upper() in {"CHARACTER", "BINARY", "INTERVAL"}:
            words += self._type_tail()
        if self.accept_symbol("("):
            sizes = self.separated(lambda: self._take().text)
            self.expect_symbol(")")
            words.append(f"({','.join(sizes)})")
        words += self._type_tail()
        try:
            return parse_type(" ".join(words))
        except KitError as error:
            raise error.at(self.script, *self.place(start)) from None

    def separated(self, item: Callable[[], T]) -> list[T]:
        """One or more items with commas between them."""
        items = [item()]
        while self.accept_symbol(","):
            items.append(item())
        return items

    def names(self) -> tuple[str, ...]:
        """`(name, …)`."""
        self.expect_symbol("(")
        found = self.separated(self.identifier)
        self.expect_symbol(")")
        return tuple(found)

    def run(self, stop: Callable[[], bool] = lambda: False) -> Sequence[Token]:
        """The tokens up to where `stop` holds outside parentheses, a closing parenthesis ends them, or the end."""
        start = self.index
        depth = 0
        while (token := self.current) is not None:
            if depth == 0 and (token.token_type in _CLOSING or (self.index > start and stop())):
                break
            if token.token_type in _OPENING:
                depth += 1
            elif token.token_type in _CLOSING:
                depth -= 1
            self.index += 1
        if self.index == start:
            self.fail()
        return self.tokens[start : self.index]

    def expression(self, stop: Callable[[], bool] | None = None) -> exp.Expr:
        """An expression up to a comma, a closing parenthesis or where `stop` holds."""
        ends = stop or (lambda: False)
        return parse_expression(self.run(lambda: self.at_symbol(",") or ends()), self.script)

    def query(self, *, may_go_into: bool = False) -> exp.Query:
        """Everything that is left, which must be a query."""
        first = self.current
        tokens = self.tokens[self.index :]
        if first is None:
            self.fail()
        self.index = len(self.tokens)
        tree = parse_query(tokens, self.script, may_go_into=may_go_into)
        if not isinstance(tree, exp.Query):
            self.fail(first)
        return tree

    def at_symbol(self, symbol: str) -> bool:
        token = self.current
        return token is not None and token.text == symbol and token.token_type not in _TEXTUAL

    def text_from(self, index: int) -> str:
        """The script's own text from the token at `index` to before the current one."""
        if index >= self.index:
            return ""
        return self.script[self.tokens[index].start : self.tokens[self.index - 1].end + 1]

    def end(self) -> None:
        """Nothing may follow."""
        if not self.done:
            self.fail()

    def place(self, token: Token | None) -> tuple[int, int]:
        """One-based line and column of a token in the script."""
        return place.line_column(self.script, token.start if token is not None else len(self.script))

    def fail(self, token: Token | None = None, hint: str = "") -> NoReturn:
        """Raise a syntax error at `token`, else at the current one."""
        raise errors.syntax(self.script, token or self.current, hint=hint)

    def _take(self) -> Token:
        token = self.current
        if token is None:
            self.fail()
        self.index += 1
        return token

    def _type_tail(self) -> list[str]:
        for tail in _TYPE_TAILS:
            if self.accept(*tail):
                return list(tail)
        return []

    def _match(self, words: Sequence[str]) -> int | None:
        index, wanted = self.index, 0
        while wanted < len(words):
            if index >= len(self.tokens):
                return None
            token = self.tokens[index]
            if token.token_type in _TEXTUAL or token.token_type is TokenType.IDENTIFIER:
                return None
            for part in token.text.upper().split():
                if wanted >= len(words) or part != words[wanted]:
                    return None
                wanted += 1
            index += 1
        return index
