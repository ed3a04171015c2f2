"""CREATE TABLE AS, INSERT INTO and UNLOAD: rows are staged, published in one step, and then told to the catalog.

Whatever fails on the way, a full disk or Ctrl-C included, leaves neither objects nor a table behind.

Source: Amazon Athena User Guide, CREATE TABLE AS, INSERT INTO, UNLOAD; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from kit.athena.definition import require_database
from kit.athena.job import Answer, Job, Told
from kit.athena.prune.projection import is_projected
from kit.athena.queries import PlannedQuery, open_, plan
from kit.athena.scan.lazy_simple import Separators
from kit.athena.scan.source import Layout, hive_type
from kit.athena.writers import Target, check_format, compression_of, write
from kit.base.errors import KitError
from kit.catalog.model import Column, Partition, Table
from kit.catalog.partition_values import split_folder
from kit.catalog.serde import descriptor, format_of
from kit.catalog.types import INTEGER_BITS, STRING, CharType, DecimalType, HiveType, VarcharType, from_athena
from kit.sql.athena import statements as s
from kit.sql.relations import OutputColumn
from kit.storage import Stage
from kit.storage.objects import ObjectInfo

DEFAULT_BUCKET: Final = "s3://athena-results"
_NOT_STORED = re.compile(
    r"(json|uuid|time(\(\d+\))?( with time zone)?|timestamp.* with time zone|interval .*|ipaddress)"
)
_FORMATS_OF_SERDES: Final = {
    "parquet": "PARQUET",
    "orc": "ORC",
    "avro": "AVRO",
    "json": "JSON",
    "textfile": "TEXTFILE",
}


def create_table_as(job: Job, statement: s.CreateTableAs) -> Answer:
    database, name = job.name(statement.table)
    require_database(job, database)
    catalog = job.services.catalog
    if catalog.find_table(database, name) is not None:
        if statement.if_not_exists:
            return Told()
        raise KitError(
            "TABLE_ALREADY_EXISTS",
            f"Table 'awsdatacatalog.{database}.{name}' already exists",
            "DROP TABLE it first, or CREATE TABLE IF NOT EXISTS.",
        )
    if statement.table_type.upper() != "HIVE" or statement.bucketed_by or statement.bucket_count:
        what = "bucketed_by" if statement.bucketed_by else f"table_type {statement.table_type}"
        raise KitError("NOT_SUPPORTED", f"CREATE TABLE AS with {what} is not supported.", "Use partitioned_by.")
    location = _folder(statement.external_location or _default_location(job, database, name))
    format_name = check_format(statement.format or "PARQUET")
    planned = plan(job, statement.query)
    target = _target(
        job,
        planned.compiled.columns,
        format_name,
        compression_of(format_name, statement.compression),
        statement.partitioned_by,
    )
    target = replace(target, separator=statement.field_delimiter or "\x01", level=statement.compression_level)
    table = _table(database, name, target, location, statement.field_delimiter)
    rows, written = 0, list[ObjectInfo]()
    with job.services.storage.staging(into_empty=location) as stage:
        _require_empty(job, location, f"Target directory for table '{database}.{name}' already exists: {location}.")
        if statement.with_data:
            rows = _fill(job, planned, target, stage.path(location))
        written = _publish(stage, location)
        try:
            partitions = _partitions(location, target.key_names, written)
            catalog.create_table(table, [Partition(values, uri) for values, uri in partitions.items()])
        except BaseException:
            _withdraw(job, written)
            raise
    return Told("Query successful.", rows, tuple(info.uri for info in written))


def insert(job: Job, statement: s.InsertInto) -> Answer:
    table = job.table(statement.table)
    label = f"{table.database}.{table.name}"
    format_name = _writable(table, label)
    planned = plan(job, statement.query)
    target, planned = _assigned(job, table, format_name, planned, statement.columns)
    base = _folder(table.descriptor.location)
    catalog = job.services.catalog
    with job.services.storage.staging() as stage:
        folder = stage.path(base)
        rows = _fill(job, planned, target, folder)
        known: set[tuple[str | None, ...]] = set()
        for values, held in _staged_partitions(folder, target.key_names).items():
            current = catalog.find_partition(table.database, table.name, values)
            if current is not None:
                known.add(values)
                _move(held, stage.path(_folder(current.location)))
        written = stage.publish()
        try:
            new = {
                values: uri
                for values, uri in _partitions(base, target.key_names, written).items()
                if values not in known
            }
            if new and not is_projected(table):
                partitions = [Partition(values, uri) for values, uri in new.items()]
                catalog.add_partitions(table.database, table.name, partitions, if_not_exists=True)
        except BaseException:
            _withdraw(job, written)
            raise
    return Told("Query successful.", rows, tuple(info.uri for info in written))


def unload(job: Job, statement: s.Unload) -> Answer:
    properties = {name.lower(): value for name, value in statement.properties.items()}
    unknown = set(properties) - {"format", "compression", "compression_level", "field_delimiter", "partitioned_by"}
    if unknown:
        raise KitError(
            "INVALID_PROPERTY", f"UNLOAD does not know the property '{min(unknown)}'.", "format, compression, …"
        )
    if "format" not in properties:
        raise KitError("INVALID_PROPERTY", "UNLOAD needs the property 'format'.", "WITH (format = 'PARQUET')")
    format_name = check_format(str(properties["format"]))
    planned = plan(job, statement.query)
    keys = tuple(str(key).lower() for key in properties.get("partitioned_by", ()))
    compression = compression_of(format_name, str(properties.get("compression", "")))
    target = _target(job, planned.compiled.columns, format_name, compression, keys)
    delimiter = properties.get("field_delimiter")
    target = replace(target, separator="," if delimiter is None else str(delimiter), level=_level(properties))
    location = _folder(statement.target)
    with job.services.storage.staging(into_empty=location) as stage:
        _require_empty(job, location, f"Target directory already exists: {location}.")
        rows = _fill(job, planned, target, stage.path(location))
        written = _publish(stage, location)
    return Told("Query successful.", rows, tuple(info.uri for info in written))


def _fill(job: Job, planned: PlannedQuery, target: Target, folder: Path) -> int:
    connection = open_(job, planned)
    job.running.message = f"writing {target.format}"
    try:
        rows = write(connection, planned, target, folder, job.running)
    finally:
        job.running.message = ""
        connection.close()
    _remove_empty(folder)
    return rows


def _target(
    job: Job, columns: Sequence[OutputColumn], format_name: str, compression: str, keys: Sequence[str]
) -> Target:
    named = _columns(columns)
    names = [column.name for column in named]
    if keys and names[len(names) - len(keys) :] != list(keys):
        raise KitError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(keys)}]",
            "Put them at the end of the SELECT.",
        )
    if len(keys) == len(named):
        raise KitError("INVALID_TABLE_PROPERTY", "Table contains only partition columns", "Select a column more.")
    return Target(format_name, compression, named, len(keys), _object_name(job))


def _columns(columns: Sequence[OutputColumn]) -> tuple[Column, ...]:
    """The query's columns as a table holds them. Raises for those that no table can hold."""
    found: list[Column] = []
    for position, column in enumerate(columns, 1):
        name = column.name.lower()
        if not name or re.fullmatch(r"_col\d+", name):
            raise KitError(
                "MISSING_COLUMN_NAME", f"Column name not specified at position {position}", "Give it one with AS."
            )
        if any(name == other.name for other in found):
            raise KitError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once", "Rename one.")
        if column.type == "unknown":
            raise KitError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown at position {position}", "CAST the NULL.")
        if _NOT_STORED.fullmatch(column.type):
            raise KitError("NOT_SUPPORTED", f"Unsupported Hive type: {column.type}", "CAST it to varchar.")
        found.append(Column(name, str(from_athena(column.type))))
    return tuple(found)


