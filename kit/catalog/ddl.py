"""Tables as the statements of Hive that make them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kit.base.errors import KitError
from kit.catalog.model import Column, Database, Partition, Table
from kit.catalog.partition_values import DEFAULT_PARTITION

PARTITIONS_PER_STATEMENT: Final = 100


def create_table(table: Table) -> list[str]:
    """The statement that makes the table, line by line, laid out as SHOW CREATE TABLE shows it."""
    descriptor = table.descriptor
    lines = [f"CREATE EXTERNAL TABLE `{table.database}`.`{table.name}`("]
    lines += _listed(descriptor.columns)
    if table.description:
        lines.append(f"COMMENT {_quoted(table.description)}")
    if table.partition_keys:
        lines += ["PARTITIONED BY ( ", *_listed(table.partition_keys)]
    if descriptor.bucket_columns:
        lines += [
            f"CLUSTERED BY ({', '.join(descriptor.bucket_columns)})",
            f"INTO {descriptor.number_of_buckets} BUCKETS",
        ]
    lines += ["ROW FORMAT SERDE ", f"  {_quoted(descriptor.serde.library)} "]
    if descriptor.serde.parameters:
        lines += ["WITH SERDEPROPERTIES ( ", *_pairs(descriptor.serde.parameters.items())]
    lines += ["STORED AS INPUTFORMAT ", f"  {_quoted(descriptor.input_format)} "]
    lines += ["OUTPUTFORMAT ", f"  {_quoted(descriptor.output_format)}"]
    lines += ["LOCATION", f"  {_quoted(descriptor.location)}"]
    parameters = [(name, value) for name, value in sorted(table.parameters.items()) if name != "EXTERNAL"]
    if parameters:
        lines += ["TBLPROPERTIES (", *_pairs(parameters)]
    return lines


def statements(database: Database, tables: Iterable[Table], partitions: Mapping[str, Sequence[Partition]]) -> list[str]:
    """What makes the database, its tables, their partitions and, last, its views, one statement each.

    Raises `NOT_SUPPORTED` for a partition that is kept in another way than its table, which DDL cannot say.
    """
    name = _name(database.name)
    made = [
        f"CREATE DATABASE IF NOT EXISTS {name}"
        + (f" LOCATION {_quoted(database.location)}" if database.location else "")
    ]
    held = list(tables)
    for table in held:
        if table.table_type != "VIRTUAL_VIEW":
            made.append("\n".join(line.rstrip() for line in create_table(table)))
            made += _add_partitions(table, partitions.get(table.name, ()))
    made += [
        f"CREATE VIEW {_view_name(view)} AS\n{view.view_text}" for view in held if view.table_type == "VIRTUAL_VIEW"
    ]
    return made


def _add_partitions(table: Table, partitions: Sequence[Partition]) -> list[str]:
    strange = next((each for each in partitions if each.descriptor is not None), None)
    if strange is not None:
        raise KitError(
            "NOT_SUPPORTED",
            f"The partition at {strange.location} is kept in another way than its table {table.database}.{table.name}.",
            "Export the database as JSON.",
        )
    made = []
    for start in range(0, len(partitions), PARTITIONS_PER_STATEMENT):
        added = []
        for each in partitions[start : start + PARTITIONS_PER_STATEMENT]:
            values = (DEFAULT_PARTITION if value is None else value for value in each.values)
            pairs = zip(table.partition_keys, values, strict=True)
            spec = ", ".join(f"{_name(key.name)} = {_quoted(value)}" for key, value in pairs)
            added.append(f"  PARTITION ({spec}) LOCATION {_quoted(each.location)}")
        lines = "\n".join(added)
        made.append(f"ALTER TABLE {_name(table.database)}.{_name(table.name)} ADD IF NOT EXISTS\n{lines}")
    return made


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _view_name(view: Table) -> str:
    """Views are made by queries, whose names are quoted in their own way."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (view.database, view.name))


def _listed(columns: Iterable[Column]) -> list[str]:
    written = [
        f"  `{column.name}` {column.type}" + (f" COMMENT {_quoted(column.comment)}" if column.comment else "")
        for column in columns
    ]
    return [f"{line}, " for line in written[:-1]] + [f"{line})" for line in written[-1:]]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    written = [f"  {_quoted(name)}={_quoted(value)}" for name, value in pairs]
    return [f"{line}, " for line in written[:-1]] + [f"{line}) " for line in written[-1:]]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"
