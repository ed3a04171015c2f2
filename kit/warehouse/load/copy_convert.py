"""Fields of text as values of a table's columns: SQL over text columns, written once for every way of reading.

Three layers of one statement: `cleaned` decides what is NULL and what is cut, `converted` is the value or NULL where
the text is none of the column's type, and a row is bad where a cleaned field has no value. So a row is never judged by
one rule and loaded by another.

DuckDB's casts take more than Redshift does (`1_000`, `0x10`, `1.6` as an integer, `2008/1/1`). The usual spelling is
recognised by a cheap test; all others go through a regular expression.

Source: Amazon Redshift Database Developer Guide, "Data conversion parameters", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from kit.base.errors import KitError
from kit.sql.redshift.formats import datetime_fields
from kit.sql.redshift.statements import CopyOptions
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import StoredColumn

# What stands for NULL unless NULL AS says otherwise.
DEFAULT_NULL = "\\N"
# The text of field n, as a reader gives it, as cleaned, and converted.
RAW, CLEAN, VALUE = "raw", "clean", "value"
# The number of a row in its batch.
ROW = "number"
# What a bad row's error says inside of the engine; nobody else sees it.
BAD_ROW = "copy met a bad row"

_ISO_DATE = r"\s*\d{4}-\d{2}-\d{2}(?:[ T].*)?\s*"
_ISO_TIMESTAMP = r"\s*\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*"
_NUMBER = r"\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*"
# Fields of DATEFORMAT and TIMEFORMAT as strptime's codes.
_CODES = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "MON": "%b",
    "MONTH": "%B",
    "DD": "%d",
    "DDD": "%j",
    "HH": "%H",
    "HH24": "%H",
    "HH12": "%I",
    "MI": "%M",
    "SS": "%S",
    "MS": "%g",
    "US": "%f",
    "AM": "%p",
    "PM": "%p",
    "OF": "%z",
}


def literal(text: str) -> str:
    """A text as SQL writes it. A statement cannot hold the character of code 0, so that one is called by its number."""
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return parts[0] if len(parts) == 1 else f"({' || chr(0) || '.join(parts)})"


def name(layer: str, index: int) -> str:
    """A field's column in one of the layers."""
    return f"{layer}{index}"


def strict_select(columns: Sequence[StoredColumn], options: CopyOptions, source: str) -> str:
    """A SELECT of `value0, value1, …` from a relation of raw fields; any bad field ends the statement."""
    checked = [f"{_checked(column, options, index)} AS {name(VALUE, index)}" for index, column in enumerate(columns)]
    return f"SELECT {', '.join(checked)} FROM ({_converting(columns, options, source)})"


def bad_select(columns: Sequence[StoredColumn], options: CopyOptions, source: str) -> str:
    """Rows that cannot be loaded: their number, the index of the first field at fault, and that one's cleaned text."""
    inner = _converting(columns, options, source, ROW)
    texts = ", ".join(name(CLEAN, index) for index in range(len(columns)))
    return (
        f"SELECT {ROW}, {_first_bad(columns, options)} AS field, [{texts}][field + 1] "
        f"FROM ({inner}) WHERE field IS NOT NULL ORDER BY 1"
    )


def good_select(columns: Sequence[StoredColumn], options: CopyOptions, source: str) -> str:
    """Rows that can be loaded, as `value0, value1, …`."""
    values = ", ".join(name(VALUE, index) for index in range(len(columns)))
    return (
        f"SELECT {values} FROM ({_converting(columns, options, source)}) WHERE {_first_bad(columns, options)} IS NULL"
    )


def _converting(columns: Sequence[StoredColumn], options: CopyOptions, source: str, *kept: str) -> str:
    cleaned = [
        f"{_cleaned(column.type, options, name(RAW, index))} AS {name(CLEAN, index)}"
        for index, column in enumerate(columns)
    ]
    converted = [
        f"{_converted(column.type, options, name(CLEAN, index))} AS {name(VALUE, index)}, {name(CLEAN, index)}"
        for index, column in enumerate(columns)
    ]
    inner = f"SELECT {', '.join([*kept, *cleaned])} FROM {source}"
    return f"SELECT {', '.join([*kept, *converted])} FROM ({inner})"


def _is_lenient(column: StoredColumn, options: CopyOptions) -> bool:
    """Whether a field that is not of the type is NULL, not a fault."""
    return options.accept_any_date and column.type.kind in {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}


