"""Parquet: the schema is in the footer, which is all that is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kit.base.errors import KitError
from kit.catalog.classifiers.classifier import CERTAIN, Classification, Field, Refusal, Sample, Shape
from kit.catalog.classifiers.schema import VOID, are_similar, join_by_name
from kit.catalog.model import Column, StorageDescriptor
from kit.catalog.serde import descriptor
from kit.catalog.types import BIGINT, STRING, HiveType, from_arrow

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC = b"PAR1"
_ENCRYPTED_MAGIC = b"PARE"


@dataclass(frozen=True, slots=True)
class ParquetShape:
    """`mixed` names the columns whose types differ so much between files that they became strings."""

    fields: tuple[Field, ...]
    mixed: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        return "parquet"

    @property
    def is_positional(self) -> bool:
        return False

    def join(self, other: Shape, *, similar_only: bool) -> ParquetShape | None:
        if not isinstance(other, ParquetShape) or (similar_only and not are_similar(self.fields, other.fields)):
            return None
        fields = join_by_name(self.fields, other.fields)
        unlike = {*self.mixed, *other.mixed}
        unlike |= {each.name for each in (*self.fields, *other.fields) if each.type not in {STRING, VOID}}
        return ParquetShape(fields, tuple(each.name for each in fields if each.type == STRING and each.name in unlike))

    def descriptor(self, columns: tuple[Column, ...], location: str, *, compressed: bool) -> StorageDescriptor:
        return descriptor(
            "parquet", columns, location, serde_parameters={"serialization.format": "1"}, compressed=compressed
        )

    def parameters(self) -> Mapping[str, str]:
        return {"classification": "parquet"}

    def notes(self) -> tuple[str, ...]:
        columns = ", ".join(self.mixed)
        return (f"types differ between files, so that not all of them can be read: {columns}",) if self.mixed else ()


@dataclass(frozen=True, slots=True)
class ParquetClassifier:
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if sample.head.startswith(_ENCRYPTED_MAGIC):
            return Refusal("an encrypted Parquet file")
        if not sample.head.startswith(_MAGIC) or sample.compression != "none":
            return None
        return _footer(sample)


def _type(kind: pa.DataType) -> HiveType:
    import pyarrow.types as pt

    if pt.is_duration(kind):
        return BIGINT  # Parquet itself knows no durations: to all but Arrow they are numbers
    return VOID if pt.is_null(kind) else from_arrow(kind)


def _footer(sample: Sample) -> Classification | Refusal:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with sample.open() as source:
            metadata = pq.read_metadata(source)
            schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        return Refusal(f"a Parquet file that is truncated or damaged ({str(error).splitlines()[0].rstrip('.')})")
    notes: list[str] = []
    fields: list[Field] = []
    for column in schema:
        try:
            kind = _type(column.type)
        except KitError:
            kind = STRING
            notes.append(f"column {column.name} is {column.type}, for which Hive has no type: string")
        fields.append(Field(column.name.lower(), kind))
    if not fields:
        return Refusal("a Parquet file without columns")
    if len({field.name for field in fields}) < len(fields):
        return Refusal("a Parquet file with columns whose names differ in letter case alone, or not at all")
    records = metadata.num_rows
    return Classification(
        ParquetShape(tuple(fields)), CERTAIN, records, sample.size_bytes / max(records, 1), tuple(notes)
    )
