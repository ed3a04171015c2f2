"""ORC: the schema is in the footer, which is all that is read."""

from __future__ import annotations

from dataclasses import dataclass

from kit.catalog.classifiers.arrow_types import fields_of
from kit.catalog.classifiers.classifier import CERTAIN, Classification, Refusal, Sample
from kit.catalog.classifiers.typed_files import TypedShape

_MAGIC = b"ORC"


@dataclass(frozen=True, slots=True)
class OrcClassifier:
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        # Three letters that a word may begin with: text is left to the others.
        if not sample.head.startswith(_MAGIC) or sample.compression != "none" or sample.text is not None:
            return None
        return _footer(sample)


def _footer(sample: Sample) -> Classification | Refusal:
    import pyarrow as pa
    from pyarrow import orc

    try:
        with sample.open() as source:
            file = orc.ORCFile(source)
            schema, records = file.schema, file.nrows
    except (pa.ArrowException, OSError) as error:
        return Refusal(f"an ORC file that is truncated or damaged ({str(error).splitlines()[0].rstrip('.')})")
    fields = fields_of(schema, "an ORC file")
    if isinstance(fields, Refusal):
        return fields
    return Classification(TypedShape("orc", fields), CERTAIN, records, sample.size_bytes / max(records, 1))
