"""INSERT, UPDATE, DELETE, MERGE and SELECT … INTO.

Source: Amazon Redshift Database Developer Guide, "INSERT", "UPDATE", "DELETE", "MERGE", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from kit.sql.redshift import errors
from kit.sql.redshift.dialect import parse_expression, parse_query, parse_source
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import DefaultValue, Delete, Insert, Merge, Query, TableName, Update

_DEFAULT = DefaultValue()


def select(cursor: Cursor) -> Query:
    """A query; SELECT … INTO names a table to make of it."""
    tree = cursor.query(may_go_into=True)
    into = tree.args.get("into")
    if into is None:
        return Query(tree)
    target = into.this
    tree.set("into", None)
    return Query(tree, _named(target, cursor), bool(into.args.get("temporary")) or target.name.startswith("#"))


def insert(cursor: Cursor) -> Insert:
    cursor.expect("INSERT")
    cursor.expect("INTO")
    table = cursor.table_name()
    columns = cursor.names() if cursor.at_symbol("(") and not _is_query_ahead(cursor) else ()
    if cursor.accept("DEFAULT", "VALUES"):
        cursor.end()
        return Insert(table, columns)
    if cursor.accept("VALUES"):
        rows = tuple(cursor.separated(lambda: _row(cursor)))
        cursor.end()
        return Insert(table, columns, rows)
    return Insert(table, columns, query=cursor.query())


def update(cursor: Cursor) -> Update:
    tree = parse_query(_rest(cursor), cursor.script)
    assert isinstance(tree, exp.Update)
    return Update(_named(tree.this, cursor), tree)


def delete(cursor: Cursor) -> Delete:
    tokens = _rest(cursor)
    tree = parse_query(_with_from(tokens), cursor.script)
    assert isinstance(tree, exp.Delete)
    return Delete(_named(tree.this, cursor), tree)


def merge(cursor: Cursor) -> Merge:
    cursor.expect("MERGE")
    cursor.expect("INTO")
    table = cursor.table_name()
    alias = None
    if cursor.accept("AS") or not cursor.at("USING"):
        alias = cursor.identifier()
    cursor.expect("USING")
    source = parse_source(cursor.run(lambda: cursor.at("ON")), cursor.script)
    cursor.expect("ON")
    on = parse_expression(cursor.run(lambda: cursor.at("WHEN") or cursor.at("REMOVE")), cursor.script)
    if cursor.accept("REMOVE", "DUPLICATES"):
        cursor.end()
        return Merge(table, source, on, alias, remove_duplicates=True)
    return _clauses(cursor, Merge(table, source, on, alias))


def _clauses(cursor: Cursor, merged: Merge) -> Merge:
    update: dict[str, exp.Expr] = {}
    delete_matched = False
    columns: tuple[str, ...] = ()
    values: tuple[exp.Expr, ...] = ()
    start = cursor.current
    while cursor.accept("WHEN"):
        if cursor.accept("MATCHED", "THEN"):
            if cursor.accept("DELETE"):
                delete_matched = True
            else:
                cursor.expect("UPDATE")
                cursor.expect("SET")
                update = dict(cursor.separated(lambda: _assignment(cursor)))
        else:
            cursor.expect("NOT")
            cursor.expect("MATCHED")
            cursor.expect("THEN")
            cursor.expect("INSERT")
            columns = cursor.names() if cursor.at_symbol("(") else ()
            cursor.expect("VALUES")
            cursor.expect_symbol("(")
            values = tuple(cursor.separated(cursor.expression))
            cursor.expect_symbol(")")
    cursor.end()
    if not (update or delete_matched) or not values:
        raise errors.syntax(
            cursor.script, start, hint="MERGE takes WHEN MATCHED and WHEN NOT MATCHED, or REMOVE DUPLICATES."
        )
    return Merge(merged.table, merged.source, merged.on, merged.alias, update, delete_matched, columns, values)


def _assignment(cursor: Cursor) -> tuple[str, exp.Expr]:
    name = cursor.identifier()
    if cursor.accept_symbol("."):
        name = cursor.identifier()
    cursor.expect_symbol("=")
    return name, cursor.expression(lambda: cursor.at("WHEN"))


def _row(cursor: Cursor) -> tuple[exp.Expr | DefaultValue, ...]:
    cursor.expect_symbol("(")
    values = tuple(cursor.separated(lambda: _value(cursor)))
    cursor.expect_symbol(")")
    return values


def _value(cursor: Cursor) -> exp.Expr | DefaultValue:
    """A value; a lone literal, as most are, does not trouble the expression parser."""
    token = cursor.current
    following = cursor.tokens[cursor.index + 1] if cursor.index + 1 < len(cursor.tokens) else None
    if token is not None and following is not None and following.token_type in {TokenType.COMMA, TokenType.R_PAREN}:
        literal = _literal(token)
        if literal is not None:
            cursor.index += 1
            return literal
    return cursor.expression()


def _literal(token: Token) -> exp.Expr | DefaultValue | None:
    match token.token_type:
        case TokenType.STRING:
            return exp.Literal(this=token.text, is_string=True).update_positions(token)
        case TokenType.NUMBER:
            return exp.Literal(this=token.text, is_string=False).update_positions(token)
        case TokenType.NULL:
            return exp.Null().update_positions(token)
        case TokenType.TRUE | TokenType.FALSE:
            return exp.Boolean(this=token.token_type is TokenType.TRUE).update_positions(token)
        case TokenType.DEFAULT:
            return _DEFAULT
        case _:
            return None


def _is_query_ahead(cursor: Cursor) -> bool:
    """Whether the parenthesis opens a query and not a list of columns."""
    index = cursor.index
    while index < len(cursor.tokens) and cursor.tokens[index].token_type is TokenType.L_PAREN:
        index += 1
    return index < len(cursor.tokens) and cursor.tokens[index].token_type in {TokenType.SELECT, TokenType.WITH}


def _rest(cursor: Cursor) -> Sequence[Token]:
    tokens = cursor.tokens[cursor.index :]
    cursor.index = len(cursor.tokens)
    return tokens


def _with_from(tokens: Sequence[Token]) -> Sequence[Token]:
    """Redshift's DELETE may leave out FROM; sqlglot's may not."""
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.DELETE:
            after = tokens[index + 1] if index + 1 < len(tokens) else None
            if after is not None and after.token_type is not TokenType.FROM:
                made = Token(TokenType.FROM, "FROM", token.line, token.col, token.start, token.end, [])
                return [*tokens[: index + 1], made, *tokens[index + 1 :]]
            break
    return tokens


def _named(node: exp.Expr, cursor: Cursor) -> TableName:
    if not isinstance(node, exp.Table) or not node.name:
        raise errors.syntax(cursor.script, cursor.tokens[0])
    offset = errors.offset_of(node)
    line, column = errors.place.line_column(cursor.script, offset if offset is not None else cursor.tokens[0].start)
    return TableName(node.name.lower(), node.db.lower() or None, node.catalog.lower() or None, line, column)