def _assigned(
    job: Job, table: Table, format_name: str, planned: PlannedQuery, names: Sequence[str]
) -> tuple[Target, PlannedQuery]:
    """The query's columns in the table's order and types, those that are not given NULL."""
    given = list(names) or [column.name for column in table.columns]
    declared = {column.name: column for column in table.columns}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise KitError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {unknown[0]}")
    columns = planned.compiled.columns
    fits = len(columns) == len(given) and all(
        _is_assignable(column.type, hive_type(declared[name].type))
        for name, column in zip(given, columns, strict=False)
    )
    if not fits:
        wanted = ", ".join(declared[name].type for name in given)
        raise KitError(
            "TYPE_MISMATCH",
            "Insert query has mismatched column types: "
            f"Table: [{wanted}], Query: [{', '.join(column.type for column in columns)}]",
            "CAST the query's columns to the table's types.",
        )
    places = {name: f'q."c{index}"' for index, name in enumerate(given)}
    picked = ", ".join(
        f'{places.get(column.name, "NULL")} AS "{column.name.replace(chr(34), chr(34) * 2)}"'
        for column in table.columns
    )
    aliases = ", ".join(f'"c{index}"' for index in range(len(given)))
    statement = planned.wrapped(f"SELECT {picked} FROM (\n", f"\n) AS q({aliases})")
    target = Target(
        format_name,
        compression_of(format_name, _compression_property(table, format_name)),
        table.columns,
        len(table.partition_keys),
        _object_name(job),
    )
    if format_name == "TEXTFILE":
        properties = {**table.parameters, **table.descriptor.serde.parameters}
        layout = Layout("textfile", table.descriptor.serde.library, table.descriptor.columns, properties)
        separators = Separators.of(layout)
        target = replace(target, separator=separators.levels[0], null=separators.null)
    return target, replace(planned, statement=statement)


