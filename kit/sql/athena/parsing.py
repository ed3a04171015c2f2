"""From a statement's text to what it says. One statement at a time, as Athena runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.athena import ddl
from kit.sql.athena import statements as s
from kit.sql.athena.cursor import Cursor
from kit.sql.athena.dialect import query_tree
from kit.sql.lexer import Kind, tokens
from kit.sql.place import error_at, line_column

MAX_BYTES: Final = 262_144
_HIVE: Final = frozenset({"ALTER", "DESC", "DESCRIBE", "DROP", "MSCK", "SHOW"})
_ROW_CHANGES: Final = frozenset({"DELETE", "MERGE", "OPTIMIZE", "UPDATE", "VACUUM"})
_QUERIES: Final = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})
_STATEMENTS: Final = (
    *("ALTER", "CREATE", "DEALLOCATE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MSCK", "PREPARE", "SELECT"),
    *("SHOW", "UNLOAD", "VALUES", "WITH"),
)


def parse(text: str) -> s.Statement:
    """The one statement of `text`; a semicolon may follow it.

    Raises `SYNTAX_ERROR` with the place of the token that does not fit, for a second statement that of its first token;
    `INVALID_REQUEST` for a text above Athena's 262,144 bytes; `NOT_SUPPORTED` for statements on Iceberg tables only.
    """
    if len(text) > MAX_BYTES // 4 and len(text.encode()) > MAX_BYTES:
        raise KitError(
            "INVALID_REQUEST", f"The query text is longer than {MAX_BYTES:,} bytes, the most that Athena takes."
        )
    end = _end(text)
    return _statement(text[:end], 0)


def _end(text: str) -> int:
    """Where the statement ends: before its semicolon, if it has one. There must not be another statement after it."""
    first = next(tokens(text), None)
    if first is None:
        raise error_at("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: a statement", text, len(text))
    semicolon = None
    for token in tokens(text, escapes=_is_hive(text)):
        if semicolon is None:
            semicolon = token.start if token.text == ";" else None
        elif token.text != ";":
            line, column = line_column(text, token.start)
            message = "Only one sql statement is allowed. Athena runs one at a time"
            message += f"; the second begins at line {line}, column {column}"
            raise error_at("INVALID_REQUEST", message, text, token.start, "Put each statement into a cell of its own.")
    return len(text) if semicolon is None else semicolon


def _is_hive(text: str) -> bool:
    """Whether the statement goes to the part of Athena that reads Hive's DDL, with its own quotes and escapes."""
    words = [token.upper for token, _ in zip(tokens(text), range(3), strict=False)]
    if not words:
        return False
    if words[0] == "CREATE":
        return any(word in ("EXTERNAL", "DATABASE", "SCHEMA") for word in words[1:2])
    return words[0] in _HIVE


def _statement(text: str, start: int) -> s.Statement:
    """The statement that begins at `start`; what is before it is blank or another's."""
    masked = _masked(text, start)
    cursor = Cursor(masked, escapes=_is_hive(masked))
    word = cursor.token.upper if cursor.token is not None else ""
    if word in _QUERIES:
        return s.Query(query_tree(masked), text)
    if word in _ROW_CHANGES:
        raise ddl.refusal(cursor, word)
    handler = _HANDLERS.get(word)
    if handler is None:
        raise cursor.unexpected(*(f"'{name}'" for name in _STATEMENTS))
    cursor.advance()
    return handler(cursor)


def _masked(text: str, start: int, end: int | None = None) -> str:
    """The text with everything outside [start, end) blanked, so that places stay what they are."""
    end = len(text) if end is None else end
    before = "".join(character if character == "\n" else " " for character in text[:start])
    return before + text[start:end]


def _query(cursor: Cursor, start: int, end: int) -> s.Query:
    return s.Query(query_tree(_masked(cursor.text, start, end)), cursor.text)


# CREATE


def _create(cursor: Cursor) -> s.Statement:
    if cursor.accept("EXTERNAL"):
        cursor.expect("TABLE")
        return ddl.create_external_table(cursor)
    if cursor.accept("DATABASE") or cursor.accept("SCHEMA"):
        return ddl.create_database(cursor)
    if cursor.accept("OR", "REPLACE", "VIEW"):
        return _create_view(cursor, replace=True)
    if cursor.accept("VIEW"):
        return _create_view(cursor, replace=False)
    if cursor.accept("TABLE"):
        return _create_table_as(cursor)
    raise cursor.unexpected("'DATABASE'", "'EXTERNAL'", "'OR'", "'SCHEMA'", "'TABLE'", "'VIEW'")


