"""Hive types, and their names in Arrow, DuckDB and Athena's SQL.

Owns the one table of primitive types and the one parser of type texts. Knows no table and no file; pyarrow is imported
where an Arrow type is asked for. `str()` of a type is its Hive text, which `parse` reads back.

Source: Amazon Athena User Guide, Data types in Amazon Athena; Apache Hive Language Manual, Types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias, assert_never

from kit.base.errors import KitError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

MAX_DECIMAL_DIGITS: Final = 38
MAX_CHAR_LENGTH: Final = 255
MAX_VARCHAR_LENGTH: Final = 65535
_DOUBLE: Final = '"'
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Primitive:
    """A type without parameters, by its Hive name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class DecimalType:
    precision: int = 10
    scale: int = 0

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})"


@dataclass(frozen=True, slots=True)
class CharType:
    """`char(n)`: padded with blanks, which comparisons ignore."""

    length: int

    def __str__(self) -> str:
        return f"char({self.length})"


@dataclass(frozen=True, slots=True)
class VarcharType:
    length: int

    def __str__(self) -> str:
        return f"varchar({self.length})"


@dataclass(frozen=True, slots=True)
class ArrayType:
    element: HiveType

    def __str__(self) -> str:
        return f"array<{self.element}>"


@dataclass(frozen=True, slots=True)
class MapType:
    key: HiveType
    value: HiveType

    def __str__(self) -> str:
        return f"map<{self.key},{self.value}>"


@dataclass(frozen=True, slots=True)
class StructField:
    name: str
    type: HiveType


@dataclass(frozen=True, slots=True)
class StructType:
    fields: tuple[StructField, ...]

    def __str__(self) -> str:
        return "struct<" + ",".join(f"{_quoted(field.name, '`')}:{field.type}" for field in self.fields) + ">"


HiveType: TypeAlias = Primitive | DecimalType | CharType | VarcharType | ArrayType | MapType | StructType

BOOLEAN: Final = Primitive("boolean")
TINYINT: Final = Primitive("tinyint")
SMALLINT: Final = Primitive("smallint")
INT: Final = Primitive("int")
BIGINT: Final = Primitive("bigint")
FLOAT: Final = Primitive("float")
DOUBLE: Final = Primitive("double")
STRING: Final = Primitive("string")
BINARY: Final = Primitive("binary")
DATE: Final = Primitive("date")
TIMESTAMP: Final = Primitive("timestamp")

INTEGER_BITS: Final = {TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64}


@dataclass(frozen=True, slots=True)
class _Names:
    athena: str
    duckdb: str
    arrow: str


