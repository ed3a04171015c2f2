"""COPY: objects under a prefix into a table.

Source: Amazon Redshift Database Developer Guide, "COPY", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.statements import Copy, CopyOptions
from kit.sql.redshift.types import Kind
from kit.storage import Storage
from kit.warehouse.catalog import StoredColumn, Table
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.plan.expression import quote

# What stands for NULL unless NULL AS says otherwise.
_NULL = "\\N"


def paths_of(storage: Storage, source: str) -> Sequence[str]:
    """The files that a COPY reads, by name; raises where there are none."""
    found = [str(storage.path(each.uri)) for each in storage.iter(source) if not each.uri.endswith("/")]
    if not found:
        raise KitError(
            "XX000",
            f"The specified S3 prefix '{source}' does not exist",
            "COPY loads every object whose key begins with the prefix; list them with ws.storage.list().",
        )
    return found


def source_sql(cursor: Connection, statement: Copy, table: Table, paths: Sequence[str]) -> str:
    """A SELECT of the table's columns from the files; columns that the COPY does not name take their default."""
    named = [_column(table, name) for name in statement.columns] or list(table.columns)
    match statement.options.format:
        case "PARQUET":
            return _parquet(cursor, table, named, paths)
        case "CSV" | "DELIMITED":
            return _delimited(table, named, statement.options, paths)
        case other:
            raise KitError(
                "0A000", f"COPY of {other} is not supported yet", "Formats so far: PARQUET, CSV, delimited text."
            )


def _parquet(cursor: Connection, table: Table, named: Sequence[StoredColumn], paths: Sequence[str]) -> str:
    """Columns correspond by position, as in Redshift."""
    listed = _list(paths)
    described = fetch(cursor, f"DESCRIBE SELECT * FROM read_parquet({listed}, hive_partitioning = false)")
    if len(described) != len(named):
        raise KitError(
            "XX000",
            f"Unmatched number of columns between table and file. Table columns: {len(named)}, "
            f"Data columns: {len(described)}",
            "Name the columns that the files hold: COPY t (a, b) FROM ...",
        )
    items = {
        column.name: f"CAST({quote(found[0])} AS {column.type.duckdb})"
        for column, found in zip(named, described, strict=True)
    }
    return _select(table, items, f"read_parquet({listed}, hive_partitioning = false)")


def _delimited(table: Table, named: Sequence[StoredColumn], options: CopyOptions, paths: Sequence[str]) -> str:
    _refuse_unsupported(options)
    columns = ", ".join(f"{_text(column.name)}: 'VARCHAR'" for column in named)
    is_csv = options.format == "CSV"
    settings = [
        "header = false",
        f"skip = {options.ignore_header}",
        f"delim = {_text(options.delimiter)}",
        f"quote = {_text(options.quote if is_csv or options.remove_quotes else '')}",
        f"escape = {_text(options.quote if is_csv else '')}",
        f"columns = {{{columns}}}",
        "auto_detect = false",
        "hive_partitioning = false",
        "strict_mode = true",
        f"null_padding = {str(options.fill_record).lower()}",
        f"compression = {_text(_compression(options))}",
        # Redshift's default: an empty field is an empty string for text and NULL for everything else.
        "nullstr = '\\ue003'",
        "allow_quoted_nulls = false",
    ]
    items = {column.name: _converted(column, options) for column in named}
    return _select(table, items, f"read_csv({_list(paths)}, {', '.join(settings)})")


def _converted(column: StoredColumn, options: CopyOptions) -> str:
    name = quote(column.name)
    name = f"nullif({name}, {_text(options.null_as if options.null_as is not None else _NULL)})"
    if options.trim_blanks or not column.type.is_text:
        name = f"trim({name}, ' ')" if not column.type.is_text else f"rtrim({name}, ' ')"
    if not column.type.is_text or options.empty_as_null:
        name = f"nullif({name}, '')"
    if options.blanks_as_null and column.type.is_text:
        name = f"CASE WHEN trim({name}, ' ') = '' THEN NULL ELSE {name} END"
    if column.type.is_text:
        if options.truncate_columns:
            return f"substring({name}, 1, {column.type.size})"
        return name
    if column.type.kind is Kind.BOOLEAN:
        return f"rs_boolean({name})"
    return f"CAST({name} AS {column.type.duckdb})"


def _refuse_unsupported(options: CopyOptions) -> None:
    asked = {
        "ESCAPE": options.escape,
        "MAXERROR": options.max_errors > 0,
        "ACCEPTINVCHARS": options.accept_invalid_characters is not None,
        "ACCEPTANYDATE": options.accept_any_date,
        "DATEFORMAT": options.date_format not in {None, "auto"},
        "TIMEFORMAT": options.time_format not in {None, "auto"},
        "MANIFEST": options.manifest,
        "ENCODING": options.encoding.upper() not in {"UTF8", "UTF-8"},
        "LZOP": options.compression == "LZOP",
        "BZIP2": options.compression == "BZIP2",
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise KitError("0A000", f"COPY with {name} is not supported yet")


def _compression(options: CopyOptions) -> str:
    return {"NONE": "none", "GZIP": "gzip", "ZSTD": "zstd"}[options.compression]


def _select(table: Table, items: dict[str, str], source: str) -> str:
    listed = ", ".join(
        f"{items.get(column.name, f'CAST(NULL AS {column.type.duckdb})')} AS {quote(column.name)}"
        for column in table.columns
    )
    return f"SELECT {listed} FROM {source}"


def _column(table: Table, name: str) -> StoredColumn:
    found = table.column(name)
    if found is None:
        known = [column.name for column in table.columns]
        raise KitError("42703", f'column "{name}" of relation "{table.name}" does not exist', did_you_mean(name, known))
    return found


def _list(paths: Iterable[str]) -> str:
    return "[" + ", ".join(_text(path) for path in paths) + "]"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