def _is_assignable(source: str, target: HiveType) -> bool:
    """Whether Trino coerces a type of the query to one of the table by itself."""
    if source == "unknown":
        return True
    if _NOT_STORED.fullmatch(source):
        return False
    held = from_athena(source)
    if held == target:
        return True
    text = (VarcharType, CharType)
    match held, target:
        case DecimalType(), DecimalType():
            return held.precision - held.scale <= target.precision - target.scale and held.scale <= target.scale
        case _, DecimalType() if held in INTEGER_BITS:
            return len(str(2 ** (INTEGER_BITS[held] - 1))) <= target.precision - target.scale  # type: ignore[index]
    if held in INTEGER_BITS and target in INTEGER_BITS:
        return INTEGER_BITS[held] < INTEGER_BITS[target]  # type: ignore[index]
    if str(target) in {"float", "double"}:
        return held in INTEGER_BITS or isinstance(held, DecimalType) or str(held) == "float"
    if isinstance(held, text) and isinstance(target, text):
        return held.length <= target.length
    if held == STRING and isinstance(target, text):
        return source.startswith("varchar(")
    return target == STRING and isinstance(held, text)


def _writable(table: Table, label: str) -> str:
    if table.table_type == "VIRTUAL_VIEW":
        raise KitError("NOT_SUPPORTED", f"Inserting into views is not supported: {label}", "Insert into its tables.")
    format_name = _FORMATS_OF_SERDES.get(format_of(table.descriptor.serde))
    if format_name is None or table.descriptor.bucket_columns:
        raise KitError(
            "NOT_SUPPORTED",
            f"Inserting into {label} is not supported: its SerDe is {table.descriptor.serde.library}.",
            "Tables of Parquet, ORC, Avro, JSON and delimited text without buckets can be written.",
        )
    if int(table.parameters.get("skip.header.line.count", "0") or 0) > 0:
        raise KitError(
            "NOT_SUPPORTED",
            f"Inserting into {label} is not supported: its objects begin with a header.",
            "A table without skip.header.line.count can be written.",
        )
    if is_projected(table) and table.parameters.get("storage.location.template"):
        raise KitError(
            "NOT_SUPPORTED",
            f"Inserting into {label} is not supported: it has a storage.location.template.",
            "Write the objects yourself, or UNLOAD.",
        )
    return format_name


