"""The shape of files that know the types of their columns: Parquet, ORC and Avro. Knows no file.

Columns are found by name. Two files make one table only if Athena reads each of them as the table's types: of an
integer file and a floating-point one no column is made that can be read from both.

Source: Amazon Athena User Guide, Handle schema updates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.catalog.classifiers.classifier import Field, Shape
from kit.catalog.classifiers.schema import VOID, are_similar, columns_of, join_by_name
from kit.catalog.model import Column, StorageDescriptor
from kit.catalog.serde import descriptor
from kit.catalog.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER_BITS,
    TIMESTAMP,
    ArrayType,
    DecimalType,
    HiveType,
    MapType,
    StructType,
    parse,
)

_AVRO_NAMES: Mapping[HiveType, object] = {
    BOOLEAN: "boolean",
    FLOAT: "float",
    DOUBLE: "double",
    BINARY: "bytes",
    DATE: {"type": "int", "logicalType": "date"},
    TIMESTAMP: {"type": "long", "logicalType": "timestamp-millis"},
}


@dataclass(frozen=True, slots=True)
class TypedShape:
    """`format` is `parquet`, `orc` or `avro`."""

    format: str
    fields: tuple[Field, ...]

    @property
    def is_positional(self) -> bool:
        return False

    def join(self, other: Shape, *, similar_only: bool) -> TypedShape | None:
        if not isinstance(other, TypedShape) or other.format != self.format:
            return None
        if similar_only and not are_similar(self.fields, other.fields):
            return None
        fields = join_by_name(self.fields, other.fields)
        declared = {each.name.lower(): each.type for each in fields}
        if not all(_is_readable(each.type, declared[each.name.lower()]) for each in (*self.fields, *other.fields)):
            return None
        return TypedShape(self.format, fields)

    def descriptor(self, columns: tuple[Column, ...], location: str, *, compressed: bool) -> StorageDescriptor:
        parameters = {"serialization.format": "1"}
        if self.format == "avro":
            parameters["avro.schema.literal"] = avro_schema(columns_of(self.fields))
        return descriptor(self.format, columns, location, serde_parameters=parameters, compressed=compressed)

    def parameters(self) -> Mapping[str, str]:
        return {"classification": self.format}

    def notes(self) -> tuple[str, ...]:
        return ()


def avro_schema(columns: tuple[Column, ...]) -> str:
    """What the AvroSerDe of the service wants to be told: every column of the files, each of which may be NULL."""
    fields = [
        {"name": column.name, "type": ["null", _avro_type(parse(column.type), f"r{position}")], "default": None}
        for position, column in enumerate(columns)
    ]
    return json.dumps({"type": "record", "name": "row", "fields": fields}, separators=(",", ":"), ensure_ascii=False)


def _avro_type(kind: HiveType, name: str) -> Any:
    """`name` is one for the record that a struct becomes: Avro wants each to have its own."""
    match kind:
        case ArrayType(element):
            return {"type": "array", "items": ["null", _avro_type(element, name)]}
        case MapType(_, value):
            return {"type": "map", "values": ["null", _avro_type(value, name)]}
        case StructType(fields):
            members = [
                {"name": field.name, "type": ["null", _avro_type(field.type, f"{name}_{position}")], "default": None}
                for position, field in enumerate(fields)
            ]
            return {"type": "record", "name": name, "fields": members}
        case DecimalType(precision, scale):
            return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    if kind in INTEGER_BITS:
        return "int" if INTEGER_BITS[kind] <= 32 else "long"  # type: ignore[index]
    return _AVRO_NAMES.get(kind, "string")


def _is_readable(held: HiveType, declared: HiveType) -> bool:
    """Whether what a file holds is read as what the table says, without a cast that could lose or fail."""
    if held in {declared, VOID}:
        return True
    match (held, declared):
        case (ArrayType(a), ArrayType(b)):
            return _is_readable(a, b)
        case (MapType(key_a, a), MapType(key_b, b)):
            return _is_readable(key_a, key_b) and _is_readable(a, b)
        case (StructType(a), StructType(b)):
            members = {field.name.lower(): field.type for field in b}
            return all(_is_readable(field.type, members[field.name.lower()]) for field in a)
        case (DecimalType(), DecimalType()):
            return True
    if held in INTEGER_BITS:
        return declared in INTEGER_BITS
    return (held, declared) == (FLOAT, DOUBLE)
