"""Redshift's lexing and query grammar: sqlglot's parser with calls left as they were written.

sqlglot would turn `LEN(x)` and `TEXTLEN(x)` into its own canonical functions and lose which was meant; here every
ordinary call stays an `exp.Anonymous` under its own name, so that one table of Redshift's functions decides what it
is. Only calls with a grammar of their own (CAST, EXTRACT, TRIM, …) get nodes of their own. Everything that touches
sqlglot's parser internals is in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from kit.sql.redshift import closed, errors

# Key of a data type's meta data that holds its text.
SPELLING = "spelling"
_GRAMMATICAL_CALLS = ("CAST", "TRY_CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
_LITERAL_TYPES = Redshift.Parser.TYPE_TOKENS - {TokenType.INTERVAL}
_INTERVAL_FIELDS = frozenset(
    {"YEAR", "YEARS", "MONTH", "MONTHS", "DAY", "DAYS", "HOUR", "HOURS", "MINUTE", "MINUTES", "SECOND", "SECONDS"}
)


class RedshiftSource(Redshift):
    """The dialect that scripts are read in; nothing is ever generated in it but names in hints."""

    class Tokenizer(Redshift.Tokenizer):
        # sqlglot would swallow the rest of these statements as one string.
        COMMANDS: ClassVar[set[TokenType]] = set()

    class Parser(Redshift.Parser):  # type: ignore[bad-override]  # how sqlglot's dialects are made
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: Redshift.Parser.FUNCTION_PARSERS[name] for name in _GRAMMATICAL_CALLS
        }

        def approximate(self) -> exp.Expr | None:
            """APPROXIMATE f(…): the call, kept as the one argument of a call to `approximate`."""
            word = self._prev
            call = self._parse_function()
            if call is None:
                self._retreat(self._index - 1)
                return None
            windowed = call if isinstance(call, exp.Window) else None
            inner = call.this if windowed is not None else call
            marked = self.expression(exp.Anonymous(this="approximate", expressions=[inner])).update_positions(word)
            if windowed is None:
                return marked
            windowed.set("this", marked)
            return windowed

        def sysdate(self) -> exp.Expr:
            return self.expression(exp.Anonymous(this="sysdate")).update_positions(self._prev)

        def object_transform(self) -> exp.Expr:
            """OBJECT_TRANSFORM with its words skipped: the name is refused where functions are looked up."""
            made = self.expression(exp.Anonymous(this="object_transform")).update_positions(self._prev)
            depth = 0
            while self._curr:
                depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(self._curr.token_type, 0)
                self._advance()
                if depth == 0:
                    break
            return made

        def prior(self) -> exp.Expr:
            return self.expression(exp.Prior(this=self._parse_bitwise()))

        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "ANY": Redshift.Parser.NO_PAREN_FUNCTION_PARSERS["ANY"],
            "CASE": Redshift.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"],
            "APPROXIMATE": approximate,
            "SYSDATE": sysdate,
            "OBJECT_TRANSFORM": object_transform,
            "PRIOR": prior,
        }

        def _parse_parameter(self) -> exp.Expr:  # type: ignore[bad-override]  # an operator here, not a name
            """`@ x`, the absolute value; `$1` is a parameter."""
            word = self._prev
            if word.text != "@":
                return super()._parse_parameter()
            made = self.expression(exp.Anonymous(this="@", expressions=[self._parse_unary()]))
            return made.update_positions(word)

        def dollar_quoted(self, token: Token) -> exp.Expr:
            return self.expression(exp.Literal(this=token.text, is_string=True)).update_positions(token)

        PRIMARY_PARSERS: ClassVar[dict[Any, Any]] = {
            **Redshift.Parser.PRIMARY_PARSERS,
            TokenType.HEREDOC_STRING: dollar_quoted,
            TokenType.RAW_STRING: dollar_quoted,
        }

        def _parse_bitwise(self) -> exp.Expr | None:
            """Adds `#`, exclusive or, which sqlglot's tokenizer takes for the first letter of a name."""
            this = super()._parse_bitwise()
            while this is not None and self._curr and self._curr.text == "#":
                self._advance()
                this = self.expression(exp.BitwiseXor(this=this, expression=super()._parse_bitwise()))
            return this

        def _parse_table(self, *arguments: Any, **options: Any) -> exp.Expr | None:
            """A table, or a path into an array that has a subscript in it, which sqlglot knows in expressions only."""
            if not self._is_subscripted():
                return super()._parse_table(*arguments, **options)
            path = self._parse_column()
            self._match(TokenType.ALIAS)
            alias = self._parse_id_var(tokens=self.TABLE_ALIAS_TOKENS)
            made = self.expression(exp.Alias(this=path, alias=alias)) if alias is not None else path
            if alias is not None and self._match_text_seq("AT"):
                return self.expression(exp.AtIndex(this=made, expression=self._parse_id_var()))
            return made

        def _parse_csv(self, parse_method: Callable[[], Any], sep: TokenType = TokenType.COMMA) -> list[Any]:
            """A list without a comma at its end, which sqlglot would let pass."""
            items = super()._parse_csv(parse_method, sep)
            if sep is TokenType.COMMA and self._prev and self._prev.token_type is TokenType.COMMA:
                self.raise_error("Expected an expression after the comma")
            return items

        def _parse_connect_with_prior(self) -> exp.Expr | None:
            # sqlglot's own would take PRIOR off the class for the queries that come.
            return self._parse_disjunction()

        def _parse_join(
            self, skip_join_token: bool = False, parse_bracket: bool = False, alias_tokens: Any = None
        ) -> exp.Join | None:
            """A join that says what it is: sqlglot makes the same of `a, b` and `a JOIN b`."""
            is_comma = self._curr and self._curr.token_type is TokenType.COMMA
            made = super()._parse_join(skip_join_token, parse_bracket, alias_tokens)
            if (
                made is not None
                and not is_comma
                and not any(made.args.get(part) for part in ("side", "kind", "method"))
            ):
                made.set("kind", "INNER")
            return made

        def _parse_limit(
            self, this: exp.Expr | None = None, top: bool = False, skip_limit_token: bool = False
        ) -> exp.Expr | None:
            made = super()._parse_limit(this, top, skip_limit_token)
            if made is not None and made.args.get("offset") is not None:
                raise errors.error(
                    errors.SYNTAX_ERROR,
                    "LIMIT #,# syntax is not supported",
                    self.sql,
                    made,
                    "Use separate LIMIT and OFFSET clauses.",
                )
            return made

        def _parse_lateral(self) -> exp.Lateral | None:
            first = self._curr
            made = super()._parse_lateral()
            return made.update_positions(first) if made is not None else None

        def _is_subscripted(self) -> bool:
            """Whether what comes is `name.name…[`."""
            index = self._index
            while index < len(self._tokens) and self._tokens[index].token_type in {TokenType.VAR, TokenType.IDENTIFIER}:
                index += 1
                if index == len(self._tokens) or self._tokens[index].token_type is not TokenType.DOT:
                    break
                index += 1
            return self._index < index < len(self._tokens) and self._tokens[index].token_type is TokenType.L_BRACKET

        def _parse_types(
            self,
            check_func: bool = False,
            schema: bool = False,
            allow_identifiers: bool = True,
            with_collation: bool = False,
        ) -> exp.Expr | None:
            """A type with its own spelling kept: sqlglot makes one of FLOAT and REAL, which Redshift tells apart."""
            first = self._curr
            made = super()._parse_types(check_func, schema, allow_identifiers, with_collation)
            if isinstance(made, exp.DataType) and first:
                made.meta[SPELLING] = self.sql[first.start : self._prev.end + 1]
                made.update_positions(first)
            return made

        def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> exp.Expr | None:
            """`DATE 'text'::VARCHAR` casts the date; sqlglot would cast the text."""
            index = self._index
            if self._curr and self._curr.token_type in _LITERAL_TYPES:
                kind = self._parse_types(check_func=True, allow_identifiers=False)
                if isinstance(kind, exp.DataType) and self._curr and self._curr.token_type is TokenType.STRING:
                    made = self.expression(exp.Cast(this=self._parse_primary(), to=kind))
                    return self._parse_column_ops(made)
                self._retreat(index)
            return super()._parse_type(parse_interval, fallback_to_identifier)

        def _parse_interval(
            self,
            require_interval: bool = True,  # noqa: ARG002
            parse_function_unit: bool = True,  # noqa: ARG002
        ) -> exp.Add | exp.Interval | None:
            """INTERVAL with its text as it was written; sqlglot would rewrite `'1w, 2h'` by its own rules."""
            index = self._index
            if not self._match(TokenType.INTERVAL):
                return None
            word = self._prev
            if not self._match_set((TokenType.STRING, TokenType.NUMBER)):
                self._retreat(index)
                return None
            value = exp.Literal(this=self._prev.text, is_string=True).update_positions(self._prev)
            fields: list[str] = []
            if self._curr and self._curr.text.upper() in _INTERVAL_FIELDS:
                fields.append(self._curr.text.upper())
                self._advance()
                if self._match_text_seq("TO"):
                    fields.append(self._curr.text.upper())
                    self._advance()
                if self._match(TokenType.L_PAREN):
                    self._advance()
                    self._match_r_paren()
            unit = exp.var(" TO ".join(fields)) if fields else None
            return self.expression(exp.Interval(this=value, unit=unit)).update_positions(word)

        def statement(self) -> exp.Expr | None:
            return self._parse_statement()

        def scalar(self) -> exp.Expr | None:
            return self._parse_expression()

        def source(self) -> exp.Expr | None:
            return self._parse_table()

        def only(
            self, part: Callable[[RedshiftSource.Parser], exp.Expr | None], tokens: Sequence[Token], script: str
        ) -> exp.Expr | None:
            """What `part` makes of all the tokens."""
            parsed = self._parse(part, list(tokens), script)  # type: ignore[arg-type]
            return parsed[0] if parsed else None


