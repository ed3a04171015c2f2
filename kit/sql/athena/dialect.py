"""Trino's query grammar on sqlglot's parser, with what sqlglot adds out of kindness taken away again.

sqlglot reads all dialects with one parser and so accepts, under the name of Trino, much that Trino refuses: `::` casts,
ILIKE, LIMIT before OFFSET, clauses in any order, type names and functions of other systems. Here only Trino's words are
keywords, functions stay calls by name (the function tables decide what exists), clauses come in Trino's order, and
leaves know their place in the text. What slips through nevertheless ends as a node that the translation does not know,
and is refused there.

Source: SqlBase.g4 of trinodb/trino, read 2026-11.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokens import TokenType

from kit.base.errors import KitError
from kit.sql.lexer import Kind, Token, tokens
from kit.sql.place import error_at, offset_of

LITERAL = "literal"
"""The meta key of a cast that is written as a literal: `DECIMAL '1.5'` is not `CAST('1.5' AS DECIMAL)`."""

CLAUSES = "clauses"
"""The meta key of what stands in a SQL/JSON function after its arguments, by clause."""

_KEYWORDS = frozenset(
    {
        *("ALL", "AND", "ANY", "AS", "ASC", "BETWEEN", "CASE", "CROSS", "CUBE", "DESC", "DISTINCT", "ELSE", "END"),
        *("CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_SCHEMA", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER"),
        *("ESCAPE", "EXCEPT", "EXISTS", "FALSE", "FETCH", "FILTER", "FIRST", "FOR", "FROM", "FULL", "GROUP BY"),
        *("GROUPING SETS", "HAVING", "IN", "INNER", "INTERSECT", "INTERVAL", "IS", "JOIN", "LATERAL", "LEFT", "LIKE"),
        *("LIMIT", "LOCALTIME", "LOCALTIMESTAMP", "MATCH_RECOGNIZE", "NATURAL", "NEXT", "NOT", "NULL", "OFFSET", "ON"),
        *("OR", "ORDER BY", "ORDINALITY", "OUTER", "OVER", "PARTITION BY", "RANGE", "RECURSIVE", "RIGHT", "ROLLUP"),
        *("ROWS", "SELECT", "SOME", "TABLE", "TABLESAMPLE", "THEN", "TRUE", "UNION", "UNNEST", "USING", "VALUES"),
        *("WHEN", "WHERE", "WINDOW", "WITH"),
        *("ARRAY", "BIGINT", "BOOLEAN", "CHAR", "DATE", "DEC", "DECIMAL", "DOUBLE", "DOUBLE PRECISION", "INT"),
        *("INTEGER", "JSON", "MAP", "REAL", "ROW", "SMALLINT", "TIME", "TIMESTAMP", "TINYINT", "UUID", "VARBINARY"),
        *("VARCHAR", "IPADDRESS", "HYPERLOGLOG", "TDIGEST"),
        *("||", ">=", "<=", "<>", "!=", "->", "=>"),
    }
)
_CLAUSE_RANKS = {
    TokenType.WHERE: 1,
    TokenType.GROUP_BY: 2,
    TokenType.HAVING: 3,
    TokenType.WINDOW: 4,
    TokenType.ORDER_BY: 5,
    TokenType.OFFSET: 6,
    TokenType.LIMIT: 7,
    TokenType.FETCH: 7,
}


def _json_parser(name: str) -> Any:
    def parse(parser: _Parser) -> exp.Expr:
        return parser.json_call(name.lower())

    return parse


class _Parser(TrinoParser):
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: TrinoParser.FUNCTION_PARSERS[name]
        for name in (*("CAST", "TRY_CAST", "EXTRACT", "LISTAGG", "NORMALIZE", "POSITION", "SUBSTRING", "TRIM"),)
    } | {name: _json_parser(name) for name in ("JSON_ARRAY", "JSON_EXISTS", "JSON_OBJECT", "JSON_QUERY", "JSON_VALUE")}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": TrinoParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
    COLUMN_OPERATORS: ClassVar[dict[TokenType, Any]] = {TokenType.DOT: None}
    PRIMARY_PARSERS: ClassVar[dict[TokenType, Any]] = {
        **TrinoParser.PRIMARY_PARSERS,
        TokenType.NULL: lambda self, token: self.expression(exp.Null(), token),
        TokenType.TRUE: lambda self, token: self.expression(exp.Boolean(this=True), token),
        TokenType.FALSE: lambda self, token: self.expression(exp.Boolean(this=False), token),
    }
    PLACEHOLDER_PARSERS: ClassVar[dict[TokenType, Any]] = {
        TokenType.PLACEHOLDER: lambda self: self.expression(exp.Placeholder(), self._prev),
        TokenType.PARAMETER: lambda self: self._parameter(),
    }
    QUERY_MODIFIER_PARSERS: ClassVar[dict[TokenType, Any]] = {
        token: TrinoParser.QUERY_MODIFIER_PARSERS[token] for token in (*_CLAUSE_RANKS, TokenType.MATCH_RECOGNIZE)
    }
    TYPE_LITERAL_PARSERS: ClassVar[dict[exp.DType, Any]] = dict.fromkeys(
        exp.DType, lambda self, this, to: self._typed_literal(this, to)
    )

    def _typed_literal(self, this: exp.Expr, to: exp.DataType) -> exp.Expr:
        cast = self.expression(exp.Cast(this=this, to=to))
        cast.meta[LITERAL] = True
        return cast

    # SQL/JSON functions: arguments first, then clauses, which go into the call's meta.

    def json_call(self, name: str) -> exp.Expr:
        """The rest of a call of a SQL/JSON function."""
        arguments = {"json_array": self._json_items, "json_object": self._json_members}.get(name, self._json_path)
        clauses: dict[str, Any] = {}
        call = exp.Anonymous(this=name, expressions=arguments(clauses))
        if self._match_text_seq("RETURNING"):
            clauses["returning"] = self._parse_types()
        while (behaviour := self._json_behaviour()) is not None:
            self._match_text_seq("ON")
            clauses["on error" if self._match_text_seq("ERROR") else "on empty"] = behaviour
            if self._prev.text.upper() not in ("ERROR", "EMPTY") and not self._match_text_seq("EMPTY"):
                self.raise_error("Expecting EMPTY")
        call.meta[CLAUSES] = clauses
        return call

    def _json_path(self, clauses: dict[str, Any]) -> list[exp.Expr]:
        document = self._parse_bitwise()
        self._match_r_comma()
        path = self._parse_bitwise()
        if self._match_text_seq("WITHOUT"):
            self._match_text_seq("ARRAY")
            self._match_text_seq("WRAPPER")
        elif self._match_text_seq("WITH"):
            conditional = self._match_text_seq("CONDITIONAL")
            self._match_text_seq("UNCONDITIONAL")
            self._match_text_seq("ARRAY")
            self._match_text_seq("WRAPPER")
            clauses["wrapper"] = "CONDITIONAL" if conditional else "UNCONDITIONAL"
        return [part for part in (document, path) if part is not None]

    def _match_r_comma(self) -> None:
        if not self._match(TokenType.COMMA):
            self.raise_error("Expecting ,")

    def _json_items(self, clauses: dict[str, Any]) -> list[exp.Expr]:
        items = self._parse_csv(self._parse_bitwise)
        self._json_null_treatment(clauses)
        return items

    def _json_members(self, clauses: dict[str, Any]) -> list[exp.Expr]:
        """Keys and values, one after the other."""
        members: list[exp.Expr] = []
        while not self._match(TokenType.R_PAREN, advance=False):
            self._match_text_seq("KEY")
            key = self._parse_bitwise()
            if not (self._match(TokenType.COLON) or self._match_text_seq("VALUE")):
                self.raise_error("Expecting :")
            value = self._parse_bitwise()
            members.extend(part for part in (key, value) if part is not None)
            if not self._match(TokenType.COMMA):
                break
        self._json_null_treatment(clauses)
        return members

    def _json_null_treatment(self, clauses: dict[str, Any]) -> None:
        for word in ("NULL", "ABSENT"):
            if self._match_text_seq(word, "ON", "NULL"):
                clauses["null"] = word

    def _json_behaviour(self) -> tuple[str, exp.Expr | None] | None:
        for word in ("NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN"):
            if self._match_text_seq(word):
                return word, None
        if self._match_text_seq("DEFAULT"):
            return "DEFAULT", self._parse_bitwise()
        return None

    def _parameter(self) -> exp.Expr | None:
        if not self._match_set((TokenType.VAR, *self.ID_VAR_TOKENS)):
            return None
        return self.expression(exp.Parameter(this=exp.var(self._prev.text)), self._prev)

    def _parse_query_modifiers(self, this: Any) -> Any:
        start = self._index
        parsed = super()._parse_query_modifiers(this)
        self._check_clause_order(start)
        return parsed

    def _check_clause_order(self, start: int) -> None:
        depth = rank = 0
        for token in self._tokens[start : self._index]:
            match token.token_type:
                case TokenType.L_PAREN:
                    depth += 1
                case TokenType.R_PAREN:
                    depth -= 1
                case kind if depth == 0 and kind in _CLAUSE_RANKS:
                    if _CLAUSE_RANKS[kind] <= rank:
                        self.raise_error(f"Unexpected {token.text}", token)
                    rank = _CLAUSE_RANKS[kind]


class TrinoQueries(Trino):
    """The dialect of queries. Indexes stay as written; sqlglot's own functions, casts and keywords are off."""

    INDEX_OFFSET = 0

    class Tokenizer(Trino.Tokenizer):
        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            word: token for word, token in Trino.Tokenizer.KEYWORDS.items() if word in _KEYWORDS
        }

    Parser = _Parser


