"""Delimited text, CSV and fixed width, taken apart line by line exactly as COPY documents it.

The reference for what a file means: slower than the engine's reader, and asked where that one cannot tell (escapes,
quotes to be removed, other encodings) or has met something bad. Lines that cannot be taken apart come as faults; what
a field means is not decided here.

Source: Amazon Redshift Database Developer Guide, "Data format parameters", "Data conversion parameters", read 2026-11.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from kit.sql.redshift.statements import CopyOptions
from kit.warehouse.load import copy_faults as faults
from kit.warehouse.load.copy_convert import null_text
from kit.warehouse.load.copy_faults import Fault

MAX_LINE_CHARACTERS = 4 << 20
# A field may be as long as a SUPER value; the module's own limit is 128 KB, for all readers of the process.
csv.field_size_limit(16 << 20)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line, from 1, its text, its fields. None is a NULL that is known as one."""

    line: int
    raw: str
    fields: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be taken apart."""

    line: int
    raw: str
    fault: Fault


AnyRecord: TypeAlias = "Record | BadRecord"


def records(text: TextIO, options: CopyOptions, columns: int) -> Iterator[AnyRecord]:
    """The records of a file that should have so many columns."""
    lines = _numbered(text, options.ignore_header)
    match options.format:
        case "CSV":
            found = _csv(lines, options)
        case "FIXEDWIDTH":
            found = _fixed_width(lines, options)
        case _:
            found = _delimited(lines, options)
    for record in found:
        if isinstance(record, Record) and record.raw == "":
            if options.ignore_blank_lines:
                continue
            if columns == 1 and options.format != "FIXEDWIDTH":
                yield Record(record.line, "", ("",))
                continue
        yield _fitted(record, options, columns) if isinstance(record, Record) else record


def _fitted(record: Record, options: CopyOptions, columns: int) -> AnyRecord:
    """A record with as many fields as there are columns."""
    count = len(record.fields)
    if count == columns:
        return record
    if count < columns:
        if options.fill_record:
            return Record(record.line, record.raw, [*record.fields, *[""] * (columns - count)])
        fault = faults.TOO_NARROW if options.format == "FIXEDWIDTH" else faults.NO_DELIMITER
        return BadRecord(record.line, record.raw, fault)
    if count == columns + 1 and record.fields[-1] == "" and options.format == "DELIMITED":
        # A delimiter that ends the line is no column.
        return Record(record.line, record.raw, record.fields[:-1])
    return BadRecord(record.line, record.raw, faults.EXTRA_COLUMNS)


def _numbered(text: TextIO, skipped: int) -> Iterator[tuple[int, str]]:
    """Lines with their line feeds, from 1, without the header."""
    for number, line in enumerate(text, 1):
        if number == 1:
            line = line.removeprefix("\ufeff")
        if number > skipped:
            yield number, line


def _ended(line: str) -> str:
    """A line without its end."""
    return line.removesuffix("\n").removesuffix("\r")


def _csv(lines: Iterator[tuple[int, str]], options: CopyOptions) -> Iterator[AnyRecord]:
    """Quoted fields may hold anything, their quotes doubled; elsewhere a quote is a character like others.

    A record with something behind a closing quote is bad by itself; one whose quote is not closed ends at the size
    limit.
    """
    feed = _Feed(lines)
    while True:
        reader = csv.reader(feed, delimiter=options.delimiter, quotechar=options.quote, strict=True)
        try:
            for fields in reader:
                raw = feed.taken()
                yield Record(feed.first, raw, fields)
        except csv.Error:
            yield BadRecord(feed.first, feed.taken(), faults.BAD_QUOTES)
        except _TooLongError:
            yield BadRecord(feed.first, feed.taken(), faults.TOO_LARGE)
        else:
            return


class _TooLongError(Exception):
    pass


class _Feed:
    """Lines on their way into a csv reader; remembers those of the record that is being read."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._held: list[str] = []
        self._size = 0
        self._number = 0
        self.first = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > MAX_LINE_CHARACTERS:
            raise _TooLongError
        number, line = next(self._lines)
        if not self._held:
            self._number = number
        self._held.append(line)
        self._size += len(line)
        return line

    def taken(self) -> str:
        """The lines since the last call, as one text without its end; `first` is then the number of their first."""
        raw = _ended("".join(self._held))
        self.first = self._number
        self._held.clear()
        self._size = 0
        return raw


def _fixed_width(lines: Iterator[tuple[int, str]], options: CopyOptions) -> Iterator[AnyRecord]:
    widths = [width for _, width in options.fixed_width]
    total = sum(widths)
    for number, line in lines:
        raw = _ended(line)
        if len(raw) > total:
            yield BadRecord(number, raw, faults.TOO_WIDE)
            continue
        fields: list[str] = []
        start = 0
        for width in widths:
            if start < len(raw):
                fields.append(raw[start : start + width])
            start += width
        yield Record(number, raw, fields)


def _delimited(lines: Iterator[tuple[int, str]], options: CopyOptions) -> Iterator[AnyRecord]:
    delimiter = options.delimiter
    if not options.escape and not options.remove_quotes:
        for number, line in lines:
            raw = _ended(line)
            yield Record(number, raw, raw.split(delimiter))
        return
    null = null_text(options)
    for number, raw in _continued(lines) if options.escape else ((number, _ended(line)) for number, line in lines):
        fields = _fields(raw, options, null)
        yield Record(number, raw, fields) if fields is not None else BadRecord(number, raw, faults.NO_END_QUOTE)


def _continued(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines joined where a backslash takes the line feed into the value."""
    first, held = 0, ""
    for number, line in lines:
        first = first if held else number
        held += line
        body = line.removesuffix("\n")
        if (len(body) - len(body.rstrip("\\"))) % 2 and len(held) <= MAX_LINE_CHARACTERS and line.endswith("\n"):
            continue
        yield first, _ended(held)
        held = ""
    if held:
        yield first, _ended(held)


def _fields(raw: str, options: CopyOptions, null: str) -> list[str | None] | None:
    """A line's fields with escapes resolved and quotes removed; None where a quote is not closed."""
    found: list[str | None] = []
    start = 0
    while True:
        quoted = options.remove_quotes and raw[start : start + 1] in {"'", '"'} and start < len(raw)
        end = _closing(raw, start, options) if quoted else _delimiter(raw, start, options)
        if end is None:
            return None
        field = raw[start:end]
        if field == null:
            found.append(None)
        else:
            body = field[1:-1] if quoted else field
            found.append(re.sub(r"\\(.)", r"\1", body, flags=re.DOTALL) if options.escape else body)
        if end >= len(raw):
            return found
        start = end + 1


def _closing(raw: str, start: int, options: CopyOptions) -> int | None:
    """Where a quoted field ends: behind the quote that a delimiter or the end of the line follows."""
    index = start + 1
    while index < len(raw):
        if options.escape and raw[index] == "\\":
            index += 2
            continue
        if raw[index] == raw[start] and (index + 1 == len(raw) or raw[index + 1] == options.delimiter):
            return index + 1
        index += 1
    return None


def _delimiter(raw: str, start: int, options: CopyOptions) -> int:
    if not options.escape:
        end = raw.find(options.delimiter, start)
        return end if end >= 0 else len(raw)
    index = start
    while index < len(raw) and raw[index] != options.delimiter:
        index += 2 if raw[index] == "\\" else 1
    return min(index, len(raw))
