"""Delimited text: the delimiter, the header and the column types are found by looking at the first records.

Columns are found by position, so two files make one table only where the columns of one begin those of the other.

Glue keeps LazySimpleSerDe even where fields are quoted, and its documentation tells the user to change the table to
OpenCSVSerde, with columns of type string, by hand. Differs: with quoted fields the table gets OpenCSVSerde and strings
at once, since LazySimpleSerDe would cut fields at quoted delimiters and keep the quotes: wrong values, in silence.
Differs: a whole number with a leading zero and more than two digits (a postal code) stays a string; Glue drops the
zero.

Source: AWS Glue Developer Guide, Built-in classifiers, Built-in CSV classifier.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
from typing import Literal, assert_never, get_args

from kit.base.errors import KitError
from kit.catalog.classifiers.classifier import Classification, Field, Refusal, Sample, Shape
from kit.catalog.classifiers.schema import are_similar, join_types
from kit.catalog.classifiers.text_types import type_of_texts
from kit.catalog.model import Column, StorageDescriptor
from kit.catalog.serde import OPEN_CSV, descriptor
from kit.catalog.types import STRING, HiveType

QUOTE = '"'
DELIMITERS = (",", "|", "\t", ";", "\u0001")
SAMPLE_RECORDS = 1000
_PROBED_RECORDS = 100
_HEADER_CHARACTERS = 150
# How many of the records must have the same number of columns; the rest is ragged.
_MIN_SHARE = 0.7
_CERTAINTY = 0.9

Header = Literal["UNKNOWN", "PRESENT", "ABSENT"]
Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class CsvShape:
    """`first_row` names the columns if it is a header; `first_types` are its own, `types` those of the rows below.

    `names` are those that a custom classifier gives the columns, `quote` is what fields are quoted with.
    """

    delimiter: str
    is_quoted: bool
    has_header: bool
    first_row: tuple[str, ...]
    first_types: tuple[HiveType, ...]
    types: tuple[HiveType, ...]
    names: tuple[str, ...] = ()
    quote: str = QUOTE

    @property
    def format(self) -> str:
        return "csv"

    @property
    def is_positional(self) -> bool:
        return True

    @property
    def fields(self) -> tuple[Field, ...]:
        if self.has_header:
            return tuple(map(Field, _unique(self.names or self.first_row), self.types))
        names = self.names or tuple(f"col{position}" for position in range(len(self.first_row)))
        return tuple(map(Field, names, map(join_types, self.first_types, self.types)))

    def join(self, other: Shape, *, similar_only: bool) -> CsvShape | None:
        if not isinstance(other, CsvShape):
            return None
        if (self.delimiter, self.quote, self.names) != (other.delimiter, other.quote, other.names):
            return None
        left, right = _with_header_of(self, other), _with_header_of(other, self)
        if left.has_header != right.has_header or not _is_prefix(left, right):
            return None
        if similar_only and not are_similar(left.fields, right.fields):
            return None
        longer, shorter = sorted((left, right), key=lambda shape: len(shape.first_row), reverse=True)
        return replace(
            longer,
            is_quoted=left.is_quoted or right.is_quoted,
            first_types=_joined(longer.first_types, shorter.first_types),
            types=_joined(longer.types, shorter.types),
        )

    def descriptor(self, columns: tuple[Column, ...], location: str, *, compressed: bool) -> StorageDescriptor:
        if not self.is_quoted:
            parameters = {"field.delim": self.delimiter}
            return descriptor("csv", columns, location, serde_parameters=parameters, compressed=compressed)
        return descriptor(
            "csv",
            tuple(replace(column, type=str(STRING)) for column in columns),
            location,
            serde=OPEN_CSV,
            serde_parameters={"separatorChar": self.delimiter, "quoteChar": self.quote, "escapeChar": "\\"},
            compressed=compressed,
        )

    def parameters(self) -> Mapping[str, str]:
        header = {"skip.header.line.count": "1"} if self.has_header else {}
        return {
            "classification": "csv",
            "delimiter": self.delimiter,
            "columnsOrdered": "true",
            "areColumnsQuoted": str(self.is_quoted).lower(),
            **header,
        }

    def notes(self) -> tuple[str, ...]:
        notes = []
        if self.is_quoted:
            notes.append("fields are quoted: OpenCSVSerde, all columns are strings")
        if not self.has_header and not self.names:
            notes.append("no header that differs from the data: columns are named col0, col1, …")
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class CsvClassifier:
    """The built-in classifier, or with arguments a custom one.

    `contains_header` and `delimiter` say what else would be found out; `allow_single_column` takes a file of one
    column. `header` names the columns of files that have as many; `quote_symbol` is what fields are quoted with.
    Raises `InvalidInputException` for a delimiter or a quote that is not one character.
    """

    delimiter: str | None = None
    contains_header: Header = "UNKNOWN"
    allow_single_column: bool = False
    header: tuple[str, ...] = ()
    quote_symbol: str = QUOTE

    def __post_init__(self) -> None:
        for what, value in (("delimiter", self.delimiter or ","), ("quote symbol", self.quote_symbol)):
            if len(value) != 1 or value in "\r\n":
                raise KitError("InvalidInputException", f"{value!r} is not a {what}.", "It is one character.")
        if self.delimiter == self.quote_symbol:
            raise KitError(
                "InvalidInputException", "Delimiter and quote symbol are the same.", "They must be two characters."
            )
        if self.contains_header not in get_args(Header):
            raise KitError(
                "InvalidInputException",
                f"{self.contains_header!r} is not a value for contains_header.",
                f"One of {', '.join(get_args(Header))}.",
            )

    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if sample.text is None:
            return None
        text = sample.text
        found = self._delimited(text)
        if found is None:
            return None
        delimiter, width, share = found
        if self.header and len(self.header) != width:
            return None
        rows = self._rows(text, delimiter, SAMPLE_RECORDS + 1)
        if any("\n" in cell or "\r" in cell for row in rows for cell in row):
            return Refusal("delimited text with line breaks inside of fields, where Athena would begin another row")
        ragged = sum(len(row) != width for row in rows)
        shape = self._shape(text, delimiter, [row for row in rows if len(row) == width])
        lines = max(text.count("\n") + (not text.endswith("\n")), 1)
        records = max(sample.estimated_records(lines - shape.has_header), 0)
        notes = (
            (f"{ragged:,} of {len(rows):,} sampled lines of {sample.uri} have not {width} columns",) if ragged else ()
        )
        return Classification(shape, share * _CERTAINTY, records, len(sample.head) / lines, notes)

    def _delimited(self, text: str) -> tuple[str, int, float] | None:
        """Delimiter, number of columns and share of records that have it: the best of those with enough."""
        best: tuple[str, int, float] | None = None
        for delimiter in (self.delimiter,) if self.delimiter else DELIMITERS:
            widths = [len(row) for row in self._rows(text, delimiter, _PROBED_RECORDS)]
            if len(widths) < 2 and self.contains_header != "ABSENT":
                continue
            width = max(set(widths), key=widths.count, default=0)
            share = widths.count(width) / max(len(widths), 1)
            enough = width > 1 or (self.allow_single_column and width == 1)
            if enough and share >= _MIN_SHARE and (best is None or (share, width) > (best[2], best[1])):
                best = (delimiter, width, share)
        return best

    def _shape(self, text: str, delimiter: str, rows: Rows) -> CsvShape:
        first, *below = rows
        types = [type_of_texts(column) for column in zip(*below, strict=True)] or [type_of_texts([])] * len(first)
        first_types = [type_of_texts([cell]) for cell in first]
        if len(first) > 2 and not first[-1] and all(not row[-1] for row in below):
            first, types, first_types = first[:-1], types[:-1], first_types[:-1]  # a delimiter ends each line
        cleaned, names = tuple(map(_clean, first)), tuple(map(_clean, self.header))
        match self.contains_header:
            case "PRESENT":
                has_header = True
            case "ABSENT":
                has_header = False
            case "UNKNOWN":
                has_header = cleaned == names or _is_header(first, first_types, types)
            case _:
                assert_never(self.contains_header)
        quote = re.escape(self.quote_symbol)
        quoted = re.search(rf"(?:^|[\r\n{re.escape(delimiter)}]){quote}", text) is not None
        return CsvShape(
            delimiter, quoted, has_header, cleaned, tuple(first_types), tuple(types), names, self.quote_symbol
        )

    def _rows(self, text: str, delimiter: str, limit: int) -> Rows:
        """The first records, blank lines left out; none where the text cannot be read with this delimiter."""
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, quotechar=self.quote_symbol)
        try:
            return list(islice((row for row in reader if row), limit))
        except csv.Error:
            return []


def _is_header(first: Sequence[str], first_types: Sequence[HiveType], types: Sequence[HiveType]) -> bool:
    """Glue's rules: all strings, short but for the last, valid names, and below them something else than strings."""
    return (
        all(kind == STRING for kind in first_types)
        and all(len(cell) < _HEADER_CHARACTERS for cell in first[:-1])
        and all(_clean(cell) and _clean(cell).isprintable() for cell in first)
        and any(kind not in {STRING, type_of_texts([])} for kind in types)
    )


def _clean(cell: str) -> str:
    return cell.strip().lower()


def _unique(names: tuple[str, ...]) -> list[str]:
    """The names, each once: a repeated one gets its column number, for no table may have a column twice."""
    seen: set[str] = set()
    unique = []
    for position, name in enumerate(names):
        chosen = name or f"col{position}"
        while chosen in seen:
            chosen = f"{chosen}_{position}"
        seen.add(chosen)
        unique.append(chosen)
    return unique


def _with_header_of(shape: CsvShape, other: CsvShape) -> CsvShape:
    """Its first row is a header after all if it is another file's: one whose columns are all strings shows none."""
    if other.has_header and not shape.has_header and shape.first_row == other.first_row:
        return replace(shape, has_header=True)
    return shape


def _is_prefix(left: CsvShape, right: CsvShape) -> bool:
    return all(a.name == b.name for a, b in zip(left.fields, right.fields, strict=False))


def _joined(longer: tuple[HiveType, ...], shorter: tuple[HiveType, ...]) -> tuple[HiveType, ...]:
    joined = tuple(join_types(a, b) for a, b in zip(longer, shorter, strict=False))
    return joined + longer[len(joined) :]
