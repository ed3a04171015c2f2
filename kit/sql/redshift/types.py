"""Redshift's data types as values: their names, their limits, and the DuckDB types that store them.

A CHAR(n) is stored without its trailing blanks, which Redshift ignores wherever it compares or measures; it is padded
only where it is shown. SUPER is stored as JSON. Knows no SQL text beyond a type's own spelling.

Source: Amazon Redshift Database Developer Guide, "Data types", read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from kit.base.errors import KitError, did_you_mean

MAX_PRECISION: Final = 38
MAX_CHAR_BYTES: Final = 4096
MAX_VARCHAR_BYTES: Final = 65_535
MAX_VARBYTE_BYTES: Final = 1_024_000
MAX_SUPER_BYTES: Final = 16 * 1024 * 1024


class Kind(Enum):
    """A type without its length; the value is the name that Redshift's catalog tables show."""

    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    REAL = "real"
    DOUBLE = "double precision"
    BOOLEAN = "boolean"
    CHAR = "character"
    VARCHAR = "character varying"
    DATE = "date"
    TIME = "time without time zone"
    TIMETZ = "time with time zone"
    TIMESTAMP = "timestamp without time zone"
    TIMESTAMPTZ = "timestamp with time zone"
    INTERVAL_YEAR_MONTH = "interval year to month"
    INTERVAL_DAY_SECOND = "interval day to second"
    VARBYTE = "binary varying"
    SUPER = "super"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Type:
    """One type. `size` is bytes of a CHAR, VARCHAR or VARBYTE and digits of a NUMERIC; `scale` is the latter's.

    UNKNOWN is the type of a string literal and of NULL until something gives it one.
    """

    kind: Kind
    size: int = 0
    scale: int = 0

    def __str__(self) -> str:
        """As catalog tables and error messages write it: `character varying(10)`, `numeric(12,2)`."""
        if self.kind is Kind.NUMERIC:
            return f"numeric({self.size},{self.scale})"
        if self.kind in _SIZED:
            return f"{self.kind.value}({self.size})"
        return self.kind.value

    @property
    def name(self) -> str:
        """Without its size, as messages about operators and functions write it."""
        return self.kind.value

    @property
    def duckdb(self) -> str:
        """The DuckDB type that stores it."""
        if self.kind is Kind.NUMERIC:
            return f"DECIMAL({self.size},{self.scale})"
        return _DUCKDB[self.kind]

    @property
    def is_integer(self) -> bool:
        return self.kind in _INTEGERS

    @property
    def is_exact(self) -> bool:
        return self.kind in _INTEGERS or self.kind is Kind.NUMERIC

    @property
    def is_float(self) -> bool:
        return self.kind is Kind.DOUBLE or self.kind is Kind.REAL

    @property
    def is_number(self) -> bool:
        return self.kind in _NUMBERS

    @property
    def is_text(self) -> bool:
        return self.kind is Kind.VARCHAR or self.kind is Kind.CHAR

    @property
    def is_datetime(self) -> bool:
        return self.kind in _DATETIMES

    @property
    def is_interval(self) -> bool:
        return self.kind is Kind.INTERVAL_DAY_SECOND or self.kind is Kind.INTERVAL_YEAR_MONTH


_SIZED = frozenset({Kind.CHAR, Kind.VARCHAR, Kind.VARBYTE})
_INTEGERS = frozenset({Kind.SMALLINT, Kind.INTEGER, Kind.BIGINT})
_NUMBERS = frozenset({*_INTEGERS, Kind.NUMERIC, Kind.REAL, Kind.DOUBLE})
_DATETIMES = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.TIME, Kind.TIMETZ})

_DUCKDB = {
    Kind.SMALLINT: "SMALLINT",
    Kind.INTEGER: "INTEGER",
    Kind.BIGINT: "BIGINT",
    Kind.REAL: "FLOAT",
    Kind.DOUBLE: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.CHAR: "VARCHAR",
    Kind.VARCHAR: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMETZ: "TIMETZ",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
    Kind.INTERVAL_YEAR_MONTH: "INTERVAL",
    Kind.INTERVAL_DAY_SECOND: "INTERVAL",
    Kind.VARBYTE: "BLOB",
    Kind.SUPER: "JSON",
    Kind.UNKNOWN: "VARCHAR",
}

SMALLINT: Final = Type(Kind.SMALLINT)
INTEGER: Final = Type(Kind.INTEGER)
BIGINT: Final = Type(Kind.BIGINT)
REAL: Final = Type(Kind.REAL)
DOUBLE: Final = Type(Kind.DOUBLE)
BOOLEAN: Final = Type(Kind.BOOLEAN)
DATE: Final = Type(Kind.DATE)
TIME: Final = Type(Kind.TIME)
TIMETZ: Final = Type(Kind.TIMETZ)
TIMESTAMP: Final = Type(Kind.TIMESTAMP)
TIMESTAMPTZ: Final = Type(Kind.TIMESTAMPTZ)
INTERVAL_YEAR_MONTH: Final = Type(Kind.INTERVAL_YEAR_MONTH)
INTERVAL_DAY_SECOND: Final = Type(Kind.INTERVAL_DAY_SECOND)
SUPER: Final = Type(Kind.SUPER)
UNKNOWN: Final = Type(Kind.UNKNOWN)


