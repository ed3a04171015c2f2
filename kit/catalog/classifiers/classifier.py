"""What a classifier is: a sample of one object in, the shape of its rows and a certainty out.

Knows no format. A shape knows how to join another of its format, so that grouping objects into tables needs no format
either.

Source: AWS Glue Developer Guide, Defining and managing classifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, Self

from kit.catalog.model import Column, StorageDescriptor
from kit.catalog.types import HiveType

CERTAIN = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of an object, decompressed.

    `head` ends at the end of a line unless it `is_whole`. `stored_bytes` of the object's `size_bytes` were read for it.
    `text` is None where the head is not UTF-8, and then `text_problem` says where.
    """

    uri: str
    size_bytes: int
    compression: str
    head: bytes
    is_whole: bool
    stored_bytes: int
    open: Callable[[], BinaryIO]
    text: str | None
    text_problem: str = ""

    def estimated_records(self, records_in_head: int) -> int:
        """How many records the object has, if it goes on as it begins; exact where the head is the whole."""
        if self.is_whole or not self.stored_bytes:
            return records_in_head
        return round(records_in_head * self.size_bytes / self.stored_bytes)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the data; its type is `VOID` (or has it inside) while only NULLs were seen."""

    name: str
    type: HiveType


class Shape(Protocol):
    """What rows look like, hashable. `format` is Glue's classification."""

    @property
    def format(self) -> str: ...

    @property
    def fields(self) -> tuple[Field, ...]: ...

    @property
    def is_positional(self) -> bool:
        """Whether a column is found by its place in a line, not by its name."""
        ...

    def join(self, other: Shape, *, similar_only: bool) -> Self | None:
        """The shape of a table that holds rows of both, or None where they make two.

        `similar_only`: two of one format whose columns have little in common are not joined.
        """
        ...

    def descriptor(self, columns: tuple[Column, ...], location: str, *, compressed: bool) -> StorageDescriptor: ...

    def parameters(self) -> Mapping[str, str]:
        """The table parameters that belong to the format, as Glue sets them, `classification` first."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What a reader of the report should know of how this was read."""
        ...


@dataclass(frozen=True, slots=True)
class Classification:
    """`certainty` is in (0, 1]; `records` (estimated) and `record_bytes` (decompressed, on average) are statistics."""

    shape: Shape
    certainty: float
    records: int
    record_bytes: float
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Refusal:
    """The classifier knows the format, and the object cannot be read in it.

    `is_harmless`: it has no rows, so that whoever reads its folder reads nothing of it.
    """

    reason: str
    is_harmless: bool = False


class Classifier(Protocol):
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        """None where the object is in another format."""
        ...


def classify(sample: Sample, classifiers: Iterable[Classifier]) -> Classification | Refusal:
    """The first answer that is certain, else the most certain one. A refusal is certain."""
    best: Classification | None = None
    for classifier in classifiers:
        answer = classifier.classify(sample)
        if isinstance(answer, Refusal):
            return answer
        if answer is not None and (best is None or answer.certainty > best.certainty):
            best = answer
            if best.certainty >= CERTAIN:
                break
    return best or Refusal(sample.text_problem or "no classifier recognises it")
