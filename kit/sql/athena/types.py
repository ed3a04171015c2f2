"""Trino's types: names, implicit coercion, common supertypes, and what stands for each of them in DuckDB and in Hive.

Pure values. Invariant of the whole translation: an expression of type T has exactly the DuckDB type `duckdb_type(T)`,
so that overflow, rounding and comparison are those of T.

Sources: Types, Trino documentation; TypeCoercion of trinodb/trino; Data types in Amazon Athena, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from kit.base.errors import KitError

MAX_PRECISION = 38


@dataclass(frozen=True, slots=True)
class Type:
    """`arguments` are lengths, precision and scale, element types, or a row's (name or None, type) pairs.

    A `timestamp with time zone` has a second argument: the zone that all its values are known to have, or None where
    each value brings its own. It takes no part in what the type is called.
    """

    name: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return display(self)

    @property
    def element(self) -> Type:
        return self.arguments[0]

    @property
    def key(self) -> Type:
        return self.arguments[0]

    @property
    def value(self) -> Type:
        return self.arguments[1]

    @property
    def precision(self) -> int:
        return self.arguments[0]

    @property
    def scale(self) -> int:
        return self.arguments[1]

    @property
    def length(self) -> int | None:
        """The bound of a varchar or char; None where there is none."""
        return self.arguments[0] if self.arguments else None

    @property
    def zone(self) -> str | None:
        return self.arguments[1]

    @property
    def fields(self) -> tuple[tuple[str | None, Type], ...]:
        return self.arguments


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UUID = Type("uuid")
INTERVAL_DAY = Type("interval day to second")
INTERVAL_YEAR = Type("interval year to month")
TIMESTAMP_TZ = "timestamp with time zone"

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
APPROXIMATE = ("real", "double")
NUMERIC = frozenset({*INTEGERS, *APPROXIMATE, "decimal"})


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def varchar(length: int | None) -> Type:
    return VARCHAR if length is None else Type("varchar", (length,))


def timestamp(precision: int) -> Type:
    return Type("timestamp", (precision,))


def timestamp_tz(precision: int, zone: str | None) -> Type:
    return Type(TIMESTAMP_TZ, (precision, zone))


def time(precision: int) -> Type:
    return Type("time", (precision,))


def array(element: Type) -> Type:
    return Type("array", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def row(fields: Iterable[tuple[str | None, Type]]) -> Type:
    return Type("row", tuple(fields))


def is_numeric(kind: Type) -> bool:
    return kind.name in NUMERIC


def is_integer(kind: Type) -> bool:
    return kind.name in INTEGER_DIGITS


def is_comparable(kind: Type) -> bool:
    """Whether values can be equal: what =, GROUP BY, DISTINCT and joins need."""
    match kind.name:
        case "array" | "map":
            return all(is_comparable(part) for part in kind.arguments)
        case "row":
            return all(is_comparable(part) for _, part in kind.fields)
        case _:
            return True


def is_orderable(kind: Type) -> bool:
    """Whether values can be sorted: what <, ORDER BY, min and max need."""
    match kind.name:
        case "map" | "json":
            return False
        case "array":
            return is_orderable(kind.element)
        case "row":
            return all(is_orderable(part) for _, part in kind.fields)
        case _:
            return True


def has_own_zones(kind: Type) -> bool:
    """Whether values of this type, or inside of them, are instants that bring their zones."""
    match kind.name:
        case "timestamp with time zone":
            return kind.zone is None
        case "array" | "map":
            return any(map(has_own_zones, kind.arguments))
        case "row":
            return any(has_own_zones(part) for _, part in kind.fields)
        case _:
            return False


# Names


def display(kind: Type) -> str:
    """The type as Trino writes it: `decimal(12,2)`, `row(a bigint, b varchar)`, `timestamp(3) with time zone`."""
    match kind.name:
        case "decimal":
            return f"decimal({kind.precision},{kind.scale})"
        case "varchar" | "char":
            return kind.name if kind.length is None else f"{kind.name}({kind.length})"
        case "timestamp" | "time":
            return f"{kind.name}({kind.precision})"
        case "timestamp with time zone":
            return f"timestamp({kind.precision}) with time zone"
        case "array":
            return f"array({display(kind.element)})"
        case "map":
            return f"map({display(kind.key)}, {display(kind.value)})"
        case "row":
            parts = (display(part) if name is None else f"{_field(name)} {display(part)}" for name, part in kind.fields)
            return f"row({', '.join(parts)})"
        case "function":
            *parameters, result = kind.arguments
            return f"function({','.join(map(display, (*parameters, result)))})"
        case name:
            return name


def _field(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


_DUCKDB = {
    "unknown": '"NULL"',
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "json": "JSON",
    "uuid": "UUID",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
}


@cache
def duckdb_type(kind: Type) -> str:
    """The DuckDB type that stands for a Trino type."""
    match kind.name:
        case "decimal":
            return f"DECIMAL({kind.precision},{kind.scale})"
        case "array":
            return f"{duckdb_type(kind.element)}[]"
        case "map":
            return f"MAP({duckdb_type(kind.key)}, {duckdb_type(kind.value)})"
        case "row":
            parts = (
                f"{quote(name)} {duckdb_type(part)}" for name, part in zip(row_names(kind), _types(kind), strict=True)
            )
            return f"STRUCT({', '.join(parts)})"
        case "timestamp with time zone":
            return (
                "TIMESTAMP WITH TIME ZONE"
                if kind.zone is not None
                else 'STRUCT("t" TIMESTAMP WITH TIME ZONE, "z" VARCHAR)'
            )
        case name:
            return _DUCKDB[name]


def row_names(kind: Type) -> tuple[str, ...]:
    """The names that a row's fields have in DuckDB: anonymous ones are called `field0`, as Athena shows them."""
    return tuple(name if name is not None else f"field{index}" for index, (name, _) in enumerate(kind.fields))


