"""A script into its statements: cut at semicolons, each handed to the parser that its first word names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlglot.tokens import Token, TokenType

from kit.base.errors import did_you_mean
from kit.sql.parameters import placeholders
from kit.sql.redshift import errors
from kit.sql.redshift.dialect import tokenize
from kit.sql.redshift.grammar import alter, copy, create, drop, maintain, rows, session, unload
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import Explain, ParsedStatement, Prepare, Statement
from kit.sql.redshift.types import Type


def parse(script: str, *, keep_case: bool = False) -> list[ParsedStatement]:
    """The statements of `script` in order; empty ones are left out.

    `keep_case` is `enable_case_sensitive_identifier`: quoted names keep their case. Raises `KitError` in Redshift's
    words, placed in the script.
    """
    return [_parsed(tokens, script, keep_case=keep_case) for tokens in _cut(tokenize(script))]


def _cut(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON:
            if index > start:
                yield tokens[start:index]
            start = index + 1
    if len(tokens) > start:
        yield tokens[start:]


def _parsed(tokens: Sequence[Token], script: str, *, keep_case: bool) -> ParsedStatement:
    cursor = Cursor(tokens, script, keep_case=keep_case)
    line, column = cursor.place(tokens[0])
    text = script[tokens[0].start : tokens[-1].end + 1]
    names = tuple(dict.fromkeys(found.name for found in placeholders(text)))
    return ParsedStatement(_statement(cursor), text, line, column, names)


def _statement(cursor: Cursor) -> Statement:
    token = cursor.current
    assert token is not None
    if token.token_type is TokenType.L_PAREN:
        return rows.select(cursor)
    word = token.text.upper()
    if word in _REFUSED:
        raise errors.unsupported(_REFUSED[word], cursor.script, token)
    parser = _PARSERS.get(word)
    if parser is None or token.token_type is TokenType.STRING:
        raise errors.syntax(cursor.script, token, hint=did_you_mean(word, _PARSERS))
    made = parser(cursor)
    cursor.end()
    return made


def _with(cursor: Cursor) -> Statement:
    """WITH opens a query, an UPDATE or a DELETE: the first of these words outside its parentheses decides."""
    depth = 0
    for token in cursor.tokens:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type is TokenType.UPDATE:
            return rows.update(cursor)
        if depth == 0 and token.token_type is TokenType.DELETE:
            return rows.delete(cursor)
        if depth == 0 and token.token_type is TokenType.SELECT:
            break
    return rows.select(cursor)


def _explain(cursor: Cursor) -> Explain:
    cursor.expect("EXPLAIN")
    verbose = cursor.accept("VERBOSE")
    if cursor.done:
        cursor.fail()
    return Explain(_statement(Cursor(_take_rest(cursor), cursor.script)), verbose)


def _prepare(cursor: Cursor) -> Prepare:
    cursor.expect("PREPARE")
    name = cursor.identifier()
    types: list[Type] = []
    if cursor.accept_symbol("("):
        types = cursor.separated(cursor.type)
        cursor.expect_symbol(")")
    cursor.expect("AS")
    return Prepare(name, tuple(types), _statement(Cursor(_take_rest(cursor), cursor.script)))


def _take_rest(cursor: Cursor) -> Sequence[Token]:
    rest = cursor.tokens[cursor.index :]
    cursor.index = len(cursor.tokens)
    if not rest:
        cursor.fail()
    return rest


_PARSERS: dict[str, Callable[[Cursor], Statement]] = {
    "SELECT": rows.select,
    "WITH": _with,
    "INSERT": rows.insert,
    "UPDATE": rows.update,
    "DELETE": rows.delete,
    "MERGE": rows.merge,
    "CREATE": create.create,
    "ALTER": alter.alter,
    "DROP": drop.drop,
    "TRUNCATE": drop.truncate,
    "COMMENT": drop.comment,
    "REFRESH": drop.refresh,
    "COPY": copy.copy,
    "UNLOAD": unload.unload,
    "ANALYZE": maintain.analyze,
    "ANALYSE": maintain.analyze,
    "VACUUM": maintain.vacuum,
    "EXPLAIN": _explain,
    "SET": session.set_,
    "RESET": session.reset,
    "SHOW": session.show,
    "BEGIN": session.begin,
    "START": session.begin,
    "COMMIT": session.commit,
    "END": session.commit,
    "ROLLBACK": session.rollback,
    "ABORT": session.rollback,
    "LOCK": session.lock,
    "CANCEL": session.cancel,
    "PREPARE": _prepare,
    "EXECUTE": session.execute,
    "DEALLOCATE": session.deallocate,
    "DECLARE": session.declare,
    "FETCH": session.fetch,
    "CLOSE": session.close,
    "GRANT": session.rights,
    "REVOKE": session.rights,
}

# Statements of PostgreSQL or of Redshift that have no counterpart here, refused by name.
_REFUSED = {
    "CALL": "CALL of a stored procedure",
    "SAVEPOINT": "SAVEPOINT",
    "VALUES": "VALUES as a statement of its own",
    "DO": "DO",
    "LISTEN": "LISTEN",
    "NOTIFY": "NOTIFY",
    "UNLISTEN": "UNLISTEN",
    "REINDEX": "REINDEX",
    "CLUSTER": "CLUSTER",
    "DISCARD": "DISCARD",
    "USE": "USE",
    "DESC": "DESC",
    "PRAGMA": "PRAGMA",
    "ATTACH": "ATTACH",
    "INSTALL": "INSTALL",
    "LOAD": "LOAD",
}
