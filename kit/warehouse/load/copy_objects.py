"""JSON and Avro: a stream of objects, each shredded into the text of a row's fields.

JSON documents may follow one another with or without line feeds and are read a piece at a time. Numbers keep their
digits as they were written. What is nested becomes JSON text.

Source: Amazon Redshift Database Developer Guide, "COPY from JSON format", "COPY from Avro format", read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, Self, TextIO

import fastavro

from kit.sql.redshift.types import Kind
from kit.warehouse.catalog import StoredColumn
from kit.warehouse.load import copy_faults as faults
from kit.warehouse.load.copy_faults import Fault
from kit.warehouse.load.copy_paths import Shredder
from kit.warehouse.load.copy_text import MAX_LINE_CHARACTERS, AnyRecord, BadRecord, Record
from kit.warehouse.load.records import MAX_RAW_CHARACTERS

_PIECE = 1 << 20
_BLANKS = " \t\r\n"


class _Float(float):
    """A number that remembers how it was written."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def json_records(text: TextIO, columns: Sequence[StoredColumn], shred: Shredder) -> Iterator[AnyRecord]:
    """One record a document; a document that is no JSON is bad to the end of its line."""
    for line, raw, document in _documents(text):
        yield _record(line, raw, document, columns, shred)


def avro_records(stream: BinaryIO, columns: Sequence[StoredColumn], shred: Shredder) -> Iterator[AnyRecord]:
    """One record an Avro record; lines count records. A damaged file raises `EOFError`."""
    try:
        for line, document in enumerate(fastavro.reader(stream), 1):
            yield _record(line, "", document, columns, shred)
    except (ValueError, IndexError, KeyError, TypeError, StopIteration) as error:
        raise EOFError(f"not an Avro file, or a damaged one: {error}") from error


def _record(line: int, raw: str, document: Any, columns: Sequence[StoredColumn], shred: Shredder) -> AnyRecord:
    if isinstance(document, Fault):
        return BadRecord(line, raw, document)
    values = shred(document)
    if isinstance(values, Fault):
        return BadRecord(line, raw, values)
    fields = [
        _super(value) if column.type.kind is Kind.SUPER else _field(value)
        for column, value in zip(columns, values, strict=True)
    ]
    return Record(line, raw or _shown(document), fields)


def _shown(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, default=_plain)[:MAX_RAW_CHARACTERS]


def _super(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _field(value: Any) -> str | None:
    """A value's text, as a delimited file would have it."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case _Float():
            return value.text
        case int() | float() | Decimal() | datetime() | date() | time():
            return str(value)
        case bytes():
            return value.hex() if not _is_text(value) else value.decode()
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    """What JSON has no form for, as text."""
    return _field(value)


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _documents(text: TextIO) -> Iterator[tuple[int, str, Any]]:
    """Documents with the number of the line that each begins in and their own text; a `Fault` for what is none."""
    decoder = json.JSONDecoder(parse_float=_Float, strict=False)
    held = text.read(_PIECE).removeprefix("\ufeff")
    is_last = len(held) < _PIECE
    line, start = 1, 0
    while True:
        begin = start
        while begin < len(held) and held[begin] in _BLANKS:
            begin += 1
        line += held.count("\n", start, begin)
        start = begin
        try:
            if start >= len(held):
                if is_last:
                    return
                raise ValueError("nothing left")
            document, end = decoder.raw_decode(held, start)
            # A number at the end of what is held may go on behind it.
            if end == len(held) and not is_last:
                raise ValueError("may go on")
        except (ValueError, RecursionError) as error:
            if not is_last and len(held) - start <= MAX_LINE_CHARACTERS and not _is_certain(error, held):
                piece = text.read(_PIECE)
                is_last = not piece
                held, start = held[start:] + piece, 0
                continue
            end = held.find("\n", start)
            end = len(held) if end < 0 else end
            fault = faults.BAD_JSON if end - start <= MAX_LINE_CHARACTERS else faults.TOO_LARGE
            yield line, held[start:end], fault
            start = end
            continue
        yield line, held[start:end], document
        line += held.count("\n", start, end)
        start = end
        if start > _PIECE and not is_last:
            held, start = held[start:], 0


def _is_certain(error: Exception, held: str) -> bool:
    """Whether more text cannot mend it: the fault lies well before the end of what is held."""
    return (
        isinstance(error, json.JSONDecodeError)
        and not error.msg.startswith("Unterminated")
        and error.pos + 16 < len(held)
    )
