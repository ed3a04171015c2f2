"""Rows of a query written as objects of a format: by DuckDB where it has the format, by a library where it has not.

Writes into a private folder and knows nothing of tables. Partition columns become `key=value` folders, never columns of
the files. Memory is bounded: DuckDB streams; ORC and Avro take one partition after the other.

Source: Amazon Athena User Guide, CREATE TABLE AS, and Use compression in Athena; read 2026-11.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from kit.athena.engine import Connection
from kit.athena.failures import disk_full, is_disk_full
from kit.athena.java_text import java_text
from kit.athena.queries import PlannedQuery
from kit.athena.running import Running
from kit.athena.scan.source import hive_type, literal, quote
from kit.base.errors import KitError, did_you_mean
from kit.catalog.model import Column
from kit.catalog.partition_values import folder_of
from kit.catalog.types import (
    BINARY,
    STRING,
    TIMESTAMP,
    ArrayType,
    HiveType,
    MapType,
    StructType,
    to_arrow,
    to_duckdb,
)

if TYPE_CHECKING:
    import pyarrow as pa

MAX_OPEN_PARTITIONS: Final = 100
DEFAULT_COMPRESSION: Final = "GZIP"
_COMPRESSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "PARQUET": ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "ORC": ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "AVRO": ("DEFLATE", "SNAPPY", "ZSTD", "BZIP2", "NONE"),
    "JSON": ("GZIP", "ZSTD", "NONE"),
    "TEXTFILE": ("GZIP", "ZSTD", "NONE"),
}
_SUFFIXES: Final = {"GZIP": ".gz", "ZSTD": ".zst", "NONE": ""}


@dataclass(frozen=True, slots=True)
class Target:
    """What to write: `columns` are all of the query's, of which the last `keys` are partition keys; `name` begins the
    names of the objects."""

    format: str
    compression: str
    columns: tuple[Column, ...]
    keys: int
    name: str
    separator: str = "\x01"
    null: str = "\\N"
    level: int | None = None

    @property
    def key_names(self) -> list[str]:
        return [column.name for column in self.columns[len(self.columns) - self.keys :]]

    @property
    def file_columns(self) -> tuple[Column, ...]:
        return self.columns[: len(self.columns) - self.keys]


def compression_of(format_name: str, asked: str) -> str:
    """The compression that is meant; the format's default where none is asked for. Raises `INVALID_TABLE_PROPERTY`."""
    known = _COMPRESSIONS[format_name]
    if not asked:
        return DEFAULT_COMPRESSION if DEFAULT_COMPRESSION in known else known[0]
    name = {"UNCOMPRESSED": "NONE"}.get(asked.upper(), asked.upper())
    name = {"ORC": {"GZIP": "ZLIB"}, "AVRO": {"GZIP": "DEFLATE"}}.get(format_name, {}).get(name, name)
    if name not in known:
        raise KitError(
            "INVALID_TABLE_PROPERTY",
            f"Unable to create table: compression {asked} is not supported for {format_name}.",
            did_you_mean(name, known) or f"One of {', '.join(known)}.",
        )
    return name


def check_format(name: str) -> str:
    """The format in upper case. Raises `INVALID_TABLE_PROPERTY` for one that cannot be written."""
    if name.upper() not in _COMPRESSIONS:
        raise KitError(
            "INVALID_TABLE_PROPERTY",
            f"The format '{name}' is not supported for writing.",
            did_you_mean(name, _COMPRESSIONS) or f"One of {', '.join(_COMPRESSIONS)}.",
        )
    return name.upper()