def _create_view(cursor: Cursor, *, replace: bool) -> s.CreateView:
    view = ddl.table_name(cursor)
    cursor.expect("AS")
    start = cursor.start
    query = _query(cursor, start, len(cursor.text))
    return s.CreateView(view, query, cursor.text[start:].strip(), replace)


def _create_table_as(cursor: Cursor) -> s.CreateTableAs:
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    table = ddl.table_name(cursor)
    values = _with_properties(cursor) if cursor.accept("WITH") else {}
    if not cursor.peek("AS"):
        hint = "Athena creates tables over files with CREATE EXTERNAL TABLE, from queries with CREATE TABLE … AS."
        raise cursor.unexpected("'AS'", hint=hint)
    cursor.expect("AS")
    start, end = cursor.start, len(cursor.text)
    with_data = True
    words = list(tokens(cursor.text))
    tail = [token.upper for token in words[-3:]]
    if tail[-2:] == ["WITH", "DATA"]:
        end = words[-2].start
    elif tail == ["WITH", "NO", "DATA"]:
        end, with_data = words[-3].start, False
    query = _query(cursor, start, end)
    return _table_as(cursor, table, query, values, with_data=with_data, if_not_exists=if_not_exists)


_TABLE_PROPERTIES: Final[dict[str, type]] = {
    "format": str,
    "external_location": str,
    "location": str,
    "partitioned_by": list,
    "bucketed_by": list,
    "bucket_count": int,
    "write_compression": str,
    "parquet_compression": str,
    "orc_compression": str,
    "compression_level": int,
    "field_delimiter": str,
    "table_type": str,
    "is_external": bool,
}


def _table_as(
    cursor: Cursor,
    table: s.TableName,
    query: s.Query,
    values: dict[str, tuple[Any, int]],
    *,
    with_data: bool,
    if_not_exists: bool,
) -> s.CreateTableAs:
    known: dict[str, Any] = {}
    for name, (value, start) in values.items():
        kind = _TABLE_PROPERTIES.get(name)
        if kind is None:
            message = f"Catalog 'awsdatacatalog' table property '{name}' does not exist"
            raise error_at("INVALID_TABLE_PROPERTY", message, cursor.text, start)
        if type(value) is not kind:
            message = f"Invalid value for table property '{name}': expected {_KINDS[kind]}"
            raise error_at("INVALID_TABLE_PROPERTY", message, cursor.text, start)
        known[name] = value
    if known.get("table_type", "HIVE").upper() != "HIVE":
        raise error_at(
            "NOT_SUPPORTED",
            f"Tables of type {known['table_type']} are not supported",
            cursor.text,
            values["table_type"][1],
        )
    compression = (
        known.get("write_compression") or known.get("parquet_compression") or known.get("orc_compression") or ""
    )
    return s.CreateTableAs(
        table=table,
        query=query,
        format=known.get("format", "").upper(),
        external_location=known.get("external_location", ""),
        partitioned_by=tuple(name.lower() for name in known.get("partitioned_by", ())),
        bucketed_by=tuple(name.lower() for name in known.get("bucketed_by", ())),
        bucket_count=known.get("bucket_count"),
        compression=compression.upper(),
        compression_level=known.get("compression_level"),
        field_delimiter=known.get("field_delimiter"),
        with_data=with_data,
        if_not_exists=if_not_exists,
    )


_KINDS: Final = {str: "a string", int: "an integer", bool: "true or false", list: "an ARRAY of strings"}


def _with_properties(cursor: Cursor) -> dict[str, tuple[Any, int]]:
    """`(name = value, …)`: values by lower-case name, each with its place."""

    def pair(cursor: Cursor) -> tuple[str, tuple[Any, int]]:
        name, start = cursor.any_name(), cursor.end_of_last
        cursor.expect("=")
        return name, (_property_value(cursor), start)

    return dict(ddl.listed(cursor, pair))


def _property_value(cursor: Cursor) -> Any:
    if cursor.accept("TRUE"):
        return True
    if cursor.accept("FALSE"):
        return False
    if cursor.accept("ARRAY"):
        cursor.expect("[")
        values: list[str] = []
        while not cursor.accept("]"):
            if values:
                cursor.expect(",")
            values.append(cursor.string())
        return values
    token = cursor.token
    return cursor.integer() if token is not None and token.kind is Kind.NUMBER else cursor.string()


# INSERT, UNLOAD


def _insert(cursor: Cursor) -> s.InsertInto:
    cursor.expect("INTO")
    table = ddl.table_name(cursor)
    columns: tuple[str, ...] = ()
    if cursor.peek("(") and not (cursor.peek("(", "SELECT") or cursor.peek("(", "WITH") or cursor.peek("(", "VALUES")):
        columns = ddl.listed(cursor, Cursor.any_name)
    return s.InsertInto(table, _query(cursor, cursor.start, len(cursor.text)), columns)


