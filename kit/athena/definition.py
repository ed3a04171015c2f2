"""CREATE, ALTER and DROP of tables, views and databases: checked as Athena checks them, then one change of the catalog.

No object in storage is touched: dropping an external table leaves its data where they are.

Source: Amazon Athena User Guide, DDL statements; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from kit.athena.job import Answer, Job, Told
from kit.athena.lake import DEFAULT_DATABASE
from kit.athena.queries import compile_
from kit.base.errors import KitError, did_you_mean
from kit.catalog.model import VIEW_DATABASE, Column, Database, SerDe, StorageDescriptor, Table
from kit.catalog.serde import FORMATS, LAZY_SIMPLE, format_of
from kit.catalog.types import from_athena
from kit.sql.athena import statements as s

# Formats that Hive names and nobody reads here; a table of one could be made and never be queried.
_UNREADABLE: Final = {"SEQUENCEFILE", "RCFILE", "ION", "ICEBERG"}
_STORED_AS: Final = {"JSONFILE": "json"}
_DELIMITERS: Final = {
    "fields": "field.delim",
    "escape": "escape.delim",
    "items": "collection.delim",
    "map_keys": "mapkey.delim",
    "lines": "line.delim",
    "null": "serialization.null.format",
}


def create_table(job: Job, statement: s.CreateExternalTable) -> Answer:
    database, name = job.name(statement.table)
    require_database(job, database)
    columns = _columns(statement.columns)
    keys = _columns(statement.partition_keys)
    descriptor = _descriptor(job, statement, columns)
    table = Table(
        database,
        name,
        descriptor,
        keys,
        "EXTERNAL_TABLE",
        {"EXTERNAL": "TRUE", **statement.properties},
        statement.comment,
    )
    if statement.if_not_exists and job.services.catalog.find_table(database, name) is not None:
        return Told()
    try:
        job.services.catalog.create_table(table)
    except KitError as error:
        if statement.if_not_exists and error.code == "AlreadyExistsException":
            return Told()
        raise
    return Told()


def create_view(job: Job, statement: s.CreateView) -> Answer:
    database, name = job.name(statement.view)
    require_database(job, database)
    compiled = compile_(job, statement.query)
    view = Table(
        database,
        name,
        StorageDescriptor(
            tuple(Column(column.name, str(from_athena(column.type))) for column in compiled.columns), "", SerDe("")
        ),
        table_type="VIRTUAL_VIEW",
        parameters={"presto_view": "true", "comment": "Presto View", VIEW_DATABASE: job.database},
        view_text=statement.view_text,
    )
    catalog = job.services.catalog
    current = catalog.find_table(database, name)
    if current is None:
        catalog.create_table(view)
    elif not statement.replace:
        raise KitError(
            "ALREADY_EXISTS",
            f"View 'awsdatacatalog.{database}.{name}' already exists",
            "CREATE OR REPLACE VIEW replaces it.",
        )
    elif current.table_type != "VIRTUAL_VIEW":
        raise KitError("ALREADY_EXISTS", f"Table already exists: '{database}.{name}'", "Give the view another name.")
    else:
        changed = replace(current, descriptor=view.descriptor, parameters=view.parameters, view_text=view.view_text)
        catalog.update_table(changed)
    return Told()


def drop_view(job: Job, statement: s.DropView) -> Answer:
    database, name = job.name(statement.view)
    found = job.services.catalog.find_table(database, name)
    if found is None or found.table_type != "VIRTUAL_VIEW":
        if found is None and statement.if_exists:
            return Told()
        raise KitError(
            "NOT_FOUND",
            f"View 'awsdatacatalog.{database}.{name}' does not exist",
            "DROP TABLE drops a table." if found is not None else "",
        )
    job.services.catalog.drop_table(database, name)
    return Told()


def drop_table(job: Job, statement: s.DropTable) -> Answer:
    database, name = job.name(statement.table)
    found = job.services.catalog.find_table(database, name)
    if found is None:
        if statement.if_exists:
            return Told()
        raise job.missing(statement.table)
    if found.table_type == "VIRTUAL_VIEW":
        raise _failed("Cannot drop a view with DROP TABLE", "DROP VIEW drops it.")
    job.services.catalog.drop_table(database, name)
    return Told()


def create_database(job: Job, statement: s.CreateDatabase) -> Answer:
    if statement.location:
        _check_location(job, statement.location)
    database = Database(statement.name, statement.comment, statement.location, dict(statement.properties))
    try:
        job.services.catalog.create_database(database)
    except KitError as error:
        if not (statement.if_not_exists and error.code == "AlreadyExistsException"):
            raise
    return Told()


def alter_database(job: Job, statement: s.AlterDatabase) -> Answer:
    job.services.catalog.database(statement.name)
    raise KitError(
        "NOT_SUPPORTED",
        f"The properties of database '{statement.name}' cannot be changed.",
        "Give them with CREATE DATABASE ... WITH DBPROPERTIES.",
    )


def drop_database(job: Job, statement: s.DropDatabase) -> Answer:
    if statement.if_exists and job.services.catalog.find_database(statement.name) is None:
        return Told()
    job.services.catalog.drop_database(statement.name, cascade=statement.cascade)
    return Told()


def set_location(job: Job, statement: s.SetLocation) -> Answer:
    _check_location(job, statement.location)
    if statement.partition is not None:
        table = job.table(statement.table)
        given = dict(statement.partition)
        values = tuple(given.get(key.name) for key in table.partition_keys)
        partition = job.services.catalog.find_partition(table.database, table.name, values)
        if partition is None:
            raise KitError("EntityNotFoundException", f"Partition not found: {given}.", "SHOW PARTITIONS lists them.")
        changed = replace(partition, location=_folder(statement.location))
        job.services.catalog.update_partition(table.database, table.name, changed)
        return Told()
    return _alter(
        job,
        statement.table,
        lambda table: replace(table, descriptor=replace(table.descriptor, location=_folder(statement.location))),
    )


def set_properties(job: Job, statement: s.SetTblProperties) -> Answer:
    return _alter(
        job,
        statement.table,
        lambda table: replace(table, parameters={**table.parameters, **statement.properties}),
    )


def add_columns(job: Job, statement: s.AddColumns) -> Answer:
    added = _columns(statement.columns)

    def change(table: Table) -> Table:
        held = {column.name for column in table.columns}
        repeated = [column.name for column in added if column.name in held]
        if repeated:
            raise _failed(f"Duplicate column name: {repeated[0]}")
        return _with_columns(table, (*table.descriptor.columns, *added))

    return _alter_columns(job, statement.table, statement.partition, change)


def replace_columns(job: Job, statement: s.ReplaceColumns) -> Answer:
    columns = _columns(statement.columns)
    return _alter_columns(job, statement.table, statement.partition, lambda table: _with_columns(table, columns))


def change_column(job: Job, statement: s.ChangeColumn) -> Answer:
    (changed,) = _columns((statement.column,))

    def change(table: Table) -> Table:
        columns = list(table.descriptor.columns)
        position = _position(table, statement.old)
        if any(column.name == changed.name for column in table.columns if column.name != statement.old):
            raise _failed(f"Duplicate column name: {changed.name}")
        columns[position] = changed
        if statement.after is not None:
            columns.pop(position)
            target = (
                0 if statement.after == "" else 1 + _position(_with_columns(table, tuple(columns)), statement.after)
            )
            columns.insert(target, changed)
        return _with_columns(table, tuple(columns))

    return _alter(job, statement.table, change)


def _alter(job: Job, name: s.TableName, change: Callable[[Table], Table]) -> Answer:
    table = job.table(name)
    if table.table_type == "VIRTUAL_VIEW":
        raise KitError(
            "NOT_SUPPORTED", f"'{table.database}.{table.name}' is a view.", "CREATE OR REPLACE VIEW changes it."
        )
    job.services.catalog.update_table(change(table))
    return Told()


def _alter_columns(
    job: Job, name: s.TableName, partition: s.PartitionSpec | None, change: Callable[[Table], Table]
) -> Answer:
    if partition is None:
        return _alter(job, name, change)
    raise KitError(
        "NOT_SUPPORTED",
        "Columns of a single partition cannot be changed.",
        "Change the table: partitions without columns of their own follow it.",
    )


def _with_columns(table: Table, columns: tuple[Column, ...]) -> Table:
    return replace(table, descriptor=replace(table.descriptor, columns=columns))


def _position(table: Table, name: str) -> int:
    names = [column.name for column in table.descriptor.columns]
    if name not in names:
        raise KitError("COLUMN_NOT_FOUND", f"Invalid column reference {name}", did_you_mean(name, names))
    return names.index(name)


def _columns(definitions: tuple[s.ColumnDefinition, ...]) -> tuple[Column, ...]:
    return tuple(Column(each.name, each.type, each.comment) for each in definitions)


def _descriptor(job: Job, statement: s.CreateExternalTable, columns: tuple[Column, ...]) -> StorageDescriptor:
    _check_location(job, statement.location)
    serde = _serde(statement)
    form = FORMATS.get(format_of(serde), FORMATS["textfile"])
    return StorageDescriptor(
        columns,
        _folder(statement.location),
        serde,
        statement.input_format or form.input_format,
        statement.output_format or form.output_format,
        bucket_columns=statement.clustered_by,
        number_of_buckets=-1 if statement.buckets is None else statement.buckets,
    )


def _serde(statement: s.CreateExternalTable) -> SerDe:
    stored_as = statement.stored_as.upper()
    if stored_as in _UNREADABLE:
        raise KitError(
            "NOT_SUPPORTED", f"STORED AS {stored_as} is not supported.", "Use PARQUET, ORC, AVRO or TEXTFILE."
        )
    format_name = _STORED_AS.get(stored_as, stored_as.lower()) or _format_of_input(statement.input_format)
    if format_name not in FORMATS:
        raise _failed(
            f"Unrecognized file format in STORED AS clause: '{stored_as}'",
            did_you_mean(stored_as, [name.upper() for name in FORMATS]),
        )
    match statement.row_format:
        case s.SerDeFormat(library, properties):
            serde = SerDe(library, dict(properties))
            format_of(serde)
            return serde
        case s.Delimited() as delimited:
            if format_name != "textfile":
                raise _failed(f"ROW FORMAT DELIMITED is only compatible with 'textfile', not '{format_name}'")
            return SerDe(LAZY_SIMPLE, _delimiters(delimited))
        case None:
            parameters = {"serialization.format": "1"}
            return SerDe(FORMATS[format_name].serde, parameters)


def _delimiters(delimited: s.Delimited) -> dict[str, str]:
    found = {name: value for field, name in _DELIMITERS.items() if (value := getattr(delimited, field)) is not None}
    return {"serialization.format": found.get("field.delim", "1"), **found}


def _format_of_input(input_format: str) -> str:
    if not input_format:
        return "textfile"
    return next((form.name for form in FORMATS.values() if form.input_format == input_format), "textfile")


def _check_location(job: Job, location: str) -> None:
    """Raises for what is no folder in storage."""
    if not location.startswith("s3://"):
        raise KitError(
            "InvalidRequestException", f"The location '{location}' is not an S3 path.", "Like s3://bucket/folder/"
        )
    job.services.storage.path(_folder(location))
    if not location.endswith("/") and "/" in location.removeprefix("s3://") and job.services.storage.exists(location):
        raise KitError(
            "InvalidRequestException",
            f"The location '{location}' is an object, not a folder.",
            "LOCATION names the folder that holds a table's objects.",
        )


def _folder(location: str) -> str:
    return location if location.endswith("/") else location + "/"


def require_database(job: Job, database: str) -> None:
    if job.services.catalog.find_database(database) is None:
        if database == DEFAULT_DATABASE:
            with suppress(KitError):  # another process was first
                job.services.catalog.create_database(database)
            return
        names = [each.name for each in job.services.catalog.databases()]
        raise KitError(
            "SCHEMA_NOT_FOUND",
            f"Schema {database} does not exist",
            did_you_mean(database, names) or f"CREATE DATABASE {database}",
        )


def _failed(message: str, hint: str = "") -> KitError:
    return KitError("FAILED", f"SemanticException {message}", hint)
