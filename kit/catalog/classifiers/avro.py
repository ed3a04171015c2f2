"""Avro: the schema is at the beginning of the file; the records are counted from the headers of their blocks.

What Athena could not read is refused with the column's name: unions of several types, times of day, records that hold
themselves.

Source: Apache Avro Specification 1.12; Amazon Athena User Guide, Avro SerDe; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.catalog.classifiers.classifier import CERTAIN, Classification, Field, Refusal, Sample
from kit.catalog.classifiers.schema import VOID
from kit.catalog.classifiers.typed_files import TypedShape
from kit.catalog.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    STRING,
    TIMESTAMP,
    ArrayType,
    DecimalType,
    HiveType,
    MapType,
    StructField,
    StructType,
)

_MAGIC = b"Obj\x01"
_PRIMITIVES: Mapping[str, HiveType] = {
    "null": VOID,
    "boolean": BOOLEAN,
    "int": INT,
    "long": BIGINT,
    "float": FLOAT,
    "double": DOUBLE,
    "bytes": BINARY,
    "string": STRING,
    "enum": STRING,
    "fixed": BINARY,
}
_LOGICAL: Mapping[str, HiveType] = {
    "date": DATE,
    "timestamp-millis": TIMESTAMP,
    "timestamp-micros": TIMESTAMP,
    "local-timestamp-millis": TIMESTAMP,
    "local-timestamp-micros": TIMESTAMP,
}
_UNREAD = frozenset({"time-millis", "time-micros", "duration", "uuid"})


class _UnreadError(Exception):
    """A type that Athena does not read; its text says which."""


@dataclass(frozen=True, slots=True)
class AvroClassifier:
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if not sample.head.startswith(_MAGIC) or sample.compression != "none":
            return None
        return _header(sample)


def _header(sample: Sample) -> Classification | Refusal:
    import fastavro

    try:
        with sample.open() as source:
            blocks = fastavro.block_reader(source)
            schema: Any = blocks.writer_schema
            records = sum(block.num_records for block in blocks)
    except (ValueError, EOFError, OSError, KeyError, IndexError, StopIteration) as error:
        return Refusal(f"an Avro file that is truncated or damaged ({error or type(error).__name__})")
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return Refusal("an Avro file of values that are no records")
    fields: list[Field] = []
    for field in schema["fields"]:
        try:
            fields.append(Field(field["name"].lower(), _type(field["type"], (schema["name"],), {})))
        except _UnreadError as error:
            return Refusal(f"an Avro file whose column {field['name']} is {error}, which Athena does not read")
    if not fields:
        return Refusal("an Avro file without columns")
    if len({field.name for field in fields}) < len(fields):
        return Refusal("an Avro file with columns whose names differ in letter case alone")
    shape = TypedShape("avro", tuple(fields))
    return Classification(shape, CERTAIN, records, sample.size_bytes / max(records, 1))


def _type(schema: Any, above: tuple[str, ...], known: dict[str, Any]) -> HiveType:
    """`above` are the records that hold this one, `known` the named types so far: a name may stand for either."""
    match schema:
        case list():
            return _union(schema, above, known)
        case {"logicalType": "decimal", "precision": precision}:
            return DecimalType(precision, schema.get("scale", 0))
        case {"logicalType": str(logical)} if logical in _LOGICAL:
            return _LOGICAL[logical]
        case {"logicalType": str(logical)} if logical in _UNREAD:
            raise _UnreadError(logical)
        case {"type": "array", "items": items}:
            return ArrayType(_type(items, above, known))
        case {"type": "map", "values": values}:
            return MapType(STRING, _type(values, above, known))
        case {"type": "record", "name": name, "fields": fields}:
            known[name] = schema
            members = ((each["name"], _type(each["type"], (*above, name), known)) for each in fields)
            return StructType(tuple(StructField(member, kind) for member, kind in members))
        case {"type": "enum" | "fixed" as kind, "name": name}:
            known[name] = schema
            return _PRIMITIVES[kind]
        case {"type": inner}:
            return _type(inner, above, known)
        case str() if schema in _PRIMITIVES:
            return _PRIMITIVES[schema]
        case str() if schema in above:
            raise _UnreadError(f"the record {schema} within itself")
        case str() if schema in known:
            return _type(known[schema], above, known)
        case _:
            raise _UnreadError(f"of the type {schema}")


def _union(branches: list[Any], above: tuple[str, ...], known: dict[str, Any]) -> HiveType:
    kinds = [kind for branch in branches if (kind := _type(branch, above, known)) != VOID]
    if not kinds:
        return VOID
    if len(kinds) > 1:
        raise _UnreadError(f"a union of {' and '.join(map(str, kinds))}")
    return kinds[0]