def write(connection: Connection, planned: PlannedQuery, target: Target, folder: Path, running: Running) -> int:
    """Write all rows into the folder; how many they are.

    Raises `HIVE_TOO_MANY_OPEN_PARTITIONS` beyond 100 partitions, and whatever the query raises.
    """
    if target.format in {"ORC", "AVRO"}:
        return _write_batches(connection, planned, target, folder, running)
    running.also = lambda: _check_partitions(folder, target.keys)
    try:
        columns, options = _selected(target), _options(target)
        suffix = "" if target.format == "PARQUET" else _SUFFIXES[target.compression]
        if target.keys:
            path = folder
            keys = ", ".join(map(quote, target.key_names))
            options += f", PARTITION_BY ({keys}), FILENAME_PATTERN {literal(target.name + '_{i}')}"
            options += f", FILE_EXTENSION {literal(_extension(target, suffix))}"
        else:
            path = folder / (target.name + suffix)
        statement = planned.wrapped(
            f"COPY (SELECT {columns} FROM (\n",
            f"\n) AS q({', '.join(map(quote, _names(target)))})) TO {literal(str(path))} ({options})",
        )
        rows = int(connection.execute(statement, running.poll)[0][0])
        _check_partitions(folder, target.keys)
        return rows
    finally:
        running.also = None


def _names(target: Target) -> list[str]:
    return [column.name for column in target.columns]


def _extension(target: Target, suffix: str) -> str:
    return "parquet" if target.format == "PARQUET" else (suffix.lstrip(".") or "txt")


def _selected(target: Target) -> str:
    """The SELECT list: values in the types that the files get, then the partition keys."""
    if target.format == "TEXTFILE":
        fields = ", ".join(
            f"coalesce({_text(quote(column.name), hive_type(column.type), target, 1)}, {literal(target.null)})"
            for column in target.file_columns
        )
        values = [f'concat_ws({literal(target.separator)}, {fields}) AS "\0line"']
    else:
        values = [_value(column, target.format) for column in target.file_columns]
    keys = [_key(column) for column in target.columns[len(target.columns) - target.keys :]]
    return ", ".join([*values, *keys])


def _value(column: Column, format_name: str) -> str:
    kind = hive_type(column.type)
    name = quote(column.name)
    if kind == TIMESTAMP and format_name == "PARQUET":
        # Athena's timestamps have milliseconds; files that say so need no rounding when they are read.
        return f"CAST({name} AS TIMESTAMP_MS) AS {name}"
    if kind == BINARY and format_name == "JSON":
        return f"to_base64({name}) AS {name}"
    if kind == TIMESTAMP:
        return f"strftime({name}, '%Y-%m-%d %H:%M:%S.%g') AS {name}"
    return f"CAST({name} AS {to_duckdb(kind)}) AS {name}"


def _key(column: Column) -> str:
    """A partition key: the empty string has the same folder as NULL."""
    kind, name = hive_type(column.type), quote(column.name)
    value = f"CAST({name} AS {to_duckdb(kind)})"
    return f"nullif({value}, '') AS {name}" if kind == STRING else f"{value} AS {name}"


def _options(target: Target) -> str:
    compression = {"NONE": "uncompressed" if target.format == "PARQUET" else "none"}.get(
        target.compression, target.compression.lower()
    )
    match target.format:
        case "PARQUET":
            level = f", COMPRESSION_LEVEL {target.level}" if target.level is not None else ""
            compression = "lz4_raw" if compression == "lz4" else compression
            return f"FORMAT parquet, COMPRESSION {compression}{level}"
        case "JSON":
            return f"FORMAT json, COMPRESSION {compression}"
        case _:
            return f"FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER ',', COMPRESSION {compression}"


def _text(expression: str, kind: HiveType, target: Target, level: int) -> str:
    """A value as LazySimpleSerDe writes it; NULL stays NULL. Nested values use the separators of their level."""
    item = f"w{level}"
    separator = literal(chr(level + 1))
    match kind:
        case ArrayType(element):
            inner = f"coalesce({_text(item, element, target, level + 1)}, {literal(target.null)})"
            return f"array_to_string(list_transform({expression}, lambda {item}: {inner}), {separator})"
        case MapType(key, value):
            pair = (
                f"{_text(f'{item}.key', key, target, level + 2)} || {literal(chr(level + 2))} || "
                f"coalesce({_text(f'{item}.value', value, target, level + 2)}, {literal(target.null)})"
            )
            return f"array_to_string(list_transform(map_entries({expression}), lambda {item}: {pair}), {separator})"
        case StructType(fields):
            parts = ", ".join(
                f"coalesce({_text(f'{expression}[{literal(field.name)}]', field.type, target, level + 1)}, "
                f"{literal(target.null)})"
                for field in fields
            )
            return f"CASE WHEN {expression} IS NOT NULL THEN concat_ws({separator}, {parts}) END"
    if kind == TIMESTAMP:
        return f"strftime({expression}, '%Y-%m-%d %H:%M:%S.%g')"
    if kind == BINARY:
        return f"to_base64({expression})"
    return f"CAST(CAST({expression} AS {to_duckdb(kind)}) AS VARCHAR)"