def _unload(cursor: Cursor) -> s.Unload:
    if not cursor.peek("("):
        raise cursor.unexpected("'('")
    start = cursor.start
    depth = 0
    while True:
        token = cursor.advance()
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            break
    end = cursor.end_of_last
    cursor.expect("TO")
    target = cursor.string()
    values = {name: value for name, (value, _) in _with_properties(cursor).items()} if cursor.accept("WITH") else {}
    cursor.finish()
    if "format" not in values:
        raise error_at(
            "INVALID_TABLE_PROPERTY", "UNLOAD needs a format", cursor.text, 0, "Add WITH (format = 'PARQUET')."
        )
    return s.Unload(_query(cursor, start, end), target, values)


# Prepared statements and plans


def _prepare(cursor: Cursor) -> s.Prepare:
    name = cursor.any_name()
    cursor.expect("FROM")
    start = cursor.start
    inner = _statement(cursor.text, start)
    match inner:
        case s.Query(tree=tree) | s.CreateTableAs(query=s.Query(tree=tree)) | s.InsertInto(query=s.Query(tree=tree)):
            pass
        case s.Unload(query=s.Query(tree=tree)):
            pass
        case _:
            message = "PREPARE takes SELECT, CREATE TABLE AS, INSERT INTO and UNLOAD"
            raise error_at("NOT_SUPPORTED", message, cursor.text, start)
    return s.Prepare(name, cursor.text[start:].strip(), sum(1 for _ in tree.find_all(exp.Placeholder)))


def _execute(cursor: Cursor) -> s.Execute:
    name = cursor.any_name()
    if not cursor.accept("USING"):
        cursor.finish()
        return s.Execute(name)
    return s.Execute(name, _constants(cursor.text, cursor.start))


def _constants(text: str, start: int) -> tuple[Any, ...]:
    """The values of a list of literals."""
    from kit.sql.athena.compile import constant_values

    # SELECT fits where USING stood: the list begins after it and white space.
    select = start - len("SELECT ")
    tree = query_tree(_masked(text[:select] + "SELECT " + text[start:], select))
    return constant_values(tree, text)


def _deallocate(cursor: Cursor) -> s.Deallocate:
    cursor.expect("PREPARE")
    statement = s.Deallocate(cursor.any_name())
    cursor.finish()
    return statement


def _explain(cursor: Cursor) -> s.Explain:
    analyze = cursor.accept("ANALYZE")
    verbose = analyze and cursor.accept("VERBOSE")
    options = {"FORMAT": "TEXT", "TYPE": "DISTRIBUTED"}
    if cursor.peek("(", "FORMAT") or cursor.peek("(", "TYPE"):

        def option(cursor: Cursor) -> None:
            name = cursor.advance().upper
            if name not in options:
                raise cursor.unexpected("'FORMAT'", "'TYPE'")
            options[name] = cursor.any_name().upper()

        ddl.listed(cursor, option)
    if options["FORMAT"] not in ("TEXT", "JSON", "GRAPHVIZ") or options["TYPE"] not in (
        "LOGICAL",
        "DISTRIBUTED",
        "IO",
        "VALIDATE",
    ):
        raise error_at(
            "SYNTAX_ERROR",
            "EXPLAIN knows the formats TEXT, JSON and GRAPHVIZ, the types LOGICAL, DISTRIBUTED, IO and VALIDATE",
            cursor.text,
            0,
        )
    start = cursor.start
    inner = _statement(cursor.text, start)
    return s.Explain(inner, analyze, options["FORMAT"], options["TYPE"], verbose)


def _alter(cursor: Cursor) -> s.Statement:
    if cursor.accept("TABLE"):
        return ddl.alter_table(cursor)
    if cursor.accept("DATABASE") or cursor.accept("SCHEMA"):
        return ddl.alter_database(cursor)
    raise cursor.unexpected("'DATABASE'", "'SCHEMA'", "'TABLE'")


_HANDLERS: Final[dict[str, Callable[[Cursor], s.Statement]]] = {
    "ALTER": _alter,
    "CREATE": _create,
    "DEALLOCATE": _deallocate,
    "DESC": ddl.describe,
    "DESCRIBE": ddl.describe,
    "DROP": ddl.drop,
    "EXECUTE": _execute,
    "EXPLAIN": _explain,
    "INSERT": _insert,
    "MSCK": ddl.repair_table,
    "PREPARE": _prepare,
    "SHOW": ddl.show,
    "UNLOAD": _unload,
}
