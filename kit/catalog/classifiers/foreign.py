"""Formats that Glue knows, or that a lake is made of, and that nothing here reads: recognised, and refused by name.

Source: MongoDB, BSON specification 1.1; Amazon Ion Specification, Ion encodings; read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kit.catalog.classifiers.classifier import Refusal, Sample

_ION_BINARY = b"\xe0\x01\x00\xea"
_ION_TEXT = re.compile(r"\s*\$ion_1_0(?:\s|$)")
_LEAST_BSON_BYTES = 5
_BSON_ELEMENTS = frozenset({*range(0x01, 0x14), 0x7F, 0xFF})


@dataclass(frozen=True, slots=True)
class BsonClassifier:
    def classify(self, sample: Sample) -> Refusal | None:
        head = sample.head
        if len(head) < _LEAST_BSON_BYTES:
            return None
        size_bytes = int.from_bytes(head[:4], "little", signed=True)
        fits = _LEAST_BSON_BYTES <= size_bytes <= len(head) and head[size_bytes - 1] == 0
        if not fits or (size_bytes > _LEAST_BSON_BYTES and head[4] not in _BSON_ELEMENTS):
            return None
        return Refusal("BSON, which Athena does not read: write the documents as JSON, one a line")


@dataclass(frozen=True, slots=True)
class IonClassifier:
    def classify(self, sample: Sample) -> Refusal | None:
        is_text = sample.text is not None and _ION_TEXT.match(sample.text) is not None
        if not is_text and not sample.head.startswith(_ION_BINARY):
            return None
        return Refusal("Amazon Ion, which is not supported: write the values as JSON, one a line")
