"""UNLOAD: the quoted query with its own place, and every documented parameter into typed options.

Source: Amazon Redshift Database Developer Guide, "UNLOAD", read 2026-11.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.dialect import parse_query, tokenize
from kit.sql.redshift.grammar import options
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import Authorization, Unload, UnloadFormat, UnloadOptions

_MIN_FILE_BYTES = 5 << 20
_MAX_FILE_BYTES = int(6.2 * (1 << 30))
_MIN_GROUP_BYTES = 32 << 20
_MAX_GROUP_BYTES = 128 << 20
_FLAGS = {
    "HEADER": "header",
    "ADDQUOTES": "add_quotes",
    "ESCAPE": "escape",
    "ALLOWOVERWRITE": "allow_overwrite",
    "CLEANPATH": "clean_path",
    "ENCRYPTED": "encrypted",
}
_FORMATS: tuple[UnloadFormat, ...] = ("CSV", "PARQUET", "JSON", "FIXEDWIDTH")


def unload(cursor: Cursor) -> Unload:
    cursor.expect("UNLOAD")
    cursor.expect_symbol("(")
    quoted = cursor.current
    text = cursor.string()
    cursor.expect_symbol(")")
    cursor.expect("TO")
    start = cursor.current
    target = cursor.string()
    if not target.startswith("s3://"):
        raise errors.unsupported(f"UNLOAD to '{target}'", cursor.script, start, "Name a prefix: 's3://bucket/key'.")
    line, column = cursor.place(quoted)
    query = _query(text, line, column + 1)
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
    return Unload(query, text, target, granted, UnloadOptions(**said), line, column + 1)


def _query(text: str, line: int, column: int) -> exp.Query:
    """The query inside the quotes; its errors point into its own text."""
    try:
        tokens = tokenize(text)
        tree = parse_query(tokens, text)
        if not isinstance(tree, exp.Query):
            raise errors.syntax(text, tokens[0], hint="UNLOAD takes a query.")
    except KitError as error:
        error.hint = error.hint or f"In the text quoted at line {line}, column {column}."
        raise
    return tree


def _parameter(cursor: Cursor, said: dict[str, Any]) -> None:
    for word, name in _FLAGS.items():
        if cursor.accept(word):
            said[name] = True
            return
    for compression in options.COMPRESSIONS:
        if cursor.accept(compression):
            if compression == "LZOP":
                raise errors.unsupported("UNLOAD with LZOP", cursor.script, cursor.tokens[cursor.index - 1])
            said["compression"] = compression
            return
    if cursor.accept("FORMAT"):
        cursor.accept("AS")
    for kind in _FORMATS:
        if cursor.accept(kind):
            said["format"] = kind
            if kind == "FIXEDWIDTH":
                cursor.accept("AS")
                said["fixed_width"] = options.fixed_width(cursor)
            return
    if cursor.accept("DELIMITER"):
        cursor.accept("AS")
        said["delimiter"] = options.character(cursor)
    elif cursor.accept("NULL"):
        cursor.accept("AS")
        said["null_as"] = cursor.string()
    elif cursor.accept("MANIFEST"):
        said["manifest"] = True
        said["manifest_verbose"] = cursor.accept("VERBOSE")
    elif cursor.accept("PARTITION", "BY"):
        said["partition_by"] = cursor.names()
        said["include_partition_columns"] = cursor.accept("INCLUDE")
    elif cursor.accept("PARALLEL"):
        said["parallel"] = options.on_off(cursor)
    elif cursor.accept("MAXFILESIZE"):
        cursor.accept("AS")
        said["max_file_size"] = _file_size(cursor)
    elif cursor.accept("ROWGROUPSIZE"):
        cursor.accept("AS")
        said["row_group_size"] = _row_group_size(cursor)
    elif cursor.accept("REGION"):
        cursor.accept("AS")
        said["region"] = cursor.string()
    elif cursor.accept("EXTENSION"):
        said["extension"] = cursor.string()
    else:
        cursor.fail()


def _row_group_size(cursor: Cursor) -> int:
    start = cursor.current
    size = options.size_bytes(cursor)
    if not _MIN_GROUP_BYTES <= size <= _MAX_GROUP_BYTES:
        raise errors.error(
            errors.INVALID_PARAMETER_VALUE, "ROWGROUPSIZE must be between 32 MB and 128 MB", cursor.script, start
        )
    return size


def _file_size(cursor: Cursor) -> int:
    start = cursor.current
    size = options.size_bytes(cursor)
    if not _MIN_FILE_BYTES <= size <= _MAX_FILE_BYTES:
        raise errors.error(
            errors.INVALID_PARAMETER_VALUE, "MAXFILESIZE must be between 5 MB and 6.2 GB", cursor.script, start
        )
    return size


def _check(cursor: Cursor, said: dict[str, Any]) -> None:
    kind = said.get("format", "DELIMITED")
    refused = {
        "PARQUET": ("delimiter", "header", "add_quotes", "escape", "null_as", "compression"),
        "JSON": ("delimiter", "header", "add_quotes", "escape", "null_as"),
        "CSV": ("escape", "fixed_width", "add_quotes"),
        "FIXEDWIDTH": ("delimiter", "add_quotes", "escape", "header"),
    }
    for name in refused.get(kind, ()):
        default = {"delimiter": "|", "compression": "NONE"}.get(name, False)
        if said.get(name, default) not in {default, None, ()}:
            word = {"compression": said.get(name)}.get(name, name.replace("_", "").upper())
            raise errors.error(
                errors.SYNTAX_ERROR, f"{word} is not supported for UNLOAD to {kind}", cursor.script, cursor.tokens[0]
            )
    if said.get("allow_overwrite") and said.get("clean_path"):
        raise errors.error(
            errors.SYNTAX_ERROR, "ALLOWOVERWRITE and CLEANPATH exclude each other", cursor.script, cursor.tokens[0]
        )
