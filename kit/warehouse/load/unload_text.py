"""Values as UNLOAD writes them: SQL for a whole line of a text file, its line feed included.

Source: Amazon Redshift Database Developer Guide, "UNLOAD", read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from kit.base.errors import KitError
from kit.sql.redshift.bound import BoundColumn
from kit.sql.redshift.statements import UnloadOptions
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.load.copy_convert import literal

_NEVER_QUOTED = frozenset(
    {
        Kind.SMALLINT,
        Kind.INTEGER,
        Kind.BIGINT,
        Kind.NUMERIC,
        Kind.REAL,
        Kind.DOUBLE,
        Kind.BOOLEAN,
    }
)


def line_sql(columns: Sequence[BoundColumn], names: Sequence[str], options: UnloadOptions) -> str:
    """A row as the text of one line. `names` are the columns' quoted names in the relation that is read."""
    pairs = list(zip(columns, names, strict=True))
    match options.format:
        case "JSON":
            return _json(pairs)
        case "FIXEDWIDTH":
            return _fixed_width(pairs, options)
        case "CSV":
            fields = [_csv_field(column.type, name, options) for column, name in pairs]
        case _:
            fields = [_field(column.type, name, options) for column, name in pairs]
    return f" || {literal(options.delimiter)} || ".join(fields) + " || chr(10)"


def header_line(columns: Sequence[BoundColumn], options: UnloadOptions) -> str:
    """The names of the columns, as the first line of each file."""
    names = [column.name for column in columns]
    if options.format == "CSV":
        names = [_quoted(name, options) for name in names]
    elif options.add_quotes:
        names = [f'"{name}"' for name in names]
    return options.delimiter.join(names) + "\n"


def text_sql(kind: Type, name: str) -> str:
    """A value as text; NULL stays NULL."""
    match kind.kind:
        case Kind.BOOLEAN:
            return f"CASE {name} WHEN TRUE THEN 't' WHEN FALSE THEN 'f' END"
        case Kind.DOUBLE:
            # As short as it can be without losing a digit.
            short = f"rs_float_text({name})"
            return f"CASE WHEN TRY_CAST({short} AS DOUBLE) = {name} THEN {short} ELSE printf('%.17g', {name}) END"
        case Kind.REAL:
            short = f"rs_real_text({name})"
            long = f"printf('%.9g', CAST({name} AS DOUBLE))"
            return f"CASE WHEN TRY_CAST({short} AS FLOAT) = {name} THEN {short} ELSE {long} END"
        case Kind.VARBYTE:
            return f"lower(hex({name}))"
        case Kind.VARCHAR | Kind.CHAR | Kind.UNKNOWN:
            return name
        case _:
            return f"CAST({name} AS VARCHAR)"


def _field(kind: Type, name: str, options: UnloadOptions) -> str:
    text = text_sql(kind, name)
    if options.escape and (kind.is_text or kind.kind in {Kind.SUPER, Kind.UNKNOWN}):
        marked = ["\\", "\n", "\r", options.delimiter, *(["'", '"'] if options.add_quotes else [])]
        for each in dict.fromkeys(marked):
            text = f"replace({text}, {literal(each)}, {literal(chr(92) + each)})"
    if options.add_quotes:
        text = f"'\"' || {text} || '\"'"
    return f"coalesce({text}, {literal(options.null_as or '')})"


def _csv_field(kind: Type, name: str, options: UnloadOptions) -> str:
    text = text_sql(kind, name)
    if kind.kind not in _NEVER_QUOTED:
        signs = (options.delimiter, '"', "\n", "\r")
        needed = " OR ".join(f"contains({text}, {literal(sign)})" for sign in signs)
        doubled = f"replace({text}, '\"', '\"\"')"
        text = f"CASE WHEN {needed} THEN '\"' || {doubled} || '\"' ELSE {text} END"
    return f"coalesce({text}, {literal(options.null_as or '')})"


def _quoted(text: str, options: UnloadOptions) -> str:
    if any(sign in text for sign in (options.delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def _fixed_width(pairs: Sequence[tuple[BoundColumn, str]], options: UnloadOptions) -> str:
    """Values padded to the right. What is too long is an error: a cut value would be a wrong one."""
    if len(options.fixed_width) != len(pairs):
        raise KitError(
            "22023",
            f"The fixed width specification has {len(options.fixed_width)} columns, the query {len(pairs)}",
            "Give each column of the query a width: FIXEDWIDTH 'a:5,b:10'.",
        )
    fields = []
    for (column, name), (_, width) in zip(pairs, options.fixed_width, strict=True):
        text = f"coalesce({text_sql(column.type, name)}, {literal(options.null_as or '')})"
        reason = f"value too long for the fixed width {width} of column {column.name}"
        fields.append(
            f"CASE WHEN length({text}) > {width} THEN error({literal(reason)}) ELSE rpad({text}, {width}, ' ') END"
        )
    return " || ".join(fields) + " || chr(10)"


def _json(pairs: Sequence[tuple[BoundColumn, str]]) -> str:
    members = []
    for column, name in pairs:
        text = text_sql(column.type, name)
        match column.type.kind:
            case Kind.SMALLINT | Kind.INTEGER | Kind.BIGINT | Kind.NUMERIC | Kind.SUPER:
                made = text
            case Kind.REAL | Kind.DOUBLE:
                # JSON has no number for these.
                made = f"CASE WHEN isfinite({name}) THEN {text} ELSE '\"' || {text} || '\"' END"
            case Kind.BOOLEAN:
                made = f"CASE {name} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END"
            case _:
                made = f"CAST(to_json({text}) AS VARCHAR)"
        key = json.dumps(column.name, ensure_ascii=False)
        members.append(f"{literal(key + ':')} || coalesce({made}, 'null')")
    return "'{' || " + " || ',' || ".join(members) + " || '}' || chr(10)"
