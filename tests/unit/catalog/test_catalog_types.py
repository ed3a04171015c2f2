"""Hive types and their names elsewhere."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.errors import KitError
from kit.catalog.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    SMALLINT,
    STRING,
    TIMESTAMP,
    TINYINT,
    ArrayType,
    CharType,
    DecimalType,
    HiveType,
    MapType,
    StructField,
    StructType,
    VarcharType,
    from_arrow,
    from_athena,
    from_duckdb,
    parse,
    to_arrow,
    to_athena,
    to_duckdb,
)

NAMES = [
    # Hive, Athena, DuckDB, Arrow
    ("boolean", "boolean", "BOOLEAN", pa.bool_()),
    ("tinyint", "tinyint", "TINYINT", pa.int8()),
    ("smallint", "smallint", "SMALLINT", pa.int16()),
    ("int", "integer", "INTEGER", pa.int32()),
    ("bigint", "bigint", "BIGINT", pa.int64()),
    ("float", "real", "FLOAT", pa.float32()),
    ("double", "double", "DOUBLE", pa.float64()),
    ("string", "varchar", "VARCHAR", pa.string()),
    ("binary", "varbinary", "BLOB", pa.binary()),
    ("date", "date", "DATE", pa.date32()),
    ("timestamp", "timestamp(3)", "TIMESTAMP", pa.timestamp("us")),
    ("decimal(12,2)", "decimal(12,2)", "DECIMAL(12,2)", pa.decimal128(12, 2)),
    ("array<int>", "array(integer)", "INTEGER[]", pa.list_(pa.int32())),
    ("map<string,double>", "map(varchar, double)", "MAP(VARCHAR, DOUBLE)", pa.map_(pa.string(), pa.float64())),
    (
        "struct<a:int,b:array<string>>",
        "row(a integer, b array(varchar))",
        'STRUCT("a" INTEGER, "b" VARCHAR[])',
        pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))]),
    ),
    (
        "struct<`odd name`:date>",
        'row("odd name" date)',
        'STRUCT("odd name" DATE)',
        pa.struct([("odd name", pa.date32())]),
    ),
]


@pytest.mark.parametrize(("hive", "athena", "duckdb", "arrow"), NAMES)
def test_a_type_has_a_name_everywhere_and_comes_back(hive: str, athena: str, duckdb: str, arrow: pa.DataType) -> None:
    kind = parse(hive)
    assert str(kind) == hive
    assert (to_athena(kind), to_duckdb(kind), to_arrow(kind)) == (athena, duckdb, arrow)
    assert from_athena(athena) == from_duckdb(duckdb) == from_arrow(arrow) == kind


def test_bounded_texts_keep_their_length_in_hive_and_athena() -> None:
    assert parse("CHAR(3)") == CharType(3)
    assert parse("varchar(10)") == VarcharType(10)
    assert (to_athena(CharType(3)), to_duckdb(CharType(3))) == ("char(3)", "VARCHAR")
    assert to_arrow(VarcharType(10)) == pa.string()
    assert from_athena("varchar(10)") == VarcharType(10)
    assert from_athena("varchar(100000)") == STRING


def test_case_and_blanks_do_not_matter() -> None:
    assert parse("  Array < STRUCT< A : Int , b:DECIMAL( 5 , 2 ) > > ") == ArrayType(
        StructType((StructField("A", INT), StructField("b", DecimalType(5, 2))))
    )
    assert parse("decimal") == DecimalType(10, 0)
    assert parse("decimal(7)") == DecimalType(7, 0)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("strng", "type expected at the position 0 of 'strng' but 'strng' is found", "Did you mean 'string'?"),
        ("array<bigit>", "type expected at the position 6", "Did you mean 'bigint'?"),
        ("", "type expected at the position 0 of '' but 'the end' is found", ""),
        ("array<int", "'>' expected at the position 9", ""),
        ("array<int>>", "the end expected at the position 10", ""),
        ("map<int>", "',' expected at the position 7", ""),
        ("struct<a int>", "':' expected at the position 9", ""),
        ("struct<>", "a field name expected at the position 7", ""),
        ("struct<`a:int>", "a closing ` expected at the position 7", ""),
        ("decimal(39,0)", "decimal of 1 to 38 digits", ""),
        ("decimal(5,6)", "decimal of 1 to 38 digits", ""),
        ("int(3)", "type expected", ""),
        ("varchar", "varchar(length) expected", "Or string"),
        ("char(256)", "type expected", ""),
        ("integer", "type expected", "Did you mean"),
        ("text", "type expected", ""),
    ],
)
def test_what_is_no_type_is_told_with_its_place(text: str, message: str, hint: str) -> None:
    with pytest.raises(KitError) as info:
        parse(text)
    assert info.value.code == "InvalidInputException"
    assert message in info.value.message
    assert hint in info.value.hint


@pytest.mark.parametrize(
    ("arrow", "hive"),
    [
        (pa.uint8(), "smallint"),
        (pa.uint16(), "int"),
        (pa.uint32(), "bigint"),
        (pa.uint64(), "decimal(20,0)"),
        (pa.float16(), "float"),
        (pa.large_string(), "string"),
        (pa.string_view(), "string"),
        (pa.large_binary(), "binary"),
        (pa.binary(16), "binary"),
        (pa.date64(), "date"),
        (pa.time64("us"), "string"),
        (pa.null(), "string"),
        (pa.timestamp("ns", "UTC"), "timestamp"),
        (pa.dictionary(pa.int8(), pa.string()), "string"),
        (pa.large_list(pa.int8()), "array<tinyint>"),
        (pa.list_(pa.int8(), 3), "array<tinyint>"),
        (pa.decimal256(38, 4), "decimal(38,4)"),
    ],
)
def test_wider_arrow_types_find_a_hive_type(arrow: pa.DataType, hive: str) -> None:
    assert str(from_arrow(arrow)) == hive


@pytest.mark.parametrize("arrow", [pa.duration("s"), pa.decimal256(60, 2), pa.month_day_nano_interval()])
def test_arrow_types_without_a_counterpart_are_refused(arrow: pa.DataType) -> None:
    with pytest.raises(KitError, match="has no Hive type"):
        from_arrow(arrow)


@pytest.mark.parametrize(
    ("duckdb", "hive"),
    [
        ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ("TIMESTAMP_NS", "timestamp"),
        ("HUGEINT", "decimal(38,0)"),
        ("UBIGINT", "decimal(20,0)"),
        ("UTINYINT", "smallint"),
        ("INTEGER[][3]", "array<array<int>>"),
        ('STRUCT("a ""b""" INTEGER)', 'struct<`a "b"`:int>'),
        ("UUID", "string"),
        ("JSON", "string"),
        ("TIME", "string"),
    ],
)
def test_duckdbs_own_types_find_a_hive_type(duckdb: str, hive: str) -> None:
    assert str(from_duckdb(duckdb)) == hive


