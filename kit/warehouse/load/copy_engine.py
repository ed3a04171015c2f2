"""What the engine reads by itself: delimited text and CSV as strictly as COPY, Parquet by its own description.

Decides whether the engine would take a piece of text as COPY does; the SQL of its readers; its errors about files.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import duckdb

from kit.base.errors import KitError
from kit.sql.redshift.statements import CopyOptions
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.failures import CANCELLED, DISK_FULL, OUT_OF_MEMORY, translated
from kit.warehouse.load.copy_convert import BAD_ROW, RAW, literal, name
from kit.warehouse.load.copy_files import LoadFile
from kit.warehouse.load.copy_streams import Piece, Quoting, damaged


def is_outage(error: BaseException) -> bool:
    """Whether an error says nothing of the file: cancelled, or out of memory or disk."""
    return translated(error).code in {CANCELLED, OUT_OF_MEMORY, DISK_FULL}


def is_plain(options: CopyOptions) -> bool:
    """Whether the engine can read text of this kind as COPY does."""
    return (
        options.encoding == "UTF8"
        and not options.escape
        and not options.remove_quotes
        and not options.fill_record
        and not options.ignore_blank_lines
        and options.quote != options.delimiter
        and options.delimiter not in "\r\n"
        and not options.delimiter.isalnum()
    )


def quoting_of(options: CopyOptions) -> Quoting | None:
    return Quoting(options.quote.encode(), options.delimiter.encode()) if options.format == "CSV" else None


def csv_source(piece: Piece, options: CopyOptions, columns: int, skipped: int) -> str | None:
    """The engine's reader over a piece, every field as text; None where it would not take the piece as COPY does."""
    quoting = options.quote if options.format == "CSV" else ""
    if piece.is_odd or not _is_skipped_by_lines(piece.path, skipped, options.delimiter, quoting):
        return None
    kinds = ", ".join(f"{name(RAW, index)}: 'VARCHAR'" for index in range(columns))
    settings = [
        "auto_detect = false",
        "header = false",
        f"skip = {skipped}",
        f"delim = {literal(options.delimiter)}",
        f"quote = {literal(quoting)}",
        f"escape = {literal(quoting)}",
        f"columns = {{{kinds}}}",
        "strict_mode = true",
        "null_padding = false",
        "compression = 'none'",
        "hive_partitioning = false",
        # An empty field is an empty text; which of them are NULL is decided when they are converted.
        "nullstr = '\ue003'",
        "allow_quoted_nulls = false",
    ]
    return f"read_csv({_files(piece.path)}, {', '.join(settings)})"


def _is_skipped_by_lines(path: Path, skipped: int, delimiter: str, quote: str) -> bool:
    """Whether the header's lines end where their line feeds are: the engine skips records, COPY lines."""
    if not skipped or not quote:
        return True
    q, d = re.escape(quote.encode()), re.escape(delimiter.encode())
    field = b"(?:%b(?:[^%b]|%b%b)*+%b|[^%b%b]*+)" % (q, q, q, q, q, q, d)
    plain = re.compile(b"%b(?:%b%b)*+\r?\n?" % (field, d, field))
    with path.open("rb") as stream:
        return all(plain.fullmatch(line) for line in itertools.islice(stream, skipped))


def described(cursor: Connection, file: LoadFile) -> list[tuple[str, str]]:
    """The columns of a Parquet file: name and DuckDB type."""
    try:
        found = fetch(cursor, f"DESCRIBE SELECT * FROM {parquet_source(file)}")
    except duckdb.Error as error:
        raise unreadable(file, error) from error
    return [(str(column), str(kind)) for column, kind, *_ in found]


def group_rows(cursor: Connection, file: LoadFile) -> list[int]:
    """How many rows each row group of a Parquet file holds."""
    asked = f"SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata({_files(file.path)}) ORDER BY 1"
    return [int(rows) for _, rows in fetch(cursor, asked)]


def parquet_source(file: LoadFile) -> str:
    """The engine's reader over a Parquet file."""
    return f"read_parquet({_files(file.path)}, hive_partitioning = false)"


def unreadable(file: LoadFile, error: duckdb.Error) -> KitError:
    """What the engine says of a columnar file."""
    text = str(error)
    known = translated(error)
    if is_outage(error):
        return known
    if "The length of the data column" in text:
        return KitError(
            "XX000",
            text[text.index("The length of the data column") :].strip(),
            "Make the column longer: ALTER TABLE ... ALTER COLUMN ... TYPE VARCHAR(n). (error code 8001)",
        )
    if BAD_ROW in text:
        return KitError("23502", text.partition(f"{BAD_ROW}: ")[2].strip() + f", File name: {file.uri}")
    if isinstance(error, duckdb.InvalidInputException | duckdb.IOException):
        return damaged(file.uri, "NONE")
    return KitError(known.code, f"{known.message} (File name: {file.uri})", known.hint)


def _files(path: Path) -> str:
    """A path of exactly one file: the engine takes `*`, `?` and `[` for patterns."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))