_PRIMITIVES: Final = {
    BOOLEAN: _Names("boolean", "BOOLEAN", "bool"),
    TINYINT: _Names("tinyint", "TINYINT", "int8"),
    SMALLINT: _Names("smallint", "SMALLINT", "int16"),
    INT: _Names("integer", "INTEGER", "int32"),
    BIGINT: _Names("bigint", "BIGINT", "int64"),
    FLOAT: _Names("real", "FLOAT", "float"),
    DOUBLE: _Names("double", "DOUBLE", "double"),
    STRING: _Names("varchar", "VARCHAR", "string"),
    BINARY: _Names("varbinary", "BLOB", "binary"),
    DATE: _Names("date", "DATE", "date32"),
    TIMESTAMP: _Names("timestamp(3)", "TIMESTAMP", "timestamp[us]"),
}


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How one language writes types: its names of the primitives, and of what Hive has no equal for."""

    primitives: Mapping[str, HiveType]
    struct: str
    opening: str
    closing: str
    field_separator: str
    quote: str
    unbounded_varchar: bool


_HIVE = _Dialect({kind.name: kind for kind in _PRIMITIVES}, "struct", "<", ">", ":", "`", unbounded_varchar=False)
_ATHENA = _Dialect(
    {names.athena.partition("(")[0]: kind for kind, names in _PRIMITIVES.items()}
    | {"int": INT, "float": FLOAT, "string": STRING, "double precision": DOUBLE, "timestamp with time zone": TIMESTAMP}
    | dict.fromkeys(("json", "uuid", "time", "time with time zone", "unknown", "ipaddress"), STRING),
    "row",
    "(",
    ")",
    "",
    '"',
    unbounded_varchar=True,
)
_DUCKDB = _Dialect(
    {names.duckdb.lower(): kind for kind, names in _PRIMITIVES.items()}
    | {"utinyint": SMALLINT, "usmallint": INT, "uinteger": BIGINT, "ubigint": DecimalType(20, 0)}
    | dict.fromkeys(("hugeint", "uhugeint", "bignum"), DecimalType(MAX_DECIMAL_DIGITS, 0))
    | dict.fromkeys(("timestamp with time zone", "timestamp_s", "timestamp_ms", "timestamp_ns"), TIMESTAMP)
    | dict.fromkeys(("uuid", "json", "bit", "time", "time with time zone", "interval", '"null"'), STRING),
    "struct",
    "(",
    ")",
    "",
    '"',
    unbounded_varchar=True,
)


def parse(text: str) -> HiveType:
    """A Hive type text (`struct<a:int,b:array<string>>`), letter case aside.

    Raises `InvalidInputException`, which names the position.
    """
    return _Parser(text, _HIVE).parse()


def from_athena(text: str) -> HiveType:
    """The Hive type that keeps values of a type of Athena's SQL (`row(a integer)`), as CTAS chooses it."""
    return _Parser(text, _ATHENA).parse()


def from_duckdb(text: str) -> HiveType:
    """The Hive type that keeps values of a DuckDB type (`STRUCT(a INTEGER)[]`); its own wider types become decimals or
    strings."""
    return _Parser(text, _DUCKDB).parse()


def to_athena(kind: HiveType) -> str:
    """The name in Athena's SQL, as `typeof` gives it: `int` is `integer`, `struct<a:int>` is `row(a integer)`."""
    match kind:
        case Primitive():
            return _PRIMITIVES[kind].athena
        case DecimalType() | CharType() | VarcharType():
            return str(kind)
        case ArrayType(element):
            return f"array({to_athena(element)})"
        case MapType(key, value):
            return f"map({to_athena(key)}, {to_athena(value)})"
        case StructType(fields):
            return f"row({', '.join(f'{_quoted(f.name, _DOUBLE)} {to_athena(f.type)}' for f in fields)})"
        case _:
            assert_never(kind)


def to_duckdb(kind: HiveType) -> str:
    """The DuckDB type that holds the values; field names are always quoted."""
    match kind:
        case Primitive():
            return _PRIMITIVES[kind].duckdb
        case DecimalType(precision, scale):
            return f"DECIMAL({precision},{scale})"
        case CharType() | VarcharType():
            return "VARCHAR"
        case ArrayType(element):
            return f"{to_duckdb(element)}[]"
        case MapType(key, value):
            return f"MAP({to_duckdb(key)}, {to_duckdb(value)})"
        case StructType(fields):
            return f"STRUCT({', '.join(f'{_enclosed(f.name, _DOUBLE)} {to_duckdb(f.type)}' for f in fields)})"
        case _:
            assert_never(kind)


def to_arrow(kind: HiveType) -> pa.DataType:
    """The Arrow type that holds the values; timestamps without a zone, in microseconds."""
    import pyarrow as pa

    match kind:
        case Primitive():
            return _arrow_primitive(kind)
        case DecimalType(precision, scale):
            return pa.decimal128(precision, scale)
        case CharType() | VarcharType():
            return pa.string()
        case ArrayType(element):
            return pa.list_(to_arrow(element))
        case MapType(key, value):
            return pa.map_(to_arrow(key), to_arrow(value))
        case StructType(fields):
            return pa.struct([pa.field(field.name, to_arrow(field.type)) for field in fields])
        case _:
            assert_never(kind)


