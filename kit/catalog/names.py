"""What databases, tables and columns may be called and typed. Pure: values in, checked values out.

Names are lower-cased, as Glue and Athena do.

Source: AWS Glue API Reference, Single-line string pattern; Amazon Athena User Guide, Names for tables, databases, and
columns.
"""

from __future__ import annotations

from dataclasses import replace

from kit.base.errors import KitError
from kit.catalog.model import Column, Database, Table
from kit.catalog.types import ArrayType, MapType, StructType, parse

MAX_NAME_CHARACTERS = 255


def checked_name(name: str, what: str) -> str:
    """The name in lower case.

    Raises `InvalidInputException` for one that is empty, too long or has control characters.
    """
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise KitError(
            "InvalidInputException",
            f"{name[:80]!r} is not a name for a {what}.",
            f"1 to {MAX_NAME_CHARACTERS} printable characters; best are letters, digits and underscores.",
        )
    return name.lower()


def checked_database(database: Database) -> Database:
    return replace(database, name=checked_name(database.name, "database"))


def checked_table(table: Table) -> Table:
    """The table with its names in lower case, each column's type one that Hive has, and no column twice."""
    columns = tuple(_checked_column(column) for column in table.descriptor.columns)
    keys = tuple(_checked_column(key) for key in table.partition_keys)
    seen: set[str] = set()
    for column in (*columns, *keys):
        if column.name in seen:
            raise KitError(
                "InvalidInputException",
                f"The table '{table.name}' has the column '{column.name}' twice.",
                "Names of columns and partition keys differ, letter case aside.",
            )
        seen.add(column.name)
    for key in keys:
        if isinstance(parse(key.type), (ArrayType, MapType, StructType)):
            raise KitError(
                "InvalidInputException",
                f"The partition key '{key.name}' is of type {key.type}.",
                "Partition keys are of primitive types.",
            )
    return replace(
        table,
        database=checked_name(table.database, "database"),
        name=checked_name(table.name, "table"),
        descriptor=replace(table.descriptor, columns=columns),
        partition_keys=keys,
    )


def _checked_column(column: Column) -> Column:
    return Column(checked_name(column.name, "column"), str(parse(column.type)), column.comment)