def _check_partitions(folder: Path, depth: int) -> None:
    if depth and sum(1 for _ in _leaves(folder, depth)) > MAX_OPEN_PARTITIONS:
        raise too_many()


def _leaves(folder: Path, depth: int) -> Iterator[Path]:
    if depth == 0:
        yield folder
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _leaves(entry, depth - 1)


def too_many() -> KitError:
    return KitError(
        "HIVE_TOO_MANY_OPEN_PARTITIONS",
        f"Exceeded limit of {MAX_OPEN_PARTITIONS} open writers for partitions/buckets",
        "Write fewer partitions at a time: restrict the query, and INSERT INTO the others.",
    )


# Formats that DuckDB does not write


class _Writer(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...


def _write_batches(
    connection: Connection, planned: PlannedQuery, target: Target, folder: Path, running: Running
) -> int:
    """One file a partition, one partition after the other: the rows come sorted by the keys."""
    keys = ", ".join(map(quote, target.key_names))
    picked = ", ".join(
        f"CAST({quote(c.name)} AS {to_duckdb(hive_type(c.type))}) AS {quote(c.name)}" for c in target.columns
    )
    statement = planned.wrapped(
        f"SELECT {picked} FROM (\n",
        f"\n) AS q({', '.join(map(quote, _names(target)))}){f' ORDER BY {keys}' if keys else ''}",
    )
    rows = partitions = 0
    current: tuple[Any, ...] | None = None
    writer: _Writer | None = None
    try:
        with ExitStack() as opened:
            for batch in connection.query(statement, 0, running.poll):
                for values, part in _runs(batch, target):
                    if values != current:
                        opened.close()
                        partitions += 1
                        if target.keys and partitions > MAX_OPEN_PARTITIONS:
                            raise too_many()
                        current = values
                        writer = opened.enter_context(_open_writer(target, _partition_folder(folder, target, values)))
                    assert writer is not None
                    writer.write(part)
                    rows += part.num_rows
    except OSError as error:
        if is_disk_full(error):
            raise disk_full() from error
        raise
    return rows


def _runs(batch: pa.RecordBatch, target: Target) -> Iterator[tuple[tuple[Any, ...], pa.RecordBatch]]:
    """The batch cut where a partition begins, without the keys."""
    width = len(target.file_columns)
    held = batch.select(list(range(width)))
    if target.keys == 0:
        yield (), held
        return
    keys = list(zip(*(column.to_pylist() for column in batch.columns[width:]), strict=True))
    start = 0
    for index in range(1, len(keys) + 1):
        if index == len(keys) or keys[index] != keys[start]:
            yield keys[start], held.slice(start, index - start)
            start = index


def _partition_folder(folder: Path, target: Target, values: tuple[Any, ...]) -> Path:
    if not target.keys:
        return folder
    texts = [None if value is None else java_text(value) for value in values]
    path = folder / folder_of(target.key_names, texts)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _open_writer(target: Target, folder: Path) -> AbstractContextManager[_Writer]:
    opened: Callable[[Target, Path], AbstractContextManager[_Writer]] = _orc if target.format == "ORC" else _avro
    return opened(target, folder / target.name)


@contextmanager
def _orc(target: Target, path: Path) -> Iterator[_Writer]:
    import pyarrow as pa
    from pyarrow import orc

    compression = {"NONE": "uncompressed"}.get(target.compression, target.compression.lower())
    with path.open("xb", buffering=0) as opened, _Forgiving(opened) as sink:
        with orc.ORCWriter(pa.PythonFile(sink, mode="w"), compression=compression) as writer:
            yield _OrcStripes(writer, sink)
        sink.check()


class _OrcStripes:
    def __init__(self, writer: Any, sink: _Forgiving) -> None:
        self._writer = writer
        self._sink = sink

    def write(self, batch: pa.RecordBatch) -> None:
        import pyarrow as pa

        self._writer.write(pa.Table.from_batches([batch]))
        self._sink.check()


class _Forgiving(io.RawIOBase):
    """A file that takes everything and tells of a failure only when it is asked.

    The ORC library ends the whole process where a file cannot be written to.
    """

    def __init__(self, opened: io.FileIO) -> None:
        self._opened = opened
        self._error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        size = len(memoryview(data).cast("B"))
        if self._error is None:
            try:
                done = 0
                while done < size:
                    done += self._opened.write(memoryview(data).cast("B")[done:])
            except OSError as error:
                self._error = error
        return size

    def check(self) -> None:
        """Raises the first failure."""
        if self._error is not None:
            raise self._error


@contextmanager
def _avro(target: Target, path: Path) -> Iterator[_Writer]:
    from fastavro.write import Writer

    codec = {"NONE": "null", "ZSTD": "zstandard"}.get(target.compression, target.compression.lower())
    with path.open("xb") as opened:
        writer = Writer(opened, _avro_schema(target.file_columns), codec=codec)
        yield _AvroRows(writer, target.file_columns)
        writer.flush()


class _AvroRows:
    def __init__(self, writer: Any, columns: Sequence[Column]) -> None:
        self._writer = writer
        self._kinds = {column.name: hive_type(column.type) for column in columns}

    def write(self, batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            self._writer.write({name: _avro_value(value, self._kinds[name]) for name, value in row.items()})


def _avro_value(value: Any, kind: HiveType) -> Any:
    if value is None:
        return None
    match kind:
        case ArrayType(element):
            return [_avro_value(each, element) for each in value]
        case MapType(_, member):
            return {str(key): _avro_value(each, member) for key, each in value}
        case StructType(fields):
            return {field.name: _avro_value(value[field.name], field.type) for field in fields}
        case _:
            return value


def _avro_schema(columns: Sequence[Column]) -> dict[str, Any]:
    names = iter(range(1_000_000))
    fields = [
        {"name": column.name, "type": ["null", _avro_type(hive_type(column.type), names)], "default": None}
        for column in columns
    ]
    return {"type": "record", "name": "row", "fields": fields}


def _avro_type(kind: HiveType, names: Iterator[int]) -> Any:
    import pyarrow.types as pt

    match kind:
        case ArrayType(element):
            return {"type": "array", "items": ["null", _avro_type(element, names)]}
        case MapType(_, value):
            return {"type": "map", "values": ["null", _avro_type(value, names)]}
        case StructType(fields):
            members = [{"name": f.name, "type": ["null", _avro_type(f.type, names)], "default": None} for f in fields]
            return {"type": "record", "name": f"row{next(names)}", "fields": members}
    held = to_arrow(kind)
    if pt.is_decimal(held):
        return {"type": "bytes", "logicalType": "decimal", "precision": held.precision, "scale": held.scale}
    if pt.is_timestamp(held):
        return {"type": "long", "logicalType": "timestamp-millis"}
    if pt.is_date(held):
        return {"type": "int", "logicalType": "date"}
    tests: list[tuple[Callable[[Any], bool], str]] = [
        (pt.is_boolean, "boolean"),
        (pt.is_int64, "long"),
        (pt.is_integer, "int"),
        (pt.is_float32, "float"),
        (pt.is_float64, "double"),
        (pt.is_binary, "bytes"),
    ]
    return next((name for test, name in tests if test(held)), "string")
