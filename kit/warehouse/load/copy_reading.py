"""One slice reads one part of a load: its rows into the staging table, its faults and its time as values.

Text is read by the engine, a piece at a time and as strictly as COPY is; a piece in which it meets anything bad is read
again by our own reader, which finds each bad row and loads the others. What the engine cannot read as COPY does goes
to our own reader at once. So the common case costs what the engine costs, and every case means the same.

A part runs on the thread of its slice, on a cursor of its own. Each piece is one transaction of the staging database.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
from pyarrow import orc

from kit.base.clock import Clock, Stopwatch
from kit.sql.redshift.statements import CopyOptions
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import StoredColumn
from kit.warehouse.connection import Connection, fetch, value
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.load import copy_faults as faults
from kit.warehouse.load.copy_columnar import columnar_select
from kit.warehouse.load.copy_convert import (
    RAW,
    ROW,
    bad_select,
    good_select,
    name,
    strict_select,
)
from kit.warehouse.load.copy_engine import (
    csv_source,
    described,
    is_outage,
    is_plain,
    parquet_source,
    quoting_of,
    unreadable,
)
from kit.warehouse.load.copy_faults import UNDECODED, Fault, fault_of
from kit.warehouse.load.copy_files import Part
from kit.warehouse.load.copy_objects import avro_records, json_records
from kit.warehouse.load.copy_paths import Shredder
from kit.warehouse.load.copy_streams import PIECE_BYTES, Piece, damaged, decoded, opened, pieces, whole
from kit.warehouse.load.copy_text import AnyRecord, BadRecord, Record, records
from kit.warehouse.load.records import MAX_RAW_CHARACTERS, MAX_REASON_CHARACTERS, LoadError, Replacement

BATCH_ROWS = 20_000
# Rows whose faults are kept one by one; the others are counted.
MAX_KEPT_ERRORS = 10_000
MAX_KEPT_REPLACEMENTS = 100
_BATCH = "copy_batch"


@dataclass(frozen=True, slots=True)
class Load:
    """What all parts of one COPY share. `insert` makes an INSERT into the staging table of a SELECT of `value0, …`."""

    query: int
    table: int
    started_ns: int
    columns: tuple[StoredColumn, ...]
    options: CopyOptions
    insert: Callable[[str], str]
    shred: Shredder | None
    scratch: Path
    tally: Tally
    clock: Clock
    cancellation: Cancellation


class Tally:
    """Bad rows of all slices against MAXERROR. Threads share it. `kept` is how many a part keeps one by one."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self.count = 0
        self.kept = MAX_KEPT_ERRORS if limit is None else min(limit, MAX_KEPT_ERRORS)

    @property
    def is_exceeded(self) -> bool:
        return self._limit is not None and self.count >= self._limit

    def add(self, count: int) -> None:
        with self._lock:
            self.count += count


@dataclass(slots=True)
class Outcome:
    """What one part came to."""

    part: Part
    rows: int = 0
    lines: int = 0
    error_count: int = 0
    replaced: int = 0
    ms: float = 0.0
    ended_ns: int = 0
    errors: list[LoadError] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)


def read(load: Load, part: Part, cursor: Connection) -> Outcome:
    """Load one part into the staging table."""
    watch = Stopwatch()
    outcome = Outcome(part)
    with suppress(_TooManyErrorsError):
        _Reading(load, cursor, outcome).run()
    outcome.ms = watch.ms
    outcome.ended_ns = load.clock.now_ns()
    return outcome