def _types(kind: Type) -> tuple[Type, ...]:
    return tuple(part for _, part in kind.fields)


def quote(name: str) -> str:
    """An identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def hive_type(kind: Type) -> str:
    """The Hive type that a column of a new table gets.

    Raises `NOT_SUPPORTED` for types that Hive tables cannot hold.
    """
    match kind.name:
        case "boolean" | "tinyint" | "smallint" | "bigint" | "double" | "date":
            return kind.name
        case "integer":
            return "int"
        case "real":
            return "float"
        case "varbinary":
            return "binary"
        case "decimal":
            return f"decimal({kind.precision},{kind.scale})"
        case "varchar":
            return "string" if kind.length is None else f"varchar({kind.length})"
        case "char":
            return f"char({kind.length})"
        case "timestamp":
            return "timestamp"
        case "array":
            return f"array<{hive_type(kind.element)}>"
        case "map":
            return f"map<{hive_type(kind.key)},{hive_type(kind.value)}>"
        case "row":
            if any(name is None for name, _ in kind.fields):
                raise KitError("NOT_SUPPORTED", f"Anonymous row type is not supported in Hive: {kind}")
            return f"struct<{','.join(f'{name}:{hive_type(part)}' for name, part in kind.fields)}>"
        case _:
            raise KitError(
                "NOT_SUPPORTED", f"Unsupported Hive type: {kind}", "CAST the column to a type that a table can hold."
            )


# Reading type names

_WORD = re.compile(r"\s*([^\s<>(),:]+|[<>(),:])")
_HIVE_SCALARS = {
    "string": VARCHAR,
    "int": INTEGER,
    "float": REAL,
    "binary": VARBINARY,
    "timestamp": timestamp(3),
    "decimal": decimal(10, 0),
    "double precision": DOUBLE,
}
_TRINO_SCALARS = {
    "int": INTEGER,
    "decimal": decimal(38, 0),
    "dec": decimal(38, 0),
    "double precision": DOUBLE,
    "timestamp": timestamp(3),
    "timestamp without time zone": timestamp(3),
    "timestamp with time zone": timestamp_tz(3, "UTC"),
    "time": time(3),
    "char": Type("char", (1,)),
}
_SCALARS = {
    kind.name: kind
    for kind in (BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, VARCHAR, VARBINARY, DATE, JSON, UUID)
} | {kind.name: kind for kind in (UNKNOWN, INTERVAL_DAY, INTERVAL_YEAR)}


@cache
def from_hive(text: str) -> Type:
    """A Hive type string as Trino sees it: `struct<a:int>` as `row(a integer)`.

    Raises `HIVE_INVALID_METADATA` where it is not one.
    """
    words = _WORD.findall(text.strip().lower())
    try:
        kind, rest = _hive(words)
    except (IndexError, ValueError, KeyError):
        rest, kind = ["?"], UNKNOWN
    if rest:
        raise KitError("HIVE_INVALID_METADATA", f"'{text}' is not a Hive type.")
    return kind


def _hive(words: list[str]) -> tuple[Type, list[str]]:
    head, *rest = words
    if rest[:1] == ["("]:
        close = rest.index(")")
        numbers = [int(word) for word in rest[1:close] if word != ","]
        return _sized(head, numbers), rest[close + 1 :]
    match head:
        case "array":
            element, rest = _hive(_expect(rest, "<"))
            return array(element), _expect(rest, ">")
        case "map":
            key, rest = _hive(_expect(rest, "<"))
            value, rest = _hive(_expect(rest, ","))
            return map_of(key, value), _expect(rest, ">")
        case "struct" | "uniontype":
            fields: list[tuple[str | None, Type]] = []
            rest = _expect(rest, "<")
            while True:
                name, *rest = rest
                kind, rest = _hive(_expect(rest, ":"))
                fields.append((name, kind))
                separator, *rest = rest
                if separator == ">":
                    return row(fields), rest
                if separator != ",":
                    raise ValueError(separator)
        case _:
            return _HIVE_SCALARS.get(head) or _SCALARS[head], rest


def _expect(words: list[str], word: str) -> list[str]:
    if words[0] != word:
        raise ValueError(words[0])
    return words[1:]


def _sized(name: str, numbers: list[int]) -> Type:
    match name, numbers:
        case (("varchar" | "char"), [length]):
            return Type(name, (length,))
        case (("decimal" | "numeric" | "dec"), [precision]):
            return decimal(precision, 0)
        case (("decimal" | "numeric" | "dec"), [precision, scale]):
            return decimal(precision, scale)
        case "timestamp", [precision]:
            return timestamp(precision)
        case "time", [precision]:
            return time(precision)
        case _:
            raise ValueError(name)


def named(name: str, numbers: list[int]) -> Type | None:
    """A scalar type by Trino's name and the numbers in its parentheses; None where there is no such type."""
    if not numbers:
        return _TRINO_SCALARS.get(name) or _SCALARS.get(name)
    if name == TIMESTAMP_TZ and len(numbers) == 1:
        return timestamp_tz(numbers[0], "UTC")
    try:
        return _sized(name, numbers)
    except ValueError:
        return None


