"""The JSON SerDes: names in any letter case, nested values, what is malformed and what only does not fit."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from kit.base.errors import KitError
from kit.catalog.serde import HIVE_JSON, OPENX_JSON


def table(lake: Any, columns: dict[str, str], *lines: object, serde: str = OPENX_JSON, **options: Any) -> None:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    lake.put("t/1.json", text)
    lake.table("t", columns, "json", serde=serde, **options)


@pytest.mark.parametrize("serde", [OPENX_JSON, HIVE_JSON])
def test_values_are_typed_by_their_column(lake: Any, serde: str) -> None:
    kinds = {
        "i": "int",
        "d": "double",
        "s": "string",
        "b": "boolean",
        "e": "decimal(5,2)",
        "day": "date",
        "at": "timestamp",
    }
    line = {"i": 1, "d": 1.5, "s": "x", "b": True, "e": 2.5, "day": "2013-01-02", "at": "2013-01-02 03:04:05"}
    table(lake, kinds, line, {}, serde=serde)

    assert lake.rows("SELECT * FROM t") == [
        (1, 1.5, "x", True, Decimal("2.50"), date(2013, 1, 2), datetime(2013, 1, 2, 3, 4, 5)),
        (None,) * 7,
    ]


def test_names_match_in_any_letter_case_at_every_depth(lake: Any) -> None:
    kinds = {"eventname": "string", "user": "struct<firstname:string,tags:array<struct<name:string>>>"}
    lines = (
        {"eventName": "a", "user": {"firstName": "b", "Tags": [{"NAME": "c"}, {"name": "d"}]}},
        {"EVENTNAME": "e", "USER": {"FIRSTNAME": None}},
        {"eventname": "f"},
    )
    table(lake, kinds, *lines)

    assert lake.rows("SELECT eventname, user FROM t") == [
        ("a", {"firstname": "b", "tags": [{"name": "c"}, {"name": "d"}]}),
        ("e", {"firstname": None, "tags": None}),
        ("f", None),
    ]


def test_letter_case_can_be_made_to_matter(lake: Any) -> None:
    table(lake, {"a": "int"}, {"A": 1}, {"a": 2}, serde_parameters={"case.insensitive": "false"})

    assert lake.rows("SELECT a FROM t") == [(None,), (2,)]


def test_keys_can_be_mapped_and_dots_replaced(lake: Any) -> None:
    parameters = {"mapping.stamp": "timestamp", "dots.in.keys": "TRUE"}
    table(lake, {"stamp": "string", "a_b": "int"}, {"timestamp": "x", "a.b": 1}, serde_parameters=parameters)

    assert lake.rows("SELECT stamp, a_b FROM t") == [("x", 1)]


def test_keys_with_slashes_and_tildes_are_found(lake: Any) -> None:
    parameters = {"mapping.x": "a/b~c", "mapping.y": 'say "hi"'}
    table(lake, {"x": "int", "y": "int"}, {"a/b~c": 1, 'say "hi"': 2}, serde_parameters=parameters)

    assert lake.rows("SELECT x, y FROM t") == [(1, 2)]


def test_nested_values_are_read_in_depth(lake: Any) -> None:
    kinds = {"a": "array<int>", "m": "map<string,array<int>>", "s": "struct<x:struct<y:string>>"}
    table(lake, kinds, {"a": [1, None, 3], "m": {"K": [1], "l": []}, "s": {"x": {"y": "z"}}}, {"a": None})

    assert lake.rows("SELECT a, m, s FROM t") == [
        ([1, None, 3], [("K", [1]), ("l", [])], {"x": {"y": "z"}}),
        (None, None, None),
    ]


def test_a_string_column_takes_whatever_stands_there(lake: Any) -> None:
    table(lake, {"s": "string"}, {"s": 1.50}, {"s": {"a": [1]}}, {"s": True}, {"s": None})

    assert lake.rows("SELECT s FROM t") == [("1.5",), ('{"a":[1]}',), ("true",), (None,)]


def test_a_lone_value_is_an_array_of_one_for_openx(lake: Any) -> None:
    table(lake, {"a": "array<string>"}, {"a": "x"}, {"a": ""}, {"a": ["y"]})

    assert lake.rows("SELECT a FROM t") == [(["x"],), (None,), (["y"],)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-01-02T03:04:05Z", datetime(2013, 1, 2, 3, 4, 5)),
        ("2013-01-02T05:04:05.1236+02:00", datetime(2013, 1, 2, 3, 4, 5, 124000)),
        (1357095845, datetime(2013, 1, 2, 3, 4, 5)),
        (1357095845123, datetime(2013, 1, 2, 3, 4, 5, 123000)),
        (1357095845.123, datetime(2013, 1, 2, 3, 4, 5, 123000)),
    ],
)
def test_timestamps_come_in_several_forms(lake: Any, text: object, expected: datetime) -> None:
    table(lake, {"at": "timestamp"}, {"at": text})

    assert lake.rows("SELECT at FROM t") == [(expected,)]


@pytest.mark.parametrize("serde", [OPENX_JSON, HIVE_JSON])
@pytest.mark.parametrize("line", ['{"a": 1', "[1, 2]", "42", '"text"', "{'a': 1}", "not json"])
def test_a_line_that_is_no_object_is_a_cursor_error(lake: Any, line: str, serde: str) -> None:
    table(lake, {"a": "int"}, {"a": 1}, line, serde=serde)

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT a FROM t")

    assert caught.value.code == "HIVE_CURSOR_ERROR"
    assert caught.value.message.startswith("Row is not a valid JSON Object")
    assert "s3://data/t/1.json" in caught.value.message


def test_malformed_lines_can_be_left_null(lake: Any) -> None:
    table(lake, {"a": "int"}, {"a": 1}, "oops", serde_parameters={"ignore.malformed.json": "true"})

    assert lake.rows("SELECT a FROM t") == [(1,), (None,)]


def test_an_empty_line_is_a_row_of_nulls_for_openx(lake: Any) -> None:
    table(lake, {"a": "int"}, {"a": 1}, "", {"a": 2})

    assert lake.rows("SELECT a FROM t") == [(1,), (None,), (2,)]


def test_a_value_that_does_not_fit_is_bad_data(lake: Any) -> None:
    table(lake, {"s": "string", "a": "int"}, {"a": "x"})

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT a FROM t")

    assert caught.value.code == "HIVE_BAD_DATA"
    assert "Error parsing field value 'x' for field 1" in caught.value.message


def test_a_value_that_does_not_fit_can_be_made_null(lake: Any) -> None:
    table(lake, {"a": "int"}, {"a": "x"}, {"a": "7"}, parameters={"use.null.for.invalid.data": "TRUE"})

    assert lake.rows("SELECT a FROM t") == [(None,), (7,)]
