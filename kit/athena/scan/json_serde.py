"""The JSON SerDes, OpenX's and Hive's: one object a line, fields found by name.

DuckDB parses a line once and takes the columns' values from it; text then becomes typed by the column. Names match in
any letter case (OpenX: unless `case.insensitive` is false), at every depth. OpenX also has `mapping.*`, `dots.in.keys`
and `ignore.malformed.json`.

Differs: OpenX makes a row of NULLs, or of positions, of a line that is a JSON value but no object; here it is the error
that it raises for malformed lines, since nobody means that.

Source: Amazon Athena User Guide, JSON SerDe libraries; read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass

from kit.athena.scan import values
from kit.athena.scan.lines import Lines, LineShape
from kit.athena.scan.source import Layout, Request, Source, hive_type, literal, quote
from kit.catalog.serde import OPENX_JSON
from kit.catalog.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER_BITS,
    STRING,
    TIMESTAMP,
    ArrayType,
    CharType,
    DecimalType,
    HiveType,
    MapType,
    StructType,
    VarcharType,
)

_MALFORMED = "'HIVE_CURSOR_ERROR: Row is not a valid JSON Object: ' || left(line, 80) || ' in ' || "


@dataclass(frozen=True, slots=True)
class _Rules:
    """`keys` maps a column's name to the key that the data have."""

    is_openx: bool
    any_case: bool
    dots: bool
    skip_malformed: bool
    null_for_invalid: bool
    keys: dict[str, str]

    @classmethod
    def of(cls, layout: Layout) -> _Rules:
        is_openx = layout.serde == OPENX_JSON
        prefix = "mapping."
        return cls(
            is_openx,
            not is_openx or layout.is_set("case.insensitive", default=True),
            is_openx and (layout.is_set("dots.in.keys") or layout.is_set("dots.in.key.names")),
            layout.is_set("ignore.malformed.json"),
            layout.is_set("use.null.for.invalid.data"),
            {
                name.removeprefix(prefix).lower(): key
                for name, key in layout.properties.items()
                if is_openx and name.startswith(prefix)
            },
        )

    def key(self, name: str) -> str:
        return self.keys.get(name, name)


def source(request: Request) -> Source:
    layout = request.layout
    rules = _Rules.of(layout)
    stream = f"{request.name}_lines"
    lines = Lines(request.files, watch=request.watch, shape=LineShape.of(layout))
    picked = "".join(f"v[{index}] AS {quote(name)}, " for index, name in enumerate(request.columns, 1))
    keys = [rules.key(name) for name in request.columns]
    return Source(
        f"(SELECT {picked}file FROM (SELECT {_members('line', keys, rules, 0)} AS v, file "
        f"FROM (SELECT {_checked(request, rules)} AS line, file FROM {quote(stream)})))",
        {name: _Reader(request, rules, name).read(quote(name)) for name in request.columns},
        "file",
        streams={stream: lines},
    )


def _checked(request: Request, rules: _Rules) -> str:
    """The line if it is an object, NULL for one that is left out, else an error."""
    wrong = "NULL" if rules.skip_malformed else f"error({_MALFORMED}{request.uri('file')})"
    blank = "WHEN trim(line) = '' THEN NULL " if rules.is_openx else ""
    return f"CASE WHEN TRY(json_type(line)) = 'OBJECT' THEN line {blank}ELSE {wrong} END"


def _members(document: str, keys: list[str], rules: _Rules, depth: int) -> str:
    """A list of the values of these keys in a JSON object, as JSON; NULL where it has no such key."""
    if not keys:
        return "[]::JSON[]"
    exact = f"json_extract({document}, [{', '.join(literal('/' + _pointer(key)) for key in keys)}])"
    if not rules.any_case and not rules.dots:
        return exact
    # Other spellings are looked for only in objects that miss one of the keys as it stands in the catalog.
    found, spelt, key = f"m{depth}", f"s{depth}", f"k{depth}"
    folded = f"replace({key}, '.', '_')" if rules.dots else key
    folded = f"lower({folded})" if rules.any_case else folded
    wanted = [literal(name.lower() if rules.any_case else name) for name in keys]
    members = ", ".join(
        f"coalesce({found}[{index}], json_extract({document}, '/' || "
        f"replace(replace(list_filter({spelt}, lambda {key}: {folded} = {name})[1], '~', '~0'), '/', '~1')))"
        for index, name in enumerate(wanted, 1)
    )
    return (
        f"list_transform([{exact}], lambda {found}: CASE WHEN list_count({found}) = {len(keys)} THEN {found} "
        f"ELSE list_transform([json_keys({document})], lambda {spelt}: [{members}])[1] END)[1]"
    )


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