class _Reading:
    def __init__(self, load: Load, cursor: Connection, outcome: Outcome) -> None:
        self._load = load
        self._cursor = cursor
        self._outcome = outcome
        self._file = outcome.part.file

    def run(self) -> None:
        match self._load.options.format:
            case "PARQUET":
                self._parquet()
            case "ORC":
                self._orc()
            case "JSON" | "AVRO":
                self._objects()
            case "CSV" | "DELIMITED" if is_plain(self._load.options):
                self._text()
            case _:
                self._slow_stream()

    def _parquet(self) -> None:
        part = self._outcome.part
        select = columnar_select(
            self._load.columns,
            described(self._cursor, self._file),
            parquet_source(self._file),
            self._file.uri,
            to_json=self._load.options.serialize_to_json,
        )
        if part.rows is not None:
            select += f" WHERE file_row_number BETWEEN {part.first} AND {part.first + part.rows - 1}"
        try:
            self._outcome.lines += self._insert(select)
        except duckdb.Error as error:
            raise unreadable(self._file, error) from error

    def _orc(self) -> None:
        try:
            source = orc.ORCFile(str(self._file.path))
            for number in range(source.nstripes):
                self._check()
                self._insert_arrow(pa.Table.from_batches([source.read_stripe(number)]))
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise damaged(self._file.uri, "NONE") from error

    def _insert_arrow(self, table: pa.Table) -> None:
        with self._registered(table):
            found = fetch(self._cursor, f"DESCRIBE SELECT * FROM {_BATCH}")
            kinds = [(str(column), str(kind)) for column, kind, *_ in found]
            to_json = self._load.options.serialize_to_json
            try:
                select = columnar_select(self._load.columns, kinds, _BATCH, self._file.uri, to_json=to_json)
                self._outcome.lines += self._insert(select)
            except duckdb.Error as error:
                raise unreadable(self._file, error) from error

    def _objects(self) -> None:
        options, columns = self._load.options, self._load.columns
        assert self._load.shred is not None
        with opened(self._file.path, self._file.uri, options.compression) as stream:
            if options.format == "AVRO":
                self._slow(avro_records(stream, columns, self._load.shred))
            else:
                self._slow(json_records(decoded(stream, options.encoding), columns, self._load.shred))

    def _slow_stream(self) -> None:
        options = self._load.options
        with opened(self._file.path, self._file.uri, options.compression) as stream:
            text = decoded(stream, options.encoding)
            self._slow(records(text, options, len(self._load.columns)))

    def _text(self) -> None:
        options = self._load.options
        quoting = quoting_of(options)
        with opened(self._file.path, self._file.uri, options.compression) as stream:
            if options.compression == "NONE" and self._file.size_bytes <= PIECE_BYTES:
                self._piece(whole(self._file.path, stream, quoting))
                return
            scratch = self._load.scratch.with_name(f"{self._load.scratch.name}-{self._outcome.part.slice}")
            for piece in pieces(stream, scratch, quoting):
                self._check()
                self._piece(piece)

    def _piece(self, piece: Piece) -> None:
        """Load a piece at the engine's speed; where it balks, or could, at ours."""
        options = self._load.options
        skipped = max(0, min(piece.lines, options.ignore_header - (piece.line - 1)))
        if piece.lines == skipped:
            return
        if self._fast(piece, skipped):
            return
        with opened(piece.path, self._file.uri, "NONE") as stream:
            own = replace(options, ignore_header=skipped)
            found = records(decoded(stream, options.encoding), own, len(self._load.columns))
            self._slow(found, piece.line - 1)

    def _fast(self, piece: Piece, skipped: int) -> bool:
        """Whether the engine could load all of a piece."""
        source = csv_source(piece, self._load.options, len(self._load.columns), skipped)
        if source is None:
            return False
        try:
            rows = self._insert(strict_select(self._load.columns, self._load.options, source))
        except duckdb.Error as error:
            if is_outage(error):
                raise
            return False
        self._outcome.lines += rows
        return True

    def _slow(self, found: Iterator[AnyRecord], before: int = 0) -> None:
        """Load records in batches; `before` is how many lines of the file come before those that were read."""
        while batch := list(itertools.islice(found, BATCH_ROWS)):
            self._check()
            self._outcome.lines += len(batch)
            good: list[Record] = []
            bad: list[LoadError] = []
            for record in batch:
                kept = self._mended(record)
                if isinstance(kept, Record):
                    good.append(kept)
                else:
                    bad.append(self._error(kept.line + before, kept.raw, kept.fault))
            bad += self._insert_records(good, before)
            bad.sort(key=lambda each: each.line)
            self._outcome.errors += bad[: self._load.tally.kept - len(self._outcome.errors)]
            self._outcome.error_count += len(bad)
            if bad:
                self._load.tally.add(len(bad))

    def _mended(self, record: AnyRecord) -> AnyRecord:
        """A record whose text is all Unicode: its bad characters replaced where that was asked for, else a bad one."""
        if record.raw.isascii() or isinstance(record, BadRecord):
            return record
        mark = self._load.options.accept_invalid_characters
        fields = list(record.fields)
        first = ""
        for index, (column, text) in enumerate(zip(self._load.columns, fields, strict=True)):
            fault = faults.undecoded(text) if text is not None else None
            if fault is None or text is None:
                continue
            if mark is None or column.type.kind is not Kind.VARCHAR:
                return BadRecord(record.line, record.raw, replace(fault, field=index))
            first = first or column.name
            fields[index] = UNDECODED.sub(lambda found: mark * len(found[0]), text)
        if not first:
            return record
        self._outcome.replaced += 1
        if len(self._outcome.replacements) < MAX_KEPT_REPLACEMENTS:
            load, part = self._load, self._outcome.part
            self._outcome.replacements.append(
                Replacement(
                    load.query,
                    part.slice,
                    load.table,
                    load.started_ns,
                    part.file.uri,
                    record.line,
                    first,
                    _shown(record.raw),
                )
            )
        return Record(record.line, record.raw, fields)

    def _insert_records(self, good: Sequence[Record], before: int) -> list[LoadError]:
        """Insert the records that can be; the faults of the others."""
        if not good:
            return []
        load = self._load
        columns = [pa.array(values, pa.string()) for values in zip(*(record.fields for record in good), strict=True)]
        names = [name(RAW, index) for index in range(len(columns))]
        numbers = pa.array(range(len(good)), pa.int64())
        with self._registered(pa.table([numbers, *columns], names=[ROW, *names])):
            with load.cancellation.running(self._cursor):
                found = fetch(self._cursor, bad_select(load.columns, load.options, _BATCH))
            if len(found) < len(good):
                self._insert(good_select(load.columns, load.options, _BATCH))
        bad = []
        for number, index, text in found:
            record, column = good[number], load.columns[index]
            fault = fault_of(column.type, text, load.options.date_format or "", load.options.time_format or "")
            bad.append(self._error(record.line + before, record.raw, replace(fault, field=index), record.fields[index]))
        return bad

    def _error(self, line: int, raw: str, fault: Fault, field: str | None = None) -> LoadError:
        load, part = self._load, self._outcome.part
        column = load.columns[fault.field] if fault.field is not None else None
        return LoadError(
            load.query,
            part.slice,
            load.table,
            load.started_ns,
            part.file.uri,
            line,
            column.name if column is not None else "",
            _type_name(column.type) if column is not None else "",
            str(column.type.size) if column is not None and column.type.size else "",
            fault.position,
            _shown(raw),
            _shown(field or ""),
            fault.code,
            fault.reason[:MAX_REASON_CHARACTERS],
        )

    def _insert(self, select: str) -> int:
        with self._load.cancellation.running(self._cursor):
            rows = int(value(self._cursor, self._load.insert(select)))
        self._outcome.rows += rows
        return rows

    @contextmanager
    def _registered(self, table: pa.Table) -> Iterator[None]:
        cursor = cast("Any", self._cursor)
        cursor.register(_BATCH, table)
        try:
            yield
        finally:
            cursor.unregister(_BATCH)

    def _check(self) -> None:
        """Stop where the statement was cancelled, or has failed on another slice."""
        self._load.cancellation.check()
        if self._load.tally.is_exceeded:
            raise _TooManyErrorsError


class _TooManyErrorsError(Exception):
    """MAXERROR is reached: the load fails, whatever the other slices find."""


_TYPE_NAMES = {
    Kind.SMALLINT: "int2",
    Kind.INTEGER: "int4",
    Kind.BIGINT: "int8",
    Kind.REAL: "float4",
    Kind.DOUBLE: "float8",
    Kind.BOOLEAN: "bool",
    Kind.CHAR: "char",
    Kind.VARCHAR: "varchar",
    Kind.TIMESTAMP: "timestamp",
    Kind.TIMESTAMPTZ: "timestamptz",
    Kind.TIME: "time",
    Kind.TIMETZ: "timetz",
    Kind.VARBYTE: "varbyte",
}


def _type_name(kind: Type) -> str:
    return _TYPE_NAMES.get(kind.kind, kind.kind.value)


def _shown(text: str) -> str:
    """As much of a text as the system tables keep, without what no text may hold."""
    return UNDECODED.sub("?", text[:MAX_RAW_CHARACTERS])