# Coercion


def can_coerce(source: Type, target: Type) -> bool:
    """Whether Trino converts `source` to `target` by itself."""
    return source == target or common_supertype(source, target) == target


def common_supertype(left: Type, right: Type) -> Type | None:
    """The type that both are converted to where they meet; None where there is none."""
    if left == right:
        return left
    if left.name == "unknown":
        return right
    if right.name == "unknown":
        return left
    if left.name == right.name:
        return _common_parameters(left, right)
    return _widened(left, right) or _widened(right, left)


def _common_parameters(left: Type, right: Type) -> Type | None:
    match left.name:
        case "decimal":
            scale = max(left.scale, right.scale)
            whole = max(left.precision - left.scale, right.precision - right.scale)
            return decimal(min(MAX_PRECISION, whole + scale), scale)
        case "varchar" | "char":
            if left.length is None or right.length is None:
                return VARCHAR
            return Type(left.name, (max(left.length, right.length),))
        case "timestamp" | "time":
            return Type(left.name, (max(left.precision, right.precision),))
        case "timestamp with time zone":
            zone = left.zone if left.zone == right.zone else None
            return timestamp_tz(max(left.precision, right.precision), zone)
        case "array" | "map":
            parts = [common_supertype(a, b) for a, b in zip(left.arguments, right.arguments, strict=True)]
            return None if None in parts else Type(left.name, tuple(parts))
        case "row":
            if len(left.fields) != len(right.fields):
                return None
            fields: list[tuple[str | None, Type]] = []
            for (left_name, left_type), (right_name, right_type) in zip(left.fields, right.fields, strict=True):
                common = common_supertype(left_type, right_type)
                if common is None:
                    return None
                fields.append((left_name if left_name == right_name else None, common))
            return row(fields)
        case _:
            return None


def _widened(narrow: Type, wide: Type) -> Type | None:
    """`wide`, adapted so that it holds `narrow` too, where Trino widens in that direction."""
    rule = _WIDENING.get((narrow.name, wide.name))
    return rule(narrow, wide) if rule else None


def _keep(_: Type, wide: Type) -> Type:
    return wide


def _as_decimal(narrow: Type, wide: Type) -> Type | None:
    return common_supertype(decimal(INTEGER_DIGITS[narrow.name], 0), wide)


def _as_zoned(narrow: Type, wide: Type) -> Type:
    precision = max(narrow.precision, wide.precision) if narrow.name == "timestamp" else wide.precision
    return timestamp_tz(precision, "UTC" if wide.zone == "UTC" else None)


_WIDENING: dict[tuple[str, str], Callable[[Type, Type], Type | None]] = {
    **{
        (narrow, wide): _keep
        for position, narrow in enumerate(INTEGERS)
        for wide in (*INTEGERS[position + 1 :], *APPROXIMATE)
    },
    **{(narrow, "decimal"): _as_decimal for narrow in INTEGERS},
    ("decimal", "real"): _keep,
    ("decimal", "double"): _keep,
    ("real", "double"): _keep,
    ("date", "timestamp"): _keep,
    ("date", TIMESTAMP_TZ): _as_zoned,
    ("timestamp", TIMESTAMP_TZ): _as_zoned,
    ("char", "varchar"): lambda narrow, wide: varchar(
        None if wide.length is None else max(wide.length, narrow.length or 0)
    ),
}
