"""LazySimpleSerDe, through queries: what Hive reads, and nothing that DuckDB would read besides."""

import gzip
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from kit.base.errors import KitError


def column(lake: Any, kind: str, *texts: str) -> list[Any]:
    """What a column of that type makes of these texts; they must hold no comma."""
    lake.csv("t", {"v": kind, "n": "int"}, "".join(f"{text},{index}\n" for index, text in enumerate(texts)))
    return [value for (value,) in lake.rows("SELECT v FROM t ORDER BY n")]


@pytest.mark.parametrize(
    ("kind", "cases"),
    [
        (
            "int",
            {"1": 1, "-7": -7, "+5": 5, "1.9": 1, "-.5": 0, "5.": 5, "": None, " 1": None, "1 ": None, "1e3": None}
            | {"0x1F": None, "1_000": None, "2147483648": None, "-2147483648": -2147483648, "x": None, "1.x": None},
        ),
        ("tinyint", {"127": 127, "128": None, "-128": -128, "-129.5": None}),
        ("bigint", {"9223372036854775807": 9223372036854775807, "9223372036854775808": None, "-0": 0}),
        (
            "double",
            {"1.5": 1.5, "-1e3": -1000.0, " 2 ": 2.0, ".5": 0.5, "1.5d": 1.5, "2F": 2.0, "": None, "x": None}
            | {"inf": None, "Infinity": float("inf"), "-Infinity": float("-inf"), "nan": None, "1_0": None},
        ),
        ("boolean", {"true": True, "TRUE": True, "False": False, "t": None, "1": None, "": None, " true": None}),
        ("decimal(5,2)", {"1.5": Decimal("1.50"), "1.005": Decimal("1.01"), "999.99": Decimal("999.99")}),
        ("decimal(5,2)", {"1000": None, "1e1": Decimal("10.00"), "": None, "x": None, "1_0": None}),
        (
            "date",
            {"2013-02-28": date(2013, 2, 28), "2013-1-2": date(2013, 1, 2), "2013-02-30": None, "2013/01/02": None}
            | {"2013-01-02 10:00:00": date(2013, 1, 2), "infinity": None, "epoch": None, "": None},
        ),
        (
            "timestamp",
            {"2013-01-02 03:04:05": datetime(2013, 1, 2, 3, 4, 5), "2013-01-02T03:04:05Z": None, "1357095845": None}
            | {"2013-01-02 03:04:05.1236": datetime(2013, 1, 2, 3, 4, 5, 124000), "2013-01-02": datetime(2013, 1, 2)},
        ),
        ("varchar(3)", {"abcd": "abc", "äöüß": "äöü", "": ""}),
        ("char(4)", {"ab  ": "ab", "abcdef": "abcd"}),
        ("string", {"": "", " x ": " x ", '"quoted"': '"quoted"', "\\N": None, "NULL": "NULL"}),
    ],
)
def test_what_cannot_be_read_is_null(lake: Any, kind: str, cases: dict[str, Any]) -> None:
    assert dict(zip(cases, column(lake, kind, *cases), strict=True)) == cases


def test_nan_is_read_as_java_writes_it(lake: Any) -> None:
    (value,) = column(lake, "double", "NaN")

    assert value != value


def test_missing_columns_are_null_and_extra_ones_are_ignored(lake: Any) -> None:
    lake.csv("t", {"a": "int", "b": "string", "c": "int"}, "1\n2,x\n3,y,4,5,6\n\n,,\n")

    assert lake.rows("SELECT a, b, c FROM t") == [
        (1, None, None),
        (2, "x", None),
        (3, "y", 4),
        (None, None, None),
        (None, "", None),
    ]


def test_an_empty_line_is_a_row_whose_first_field_is_empty(lake: Any) -> None:
    lake.csv("t", {"a": "string", "b": "string"}, "x,y\n\nz,w")

    assert lake.rows("SELECT a, b FROM t") == [("x", "y"), ("", None), ("z", "w")]


def test_quotes_are_text(lake: Any) -> None:
    lake.csv("t", {"a": "string", "b": "string"}, '"x,y",z\n')

    assert lake.rows("SELECT a, b FROM t") == [('"x', 'y"')]


def test_the_default_separator_is_control_a(lake: Any) -> None:
    lake.put("t/1", "1\x01a\n2\x01\\N\n")
    lake.table("t", {"a": "int", "b": "string"}, "textfile", serde_parameters={"serialization.format": "1"})

    assert lake.rows("SELECT a, b FROM t") == [(1, "a"), (2, None)]