def from_arrow(kind: pa.DataType) -> HiveType:
    """The Hive type that keeps the values of an Arrow type.

    Unsigned integers go to the next wider type, times to strings, a zone is dropped from a timestamp. Raises
    `InvalidInputException` for what has no counterpart (durations, unions, decimals beyond 38 digits).
    """
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        return from_arrow(kind.value_type)
    if pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind):
        return ArrayType(from_arrow(kind.value_type))
    if pt.is_map(kind):
        return MapType(from_arrow(kind.key_type), from_arrow(kind.item_type))
    if pt.is_struct(kind):
        return StructType(tuple(StructField(field.name, from_arrow(field.type)) for field in kind))
    if pt.is_decimal(kind) and kind.precision <= MAX_DECIMAL_DIGITS and 0 <= kind.scale <= kind.precision:
        return DecimalType(kind.precision, kind.scale)
    if pt.is_timestamp(kind):
        return TIMESTAMP
    if pt.is_fixed_size_binary(kind):
        return BINARY
    found = _FROM_ARROW.get(str(kind).partition("[")[0])
    if found is None:
        raise KitError("InvalidInputException", f"The Arrow type {kind} has no Hive type.", "Cast it to another type.")
    return found


_FROM_ARROW: Final[Mapping[str, HiveType]] = {names.arrow: kind for kind, names in _PRIMITIVES.items()} | {
    "uint8": SMALLINT,
    "uint16": INT,
    "uint32": BIGINT,
    "uint64": DecimalType(20, 0),
    "halffloat": FLOAT,
    "large_string": STRING,
    "string_view": STRING,
    "large_binary": BINARY,
    "binary_view": BINARY,
    "date64": DATE,
    "time32": STRING,
    "time64": STRING,
    "null": STRING,
}


def _arrow_primitive(kind: Primitive) -> pa.DataType:
    import pyarrow as pa

    return pa.timestamp("us") if kind == TIMESTAMP else pa.type_for_alias(_PRIMITIVES[kind].arrow)