_DIALECT = RedshiftSource()


def tokenize(script: str) -> list[Token]:
    """All tokens of a script, semicolons among them.

    Raises 42601 where a string, a quoted name or a comment is not closed.
    """
    try:
        return _DIALECT.tokenize(script)
    except TokenError as error:
        raise errors.from_sqlglot(error, script) from error


def parse_query(tokens: Sequence[Token], script: str, *, may_go_into: bool = False) -> exp.Expr:
    """The statement that `tokens` make up: SELECT, a set operation, WITH, UPDATE or DELETE.

    `may_go_into`: it may be SELECT … INTO, which the caller takes out.
    """
    return _parsed(RedshiftSource.Parser.statement, tokens, script, may_go_into=may_go_into)


def parse_expression(tokens: Sequence[Token], script: str) -> exp.Expr:
    """The scalar expression that `tokens` make up."""
    return _parsed(RedshiftSource.Parser.scalar, tokens, script)


def parse_source(tokens: Sequence[Token], script: str) -> exp.Expr:
    """The table or subquery, with its alias, that `tokens` make up."""
    return _parsed(RedshiftSource.Parser.source, tokens, script)


def _parsed(
    part: Callable[[RedshiftSource.Parser], exp.Expr | None],
    tokens: Sequence[Token],
    script: str,
    *,
    may_go_into: bool = False,
) -> exp.Expr:
    try:
        tree = RedshiftSource.Parser(dialect=_DIALECT).only(part, tokens, script)
    except ParseError as error:
        raise errors.from_sqlglot(error, script, tokens) from error
    if tree is None:
        raise errors.syntax(script, tokens[0] if tokens else None)
    closed.check(tree, script, may_go_into=may_go_into)
    return tree