@pytest.mark.parametrize(
    ("given", "character"), [("\\t", "\t"), ("\t", "\t"), ("|", "|"), ("59", ";"), ("\\001", "\x01")]
)
def test_separators_are_characters_codes_or_escapes(lake: Any, given: str, character: str) -> None:
    lake.csv("t", {"a": "int", "b": "int"}, f"1{character}2\n", serde_parameters={"field.delim": given})

    assert lake.rows("SELECT a, b FROM t") == [(1, 2)]


def test_escapes_hide_separators_and_leave_text(lake: Any) -> None:
    lake.csv(
        "t",
        {"a": "string", "b": "string", "c": "int"},
        "x\\,y,z,1\na\\\\,b,2\nc,d\\q,3\n\\\\N,e\\\n",
        serde_parameters={"escape.delim": "\\"},
    )

    assert lake.rows("SELECT a, b, c FROM t") == [
        ("x,y", "z", 1),
        ("a\\", "b", 2),
        ("c", "dq", 3),
        ("\\N", "e\\", None),
    ]


def test_the_null_format_can_be_chosen(lake: Any) -> None:
    parameters = {"serialization.null.format": "NULL"}
    lake.csv("t", {"a": "string", "b": "int"}, "NULL,1\n\\N,NULL\n", serde_parameters=parameters)

    assert lake.rows("SELECT a, b FROM t") == [(None, 1), ("\\N", None)]


def test_nested_values_use_the_next_separators(lake: Any) -> None:
    kinds = {"a": "array<int>", "m": "map<string,int>", "s": "struct<x:int,y:array<string>>"}
    lake.csv(
        "t",
        kinds,
        "1;2;x,k=1;l=2;k=9;q,7;u=v\n,,\n\\N,\\N,\\N\n5\n",
        serde_parameters={"collection.delim": ";", "mapkey.delim": "="},
    )

    assert lake.rows("SELECT a, m, s FROM t") == [
        ([1, 2, None], [("k", 1), ("l", 2), ("q", None)], {"x": 7, "y": ["u", "v"]}),
        ([], [], {"x": None, "y": None}),
        (None, None, None),
        ([5], None, None),
    ]


def test_escapes_reach_into_nested_values(lake: Any) -> None:
    lake.csv(
        "t",
        {"a": "array<string>"},
        "x\\;y;z\n",
        serde_parameters={"collection.delim": ";", "escape.delim": "\\"},
    )

    assert lake.rows("SELECT a FROM t") == [(["x;y", "z"],)]


def test_headers_are_skipped_and_gzip_is_unpacked(lake: Any) -> None:
    lake.csv(
        "t",
        {"a": "int"},
        gzip.compress(b"a\n1\n2\n"),
        object_name="part.csv.gz",
        parameters={"skip.header.line.count": "1"},
    )

    assert lake.rows("SELECT a FROM t") == [(1,), (2,)]


def test_several_objects_are_read_in_order(lake: Any) -> None:
    lake.csv("t", {"a": "int"}, "1\n2\n")
    lake.put("t/part-1.csv", "3")

    assert lake.rows("SELECT a FROM t") == [(1,), (2,), (3,)]


def test_hidden_and_empty_objects_are_not_read(lake: Any) -> None:
    lake.csv("t", {"a": "int"}, "1\n")
    for key in ("t/_SUCCESS", "t/.hidden", "t/_temporary/x.csv", "t/sub/.x"):
        lake.put(key, "9\n")
    lake.put("t/empty.csv", "")

    assert lake.rows("SELECT a FROM t") == [(1,)]


def test_a_bad_header_count_is_invalid_metadata(lake: Any) -> None:
    lake.csv("t", {"a": "int"}, "1\n", parameters={"skip.header.line.count": "one"})

    with pytest.raises(KitError, match="HIVE_INVALID_METADATA"):
        lake.sql("SELECT a FROM t")


def test_mixed_encodings_are_bad_data_that_names_the_object(lake: Any) -> None:
    lake.csv("t", {"a": "string"}, b"gr\xc3\xbcn\ngr\xfcn\n")

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT a FROM t")

    assert caught.value.code == "HIVE_BAD_DATA"
    assert "s3://data/t/part-0.csv" in caught.value.message
    assert str(lake.storage.root) not in str(caught.value)