def _quoted(name: str, quote: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else _enclosed(name, quote)


def _enclosed(name: str, quote: str) -> str:
    return quote + name.replace(quote, quote * 2) + quote


class _Parser:
    """Recursive descent over one type text; positions are zero-based, as Hive's messages have them."""

    def __init__(self, text: str, dialect: _Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._position = 0

    def parse(self) -> HiveType:
        kind = self._type()
        self._blanks()
        if self._position < len(self._text):
            self._fail(f"'{self._dialect.closing}' or the end")
        return kind

    def _type(self) -> HiveType:
        self._blanks()
        start = self._position
        name = self._name()
        kind = self._nested(name) if self._peek(self._dialect.opening) else None
        if kind is None:
            kind = self._parametrised(name, start)
        while self._accept("["):
            self._number()
            self._expect("]")
            kind = ArrayType(kind)
        return kind

    def _nested(self, name: str) -> HiveType | None:
        dialect = self._dialect
        if name not in {"array", "map", dialect.struct}:
            return None
        self._expect(dialect.opening)
        kind: HiveType
        if name == "array":
            kind = ArrayType(self._type())
        elif name == "map":
            key = self._type()
            self._expect(",")
            kind = MapType(key, self._type())
        else:
            kind = StructType(tuple(self._fields()))
        self._expect(dialect.closing)
        return kind

    def _fields(self) -> list[StructField]:
        fields = [self._field()]
        while self._accept(","):
            fields.append(self._field())
        return fields

    def _field(self) -> StructField:
        self._blanks()
        quote = self._dialect.quote
        if self._text.startswith(quote, self._position):
            name = self._quoted_name(quote)
        else:
            match = re.compile(r"[^\s:,<>()`\"]+").match(self._text, self._position)
            if match is None:
                self._fail("a field name")
            name = match.group()
            self._position = match.end()
        if self._dialect.field_separator:
            self._expect(self._dialect.field_separator)
        return StructField(name, self._type())

    def _quoted_name(self, quote: str) -> str:
        match = re.compile(f"{quote}((?:[^{quote}]|{quote}{quote})*){quote}").match(self._text, self._position)
        if match is None:
            self._fail(f"a closing {quote}")
        self._position = match.end()
        return match.group(1).replace(quote * 2, quote)

    def _parametrised(self, name: str, start: int) -> HiveType:
        parameters: list[int] = []
        if self._accept("("):
            while (number := self._number()) is not None:
                parameters.append(number)
                if not self._accept(","):
                    break
            self._expect(")")
            name += self._zone()
        return self._leaf(name, parameters, start)

    def _zone(self) -> str:
        match = re.compile(r"\s+with(?:out)?\s+time\s+zone", re.IGNORECASE).match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return " with time zone"

    def _leaf(self, name: str, parameters: list[int], start: int) -> HiveType:
        match (name, parameters):
            case ("decimal" | "numeric", []):
                return DecimalType() if self._dialect is _HIVE else DecimalType(MAX_DECIMAL_DIGITS, 0)
            case ("decimal" | "numeric", [precision]):
                return self._decimal(precision, 0, start)
            case ("decimal" | "numeric", [precision, scale]):
                return self._decimal(precision, scale, start)
            case ("char", [length]) if 1 <= length <= MAX_CHAR_LENGTH:
                return CharType(length)
            case ("varchar", [length]) if 1 <= length <= MAX_VARCHAR_LENGTH:
                return VarcharType(length)
            case ("varchar", [_]) if self._dialect.unbounded_varchar:
                return STRING
            case ("varchar", []) if not self._dialect.unbounded_varchar:
                self._position = start
                self._fail("varchar(length)", hint="Or string, which needs no length.")
        kind = self._dialect.primitives.get(name)
        if kind is None or (parameters and self._dialect is _HIVE):
            self._position = start
            known = (*self._dialect.primitives, "decimal", "char", "varchar", "array", "map", self._dialect.struct)
            self._fail("type", hint=did_you_mean(name, known))
        return kind

    def _decimal(self, precision: int, scale: int, start: int) -> DecimalType:
        if not 1 <= precision <= MAX_DECIMAL_DIGITS or not 0 <= scale <= precision:
            self._position = start
            self._fail(f"decimal of 1 to {MAX_DECIMAL_DIGITS} digits, no more of them after the point,")
        return DecimalType(precision, scale)

    def _name(self) -> str:
        pattern = re.compile(
            r"(double\s+precision|time(?:stamp)?\s+with\s+(?:local\s+)?time\s+zone|\"\w+\"|[a-z_]\w*)", re.IGNORECASE
        )
        match = pattern.match(self._text, self._position)
        if match is None:
            self._fail("type")
        self._position = match.end()
        return " ".join(match.group().lower().split())

    def _number(self) -> int | None:
        self._blanks()
        match = re.compile(r"\d+").match(self._text, self._position)
        if match is None:
            return None
        self._position = match.end()
        return int(match.group())

    def _peek(self, token: str) -> bool:
        self._blanks()
        return self._text.startswith(token, self._position)

    def _accept(self, token: str) -> bool:
        if not self._peek(token):
            return False
        self._position += len(token)
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            self._fail(f"'{token}'")

    def _blanks(self) -> None:
        while self._position < len(self._text) and self._text[self._position].isspace():
            self._position += 1

    def _fail(self, expected: str, hint: str = "") -> NoReturn:
        found = re.compile(r"\w+|.", re.DOTALL).match(self._text, self._position)
        raise KitError(
            "InvalidInputException",
            f"Error: {expected} expected at the position {self._position} of '{self._text}' but "
            f"'{found.group() if found else 'the end'}' is found.",
            hint or "Types are Hive's, like bigint, decimal(10,2), array<string>, struct<a:int>.",
        )
