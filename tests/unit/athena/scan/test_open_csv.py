"""OpenCSVSerde: how lines fall into fields, and how fields become typed."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kit.athena.scan.open_csv import CsvDialect, fields, joined
from kit.athena.scan.source import DataFile
from kit.base.errors import KitError
from kit.catalog.serde import OPEN_CSV

DIALECT = CsvDialect(",", '"', "\\", 3)
FILE = DataFile("s3://b/x.csv", Path("x.csv"), 1, "e", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,b,c", ["a", "b", "c"]),
        ("a,b", ["a", "b"]),
        ("a,b,c,d", ["a", "b", "c"]),
        (",,", ["", "", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b",c', ['a"b', "c"]),
        ('"",x', ["", "x"]),
        (r'"a\"b",c', ['a"b', "c"]),
        (r'"a\\b",c', ["a\\b", "c"]),
        (r"a\nb,c", ["anb", "c"]),
        (r"\,x", ["", "x"]),
        ('a,bc"d"ef,g', ["a", 'bc"d"ef', "g"]),
        ('x,  "quoted",y', ["x", "quoted", "y"]),
        ('a,"never closed', ["a"]),
        ('"a"b,c', ["ab", "c"]),
        ('xyz"a,b', []),
        ("  a , b ", ["  a ", " b "]),
    ],
)
def test_a_line_falls_into_fields_as_in_the_serde(line: str, expected: list[str]) -> None:
    assert fields(line, DIALECT)[:3] == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["a,b,c", "1,2,3", ""],
        ['"a","b,c","d"', '"","x",""', '"1","2","3"'],
        ['"a",b,c', "plain,x,y", '"q""q",z,"w"', "", r'"es\"c",u,v'],
        ['"a"', '"b","c"', 'x"y', '"open'],
    ],
)
def test_whole_blocks_fall_into_the_same_fields_as_single_lines(lines: list[str]) -> None:
    block = joined(pa.array(lines), DIALECT, FILE).to_pylist()

    found = [None if line is None else line.split("\0")[:3] for line in block]
    assert found == [fields(line, DIALECT) or None if line else None for line in lines]


def test_nul_characters_are_bad_data() -> None:
    with pytest.raises(KitError) as caught:
        joined(pa.array(["a\0b"]), DIALECT, FILE)

    assert (caught.value.code, "s3://b/x.csv" in caught.value.message) == ("HIVE_BAD_DATA", True)


def test_separator_quote_and_escape_must_differ(lake: Any) -> None:
    lake.csv("t", {"a": "string"}, "x\n", serde=OPEN_CSV, serde_parameters={"separatorChar": '"'})

    with pytest.raises(KitError, match="must be different"):
        lake.sql("SELECT a FROM t")


def test_the_escape_of_the_writer_stands_for_the_readers_default(lake: Any) -> None:
    lake.csv(
        "t", {"a": "string", "b": "string"}, r'"x\"y",z' + "\n", serde=OPEN_CSV, serde_parameters={"escapeChar": '"'}
    )

    assert lake.rows("SELECT a, b FROM t") == [('x"y', "z")]


def test_columns_are_typed_by_their_declaration(lake: Any) -> None:
    kinds = {"i": "int", "b": "bigint", "d": "double", "o": "boolean", "s": "string", "day": "date", "at": "timestamp"}
    lake.csv("t", kinds, '"1","2","1.5","TRUE","","18276","1579059880123"\n', serde=OPEN_CSV)

    assert lake.rows("SELECT * FROM t") == [
        (1, 2, 1.5, True, "", date(2020, 1, 15), datetime(2020, 1, 15, 3, 44, 40, 123000))
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", ""),
        ("int", "1.5"),
        ("int", "x"),
        ("double", ""),
        ("date", "2020-01-15"),
        ("timestamp", "2020-01-15"),
        ("boolean", ""),
    ],
)
def test_a_field_that_does_not_fit_its_type_is_bad_data(lake: Any, kind: str, text: str) -> None:
    lake.csv("t", {"a": "string", "v": kind}, f'"x","{text}"\n', serde=OPEN_CSV)

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT v FROM t")

    assert caught.value.code == "HIVE_BAD_DATA"
    assert f"Error parsing field value '{text}' for field 1" in caught.value.message
    assert "s3://data/t/part-0.csv" in caught.value.message


def test_invalid_data_can_be_made_null(lake: Any) -> None:
    lake.csv("t", {"a": "int"}, '"x"\n"1"\n', serde=OPEN_CSV, parameters={"use.null.for.invalid.data": "TRUE"})

    assert lake.rows("SELECT a FROM t") == [(None,), (1,)]


def test_missing_fields_and_empty_lines_are_null(lake: Any) -> None:
    lake.csv("t", {"a": "int", "b": "int"}, '"1"\n\n"2","3","4"\n', serde=OPEN_CSV)

    assert lake.rows("SELECT a, b FROM t") == [(1, None), (None, None), (2, 3)]


def test_a_line_break_inside_of_quotes_ends_the_row(lake: Any) -> None:
    lake.csv("t", {"a": "string", "b": "string"}, 'x,"one\ntwo",y\n', serde=OPEN_CSV)

    assert lake.rows("SELECT a, b FROM t") == [("x", None), (None, None)]


def test_nested_columns_are_refused(lake: Any) -> None:
    lake.csv("t", {"a": "array<int>"}, "1\n", serde=OPEN_CSV)

    with pytest.raises(KitError, match="NOT_SUPPORTED"):
        lake.sql("SELECT a FROM t")
