"""CREATE TABLE, VIEW, MATERIALIZED VIEW, SCHEMA and their kin.

Source: Amazon Redshift Database Developer Guide, "SQL commands", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.grammar import columns
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import (
    Accepted,
    CreateExternalSchema,
    CreateMaterializedView,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    Statement,
    TableAttributes,
)

MEGABYTES: Final = {"MB": 1, "GB": 1024, "TB": 1024 * 1024}
_ACCEPTED = ("USER", "GROUP", "ROLE")
_REFUSED = {
    "FUNCTION": "User-defined functions are",
    "PROCEDURE": "Stored procedures are",
    "EXTERNAL": "CREATE EXTERNAL of this kind is",
    "DATABASE": "CREATE DATABASE is",
    "INDEX": "CREATE INDEX is",
    "SEQUENCE": "CREATE SEQUENCE is",
    "TRIGGER": "CREATE TRIGGER is",
    "TYPE": "CREATE TYPE is",
    "MODEL": "CREATE MODEL is",
    "DATASHARE": "CREATE DATASHARE is",
    "LIBRARY": "CREATE LIBRARY is",
    "RULE": "CREATE RULE is",
}


def create(cursor: Cursor) -> Statement:
    cursor.expect("CREATE")
    start = cursor.current
    or_replace = cursor.accept("OR", "REPLACE")
    if cursor.accept("MATERIALIZED", "VIEW"):
        return _materialized_view(cursor)
    if cursor.accept("VIEW"):
        return _view(cursor, or_replace=or_replace)
    if or_replace and not cursor.at("FUNCTION") and not cursor.at("PROCEDURE"):
        cursor.fail()
    if cursor.accept("EXTERNAL", "SCHEMA"):
        return _external_schema(cursor)
    if cursor.accept("SCHEMA"):
        return _schema(cursor)
    for word in _ACCEPTED:
        if cursor.accept(word):
            cursor.index = len(cursor.tokens)
            return Accepted(f"CREATE {word}")
    for word, phrase in _REFUSED.items():
        if cursor.at(word):
            hint = "Tables of the lake are made by a crawler." if word == "EXTERNAL" else ""
            raise errors.error(errors.NOT_SUPPORTED, f"{phrase} not supported", cursor.script, start, hint)
    local = cursor.accept("LOCAL")
    temporary = cursor.choice("TEMPORARY", "TEMP") is not None
    if local and not temporary:
        cursor.fail()
    cursor.expect("TABLE")
    return _table(cursor, temporary=temporary)


def _table(cursor: Cursor, *, temporary: bool) -> CreateTable | CreateTableAs:
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    start = cursor.current
    name = cursor.table_name()
    temporary = temporary or name.name.startswith("#")
    if cursor.at_symbol("(") and not _is_name_list(cursor):
        found = columns.elements(cursor)
        attributes = columns.attributes(cursor, found)
        cursor.end()
        if not found.columns and not found.likes:
            cursor.fail(start)
        return CreateTable(
            name,
            tuple(found.columns),
            attributes,
            tuple(found.constraints),
            tuple(found.likes),
            temporary,
            if_not_exists,
        )
    names = cursor.names() if cursor.at_symbol("(") else ()
    attributes = columns.attributes(cursor)
    cursor.expect("AS")
    if if_not_exists:
        cursor.fail(start, "CREATE TABLE AS has no IF NOT EXISTS.")
    return CreateTableAs(name, cursor.query(), names, attributes, temporary)


def _is_name_list(cursor: Cursor) -> bool:
    """Whether the parentheses hold bare names, as CREATE TABLE AS has them: a comma or the end after the first word."""
    after = cursor.tokens[cursor.index + 2 : cursor.index + 3]
    return bool(after) and after[0].text in {",", ")"}


def _view(cursor: Cursor, *, or_replace: bool) -> CreateView:
    name = cursor.table_name()
    names = cursor.names() if cursor.at_symbol("(") else ()
    cursor.expect("AS")
    tail = ("WITH", "NO", "SCHEMA", "BINDING")
    late = _ends_with(cursor, tail)
    query, text = _query(cursor, len(tail) if late else 0)
    return CreateView(name, query, text, names, or_replace, late)


def _ends_with(cursor: Cursor, words: tuple[str, ...]) -> bool:
    return tuple(token.text.upper() for token in cursor.tokens[-len(words) :]) == words


def _query(cursor: Cursor, leave: int = 0) -> tuple[exp.Query, str]:
    """The query up to the last `leave` tokens, and its text."""
    end = len(cursor.tokens) - leave
    inner = Cursor(cursor.tokens[cursor.index : end], cursor.script)
    query = inner.query()
    cursor.index = len(cursor.tokens)
    return query, inner.text_from(0)


def _materialized_view(cursor: Cursor) -> CreateMaterializedView:
    name = cursor.table_name()
    names = cursor.names() if cursor.at_symbol("(") else ()
    attributes = columns.attributes(cursor)
    refresh = False
    if cursor.accept("AUTO", "REFRESH"):
        refresh = (cursor.choice("YES", "NO") or cursor.fail()) == "YES"
    if attributes == TableAttributes():
        attributes = columns.attributes(cursor)
    cursor.expect("AS")
    query, text = _query(cursor)
    return CreateMaterializedView(name, query, text, names, attributes, refresh)


def _schema(cursor: Cursor) -> CreateSchema:
    exists = cursor.accept("IF", "NOT", "EXISTS")
    owner: str | None = None
    if cursor.accept("AUTHORIZATION"):
        owner = cursor.identifier()
        name = owner
    else:
        name = cursor.identifier()
        if cursor.accept("AUTHORIZATION"):
            owner = cursor.identifier()
    limit = quota(cursor) if cursor.accept("QUOTA") else None
    cursor.end()
    return CreateSchema(name, exists, owner, limit or None)


def quota(cursor: Cursor) -> int:
    """`n [MB | GB | TB]` in MB, 0 for UNLIMITED."""
    if cursor.accept("UNLIMITED"):
        return 0
    amount = cursor.integer()
    unit = cursor.choice(*MEGABYTES) or "MB"
    return amount * MEGABYTES[unit]


def _external_schema(cursor: Cursor) -> CreateExternalSchema:
    exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.identifier()
    cursor.expect("FROM")
    if not cursor.accept("DATA", "CATALOG"):
        raise errors.unsupported(
            "CREATE EXTERNAL SCHEMA from this source", cursor.script, cursor.current, "Use FROM DATA CATALOG."
        )
    database, role, region, create_database = "", "", "", False
    while not cursor.done:
        if cursor.accept("DATABASE"):
            database = cursor.string()
        elif cursor.accept("IAM_ROLE"):
            role = cursor.accept_string() or cursor.identifier()
        elif cursor.accept("REGION"):
            region = cursor.string()
        elif cursor.accept("CATALOG_ROLE"):
            cursor.accept_string() or cursor.identifier()
        elif cursor.accept("CREATE", "EXTERNAL", "DATABASE", "IF", "NOT", "EXISTS"):
            create_database = True
        else:
            cursor.fail()
    if not database:
        cursor.fail()
    return CreateExternalSchema(name, database.lower(), role, region, create_database, exists)