class _Reader:
    """Builds the SQL that reads one column, descending into nested types with a variable of its own a level."""

    def __init__(self, request: Request, rules: _Rules, name: str) -> None:
        self._request = request
        self._rules = rules
        self._column = request.layout.columns[request.layout.ordinal(name)]

    def read(self, expression: str) -> str:
        return self._value(expression, hive_type(self._column.type), 1)

    def _value(self, expression: str, kind: HiveType, depth: int) -> str:
        match kind:
            case ArrayType(element):
                return self._array(expression, element, depth)
            case MapType():
                return self._map(expression, kind, depth)
            case StructType():
                return self._struct(expression, kind, depth)
            case _:
                return self._scalar(f"({expression} ->> '$')", kind)

    def _array(self, expression: str, element: HiveType, depth: int) -> str:
        item = f"e{depth}"
        members = f"CAST({expression} AS JSON[])"
        if self._rules.is_openx:  # a lone value is an array of one, an empty string is NULL
            members = (
                f"CASE WHEN json_type({expression}) = 'ARRAY' THEN {members} "
                f"WHEN ({expression} ->> '$') <> '' THEN [{expression}] END"
            )
        return self._unless_null(
            expression, f"list_transform({members}, lambda {item}: {self._value(item, element, depth + 1)})"
        )

    def _map(self, expression: str, kind: MapType, depth: int) -> str:
        item, key = f"e{depth}", f"k{depth}"
        typed = self._scalar(key, kind.key)
        member = self._value(f"{item}[{key}]", kind.value, depth + 1)
        entries = (
            f"list_transform([CAST({expression} AS MAP(VARCHAR, JSON))], lambda {item}: map_from_entries("
            f"list_transform(map_keys({item}), lambda {key}: struct_pack(k := {typed}, v := {member}))))[1]"
        )
        return self._unless_null(expression, entries)

    def _struct(self, expression: str, kind: StructType, depth: int) -> str:
        item = f"e{depth}"
        members = _members(expression, [field.name for field in kind.fields], self._rules, depth)
        packed = ", ".join(
            f"{quote(field.name)} := {self._value(f'{item}[{index}]', field.type, depth + 1)}"
            for index, field in enumerate(kind.fields, 1)
        )
        return self._unless_null(expression, f"list_transform([{members}], lambda {item}: struct_pack({packed}))[1]")

    def _scalar(self, text: str, kind: HiveType) -> str:
        if kind == STRING:
            return text
        value = self._typed(text, kind)
        if isinstance(kind, (VarcharType, CharType)) or self._rules.null_for_invalid:
            return value
        ordinal = self._request.layout.ordinal(self._column.name)
        return values.or_fail(value, text, values.bad_data(text, ordinal, self._request.uri("file")))

    def _typed(self, text: str, kind: HiveType) -> str:
        if kind in INTEGER_BITS:
            return values.lenient(text, kind) if self._rules.is_openx else values.java(text, kind)
        if kind == BOOLEAN:
            return f"lower({text}) = 'true'"
        if kind == TIMESTAMP:
            return _timestamp(text)
        if kind in {FLOAT, DOUBLE, DATE} or isinstance(kind, (DecimalType, VarcharType, CharType)):
            return values.lenient(text, kind)
        assert kind == BINARY
        return f"TRY(from_base64({text}))"

    @staticmethod
    def _unless_null(expression: str, value: str) -> str:
        return f"CASE WHEN json_type({expression}) <> 'NULL' THEN {value} END"


def _timestamp(text: str) -> str:
    """Hive's form, ISO 8601 with an offset, or a number: of seconds, of milliseconds where it has 13 digits."""
    iso = r"'[0-9-]+T[0-9:.]+([zZ]|[+-][0-9]{2}:?[0-9]{2})?'"
    zoned = f"TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    return (
        f"CASE WHEN trim({text}, '+-0123456789') = '' "
        f"THEN make_timestamp_ms(TRY_CAST({text} AS BIGINT) * CASE WHEN length({text}) >= 13 THEN 1 ELSE 1000 END) "
        f"WHEN trim({text}, '+-.0123456789') = '' "
        f"THEN make_timestamp_ms(CAST(trunc(TRY_CAST({text} AS DECIMAL(38,9)) * 1000) AS BIGINT)) "
        f"WHEN regexp_full_match({text}, {iso}) THEN {values.rounded_to_milliseconds(zoned)} "
        f"ELSE {values.lenient(text, TIMESTAMP)} END"
    )
