"""Settings, transactions, cursors, prepared statements, rights."""

from __future__ import annotations

from kit.sql.redshift import errors
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import (
    Accepted,
    Begin,
    Cancel,
    Close,
    Commit,
    Deallocate,
    Declare,
    Execute,
    Fetch,
    Lock,
    Reset,
    Rollback,
    Set,
    Show,
    ShowList,
    ShowObject,
    Statement,
    TableName,
)


def set_(cursor: Cursor) -> Statement:
    cursor.expect("SET")
    if cursor.accept("SESSION", "AUTHORIZATION"):
        cursor.index = len(cursor.tokens)
        return Accepted("SET SESSION AUTHORIZATION")
    if cursor.accept("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        _transaction_modes(cursor)
        return Accepted("SET")
    local = cursor.accept("LOCAL")
    if not local:
        cursor.accept("SESSION")
    name = cursor.identifier()
    if name == "time" and cursor.accept("ZONE"):
        name = "timezone"
    elif not cursor.accept("TO"):
        cursor.expect_symbol("=")
    if cursor.accept("DEFAULT"):
        cursor.end()
        return Set(name, None, local)
    value = ", ".join(cursor.separated(lambda: _setting(cursor)))
    cursor.end()
    return Set(name, value, local)


def reset(cursor: Cursor) -> Statement:
    cursor.expect("RESET")
    if cursor.accept("SESSION", "AUTHORIZATION"):
        return Accepted("RESET SESSION AUTHORIZATION")
    name = None if cursor.accept("ALL") else cursor.identifier()
    cursor.end()
    return Reset(name)


def show(cursor: Cursor) -> Show | ShowObject | ShowList:
    cursor.expect("SHOW")
    if cursor.accept("ALL"):
        cursor.end()
        return Show(None)
    if cursor.accept("EXTERNAL", "TABLE"):
        return _object(cursor, "EXTERNAL TABLE")
    if cursor.accept("TABLE"):
        return _object(cursor, "TABLE")
    if cursor.accept("VIEW"):
        return _object(cursor, "VIEW")
    if cursor.accept("DATABASES"):
        return _list(cursor, "DATABASES", None)
    if cursor.accept("SCHEMAS"):
        cursor.expect("FROM")
        cursor.accept("DATABASE")
        return _list(cursor, "SCHEMAS", TableName("", None, cursor.identifier()))
    if cursor.accept("TABLES"):
        cursor.expect("FROM")
        cursor.accept("SCHEMA")
        schema = cursor.table_name()
        return _list(cursor, "TABLES", TableName("", schema.name, schema.schema, schema.line, schema.column))
    if cursor.accept("COLUMNS"):
        cursor.expect("FROM")
        cursor.accept("TABLE")
        return _list(cursor, "COLUMNS", cursor.table_name())
    name = cursor.identifier()
    if name == "time" and cursor.accept("ZONE"):
        name = "timezone"
    cursor.end()
    return Show(name)


def begin(cursor: Cursor) -> Begin:
    if cursor.accept("START"):
        cursor.expect("TRANSACTION")
    else:
        cursor.expect("BEGIN")
        cursor.choice("WORK", "TRANSACTION")
    return _transaction_modes(cursor)


def commit(cursor: Cursor) -> Commit:
    if cursor.choice("COMMIT", "END") is None:
        cursor.fail()
    cursor.choice("WORK", "TRANSACTION")
    cursor.end()
    return Commit()


def rollback(cursor: Cursor) -> Rollback:
    if cursor.choice("ROLLBACK", "ABORT") is None:
        cursor.fail()
    cursor.choice("WORK", "TRANSACTION")
    if cursor.at("TO"):
        raise errors.unsupported("ROLLBACK TO SAVEPOINT", cursor.script, cursor.current)
    cursor.end()
    return Rollback()


def lock(cursor: Cursor) -> Lock:
    cursor.expect("LOCK")
    cursor.accept("TABLE")
    tables = tuple(cursor.separated(cursor.table_name))
    cursor.end()
    return Lock(tables)


def cancel(cursor: Cursor) -> Cancel:
    cursor.expect("CANCEL")
    process = cursor.integer()
    message = cursor.accept_string() or ""
    cursor.end()
    return Cancel(process, message)


def execute(cursor: Cursor) -> Execute:
    cursor.expect("EXECUTE")
    name = cursor.identifier()
    if not cursor.accept_symbol("("):
        cursor.end()
        return Execute(name)
    values = tuple(cursor.separated(cursor.expression))
    cursor.expect_symbol(")")
    cursor.end()
    return Execute(name, values)


def deallocate(cursor: Cursor) -> Deallocate:
    cursor.expect("DEALLOCATE")
    cursor.accept("PREPARE")
    name = cursor.identifier()
    cursor.end()
    return Deallocate(name)


def declare(cursor: Cursor) -> Declare:
    cursor.expect("DECLARE")
    name = cursor.identifier()
    cursor.expect("CURSOR")
    cursor.expect("FOR")
    return Declare(name, cursor.query())


def fetch(cursor: Cursor) -> Fetch:
    cursor.expect("FETCH")
    count: int | None = 1
    if cursor.accept("ALL"):
        count = None
    elif cursor.accept("FORWARD"):
        count = None if cursor.accept("ALL") else cursor.accept_integer() or 1
    elif not cursor.accept("NEXT"):
        count = cursor.accept_integer() or 1
    cursor.expect("FROM")
    name = cursor.identifier()
    cursor.end()
    return Fetch(name, count)


def close(cursor: Cursor) -> Close:
    cursor.expect("CLOSE")
    name = cursor.identifier()
    cursor.end()
    return Close(name)


def rights(cursor: Cursor) -> Accepted:
    """GRANT and REVOKE: a workspace has one user, who may do everything."""
    word = cursor.choice("GRANT", "REVOKE")
    cursor.index = len(cursor.tokens)
    return Accepted(word or "GRANT")


def _setting(cursor: Cursor) -> str:
    text = cursor.accept_string()
    if text is not None:
        return text
    negative = cursor.accept_symbol("-")
    token = cursor.current
    if token is None or not token.text.strip():
        cursor.fail()
    cursor.index += 1
    return ("-" if negative else "") + token.text.lower()


def _transaction_modes(cursor: Cursor) -> Begin:
    isolation = "SERIALIZABLE"
    read_only = False
    while not cursor.done:
        cursor.accept_symbol(",")
        if cursor.accept("ISOLATION", "LEVEL"):
            if cursor.accept("SNAPSHOT"):
                isolation = "SNAPSHOT"
            elif not (
                cursor.accept("SERIALIZABLE")
                or cursor.accept("READ", "UNCOMMITTED")
                or cursor.accept("READ", "COMMITTED")
                or cursor.accept("REPEATABLE", "READ")
            ):
                cursor.fail()
        elif cursor.accept("READ", "ONLY"):
            read_only = True
        elif cursor.accept("READ", "WRITE"):
            read_only = False
        else:
            cursor.fail()
    return Begin(isolation, read_only)  # type: ignore[arg-type]


def _object(cursor: Cursor, kind: str) -> ShowObject:
    table = cursor.table_name()
    cursor.end()
    return ShowObject(kind, table)  # type: ignore[arg-type]


def _list(cursor: Cursor, kind: str, of: TableName | None) -> ShowList:
    like = cursor.string() if cursor.accept("LIKE") else None
    limit = cursor.integer() if cursor.accept("LIMIT") else None
    cursor.end()
    return ShowList(kind, of, like, limit)  # type: ignore[arg-type]
