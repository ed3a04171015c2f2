"""Parquet: the schema is in the footer, which is all that is read."""

from __future__ import annotations

from dataclasses import dataclass

from kit.catalog.classifiers.arrow_types import fields_of
from kit.catalog.classifiers.classifier import CERTAIN, Classification, Refusal, Sample
from kit.catalog.classifiers.typed_files import TypedShape

_MAGIC = b"PAR1"
_ENCRYPTED_MAGIC = b"PARE"


@dataclass(frozen=True, slots=True)
class ParquetClassifier:
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if sample.head.startswith(_ENCRYPTED_MAGIC):
            return Refusal("an encrypted Parquet file")
        if not sample.head.startswith(_MAGIC) or sample.compression != "none":
            return None
        return _footer(sample)


def _footer(sample: Sample) -> Classification | Refusal:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with sample.open() as source:
            metadata = pq.read_metadata(source)
            schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        return Refusal(f"a Parquet file that is truncated or damaged ({str(error).splitlines()[0].rstrip('.')})")
    fields = fields_of(schema, "a Parquet file")
    if isinstance(fields, Refusal):
        return fields
    records = metadata.num_rows
    return Classification(TypedShape("parquet", fields), CERTAIN, records, sample.size_bytes / max(records, 1))
