"""Statements about tables, partitions and databases, in the manner of Hive.

Source: DDL reference, Amazon Athena User Guide, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeVar, cast

from kit.base.errors import KitError
from kit.sql.athena import statements as s
from kit.sql.athena.cursor import Cursor
from kit.sql.lexer import Kind
from kit.sql.place import error_at

T = TypeVar("T")

_PRIMITIVES: Final = {
    **{
        name: name
        for name in ("boolean", "tinyint", "smallint", "int", "bigint", "double", "float", "string", "binary", "date")
    },
    "integer": "int",
    "timestamp": "timestamp",
    "decimal": "decimal(10,0)",
}
_FORMATS: Final = ("SEQUENCEFILE", "TEXTFILE", "RCFILE", "ORC", "PARQUET", "AVRO", "ION", "JSONFILE")
_COMPARISONS: Final = ("=", "<", "<=", ">", ">=", "<>", "!=")


# Pieces


def table_name(cursor: Cursor) -> s.TableName:
    """`[catalog.][database.]table`."""
    start = cursor.start
    parts = [cursor.any_name()]
    while cursor.accept("."):
        parts.append(cursor.any_name())
    if len(parts) > 3:
        raise error_at("SYNTAX_ERROR", f"Too many dots in table name: {'.'.join(parts)}", cursor.text, start)
    return s.TableName(parts[-2] if len(parts) > 1 else None, parts[-1], start)


def listed(cursor: Cursor, item: Callable[[Cursor], T]) -> tuple[T, ...]:
    """`(item, item, …)`, at least one."""
    cursor.expect("(")
    items = [item(cursor)]
    while cursor.accept(","):
        items.append(item(cursor))
    cursor.expect(")")
    return tuple(items)


def column(cursor: Cursor) -> s.ColumnDefinition:
    """`name type [COMMENT 'text']`."""
    name = cursor.name()
    kind = hive_type(cursor)
    return s.ColumnDefinition(name, kind, cursor.string() if cursor.accept("COMMENT") else "")


def hive_type(cursor: Cursor) -> str:
    """A Hive type, in its canonical spelling."""
    token = cursor.token
    if token is None or token.kind is not Kind.WORD:
        raise cursor.unexpected("<type>")
    name = cursor.advance().text.lower()
    match name:
        case "array":
            cursor.expect("<")
            element = hive_type(cursor)
            cursor.expect(">")
            return f"array<{element}>"
        case "map":
            cursor.expect("<")
            key = hive_type(cursor)
            cursor.expect(",")
            value = hive_type(cursor)
            cursor.expect(">")
            return f"map<{key},{value}>"
        case "struct":
            cursor.expect("<")
            fields = [_struct_field(cursor)]
            while cursor.accept(","):
                fields.append(_struct_field(cursor))
            cursor.expect(">")
            return f"struct<{','.join(fields)}>"
        case "decimal" | "varchar" | "char" if cursor.peek("("):
            numbers = listed(cursor, Cursor.integer)
            return _sized(cursor, name, numbers, token.start)
        case _ if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        case _:
            hint = "Columns of text are of type string." if name in ("varchar", "char", "text") else ""
            raise error_at("TYPE_NOT_FOUND", f"Unknown type: {name}", cursor.text, token.start, hint)


def _sized(cursor: Cursor, name: str, numbers: tuple[int, ...], start: int) -> str:
    match name, numbers:
        case "decimal", (precision,) if 1 <= precision <= 38:
            return f"decimal({precision},0)"
        case "decimal", (precision, scale) if 1 <= precision <= 38 and scale <= precision:
            return f"decimal({precision},{scale})"
        case (("varchar" | "char"), (length,)) if 1 <= length <= (65535 if name == "varchar" else 255):
            return f"{name}({length})"
        case _:
            shown = ",".join(map(str, numbers))
            raise error_at("TYPE_NOT_FOUND", f"Unknown type: {name}({shown})", cursor.text, start)


def _struct_field(cursor: Cursor) -> str:
    name = cursor.name()
    cursor.expect(":")
    kind = hive_type(cursor)
    if cursor.accept("COMMENT"):
        cursor.string()
    return f"{name}:{kind}"


def properties(cursor: Cursor) -> dict[str, str]:
    """`('key'='value', …)`."""

    def pair(cursor: Cursor) -> tuple[str, str]:
        key = cursor.string()
        cursor.expect("=")
        return key, cursor.string()

    return dict(listed(cursor, pair))


def partition_spec(cursor: Cursor) -> s.PartitionSpec:
    """`PARTITION (key = value, …)`."""
    cursor.expect("PARTITION")

    def pair(cursor: Cursor) -> tuple[str, str | None]:
        key = cursor.name()
        cursor.expect("=")
        return key, _partition_value(cursor)

    return listed(cursor, pair)


def _partition_value(cursor: Cursor) -> str | None:
    if cursor.accept("NULL"):
        return None
    cursor.accept("DATE")
    cursor.accept("TIMESTAMP")
    negative = cursor.accept("-")
    token = cursor.token
    if token is not None and token.kind is Kind.NUMBER:
        return ("-" if negative else "") + cursor.advance().text
    return cursor.string()


# Tables


def create_external_table(cursor: Cursor) -> s.CreateExternalTable:
    """After CREATE EXTERNAL TABLE."""
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    table = table_name(cursor)
    columns = listed(cursor, column) if cursor.peek("(") else ()
    comment = cursor.string() if cursor.accept("COMMENT") else ""
    partition_keys = listed(cursor, column) if cursor.accept("PARTITIONED", "BY") else ()
    clustered_by, buckets = _buckets(cursor)
    row_format = _row_format(cursor) if cursor.accept("ROW", "FORMAT") else None
    stored_as, input_format, output_format = _stored_as(cursor)
    if cursor.peek("WITH", "SERDEPROPERTIES") and row_format is None:
        raise cursor.unexpected("'LOCATION'", hint="WITH SERDEPROPERTIES belongs to ROW FORMAT SERDE.")
    cursor.expect("LOCATION")
    location = cursor.string()
    table_properties = properties(cursor) if cursor.accept("TBLPROPERTIES") else {}
    cursor.finish()
    _no_doubles(cursor, table, (*columns, *partition_keys))
    return s.CreateExternalTable(
        table=table,
        columns=columns,
        location=location,
        partition_keys=partition_keys,
        row_format=row_format,
        stored_as=stored_as,
        input_format=input_format,
        output_format=output_format,
        properties=table_properties,
        comment=comment,
        clustered_by=clustered_by,
        buckets=buckets,
        if_not_exists=if_not_exists,
    )


def _no_doubles(cursor: Cursor, table: s.TableName, columns: tuple[s.ColumnDefinition, ...]) -> None:
    seen: set[str] = set()
    for item in columns:
        if item.name in seen:
            raise error_at("DUPLICATE_COLUMN_NAME", f"Duplicate column name '{item.name}'", cursor.text, table.start)
        seen.add(item.name)


def _buckets(cursor: Cursor) -> tuple[tuple[str, ...], int | None]:
    if not cursor.accept("CLUSTERED", "BY"):
        return (), None
    names = listed(cursor, Cursor.name)
    cursor.expect("INTO")
    count = cursor.integer()
    cursor.expect("BUCKETS")
    return names, count


def _row_format(cursor: Cursor) -> s.Delimited | s.SerDeFormat:
    if cursor.accept("SERDE"):
        library = cursor.string()
        return s.SerDeFormat(library, properties(cursor) if cursor.accept("WITH", "SERDEPROPERTIES") else {})
    if not cursor.accept("DELIMITED"):
        raise cursor.unexpected("'SERDE'", "'DELIMITED'")
    fields = escape = items = map_keys = lines = null = None
    if cursor.accept("FIELDS", "TERMINATED", "BY"):
        fields = cursor.string()
        escape = cursor.string() if cursor.accept("ESCAPED", "BY") else None
    if cursor.accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
        items = cursor.string()
    if cursor.accept("MAP", "KEYS", "TERMINATED", "BY"):
        map_keys = cursor.string()
    if cursor.accept("LINES", "TERMINATED", "BY"):
        lines = cursor.string()
    if cursor.accept("NULL", "DEFINED", "AS"):
        null = cursor.string()
    return s.Delimited(fields, escape, items, map_keys, lines, null)


def _stored_as(cursor: Cursor) -> tuple[str, str, str]:
    """The format's name, or the input and output format's classes."""
    if not cursor.accept("STORED", "AS"):
        return "", "", ""
    if cursor.accept("INPUTFORMAT"):
        input_format = cursor.string()
        cursor.expect("OUTPUTFORMAT")
        return "", input_format, cursor.string()
    for name in _FORMATS:
        if cursor.accept(name):
            return name, "", ""
    raise cursor.unexpected("'INPUTFORMAT'", *(f"'{name}'" for name in _FORMATS))


def alter_table(cursor: Cursor) -> s.Statement:
    """After ALTER TABLE."""
    table = table_name(cursor)
    partition = partition_spec(cursor) if cursor.peek("PARTITION") else None
    statement = _alteration(cursor, table, partition)
    cursor.finish()
    return statement


def _alteration(cursor: Cursor, table: s.TableName, partition: s.PartitionSpec | None) -> s.Statement:
    if cursor.accept("ADD", "COLUMNS"):
        return s.AddColumns(table, listed(cursor, column), partition)
    if cursor.accept("REPLACE", "COLUMNS"):
        return s.ReplaceColumns(table, listed(cursor, column), partition)
    if cursor.accept("SET", "LOCATION"):
        return s.SetLocation(table, cursor.string(), partition)
    if partition is not None:
        cursor.expect("RENAME", "TO")
        return s.RenamePartition(table, partition, partition_spec(cursor))
    if cursor.accept("SET", "TBLPROPERTIES"):
        return s.SetTblProperties(table, properties(cursor))
    if cursor.accept("CHANGE"):
        return _change_column(cursor, table)
    if cursor.peek("ADD", "PARTITION") or cursor.peek("ADD", "IF"):
        return _add_partitions(cursor, table)
    if cursor.peek("DROP", "PARTITION") or cursor.peek("DROP", "IF"):
        return _drop_partitions(cursor, table)
    if cursor.peek("RENAME") or cursor.peek("DROP", "COLUMN"):
        raise error_at(
            "NOT_SUPPORTED", "Athena renames tables and drops columns of Iceberg tables only", cursor.text, cursor.start
        )
    raise cursor.unexpected("'ADD'", "'CHANGE'", "'DROP'", "'PARTITION'", "'REPLACE'", "'SET'")


def _change_column(cursor: Cursor, table: s.TableName) -> s.ChangeColumn:
    cursor.accept("COLUMN")
    old = cursor.name()
    new = column(cursor)
    after = None
    if cursor.accept("FIRST"):
        after = ""
    elif cursor.accept("AFTER"):
        after = cursor.name()
    return s.ChangeColumn(table, old, new, after)


def _add_partitions(cursor: Cursor, table: s.TableName) -> s.AddPartitions:
    cursor.expect("ADD")
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    added: list[s.NewPartition] = []
    while not added or cursor.peek("PARTITION"):
        spec = partition_spec(cursor)
        added.append(s.NewPartition(spec, cursor.string() if cursor.accept("LOCATION") else ""))
        cursor.accept(",")
    return s.AddPartitions(table, tuple(added), if_not_exists)


def _drop_partitions(cursor: Cursor, table: s.TableName) -> s.DropPartitions:
    cursor.expect("DROP")
    if_exists = cursor.accept("IF", "EXISTS")
    specs: list[tuple[s.PartitionTest, ...]] = []
    while not specs or cursor.accept(","):
        cursor.expect("PARTITION")
        specs.append(listed(cursor, _partition_test))
    return s.DropPartitions(table, tuple(specs), if_exists)


def _partition_test(cursor: Cursor) -> s.PartitionTest:
    key = cursor.name()
    for operator in _COMPARISONS:
        if cursor.accept(operator):
            value = _partition_value(cursor)
            if value is None:
                raise cursor.unexpected("<string>", "<number>")
            symbol = cast("Literal['=', '<', '<=', '>', '>=', '<>']", "<>" if operator == "!=" else operator)
            return s.PartitionTest(key, symbol, value)
    raise cursor.unexpected(*(f"'{operator}'" for operator in _COMPARISONS))


# Databases


def create_database(cursor: Cursor) -> s.CreateDatabase:
    """After CREATE DATABASE."""
    if_not_exists = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.any_name()
    comment = cursor.string() if cursor.accept("COMMENT") else ""
    location = cursor.string() if cursor.accept("LOCATION") else ""
    values = properties(cursor) if cursor.accept("WITH", "DBPROPERTIES") else {}
    cursor.finish()
    return s.CreateDatabase(name, if_not_exists, comment, location, values)


def alter_database(cursor: Cursor) -> s.AlterDatabase:
    """After ALTER DATABASE."""
    name = cursor.any_name()
    cursor.expect("SET", "DBPROPERTIES")
    statement = s.AlterDatabase(name, properties(cursor))
    cursor.finish()
    return statement


def drop(cursor: Cursor) -> s.Statement:
    """After DROP."""
    if cursor.accept("DATABASE") or cursor.accept("SCHEMA"):
        if_exists = cursor.accept("IF", "EXISTS")
        name = cursor.any_name()
        cascade = cursor.accept("CASCADE")
        if not cascade:
            cursor.accept("RESTRICT")
        statement: s.Statement = s.DropDatabase(name, if_exists, cascade)
    elif cursor.accept("TABLE"):
        if_exists = cursor.accept("IF", "EXISTS")
        statement = s.DropTable(table_name(cursor), if_exists)
        cursor.accept("PURGE")
    elif cursor.accept("VIEW"):
        if_exists = cursor.accept("IF", "EXISTS")
        statement = s.DropView(table_name(cursor), if_exists)
    else:
        raise cursor.unexpected("'DATABASE'", "'SCHEMA'", "'TABLE'", "'VIEW'")
    cursor.finish()
    return statement


# What the catalog shows


def show(cursor: Cursor) -> s.Statement:
    """After SHOW."""
    statement = _show(cursor)
    cursor.finish()
    return statement


def _show(cursor: Cursor) -> s.Statement:
    if cursor.accept("DATABASES") or cursor.accept("SCHEMAS"):
        return s.ShowDatabases(cursor.string() if cursor.accept("LIKE") else "")
    if cursor.accept("TABLES"):
        database = _in_database(cursor)
        return s.ShowTables(database, _pattern(cursor))
    if cursor.accept("VIEWS"):
        database = _in_database(cursor)
        return s.ShowViews(database, _pattern(cursor))
    if cursor.accept("COLUMNS"):
        return s.ShowColumns(_table_in_database(cursor))
    if cursor.accept("PARTITIONS"):
        return s.ShowPartitions(table_name(cursor))
    if cursor.accept("CREATE", "TABLE"):
        return s.ShowCreateTable(table_name(cursor))
    if cursor.accept("CREATE", "VIEW"):
        return s.ShowCreateView(table_name(cursor))
    if cursor.accept("TBLPROPERTIES"):
        table = table_name(cursor)
        return s.ShowTblProperties(table, listed(cursor, Cursor.string)[0] if cursor.peek("(") else "")
    if cursor.accept("FUNCTIONS"):
        return s.ShowFunctions(cursor.string() if cursor.accept("LIKE") else "")
    raise cursor.unexpected(
        *("'COLUMNS'", "'CREATE'", "'DATABASES'", "'FUNCTIONS'", "'PARTITIONS'", "'SCHEMAS'", "'TABLES'"),
        *("'TBLPROPERTIES'", "'VIEWS'"),
    )


def _in_database(cursor: Cursor) -> str | None:
    return cursor.any_name() if cursor.accept("IN") or cursor.accept("FROM") else None


def _pattern(cursor: Cursor) -> str:
    cursor.accept("LIKE")
    token = cursor.token
    return cursor.string() if token is not None and token.kind in (Kind.STRING, Kind.QUOTED) else ""


def _table_in_database(cursor: Cursor) -> s.TableName:
    if not (cursor.accept("IN") or cursor.accept("FROM")):
        raise cursor.unexpected("'FROM'", "'IN'")
    table = table_name(cursor)
    database = _in_database(cursor)
    return s.TableName(database, table.name, table.start) if database is not None else table


def describe(cursor: Cursor) -> s.Statement:
    """After DESCRIBE."""
    if cursor.accept("VIEW"):
        statement: s.Statement = s.DescribeView(table_name(cursor))
        cursor.finish()
        return statement
    if cursor.peek("INPUT") or cursor.peek("OUTPUT"):
        raise error_at(
            "NOT_SUPPORTED", "DESCRIBE INPUT and DESCRIBE OUTPUT are not supported", cursor.text, cursor.start
        )
    extended = cursor.accept("EXTENDED")
    formatted = not extended and cursor.accept("FORMATTED")
    table = table_name(cursor)
    partition = partition_spec(cursor) if cursor.peek("PARTITION") else None
    names: list[str] = []
    if cursor.token is not None and not cursor.peek(";"):
        names.append(cursor.any_name())
        while cursor.accept("."):
            names.append(cursor.any_name())
    cursor.finish()
    return s.Describe(table, extended, formatted, partition, ".".join(names))


def repair_table(cursor: Cursor) -> s.RepairTable:
    """After MSCK."""
    cursor.expect("REPAIR", "TABLE")
    statement = s.RepairTable(table_name(cursor))
    cursor.finish()
    return statement


def refusal(cursor: Cursor, word: str) -> KitError:
    """The error for statements that change rows: Athena has them for Iceberg tables only."""
    if word in ("OPTIMIZE", "VACUUM"):
        message = f"{word} is only supported for Iceberg tables"
    else:
        message = "Modifying Hive table rows is only supported for transactional tables"
    hint = "Write a new table with CREATE TABLE AS, or add rows with INSERT INTO."
    return error_at("NOT_SUPPORTED", message, cursor.text, 0, hint)
