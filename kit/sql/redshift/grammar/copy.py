"""COPY: every documented parameter, in any order, into typed options.

Source: Amazon Redshift Database Developer Guide, "COPY" and its parameter pages, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kit.sql.redshift import errors
from kit.sql.redshift.grammar import options
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import Authorization, Copy, CopyFormat, CopyOptions

_MAX_ERRORS = 100_000
_FLAGS = {
    "MANIFEST": "manifest",
    "ENCRYPTED": "encrypted",
    "EMPTYASNULL": "empty_as_null",
    "BLANKSASNULL": "blanks_as_null",
    "REMOVEQUOTES": "remove_quotes",
    "ESCAPE": "escape",
    "TRIMBLANKS": "trim_blanks",
    "TRUNCATECOLUMNS": "truncate_columns",
    "FILLRECORD": "fill_record",
    "IGNOREBLANKLINES": "ignore_blank_lines",
    "IGNOREALLERRORS": "ignore_all_errors",
    "ACCEPTANYDATE": "accept_any_date",
    "ROUNDEC": "round_decimals",
    "EXPLICIT_IDS": "explicit_ids",
    "NOLOAD": "no_load",
}
_FORMATS: tuple[CopyFormat, ...] = ("CSV", "JSON", "AVRO", "PARQUET", "ORC", "FIXEDWIDTH")
_REFUSED = ("SHAPEFILE", "SSH", "READRATIO")


def copy(cursor: Cursor) -> Copy:
    cursor.expect("COPY")
    table = cursor.table_name()
    columns = cursor.names() if cursor.at_symbol("(") else ()
    cursor.expect("FROM")
    start = cursor.current
    source = cursor.string()
    if not source.startswith("s3://"):
        raise errors.unsupported(
            f"COPY from '{source}'", cursor.script, start, "Name a prefix or a manifest: 's3://bucket/key'."
        )
    said: dict[str, Any] = {}
    granted = Authorization()
    while not cursor.done:
        clause = options.authorization(cursor)
        if clause is not None:
            granted = clause
        else:
            _parameter(cursor, said)
    said.setdefault("delimiter", "," if said.get("format") == "CSV" else "|")
    _check(cursor, said)
    return Copy(table, source, columns, granted, CopyOptions(**said))


def _parameter(cursor: Cursor, said: dict[str, Any]) -> None:
    start = cursor.current
    for word, name in _FLAGS.items():
        if cursor.accept(word):
            said[name] = True
            return
    for compression in options.COMPRESSIONS:
        if cursor.accept(compression):
            said["compression"] = compression
            return
    for word, read in _VALUES.items():
        if cursor.accept(word):
            read(cursor, said)
            return
    if cursor.accept("FORMAT"):
        cursor.accept("AS")
    for kind in _FORMATS:
        if cursor.accept(kind):
            _format(cursor, said, kind, start)
            return
    for word in _REFUSED:
        if cursor.at(word):
            raise errors.unsupported(f"COPY with {word}", cursor.script, start)
    cursor.fail()


def _format(cursor: Cursor, said: dict[str, Any], kind: CopyFormat, start: errors.Place) -> None:
    if said.get("format") not in {None, kind}:
        raise errors.error(
            errors.SYNTAX_ERROR, f"conflicting data formats {said['format']} and {kind}", cursor.script, start
        )
    said["format"] = kind
    if kind == "CSV" and cursor.accept("QUOTE"):
        cursor.accept("AS")
        said["quote"] = options.character(cursor)
    if kind == "FIXEDWIDTH":
        cursor.accept("AS")
        said["fixed_width"] = options.fixed_width(cursor)
    if kind in {"JSON", "AVRO"}:
        cursor.accept("AS")
        paths = cursor.accept_string()
        if paths is not None:
            said["json_paths" if kind == "JSON" else "avro_paths"] = paths
    if kind in {"PARQUET", "ORC"} and cursor.accept("SERIALIZETOJSON"):
        said["serialize_to_json"] = True


def _text(name: str) -> Callable[[Cursor, dict[str, Any]], None]:
    def read(cursor: Cursor, said: dict[str, Any]) -> None:
        cursor.accept("AS")
        said[name] = cursor.string()

    return read


def _character(name: str) -> Callable[[Cursor, dict[str, Any]], None]:
    def read(cursor: Cursor, said: dict[str, Any]) -> None:
        cursor.accept("AS")
        said[name] = options.character(cursor)

    return read


def _count(name: str) -> Callable[[Cursor, dict[str, Any]], None]:
    def read(cursor: Cursor, said: dict[str, Any]) -> None:
        cursor.accept("AS")
        said[name] = cursor.integer()

    return read


def _accept_invalid(cursor: Cursor, said: dict[str, Any]) -> None:
    cursor.accept("AS")
    text = cursor.accept_string()
    said["accept_invalid_characters"] = "?" if text is None else text


def _max_error(cursor: Cursor, said: dict[str, Any]) -> None:
    cursor.accept("AS")
    start = cursor.current
    said["max_errors"] = cursor.integer()
    if not 0 <= said["max_errors"] <= _MAX_ERRORS:
        raise errors.error(
            errors.INVALID_PARAMETER_VALUE, f"MAXERROR must be between 0 and {_MAX_ERRORS}", cursor.script, start
        )


def _comp_update(cursor: Cursor, said: dict[str, Any]) -> None:
    said["comp_update"] = "PRESET" if cursor.accept("PRESET") else ("ON" if options.on_off(cursor) else "OFF")


def _stat_update(cursor: Cursor, said: dict[str, Any]) -> None:
    said["stat_update"] = options.on_off(cursor)


def _encoding(cursor: Cursor, said: dict[str, Any]) -> None:
    cursor.accept("AS")
    start = cursor.current
    name = (cursor.accept_string() or cursor.identifier()).upper().replace("-", "")
    if name not in {"UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591"}:
        raise errors.error(errors.INVALID_PARAMETER_VALUE, f"invalid encoding '{name}'", cursor.script, start)
    said["encoding"] = name


def _quote(cursor: Cursor, said: dict[str, Any]) -> None:
    cursor.accept("AS")
    said["quote"] = options.character(cursor)


_VALUES: dict[str, Callable[[Cursor, dict[str, Any]], None]] = {
    "DELIMITER": _character("delimiter"),
    "QUOTE": _quote,
    "REGION": _text("region"),
    "NULL": _text("null_as"),
    "DATEFORMAT": _text("date_format"),
    "TIMEFORMAT": _text("time_format"),
    "IGNOREHEADER": _count("ignore_header"),
    "COMPROWS": _count("comp_rows"),
    "MAXERROR": _max_error,
    "ACCEPTINVCHARS": _accept_invalid,
    "COMPUPDATE": _comp_update,
    "STATUPDATE": _stat_update,
    "ENCODING": _encoding,
}

# Pairs that Redshift refuses together.
_CONFLICTS = (
    ("CSV", "escape", "ESCAPE"),
    ("CSV", "remove_quotes", "REMOVEQUOTES"),
    ("CSV", "fixed_width", "FIXEDWIDTH"),
    ("FIXEDWIDTH", "escape", "ESCAPE"),
    ("JSON", "escape", "ESCAPE"),
    ("JSON", "fill_record", "FILLRECORD"),
    ("JSON", "remove_quotes", "REMOVEQUOTES"),
)


def _check(cursor: Cursor, said: dict[str, Any]) -> None:
    for kind, name, word in _CONFLICTS:
        if said.get("format") == kind and said.get(name):
            raise errors.error(
                errors.SYNTAX_ERROR, f"{word} is not supported together with {kind}", cursor.script, cursor.tokens[0]
            )
    if said.get("format") in {"PARQUET", "ORC"}:
        wrong = [
            name for name in ("ignore_header", "escape", "null_as", "remove_quotes", "compression") if name in said
        ]
        if wrong:
            word = wrong[0].replace("_", "").upper()
            raise errors.error(
                errors.SYNTAX_ERROR,
                f"{word} argument is not supported for {said['format']} based COPY",
                cursor.script,
                cursor.tokens[0],
            )
