"""JSON lines: one object a line, as Athena's JSON SerDes read it.

Numbers are bigint or double, whatever their size in the sample: the next record's may be larger. Strings stay strings,
dates among them, as in Glue.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.catalog.classifiers.classifier import CERTAIN, Classification, Field, Refusal, Sample, Shape
from kit.catalog.classifiers.schema import VOID, are_similar, columns_of, is_field_name, join_all, join_by_name
from kit.catalog.model import Column, StorageDescriptor
from kit.catalog.serde import descriptor
from kit.catalog.types import BIGINT, BOOLEAN, DOUBLE, STRING, ArrayType, HiveType, StructField, StructType

SAMPLE_RECORDS = 1000
SHOWN_COLUMNS = 6
# An object, or an array of values; not a bracket that begins a column's name.
_BEGINS_AS_JSON = re.compile(r"""\s*(?:\{\s*["}]|\[\s*[\[{"\]\d-])""")
_ALMOST_CERTAIN = 0.95
# Deeper nesting is kept as text, which functions still take apart: what a query pays for reading a nested column
# grows several-fold with a few levels.
MAX_DEPTH = 8
# Fewer objects than this among the lines: not JSON lines with a few bad ones, but something else.
_MIN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class JsonShape:
    fields: tuple[Field, ...]

    @property
    def format(self) -> str:
        return "json"

    @property
    def is_positional(self) -> bool:
        return False

    def join(self, other: Shape, *, similar_only: bool) -> JsonShape | None:
        if not isinstance(other, JsonShape) or (similar_only and not are_similar(self.fields, other.fields)):
            return None
        return JsonShape(join_by_name(self.fields, other.fields))

    def descriptor(self, columns: tuple[Column, ...], location: str, *, compressed: bool) -> StorageDescriptor:
        paths = ",".join(field.name for field in self.fields)
        return descriptor("json", columns, location, serde_parameters={"paths": paths}, compressed=compressed)

    def parameters(self) -> Mapping[str, str]:
        return {"classification": "json"}

    def notes(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class JsonClassifier:
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if sample.text is None or not _BEGINS_AS_JSON.match(sample.text):
            return None
        lines = [line for line in sample.text.split("\n") if line.strip()]
        records = [record for line in lines[:SAMPLE_RECORDS] if isinstance(record := _parsed(line), dict)]
        sampled = min(len(lines), SAMPLE_RECORDS)
        if len(records) < sampled * _MIN_SHARE:
            return Refusal(f"JSON, but not one object a line, which is what Athena reads{_inside(sample.text)}")
        fields = fields_of(records)
        if not fields:
            return Refusal("JSON objects without a field")
        twice = next(filter(None, map(_twice, records)), None)
        if twice is not None:
            return Refusal(f"JSON objects with keys that differ in letter case alone: {' and '.join(twice)}")
        bad = sampled - len(records)
        notes = (f"{bad:,} of {sampled:,} sampled lines of {sample.uri} are no JSON objects",) if bad else ()
        certainty = CERTAIN if not bad else _ALMOST_CERTAIN
        total = sample.estimated_records(len(lines))
        return Classification(JsonShape(fields), certainty, total, len(sample.head) / len(lines), notes)


def is_lines(text: str) -> bool:
    """Whether the first line that is not blank is an object by itself."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return isinstance(_parsed(first), dict)


def summary(fields: Sequence[Field]) -> str:
    """`id bigint, name string, …`."""
    shown = [f"{column.name} {column.type}" for column in columns_of(fields[:SHOWN_COLUMNS])]
    return ", ".join([*shown, "…"] if len(fields) > SHOWN_COLUMNS else shown)


def _inside(text: str) -> str:
    """What a document holds that is an array of objects, or an object over several lines; empty for others."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return ""
    match value:
        case list():
            records, what = [each for each in value[:SAMPLE_RECORDS] if isinstance(each, dict)], "an array of objects"
        case dict():
            records, what = [value], "objects over several lines"
        case _:
            return ""
    fields = fields_of(records)
    return f": {what} ({summary(fields)})" if fields else ""


def _twice(record: dict[str, Any]) -> tuple[str, str] | None:
    """Two keys that are the same column to a SerDe that does not look at letter case."""
    seen: dict[str, str] = {}
    for name in record:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            return other, name
    return None


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def fields_of(records: list[dict[str, Any]]) -> tuple[Field, ...]:
    """The union of the records' fields in order of first sight; names in lower case, as the catalog keeps them."""
    fields: dict[str, list[HiveType]] = {}
    for record in records:
        for name, value in record.items():
            fields.setdefault(name.lower(), []).append(_type(value, MAX_DEPTH))
    return tuple(Field(name, join_all(types)) for name, types in fields.items() if name.strip())


def _type(value: Any, depth: int) -> HiveType:
    match value:
        case None:
            return VOID
        case bool():
            return BOOLEAN
        case int():
            # As a double it would lose digits; the SerDes read a number into a string as it is written.
            return BIGINT if -(1 << 63) <= value < 1 << 63 else STRING
        case float():
            return DOUBLE
        case list() if depth:
            return ArrayType(join_all(_type(each, depth - 1) for each in value))
        case dict() if depth and all(map(is_field_name, filter(str.strip, value))):
            fields = ((name, _type(each, depth - 1)) for name, each in value.items() if name.strip())
            return StructType(tuple(StructField(name, kind) for name, kind in fields))
        case _:
            return STRING