_QUERY_STARTS: Final = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})
RESERVED: Final = frozenset(
    {
        *("ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "CONSTRAINT", "CREATE", "CROSS", "CUBE"),
        *("CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME"),
        *("CURRENT_TIMESTAMP", "CURRENT_USER", "DEALLOCATE", "DELETE", "DESCRIBE", "DISTINCT", "DROP", "ELSE", "END"),
        *("ESCAPE", "EXCEPT", "EXECUTE", "EXISTS", "EXTRACT", "FALSE", "FOR", "FROM", "FULL", "GROUP", "GROUPING"),
        *("HAVING", "IN", "INNER", "INSERT", "INTERSECT", "INTO", "IS", "JOIN", "LEFT", "LIKE", "LISTAGG", "LOCALTIME"),
        *("LOCALTIMESTAMP", "NATURAL", "NORMALIZE", "NOT", "NULL", "ON", "OR", "ORDER", "OUTER", "PREPARE"),
        *("RECURSIVE", "RIGHT", "ROLLUP", "SELECT", "SKIP", "TABLE", "THEN", "TRIM", "TRUE", "UESCAPE", "UNION"),
        *("UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WITH"),
    }
)
"""Words that are no names unless quoted. Source: Reserved keywords, Trino documentation, read 2026-11."""
_CLAUSE_WORDS: Final = frozenset(
    {
        *("FROM", "WHERE", "HAVING", "ORDER", "UNION", "INTERSECT", "EXCEPT", "ON", "USING"),
    }
)
_BEFORE_OPERAND: Final = frozenset({",", "SELECT", "BY"})
_BEFORE_ITEM: Final = frozenset({"(", "[", "ALL", "DISTINCT"})


@cache
def _dialect() -> TrinoQueries:
    return TrinoQueries()


def query_tree(text: str) -> exp.Expr:
    """The tree of one query. Named parameters are `exp.Parameter`s; `?` carry their number from 0 as meta `index`.

    Raises `SYNTAX_ERROR`, worded as Trino words it, at the token that does not fit.
    """
    words = list(tokens(text))
    _check_words(text, words)
    for word in words:
        if word.kind is Kind.PARAMETER:
            text = f"{text[: word.start]}@{text[word.start + 1 :]}"
    try:
        (tree,) = _dialect().parse(text)
    except TokenError as error:
        raise error_at("SYNTAX_ERROR", f"The text cannot be read: {error}", text, 0) from error
    except ParseError as error:
        raise _syntax_error(error, text) from error
    except RecursionError as error:
        raise error_at("SYNTAX_ERROR", "The query is nested too deeply", text, 0) from error
    assert tree is not None, "there is at least one word"
    marks = sorted((node for node in tree.find_all(exp.Placeholder)), key=lambda node: node.meta["start"])
    for index, node in enumerate(marks):
        node.meta["index"] = index
    _check_names(text, tree)
    return tree


def _check_words(text: str, words: list[Token]) -> None:
    """Refuse what the parser would read with a smile."""
    if not words:
        raise error_at("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: <query>", text, len(text))
    if words[0].upper not in _QUERY_STARTS:
        raise error_at("SYNTAX_ERROR", f"mismatched input '{words[0].text}'. Expecting: <query>", text, words[0].start)
    for before, word in zip(words, [*words[1:], Token(Kind.OPERATOR, "<EOF>", len(text), len(text))], strict=True):
        if before.open:
            raise error_at("SYNTAX_ERROR", "A string, quoted name or comment is not closed", text, before.start)
        if before.text.startswith("`"):
            message = "backquoted identifiers are not supported; use double quotes to quote identifiers"
            raise error_at("SYNTAX_ERROR", message, text, before.start)
        dangles = before.upper in _BEFORE_OPERAND and (
            word.upper in _CLAUSE_WORDS or word.text in (")", "]", ",", "<EOF>")
        )
        dangles = dangles or (word.text == "," and before.upper in _BEFORE_ITEM)
        bare_interval = before.upper == "INTERVAL" and word.kind is Kind.NUMBER
        if dangles or bare_interval or word.text in ("@", ";", "::"):
            expecting = ". Expecting: <string>" if bare_interval else ". Expecting: <expression>" if dangles else ""
            hint = "Athena has no :: cast: write CAST(x AS type)." if word.text == "::" else ""
            raise error_at("SYNTAX_ERROR", f"mismatched input '{word.text}'{expecting}", text, word.start, hint)


def _check_names(text: str, tree: exp.Expr) -> None:
    for name in tree.find_all(exp.Identifier):
        start = name.meta.get("start")
        if start is not None and not name.quoted and name.name.upper() in RESERVED:
            hint = f'"{name.name}" in double quotes would be a name.'
            raise error_at(
                "SYNTAX_ERROR", f"mismatched input '{name.name}'. Expecting: <identifier>", text, start, hint
            )


def _syntax_error(error: ParseError, text: str) -> KitError:
    """sqlglot's complaint in Trino's words, at the token that it stumbled over."""
    first = error.errors[0] if error.errors else {}
    description = str(first.get("description") or "")
    highlight = str(first.get("highlight") or "")
    line, column = first.get("line") or 1, first.get("col") or 1
    start = max(offset_of(text, line, column) - len(highlight) + 1, 0)
    expecting = f". Expecting: '{description.split()[1]}'" if description.startswith("Expecting ") else ""
    if description.startswith(("Expecting", "Expected", "Required")) and not text[start + len(highlight) :].strip():
        return error_at("SYNTAX_ERROR", f"mismatched input '<EOF>'{expecting}", text, len(text.rstrip()))
    if description.startswith("Expected TYPE"):
        return error_at("TYPE_NOT_FOUND", f"Unknown type: {highlight}", text, start)
    return error_at("SYNTAX_ERROR", f"mismatched input '{highlight}'{expecting}", text, start)