@pytest.mark.parametrize(
    ("athena", "hive"),
    [
        ("timestamp(3) with time zone", "timestamp"),
        ("timestamp", "timestamp"),
        ("double precision", "double"),
        ("decimal", "decimal(38,0)"),
        ("string", "string"),
        ("int", "int"),
        ("row(a row(b real))", "struct<a:struct<b:float>>"),
        ("json", "string"),
    ],
)
def test_athenas_types_find_a_hive_type(athena: str, hive: str) -> None:
    assert str(from_athena(athena)) == hive


LEAVES = st.sampled_from(
    [BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, STRING, BINARY, DATE, TIMESTAMP]
) | st.builds(
    lambda precision, scale: DecimalType(precision, min(scale, precision)), st.integers(1, 38), st.integers(0, 38)
)
FIELD_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


def nested(children: st.SearchStrategy[HiveType]) -> st.SearchStrategy[HiveType]:
    fields = st.lists(st.builds(StructField, FIELD_NAMES, children), min_size=1, max_size=3, unique_by=lambda f: f.name)
    return (
        st.builds(ArrayType, children)
        | st.builds(MapType, LEAVES, children)
        | st.builds(lambda found: StructType(tuple(found)), fields)
    )


@given(st.recursive(LEAVES, nested, max_leaves=6))
def test_any_type_comes_back_from_every_language(kind: HiveType) -> None:
    assert parse(str(kind)) == kind
    assert from_athena(to_athena(kind)) == kind
    assert from_duckdb(to_duckdb(kind)) == kind
    assert from_arrow(to_arrow(kind)) == kind


def parsed(text: str) -> HiveType | str:
    """The type, or the code of the error."""
    try:
        return parse(text)
    except KitError as error:
        return error.code


@given(st.text(st.sampled_from("array<>int,():`struct decimal1"), max_size=20))
def test_any_text_is_a_type_or_a_named_error(text: str) -> None:
    outcome = parsed(text)
    assert outcome == "InvalidInputException" or outcome == parse(str(outcome))
