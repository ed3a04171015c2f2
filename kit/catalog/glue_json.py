"""Catalog values in the shapes of the Glue API, as `aws glue get-tables` prints them, and back. Pure.

Views are written as Athena writes them: a comment that holds the query in base64. What the catalog here cannot hold
(tables of open formats, links to other tables) is refused by name instead of becoming something else.

Source: AWS Glue API Reference, GetDatabases, GetTables, GetPartitions; Trino, ViewReaderUtil; read 2026-11.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kit.base.errors import KitError
from kit.catalog.model import (
    VIEW_DATABASE,
    Column,
    Database,
    Partition,
    SerDe,
    StorageDescriptor,
    Table,
)
from kit.catalog.partition_values import DEFAULT_PARTITION
from kit.catalog.types import parse, to_athena

_VIEW = re.compile(r"/\*\s*Presto View:\s*([A-Za-z0-9+/=\s]+?)\s*\*/")


@dataclass(frozen=True, slots=True)
class Exported:
    """A database with its tables, and the partitions of each by its name."""

    database: Database
    tables: tuple[Table, ...]
    partitions: Mapping[str, Sequence[Partition]]


def dump(exported: Exported) -> str:
    """The database, its tables (the shape of GetTables) and their partitions (that of GetPartitions), as JSON."""
    database = exported.database
    body = {
        "Database": _given(
            Name=database.name,
            Description=database.description,
            LocationUri=database.location,
            Parameters=dict(database.parameters),
        ),
        "TableList": [_table(table) for table in exported.tables],
        "Partitions": [
            _partition(table, partition)
            for table in exported.tables
            for partition in exported.partitions.get(table.name, ())
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def load(text: str, database: str = "") -> Exported:
    """What `dump` wrote, or the output of GetTables; `database` is where the tables go, else that which they name.

    Raises `InvalidInputException` for what has another shape, `NOT_SUPPORTED` for what cannot be held.
    """
    try:
        body = json.loads(text)
        found = _loaded(body, database)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KitError(
            "InvalidInputException",
            f"This is not the output of Glue's GetTables ({type(error).__name__}: {error}).",
            "An object with a TableList, as `aws glue get-tables` prints it.",
        ) from error
    return found


def _loaded(body: Mapping[str, Any], database: str) -> Exported:
    rows: Sequence[Mapping[str, Any]] = body["TableList"]
    held = body.get("Database", {})
    name = database or held.get("Name") or (rows[0]["DatabaseName"] if rows else "")
    if not name:
        raise ValueError("no database is named")
    partitions: dict[str, list[Partition]] = {}
    for row in body.get("Partitions", ()):
        partitions.setdefault(row["TableName"].lower(), []).append(_partition_of(row))
    return Exported(
        Database(
            name.lower(), held.get("Description", ""), held.get("LocationUri", ""), dict(held.get("Parameters", {}))
        ),
        tuple(_table_of(row, name.lower()) for row in rows),
        partitions,
    )


def _given(**members: Any) -> dict[str, Any]:
    """The members that say something."""
    return {name: value for name, value in members.items() if value not in ("", None, {}, [])}


def _table(table: Table) -> dict[str, Any]:
    is_view = table.table_type == "VIRTUAL_VIEW"
    parameters = {name: value for name, value in table.parameters.items() if name != VIEW_DATABASE}
    return _given(
        Name=table.name,
        DatabaseName=table.database,
        Description=table.description,
        CreateTime=_time(table.created),
        UpdateTime=_time(table.updated),
        Retention=0,
        StorageDescriptor=_descriptor(table.descriptor),
        ViewOriginalText=_view_text(table) if is_view else "",
        ViewExpandedText="/* Presto View */" if is_view else "",
        TableType=table.table_type,
        VersionId=str(table.version) if table.version else "",
        Parameters=parameters,
    ) | {"PartitionKeys": [_column(key) for key in table.partition_keys]}


def _descriptor(descriptor: StorageDescriptor) -> dict[str, Any]:
    return _given(
        Columns=[_column(column) for column in descriptor.columns],
        Location=descriptor.location,
        InputFormat=descriptor.input_format,
        OutputFormat=descriptor.output_format,
        Compressed=descriptor.compressed,
        NumberOfBuckets=descriptor.number_of_buckets,
        SerdeInfo=_given(SerializationLibrary=descriptor.serde.library, Parameters=dict(descriptor.serde.parameters)),
        BucketColumns=list(descriptor.bucket_columns),
        Parameters=dict(descriptor.parameters),
        StoredAsSubDirectories=False,
    )


def _partition(table: Table, partition: Partition) -> dict[str, Any]:
    own = partition.descriptor or table.descriptor
    return _given(
        Values=[DEFAULT_PARTITION if value is None else value for value in partition.values],
        DatabaseName=table.database,
        TableName=table.name,
        CreationTime=_time(partition.created),
        StorageDescriptor=_descriptor(own) | {"Location": partition.location},
        Parameters=dict(partition.parameters),
    )


def _column(column: Column) -> dict[str, str]:
    return _given(Name=column.name, Type=column.type, Comment=column.comment)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _view_text(view: Table) -> str:
    body = {
        "originalSql": view.view_text,
        "catalog": "awsdatacatalog",
        "schema": view.parameters.get(VIEW_DATABASE, view.database),
        "columns": [{"name": column.name, "type": to_athena(parse(column.type))} for column in view.columns],
    }
    return f"/* Presto View: {base64.b64encode(json.dumps(body).encode()).decode()} */"


def _table_of(row: Mapping[str, Any], database: str) -> Table:
    name = row["Name"].lower()
    parameters = {key: str(value) for key, value in row.get("Parameters", {}).items()}
    open_format = parameters.get("table_type", "").upper() or (
        "DELTA" if "spark.sql.sources.provider" in parameters else ""
    )
    if open_format or "TargetTable" in row:
        what = f"a table of the format {open_format}" if open_format else "a link to another table"
        raise KitError(
            "NOT_SUPPORTED", f"The table '{name}' is {what}.", "Leave it out of the list, or copy its rows to Parquet."
        )
    descriptor = _descriptor_of(row.get("StorageDescriptor", {}))
    keys = tuple(_column_of(key) for key in row.get("PartitionKeys", ()))
    if row.get("TableType") != "VIRTUAL_VIEW":
        return Table(database, name, descriptor, keys, "EXTERNAL_TABLE", parameters, row.get("Description", ""))
    match = _VIEW.search(row.get("ViewOriginalText", ""))
    if match is None:
        raise KitError("NOT_SUPPORTED", f"The view '{name}' is not one of Athena's.", "Make it again with CREATE VIEW.")
    body = json.loads(base64.b64decode(match.group(1)))
    return Table(
        database,
        name,
        descriptor,
        keys,
        "VIRTUAL_VIEW",
        {**parameters, VIEW_DATABASE: body.get("schema", database)},
        row.get("Description", ""),
        body["originalSql"],
    )


def _descriptor_of(row: Mapping[str, Any]) -> StorageDescriptor:
    serde = row.get("SerdeInfo", {})
    return StorageDescriptor(
        tuple(_column_of(column) for column in row.get("Columns", ())),
        row.get("Location", ""),
        SerDe(serde.get("SerializationLibrary", ""), dict(serde.get("Parameters", {}))),
        row.get("InputFormat", ""),
        row.get("OutputFormat", ""),
        bool(row.get("Compressed", False)),
        tuple(row.get("BucketColumns", ())),
        int(row.get("NumberOfBuckets", -1)),
        dict(row.get("Parameters", {})),
    )


def _partition_of(row: Mapping[str, Any]) -> Partition:
    values = tuple(None if value == DEFAULT_PARTITION else str(value) for value in row["Values"])
    descriptor = _descriptor_of(row["StorageDescriptor"])
    return Partition(values, descriptor.location, descriptor, dict(row.get("Parameters", {})))


def plain(table: Table, partitions: Iterable[Partition]) -> list[Partition]:
    """The partitions without descriptors that say no more than their table's."""
    own = _descriptor(replace(table.descriptor, location=""))
    return [
        replace(each, descriptor=None)
        if each.descriptor is not None and _descriptor(replace(each.descriptor, location="")) == own
        else each
        for each in partitions
    ]


def _column_of(row: Mapping[str, Any]) -> Column:
    return Column(row["Name"], row.get("Type", "string"), row.get("Comment", ""))