def _compression_property(table: Table, format_name: str) -> str:
    names = ("write.compression", f"{format_name.lower()}.compression", f"{format_name.lower()}.compress")
    return next((table.parameters[name] for name in names if name in table.parameters), "")


def _table(database: str, name: str, target: Target, location: str, delimiter: str | None) -> Table:
    serde: dict[str, str] = {"serialization.format": "1"}
    if target.format == "TEXTFILE" and delimiter is not None:
        serde = {"serialization.format": delimiter, "field.delim": delimiter}
    held = descriptor(target.format.lower(), target.file_columns, location, serde_parameters=serde)
    keys = target.columns[len(target.columns) - target.keys :]
    parameters = {"EXTERNAL": "TRUE", "has_encrypted_data": "false"}
    if target.format == "PARQUET":
        parameters["parquet.compression"] = target.compression
    return Table(database, name, held, keys, parameters=parameters)


def _publish(stage: Stage, location: str) -> list[ObjectInfo]:
    try:
        return stage.publish()
    except KitError as error:
        if error.code == "PreconditionFailed":
            raise _exists(f"Target directory already exists: {location}.") from error
        raise


def _require_empty(job: Job, location: str, message: str) -> None:
    """Before a long query runs in vain; publishing makes sure of it."""
    try:
        found = next(job.services.storage.iter(location), None)
    except KitError as error:
        if error.code != "NoSuchBucket":
            raise
        return
    if found is not None:
        raise _exists(message)


def _exists(message: str) -> KitError:
    return KitError(
        "HIVE_PATH_ALREADY_EXISTS",
        f"{message} You may need to manually clean the data before retrying.",
        "Choose another location, or delete what is there.",
    )


def _withdraw(job: Job, written: Iterable[ObjectInfo]) -> None:
    for info in written:
        job.services.storage.delete(info.uri)


def _partitions(base: str, keys: Sequence[str], written: Iterable[ObjectInfo]) -> dict[tuple[str | None, ...], str]:
    """The partitions that these objects lie in, with their folders' URIs."""
    found: dict[tuple[str | None, ...], str] = {}
    for info in written:
        parts = info.uri[len(base) :].split("/")[: len(keys)] if info.uri.startswith(base) else []
        if keys and len(parts) == len(keys):
            found.setdefault(_values(parts), f"{base}{'/'.join(parts)}/")
    return found


def _staged_partitions(folder: Path, keys: Sequence[str]) -> dict[tuple[str | None, ...], Path]:
    if not keys:
        return {}
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {_values(parts): folder.joinpath(*parts) for path in files if (parts := path.parts[: len(keys)])}


def _values(parts: Sequence[str]) -> tuple[str | None, ...]:
    pairs = [split_folder(part) for part in parts]
    assert all(pair is not None for pair in pairs), parts
    return tuple(pair[1] for pair in pairs if pair is not None)


def _move(held: Path, folder: Path) -> None:
    if held == folder:
        return
    for path in held.iterdir():
        path.rename(folder / path.name)


def _remove_empty(folder: Path) -> None:
    """A query without rows leaves folders, and in some formats empty files."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _default_location(job: Job, database: str, name: str) -> str:
    if job.workgroup.output_location:
        return f"{job.workgroup.output_location.rstrip('/')}/tables/{job.query_id}/"
    held = job.services.catalog.find_database(database)
    if held is not None and held.location:
        return f"{held.location.rstrip('/')}/{name}/"
    return f"{DEFAULT_BUCKET}/{job.workgroup.name}/tables/{job.query_id}/"


def _object_name(job: Job) -> str:
    return f"{job.now:%Y%m%d_%H%M%S}_{job.query_id}"


def _folder(location: str) -> str:
    return location if location.endswith("/") else location + "/"


def _level(properties: dict[str, Any]) -> int | None:
    level = properties.get("compression_level")
    return None if level is None else int(level)
