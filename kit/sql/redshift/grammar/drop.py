"""DROP, TRUNCATE, COMMENT and REFRESH."""

from __future__ import annotations

from typing import Literal

from kit.sql.redshift import errors
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import (
    Accepted,
    Comment,
    Drop,
    DropSchema,
    RefreshMaterializedView,
    Statement,
    TableName,
    Truncate,
)

_ACCEPTED = ("USER", "GROUP", "ROLE")
_COMMENTED: tuple[Literal["TABLE", "VIEW", "SCHEMA", "DATABASE"], ...] = ("TABLE", "VIEW", "SCHEMA", "DATABASE")


def drop(cursor: Cursor) -> Statement:
    cursor.expect("DROP")
    start = cursor.current
    if cursor.accept("SCHEMA"):
        return _schema(cursor)
    if cursor.accept("MATERIALIZED", "VIEW"):
        return _relations(cursor, "MATERIALIZED VIEW")
    if cursor.accept("VIEW"):
        return _relations(cursor, "VIEW")
    if cursor.accept("TABLE"):
        return _relations(cursor, "TABLE")
    for word in _ACCEPTED:
        if cursor.accept(word):
            cursor.index = len(cursor.tokens)
            return Accepted(f"DROP {word}")
    what = cursor.identifier().upper()
    raise errors.unsupported(f"DROP {what}", cursor.script, start)


def truncate(cursor: Cursor) -> Truncate:
    cursor.expect("TRUNCATE")
    cursor.accept("TABLE")
    table = cursor.table_name()
    cursor.end()
    return Truncate(table)


def refresh(cursor: Cursor) -> RefreshMaterializedView:
    cursor.expect("REFRESH")
    cursor.expect("MATERIALIZED", "VIEW")
    table = cursor.table_name()
    cascade = cursor.accept("CASCADE")
    if not cascade:
        cursor.accept("RESTRICT")
    cursor.end()
    return RefreshMaterializedView(table, cascade)


def comment(cursor: Cursor) -> Comment:
    cursor.expect("COMMENT")
    cursor.expect("ON")
    if cursor.accept("COLUMN"):
        full = cursor.table_name()
        if full.schema is None:
            cursor.fail()
        table = TableName(full.schema, full.database, None, full.line, full.column)
        return Comment("COLUMN", table, _text(cursor), full.name)
    if cursor.accept("CONSTRAINT"):
        name = cursor.identifier()
        cursor.expect("ON")
        return Comment("CONSTRAINT", cursor.table_name(), _text(cursor), name)
    for kind in _COMMENTED:
        if cursor.accept(kind):
            return Comment(kind, cursor.table_name(), _text(cursor))
    return cursor.fail()


def _text(cursor: Cursor) -> str | None:
    cursor.expect("IS")
    text = None if cursor.accept("NULL") else cursor.string()
    cursor.end()
    return text


def _relations(cursor: Cursor, kind: Literal["TABLE", "VIEW", "MATERIALIZED VIEW"]) -> Drop:
    exists = cursor.accept("IF", "EXISTS")
    tables = tuple(cursor.separated(cursor.table_name))
    cascade = _cascade(cursor)
    cursor.end()
    return Drop(kind, tables, exists, cascade)


def _schema(cursor: Cursor) -> DropSchema:
    exists = cursor.accept("IF", "EXISTS")
    names = tuple(cursor.separated(cursor.identifier))
    external = cursor.accept("DROP", "EXTERNAL", "DATABASE")
    cascade = _cascade(cursor)
    cursor.end()
    return DropSchema(names, exists, cascade, external)


def _cascade(cursor: Cursor) -> bool:
    return cursor.choice("CASCADE", "RESTRICT") == "CASCADE"