def _first_bad(columns: Sequence[StoredColumn], options: CopyOptions) -> str:
    conditions = []
    for index, column in enumerate(columns):
        clean, made = name(CLEAN, index), name(VALUE, index)
        if not column.nullable:
            conditions.append((f"{made} IS NULL", index))
        elif not _is_lenient(column, options):
            conditions.append((f"{made} IS NULL AND {clean} IS NOT NULL", index))
    if not conditions:
        return "CAST(NULL AS INTEGER)"
    return "CASE " + " ".join(f"WHEN {each} THEN {index}" for each, index in conditions) + " END"


def _checked(column: StoredColumn, options: CopyOptions, index: int) -> str:
    clean, made = name(CLEAN, index), name(VALUE, index)
    failure = f"error({literal(BAD_ROW)})"
    if not column.nullable:
        return f"CASE WHEN {made} IS NULL THEN {failure} ELSE {made} END"
    if _is_lenient(column, options):
        return made
    return f"CASE WHEN {made} IS NULL AND {clean} IS NOT NULL THEN {failure} ELSE {made} END"


def null_text(options: CopyOptions) -> str:
    """The field that stands for NULL."""
    text = options.null_as if options.null_as is not None else DEFAULT_NULL
    return "\0" if text in {"\\0", "\\000"} else text


def _cleaned(kind: Type, options: CopyOptions, raw: str) -> str:
    text = f"nullif({raw}, {literal(null_text(options))})"
    if not kind.is_text:
        if kind.kind is Kind.SUPER:
            return f"nullif({text}, '')"
        # Blank fields are NULL, whatever BLANKSASNULL says; the rest keeps its blanks, which the conversion allows.
        return f"CASE WHEN {text} <= '!' AND trim({raw}, {_WHITE}) = '' THEN NULL ELSE {text} END"
    if options.blanks_as_null:
        text = f"CASE WHEN {raw} <> '' AND trim({raw}, {_WHITE}) = '' THEN NULL ELSE {text} END"
    if options.trim_blanks and kind.kind is Kind.VARCHAR:
        text = f"rtrim({text}, {_WHITE})"
    if options.empty_as_null:
        text = f"nullif({text}, '')"
    if options.truncate_columns:
        text = f"rs_cut({text}, {kind.size})"
    return text


_WHITE = "chr(32) || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"


def _converted(kind: Type, options: CopyOptions, text: str) -> str:
    """The value of a cleaned field; NULL where it is none of the type."""
    match kind.kind:
        case Kind.SMALLINT | Kind.INTEGER | Kind.BIGINT:
            made = f"TRY_CAST({text} AS {kind.duckdb})"
            return (
                f"CASE WHEN CAST({made} AS VARCHAR) = {text} THEN {made} "
                f"WHEN regexp_full_match({text}, '\\s*[+-]?[0-9]+\\s*') "
                f"THEN TRY_CAST(trim({text}) AS {kind.duckdb}) END"
            )
        case Kind.NUMERIC:
            return _decimal(kind, options, text)
        case Kind.REAL | Kind.DOUBLE:
            return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS {kind.duckdb}) END"
        case Kind.BOOLEAN:
            return f"rs_try_boolean({text})"
        case Kind.VARCHAR:
            return f"CASE WHEN strlen({text}) <= {kind.size} THEN {text} END"
        case Kind.CHAR:
            return (
                f"CASE WHEN strlen({text}) <= {kind.size} AND strlen({text}) = length({text}) THEN {text} "
                f"WHEN strlen(rtrim({text}, ' ')) <= {kind.size} AND strlen({text}) = length({text}) "
                f"THEN rtrim({text}, ' ') END"
            )
        case Kind.DATE:
            return _date(options, text)
        case Kind.TIMESTAMP:
            return _timestamp(options, text)
        case Kind.TIMESTAMPTZ:
            return _moment(options, text)
        case Kind.TIME:
            clock = f"rs_clock_of({text})"
            return f"CASE WHEN {clock} < 86400000000 THEN CAST(make_timestamp({clock}) AS TIME) END"
        case Kind.TIMETZ:
            return f"TRY_CAST({text} AS TIMETZ)"
        case Kind.INTERVAL_DAY_SECOND | Kind.INTERVAL_YEAR_MONTH:
            return f"TRY_CAST({text} AS INTERVAL)"
        case Kind.VARBYTE:
            is_hex = f"regexp_full_match({text}, '(?:[0-9a-fA-F]{{2}})*')"
            return f"CASE WHEN {is_hex} AND strlen({text}) <= {kind.size * 2} THEN from_hex({text}) END"
        case Kind.SUPER:
            return f"CASE WHEN json_valid({text}) THEN CAST({text} AS JSON) END"
        case Kind.UNKNOWN:
            raise AssertionError("a column is never of an unknown type")


