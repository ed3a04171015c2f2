"""LazySimpleSerDe: fields between single separators, no quotes, `\\N` for NULL, whatever cannot be read NULL too.

A line has as many fields as it has: those that are missing are NULL, those too many are ignored. Nested values use the
next separators, down from the field's.

Source: Amazon Athena User Guide, LazySimpleSerDe for CSV, TSV, and custom-delimited files; Trino, TextEncodingOptions;
read 2026-11.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from kit.athena.scan import values
from kit.athena.scan.lines import Lines, LineShape
from kit.athena.scan.source import Layout, Request, Source, hive_type, literal, quote
from kit.base.errors import KitError
from kit.catalog.types import STRING, ArrayType, CharType, HiveType, MapType, StructType, VarcharType

# Levels below the three that have names; codes of whitespace and of Escape are left out, as in Hive.
_DEEPER = "\x04\x05\x06\x07\x08\x0b\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1c\x1d\x1e\x1f"


@dataclass(frozen=True, slots=True)
class Separators:
    """One separator a level of nesting, from the outermost; `escape` is empty where there is none."""

    levels: str
    escape: str
    null: str

    @classmethod
    def of(cls, layout: Layout) -> Separators:
        first = _character(layout, ("field.delim", "serialization.format"), "\x01")
        items = _character(layout, ("collection.delim", "colelction.delim"), "\x02")  # Hive's own misspelling
        pairs = _character(layout, ("mapkey.delim",), "\x03")
        return cls(
            first + items + pairs + _DEEPER,
            _character(layout, ("escape.delim",), ""),
            _unescaped(layout.property("serialization.null.format", "\\N")),
        )


def source(request: Request) -> Source:
    """Lines, split and read by SQL."""
    layout = request.layout
    if layout.is_set("serialization.last.column.takes.rest"):
        raise KitError("NOT_SUPPORTED", "serialization.last.column.takes.rest is not supported.", "Remove it.")
    separators = Separators.of(layout)
    stream = f"{request.name}_lines"
    lines = Lines(request.files, watch=request.watch, shape=LineShape.of(layout))
    names = [quote(name) for name in request.columns]
    fields = [f"nullif(f[{layout.ordinal(name) + 1}], {literal(separators.null)})" for name in request.columns]
    picked = ", ".join(f"{field} AS {name}" for field, name in zip(fields, names, strict=True))
    return Source(
        f"(SELECT {picked}{', ' if picked else ''}file FROM "
        f"(SELECT {_split('line', separators, 0)} AS f, file FROM {quote(stream)}))",
        {
            name: _value(quoted, hive_type(layout.type_of(name)), separators, 1)
            for name, quoted in zip(request.columns, names, strict=True)
        },
        "file",
        streams={stream: lines},
    )


def _value(expression: str, kind: HiveType, separators: Separators, level: int) -> str:
    match kind:
        case ArrayType(element):
            item = f"e{level}"
            return _unless_null(
                expression,
                f"list_transform({_elements(expression, separators, level)}, lambda {item}: "
                f"{_value(_or_null(item, separators), element, separators, level + 1)})",
            )
        case MapType():
            return _unless_null(expression, _map(expression, kind, separators, level))
        case StructType(fields):
            parts = f"s{level}"
            packed = ", ".join(
                f"{quote(field.name)} := "
                f"{_value(_or_null(f'{parts}[{index}]', separators), field.type, separators, level + 1)}"
                for index, field in enumerate(fields, 1)
            )
            return _unless_null(
                expression,
                f"list_transform([{_split(expression, separators, level)}], lambda {parts}: struct_pack({packed}))[1]",
            )
        case _:
            return values.lenient(_plain(expression, kind, separators), kind)


def _map(expression: str, kind: MapType, separators: Separators, level: int) -> str:
    """The first entry of a key wins, a key that is NULL is left out."""
    entry, position, parts = f"e{level}", f"i{level}", f"p{level}"
    pair_separator = literal(separators.levels[level + 1])
    key = _value(_or_null(f"{parts}[1]", separators), kind.key, separators, level + 2)
    rest = f"CASE WHEN len({parts}) > 1 THEN array_to_string({parts}[2:], {pair_separator}) END"
    value = _value(_or_null(rest, separators), kind.value, separators, level + 2)
    pairs = (
        f"list_transform(list_transform({_elements(expression, separators, level)}, "
        f"lambda {entry}: {_split(entry, separators, level + 1)}), "
        f"lambda {parts}: struct_pack(k := {key}, v := {value}))"
    )
    keys = f"list_transform({pairs}, lambda {entry}: {entry}.k)"
    return (
        f"map_from_entries(list_filter({pairs}, lambda {entry}, {position}: "
        f"{entry}.k IS NOT NULL AND list_position({keys}, {entry}.k) = {position}))"
    )


def _elements(expression: str, separators: Separators, level: int) -> str:
    return f"CASE WHEN {expression} = '' THEN []::VARCHAR[] ELSE {_split(expression, separators, level)} END"


def _split(expression: str, separators: Separators, level: int) -> str:
    separator = separators.levels[level]
    plain = f"string_split({expression}, {literal(separator)})"
    if not separators.escape:
        return plain
    # Each field is anything but separators, or an escaped character. A lone escape at the very end stands for itself.
    escape, parted = re.escape(separators.escape), re.escape(separator)
    pattern = literal(f"((?:[^{_in_class(separator)}{_in_class(separators.escape)}]|{escape}(?s:.))*){parted}")
    dangling = literal(f"(?s:^|.*[^{_in_class(separators.escape)}])({escape}{escape})*{escape}")
    doubled = f"CASE WHEN regexp_full_match({expression}, {dangling}) THEN {literal(separators.escape)} ELSE '' END"
    return (
        f"CASE WHEN contains({expression}, {literal(separators.escape)}) "
        f"THEN regexp_extract_all({expression} || {doubled} || {literal(separator)}, {pattern}, 1) ELSE {plain} END"
    )


def _plain(expression: str, kind: HiveType, separators: Separators) -> str:
    """A text with its escapes resolved; other types have none."""
    if not separators.escape or not (kind == STRING or isinstance(kind, (VarcharType, CharType))):
        return expression
    pattern = literal(f"{re.escape(separators.escape)}((?s:.))")
    return f"regexp_replace({expression}, {pattern}, '\\1', 'g')"


def _or_null(expression: str, separators: Separators) -> str:
    return f"nullif({expression}, {literal(separators.null)})"


def _unless_null(expression: str, value: str) -> str:
    return f"CASE WHEN {expression} IS NOT NULL THEN {value} END"


def _in_class(character: str) -> str:
    return f"\\{character}" if character in "\\]^-[" else character


def _character(layout: Layout, names: tuple[str, ...], default: str) -> str:
    """A separator: a character, its code as a number, or an escape of it; the first character of several."""
    value = next((layout.properties[name] for name in names if layout.properties.get(name)), "")
    if not value:
        return default
    if value.lstrip("-").isdigit() and -128 <= int(value) <= 127:
        if int(value) < 0:
            raise KitError("NOT_SUPPORTED", f"The separator {value} is not ASCII.", "Use an ASCII character.")
        return chr(int(value))
    return _unescaped(value)[0]


def _unescaped(value: str) -> str:
    """Resolves `\\t` and `\\001`, as Hive does with what stands in its quotes."""
    if re.fullmatch(r"\\([tnrbf0\\]|[0-7]{3}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})", value):
        return codecs.decode(value, "unicode_escape")
    return value
