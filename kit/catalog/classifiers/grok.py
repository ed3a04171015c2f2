"""Lines that a grok pattern takes apart: the columns are its named captures, in order.

Certain where every line of the sample matches. A line that does not is a row of NULLs to Athena, and is told.

Source: AWS Glue Developer Guide, Writing grok custom classifiers; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from kit.base.errors import KitError
from kit.catalog.classifiers.classifier import Classification, Field, Sample, Shape
from kit.catalog.classifiers.schema import join_types
from kit.catalog.grok import expand
from kit.catalog.java_regex import compile_java
from kit.catalog.model import Column, StorageDescriptor
from kit.catalog.serde import descriptor
from kit.catalog.types import BIGINT, BOOLEAN, DOUBLE, FLOAT, INT, SMALLINT, STRING, TINYINT, HiveType

SAMPLE_LINES = 1000
# How many of the lines must match for the sample to be of this format at all.
_MIN_SHARE = 0.7
# Of another format's files not even these first lines match, which settles it quickly.
_PROBED_LINES = 5
_TYPES: Mapping[str, HiveType] = {
    "": STRING,
    "string": STRING,
    "byte": TINYINT,
    "boolean": BOOLEAN,
    "short": SMALLINT,
    "int": INT,
    "long": BIGINT,
    "float": FLOAT,
    "double": DOUBLE,
}


@dataclass(frozen=True, slots=True)
class GrokShape:
    """`skipped_lines` are at the beginning of each file and belong to no row."""

    format: str
    pattern: str
    custom_patterns: str
    fields: tuple[Field, ...]
    skipped_lines: int = 0

    @property
    def is_positional(self) -> bool:
        return True

    def join(self, other: Shape, *, similar_only: bool) -> GrokShape | None:
        del similar_only
        if not isinstance(other, GrokShape) or self != GrokShape(
            other.format, other.pattern, other.custom_patterns, self.fields, other.skipped_lines
        ):
            return None
        fields = tuple(
            Field(a.name, join_types(a.type, b.type)) for a, b in zip(self.fields, other.fields, strict=True)
        )
        return GrokShape(self.format, self.pattern, self.custom_patterns, fields, self.skipped_lines)

    def descriptor(self, columns: tuple[Column, ...], location: str, *, compressed: bool) -> StorageDescriptor:
        parameters = {"input.format": self.pattern}
        if self.custom_patterns:
            parameters["input.grokCustomPatterns"] = self.custom_patterns
        return descriptor("grok", columns, location, serde_parameters=parameters, compressed=compressed)

    def parameters(self) -> Mapping[str, str]:
        header = {"skip.header.line.count": str(self.skipped_lines)} if self.skipped_lines else {}
        return {"classification": self.format, **header}

    def notes(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class GrokClassifier:
    """A custom classifier: `classification` is what the format is called, `pattern` one line of it.

    `custom_patterns` defines further patterns, one a line: a name, a blank, an expression. A capture's type may follow
    its name: `%{NUMBER:bytes:long}`. Raises `InvalidInputException` for a pattern that does not hold.
    """

    classification: str
    pattern: str
    custom_patterns: str = ""

    def __post_init__(self) -> None:
        fields_of(self.pattern, self.custom_patterns)

    def classify(self, sample: Sample) -> Classification | None:
        if sample.text is None:
            return None
        return classify_lines(sample, GrokShape(
            self.classification, self.pattern, self.custom_patterns, fields_of(self.pattern, self.custom_patterns)
        ))  # fmt: skip


def classify_lines(sample: Sample, shape: GrokShape) -> Classification | None:
    """The sample in this shape, or None where too few of its lines match."""
    assert sample.text is not None
    lines = sample.text.replace("\r\n", "\n").removesuffix("\n").split("\n", SAMPLE_LINES + shape.skipped_lines)
    lines = lines[shape.skipped_lines : SAMPLE_LINES + shape.skipped_lines]
    match = _compiled(shape.pattern, shape.custom_patterns).match
    if not any(map(match, lines[:_PROBED_LINES])):
        return None
    matching = sum(match(line) is not None for line in lines)
    share = matching / len(lines)
    if share < _MIN_SHARE:
        return None
    notes = ()
    if matching < len(lines):
        of = f"{len(lines) - matching:,} of {len(lines):,} sampled lines of {sample.uri}"
        notes = (f"{of} do not match the pattern: rows of NULLs",)
    total = sample.text.count("\n") + (not sample.text.endswith("\n")) - shape.skipped_lines
    return Classification(shape, share, sample.estimated_records(total), len(sample.head) / max(total, 1), notes)


@lru_cache(maxsize=256)
def fields_of(pattern: str, custom_patterns: str) -> tuple[Field, ...]:
    """The columns of a pattern. Raises `InvalidInputException` for one that does not hold or captures nothing."""
    try:
        _, captures = expand(pattern, custom_patterns)
        _compiled(pattern, custom_patterns)
    except KitError as error:
        raise KitError("InvalidInputException", error.message, error.hint) from error
    names = [capture.name.lower() for capture in captures]
    unknown = next((capture for capture in captures if capture.type not in _TYPES), None)
    if unknown is not None:
        raise KitError(
            "InvalidInputException",
            f"The grok pattern types '{unknown.name}' as '{unknown.type}'.",
            f"Types are {', '.join(filter(None, _TYPES))}.",
        )
    if not names or len(set(names)) < len(names):
        what = "captures nothing" if not names else "uses a name for two captures"
        raise KitError(
            "InvalidInputException", f"The grok pattern {what}.", "Each column is one %{PATTERN:name} of its own."
        )
    return tuple(Field(name, _TYPES[capture.type]) for name, capture in zip(names, captures, strict=True))


@lru_cache(maxsize=256)
def _compiled(pattern: str, custom_patterns: str) -> re.Pattern[str]:
    return compile_java(expand(pattern, custom_patterns)[0], 0)