def _length(name: str, size_bytes: int, largest: int) -> int:
    if size_bytes < 1:
        raise KitError("22023", f"length for type {name} must be at least 1")
    if size_bytes > largest:
        raise KitError("22023", f"length for type {name} cannot exceed {largest}")
    return size_bytes


@cache
def numeric(precision: int = 18, scale: int = 0) -> Type:
    if not 1 <= precision <= MAX_PRECISION:
        raise KitError("42601", f"NUMERIC precision {precision} must be between 1 and {MAX_PRECISION}")
    if not 0 <= scale <= min(precision, MAX_PRECISION - 1):
        raise KitError("42601", f"NUMERIC scale {scale} must be between 0 and precision {precision}")
    return Type(Kind.NUMERIC, precision, scale)


@cache
def varchar(size_bytes: int = 256) -> Type:
    return Type(Kind.VARCHAR, _length("varchar", size_bytes, MAX_VARCHAR_BYTES))


@cache
def char(size_bytes: int = 1) -> Type:
    return Type(Kind.CHAR, _length("char", size_bytes, MAX_CHAR_BYTES))


@cache
def varbyte(size_bytes: int = 64_000) -> Type:
    return Type(Kind.VARBYTE, _length("varbyte", size_bytes, MAX_VARBYTE_BYTES))


_FIXED_NAMES = {
    "smallint": SMALLINT,
    "int2": SMALLINT,
    "integer": INTEGER,
    "int": INTEGER,
    "int4": INTEGER,
    "bigint": BIGINT,
    "int8": BIGINT,
    "real": REAL,
    "float4": REAL,
    "double precision": DOUBLE,
    "float8": DOUBLE,
    "float": DOUBLE,
    "boolean": BOOLEAN,
    "bool": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "time without time zone": TIME,
    "timetz": TIMETZ,
    "time with time zone": TIMETZ,
    "timestamp": TIMESTAMP,
    "timestamp without time zone": TIMESTAMP,
    "timestamptz": TIMESTAMPTZ,
    "timestamp with time zone": TIMESTAMPTZ,
    "interval year to month": INTERVAL_YEAR_MONTH,
    "interval year": INTERVAL_YEAR_MONTH,
    "interval month": INTERVAL_YEAR_MONTH,
    "interval": INTERVAL_DAY_SECOND,
    "interval day to second": INTERVAL_DAY_SECOND,
    "super": SUPER,
    "text": varchar(256),
    "bpchar": char(256),
    "unknown": UNKNOWN,
}

_SIZED_NAMES = {
    "varchar": varchar,
    "character varying": varchar,
    "nvarchar": varchar,
    "char": char,
    "character": char,
    "nchar": char,
    "varbyte": varbyte,
    "varbinary": varbyte,
    "binary varying": varbyte,
}
_LARGEST = {varchar: MAX_VARCHAR_BYTES, char: MAX_CHAR_BYTES, varbyte: MAX_VARBYTE_BYTES}
_NUMERIC_NAMES = frozenset({"numeric", "decimal", "dec"})
_SPELLING = re.compile(r"([a-z0-9][a-z0-9 ]*?)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?")

# Types of Redshift's that have no counterpart here, and of PostgreSQL's that Redshift does not have: what to use.
_INSTEAD: Final = {
    **dict.fromkeys(("geometry", "geography", "hllsketch"), "Keep such values in VARCHAR, VARBYTE or SUPER."),
    **dict.fromkeys(("serial", "bigserial", "smallserial"), "Use BIGINT IDENTITY(1, 1)."),
    **dict.fromkeys(("json", "jsonb"), "Use SUPER."),
    **dict.fromkeys(("uuid", "inet", "cidr", "macaddr", "xml", "money", "enum"), "Use VARCHAR or NUMERIC."),
    **dict.fromkeys(("bytea", "blob", "bit", "bit varying"), "Use VARBYTE."),
    **dict.fromkeys(("hugeint", "uinteger", "ubigint", "tinyint"), "Use SMALLINT, INTEGER, BIGINT or NUMERIC."),
    **dict.fromkeys(("struct", "map", "list"), "Use SUPER."),
}


@cache
def parse_type(text: str) -> Type:
    """The type that `varchar(10)`, `NUMERIC(12, 2)` or any other documented spelling names, sizes defaulted.

    Raises 42704 for an unknown name, with the closest one as a hint.
    """
    found = _SPELLING.fullmatch(" ".join(text.lower().split()))
    if found is None:
        hint = "Use SUPER for arrays." if text.endswith("]") else ""
        raise KitError("42704", f'type "{text}" does not exist', hint)
    name, size, scale = found.groups()
    if name in _NUMERIC_NAMES:
        return numeric(int(size or 18), int(scale or 0))
    if name in _SIZED_NAMES:
        build = _SIZED_NAMES[name]
        if size == "max":
            return build(_LARGEST[build])
        return build(int(size)) if size else build()
    if name == "float" and size:
        return REAL if int(size) <= 24 else DOUBLE
    if name in _FIXED_NAMES and (not size or name in {"time", "timestamp", "text", "bpchar"}):
        return _FIXED_NAMES[name]
    if name in _INSTEAD:
        raise KitError("0A000", f'type "{name}" is not supported', _INSTEAD[name])
    raise KitError("42704", f'type "{name}" does not exist', did_you_mean(name, type_names()))


def type_names() -> tuple[str, ...]:
    """Every spelling that `parse_type` takes, sizes left out."""
    return (*sorted(_NUMERIC_NAMES), *_SIZED_NAMES, *_FIXED_NAMES)
