"""ORC and Avro: files that know their columns, read by libraries of their own and handed to DuckDB as Arrow.

Columns are found by name in any letter case; those that a file lacks are NULL. ORC reads only the columns asked for,
stripe by stripe, and tells of the bytes it really took; Avro keeps rows, so that it reads everything.

Source: Amazon Athena User Guide, ORC SerDe, and Avro SerDe; read 2026-11.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from kit.athena.scan.source import DataFile, Layout, Request, Source, Watch, hive_type, quote
from kit.base.errors import KitError
from kit.catalog.types import (
    DATE,
    INTEGER_BITS,
    TIMESTAMP,
    ArrayType,
    DecimalType,
    HiveType,
    MapType,
    StructType,
    to_arrow,
)

if TYPE_CHECKING:
    import pyarrow as pa

AVRO_BATCH_ROWS = 16_384

Batches: TypeAlias = "Callable[[DataFile, Request], Iterator[pa.RecordBatch]]"
"""Reads a file: batches that hold those of the requested columns that the file has, whatever else they hold."""


def orc_source(request: Request) -> Source:
    return _source(request, _orc)


def avro_source(request: Request) -> Source:
    return _source(request, _avro)


def _source(request: Request, batches: Batches) -> Source:
    stream = f"{request.name}_rows"
    return Source(
        quote(stream),
        {name: quote(name) for name in request.columns},
        quote(f"{request.name}_file"),
        streams={stream: Records(request, batches)},
    )


class Records:
    """A re-readable Arrow stream of the requested columns in their declared types, and the index of their file."""

    def __init__(self, request: Request, batches: Batches) -> None:
        import pyarrow as pa

        self._request = request
        self._batches = batches
        fields = [pa.field(name, to_arrow(hive_type(request.layout.type_of(name)))) for name in request.columns]
        self.schema = pa.schema([*fields, pa.field(f"{request.name}_file", pa.int32())])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self._typed()).__arrow_c_stream__(requested_schema)

    def _typed(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        request = self._request
        with request.watch.keeping_error():
            for index, file in enumerate(request.files):
                for batch in self._batches(file, request):
                    held = {name.lower(): number for number, name in reversed(list(enumerate(batch.schema.names)))}
                    arrays = [
                        _column(batch.column(held[name]), self.schema.field(name).type, request.layout, name, file)
                        if name in held
                        else pa.nulls(batch.num_rows, self.schema.field(name).type)
                        for name in request.columns
                    ]
                    arrays.append(pa.repeat(pa.scalar(index, pa.int32()), batch.num_rows))
                    yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _column(array: pa.Array, wanted: pa.DataType, layout: Layout, name: str, file: DataFile) -> pa.Array:
    """The array in its declared type. Raises `HIVE_BAD_DATA` where the file holds another one."""
    import pyarrow as pa

    kind = hive_type(layout.type_of(name))
    if not _fits(array.type, kind):
        raise _incompatible(array.type, layout, name, file)
    try:
        if kind == TIMESTAMP:
            return _rounded(array)
        return array if array.type == wanted else array.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _incompatible(array.type, layout, name, file) from error


def _rounded(array: pa.Array) -> pa.Array:
    """Timestamps of a Hive table have milliseconds; what is finer is rounded half up."""
    import pyarrow as pa
    from pyarrow import compute

    plain = array.cast(pa.timestamp("us", array.type.tz), safe=False).cast(pa.int64())
    pc: Any = compute
    whole = pc.floor(pc.divide(pc.add(pc.cast(plain, pa.float64()), 500.0), 1000.0))
    return pc.multiply(pc.cast(whole, pa.int64()), 1000).cast(pa.timestamp("us"))


def _fits(held: pa.DataType, kind: HiveType) -> bool:
    import pyarrow.types as pt

    match kind:
        case DecimalType():
            return pt.is_decimal(held) or pt.is_integer(held) or pt.is_binary(held)
        case ArrayType(element):
            return pt.is_list(held) and _fits(held.value_type, element)
        case MapType(key, value):
            return pt.is_map(held) and _fits(held.key_type, key) and _fits(held.item_type, value)
        case StructType():
            return pt.is_struct(held)
    if kind in INTEGER_BITS:
        return pt.is_integer(held)
    wanted = to_arrow(kind)
    if pt.is_floating(wanted):
        return pt.is_floating(held)
    if pt.is_string(wanted):
        return pt.is_string(held) or pt.is_large_string(held) or pt.is_dictionary(held)
    return pt.is_timestamp(held) if pt.is_timestamp(wanted) else held.id == wanted.id


def _incompatible(held: object, layout: Layout, name: str, file: DataFile) -> KitError:
    return KitError(
        "HIVE_BAD_DATA",
        f"Field {name}'s type {held} in {layout.format} file {file.uri} is incompatible with type "
        f"{layout.type_of(name)} defined in table schema",
        "Change the column's type, or rewrite the file.",
    )


def _orc(file: DataFile, request: Request) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import orc

    try:
        with pa.PythonFile(_Counted(file.path, request.watch), mode="r") as counted:
            reader = orc.ORCFile(counted)
            wanted = [name for name in reader.schema.names if name.lower() in request.columns]
            for stripe in range(reader.nstripes):
                batch = reader.read_stripe(stripe, columns=wanted)
                # Without a column there is no batch to carry the number of rows.
                yield batch if wanted else _rows_alone(reader.read_stripe(stripe, columns=reader.schema.names[:1]))
    except FileNotFoundError as error:
        raise file.vanished() from error
    except (pa.ArrowException, OSError) as error:
        raise KitError(
            "HIVE_BAD_DATA",
            f"Error opening Hive split {file.uri}: it is no valid ORC file, or a damaged one.",
            "Write the object again, or move it out of the table's location.",
        ) from error


def _rows_alone(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.rename_columns([f"\0{index}" for index in range(batch.num_columns)])


class _Counted(io.FileIO):
    def __init__(self, path: Path, watch: Watch) -> None:
        super().__init__(path, "rb")
        self._watch = watch

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self._watch.read(len(data or b""))
        return data or b""


def _avro(file: DataFile, request: Request) -> Iterator[pa.RecordBatch]:
    import fastavro
    import pyarrow as pa

    try:
        with file.path.open("rb") as opened:
            reader = fastavro.reader(opened)
            names = [field["name"] for field in _record_fields(reader.writer_schema)]
            wanted = {name.lower(): name for name in reversed(names) if name.lower() in request.columns}
            while rows := list(islice(reader, AVRO_BATCH_ROWS)):
                arrays = [_avro_column(rows, held, request.layout, name, file) for name, held in wanted.items()]
                if wanted:
                    yield pa.RecordBatch.from_arrays(arrays, list(wanted))
                else:
                    yield pa.RecordBatch.from_arrays([pa.nulls(len(rows))], ["\0"])
        request.watch.read(file.size_bytes)
    except FileNotFoundError as error:
        raise file.vanished() from error
    except (ValueError, EOFError, OSError, KeyError, IndexError) as error:
        raise KitError(
            "HIVE_BAD_DATA",
            f"Error opening Hive split {file.uri}: it is no valid Avro file, or a damaged one.",
            "Write the object again, or move it out of the table's location.",
        ) from error


def _avro_column(rows: list[Any], held: str, layout: Layout, name: str, file: DataFile) -> pa.Array:
    import pyarrow as pa

    kind = hive_type(layout.type_of(name))
    try:
        return pa.array([_avro_value(row[held], kind) for row in rows], to_arrow(kind))
    except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
        raise _incompatible(type(rows[0][held]).__name__, layout, name, file) from error


def _avro_value(value: Any, kind: HiveType) -> Any:
    """The value as Arrow takes it: maps as pairs, no number for a date."""
    if value is None:
        return None
    shape = _SHAPES.get(type(kind))
    if shape is not None and not isinstance(value, shape):
        raise TypeError("not nested")
    match kind:
        case ArrayType(element):
            return [_avro_value(each, element) for each in value]
        case MapType(_, member):
            return [(key, _avro_value(each, member)) for key, each in value.items()]
        case StructType(fields):
            by_name = {key.lower(): each for key, each in value.items()}
            return {field.name: _avro_value(by_name.get(field.name.lower()), field.type) for field in fields}
    if kind in {DATE, TIMESTAMP} and not isinstance(value, date):
        raise TypeError("not a date")
    return value


_SHAPES: dict[type, type] = {ArrayType: list, MapType: dict, StructType: dict}


def _record_fields(schema: Any) -> list[dict[str, Any]]:
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError("an Avro file of a table holds records")
    return schema["fields"]