def _decimal(kind: Type, options: CopyOptions, text: str) -> str:
    """COPY cuts digits after the scale unless ROUNDEC is said; the cast rounds them."""
    made = f"TRY_CAST({text} AS {kind.duckdb})"
    if options.round_decimals:
        return f"CASE WHEN NOT contains({text}, '_') THEN {made} END"
    cut = f"left(trim({text}), instr(trim({text}), '.') + {kind.scale})"
    # A digit in front, so that nothing but a point is a number.
    padded = f"regexp_replace({cut}, '^([+-]?)', '\\10')"
    return (
        f"CASE WHEN contains({text}, '_') THEN NULL "
        f"WHEN instr({text}, '.') > 0 AND strlen({text}) - instr({text}, '.') > {kind.scale} "
        f"AND regexp_full_match({text}, {literal(_NUMBER)}) THEN TRY_CAST({padded} AS {kind.duckdb}) "
        f"ELSE {made} END"
    )


def _date(options: CopyOptions, text: str) -> str:
    match _format(options.date_format):
        case "":
            return (
                f"CASE WHEN {text} LIKE '____-__-__' THEN TRY_CAST({text} AS DATE) "
                f"WHEN regexp_full_match({text}, {literal(_ISO_DATE)}) "
                f"THEN TRY_CAST(left(trim({text}), 10) AS DATE) END"
            )
        case "auto":
            return f"CAST(rs_stamp({text}) AS DATE)"
        case other:
            return f"CAST(try_strptime(trim({text}), {literal(pattern(other, 'DATEFORMAT'))}) AS DATE)"


def _timestamp(options: CopyOptions, text: str) -> str:
    match _format(options.time_format):
        case "":
            return (
                f"CASE WHEN {text} LIKE '____-__-__ __:__:__' THEN TRY_CAST({text} AS TIMESTAMP) "
                f"WHEN regexp_full_match({text}, {literal(_ISO_TIMESTAMP)}) "
                f"THEN TRY_CAST(trim({text}) AS TIMESTAMP) END"
            )
        case "auto":
            return f"rs_stamp({text})"
        case "epochsecs":
            return _epoch(text, 1_000_000)
        case "epochmillisecs":
            return _epoch(text, 1_000)
        case other:
            return f"CAST(try_strptime(trim({text}), {literal(pattern(other, 'TIMEFORMAT'))}) AS TIMESTAMP)"


def _moment(options: CopyOptions, text: str) -> str:
    match _format(options.time_format):
        case "" | "auto":
            return f"rs_moment({text})"
        case "epochsecs" | "epochmillisecs":
            return f"timezone('UTC', {_timestamp(options, text)})"
        case other:
            return f"CAST(try_strptime(trim({text}), {literal(pattern(other, 'TIMEFORMAT'))}) AS TIMESTAMPTZ)"


def _epoch(text: str, unit_us: int) -> str:
    count = f"TRY_CAST({text} AS DECIMAL(38, 6))"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(_NUMBER)}) "
        f"THEN make_timestamp(TRY_CAST(trunc({count} * {unit_us}) AS BIGINT)) END"
    )


def _format(said: str | None) -> str:
    """`auto` and the epochs in lower case, a pattern as it is, "" for the default."""
    if said is None:
        return ""
    return said.lower() if said.lower() in {"auto", "epochsecs", "epochmillisecs"} else said


def pattern(text: str, option: str) -> str:
    """A DATEFORMAT or TIMEFORMAT as strptime's."""
    made = ""
    for field in datetime_fields(text):
        if not field.name:
            made += field.written.replace("%", "%%")
        elif field.name in _CODES:
            made += _CODES[field.name]
        else:
            raise KitError(
                "22023",
                f"invalid {option} '{text}': '{field.written}' is not supported",
                "Fields: YYYY, MM, MON, DD, HH, MI, SS and their kin.",
            )
    # Twelve hours need their half of the day.
    return made.replace("%H", "%I") if "%p" in made else made
