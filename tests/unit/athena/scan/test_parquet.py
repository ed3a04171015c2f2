"""Parquet: files that differ, types that do not fit, files that are none."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from kit.base.errors import KitError


def test_columns_are_found_by_name_in_any_letter_case(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"B": ["x"], "A": pa.array([1], pa.int32())}))
    lake.table("t", {"a": "int", "b": "string"})

    assert lake.rows("SELECT a, b FROM t") == [(1, "x")]


def test_files_may_lack_columns_and_have_others_besides(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"a": [1], "gone": ["z"]}))
    lake.put("t/2.parquet", pa.table({"b": ["y"], "a": [2]}))
    lake.put("t/3.parquet", pa.table({"c": [1.5]}))
    lake.table("t", {"a": "bigint", "b": "string"})

    assert lake.rows("SELECT a, b FROM t ORDER BY a") == [(1, None), (2, "y"), (None, None)]


def test_numbers_are_widened(lake: Any) -> None:
    lake.put(
        "t/1.parquet",
        pa.table({"i": pa.array([1], pa.int16()), "d": pa.array([1.5], pa.float32()), "e": [Decimal("1.5")]}),
    )
    lake.put("t/2.parquet", pa.table({"i": pa.array([2], pa.int64()), "d": [2.5], "e": pa.array([2], pa.int32())}))
    lake.table("t", {"i": "bigint", "d": "double", "e": "decimal(10,3)"})

    assert lake.rows("SELECT i, d, e FROM t ORDER BY i") == [
        (1, 1.5, Decimal("1.500")),
        (2, 2.5, Decimal("2.000")),
    ]


def test_a_number_too_large_for_its_column_fails_the_query(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"i": pa.array([2**40], pa.int64())}))
    lake.table("t", {"i": "int"})

    with pytest.raises(KitError, match="NUMERIC_VALUE_OUT_OF_RANGE"):
        lake.sql("SELECT i FROM t")


@pytest.mark.parametrize(
    ("held", "declared", "physical"),
    [
        (pa.array(["1"]), "int", "BINARY"),
        (pa.array([1]), "string", "INT64"),
        (pa.array([1.5]), "int", "DOUBLE"),
        (pa.array([1.5]), "float", "DOUBLE"),
        (pa.array([1]), "timestamp", "INT64"),
        (pa.array([date(2013, 1, 1)]), "timestamp", "INT32"),
        (pa.array([[1]]), "array<string>", "group"),
        (pa.array([{"x": "1"}]), "struct<x:int>", "group"),
        (pa.array([True]), "string", "BOOLEAN"),
    ],
)
def test_a_type_that_cannot_be_read_as_declared_is_bad_data(
    lake: Any, held: pa.Array, declared: str, physical: str
) -> None:
    uri = lake.put("t/1.parquet", pa.table({"V": held}))
    lake.table("t", {"v": declared})

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT v FROM t")

    assert caught.value.code == "HIVE_BAD_DATA"
    assert caught.value.message == (
        f"Field V's type {physical} in parquet file {uri} is incompatible with type {declared} defined in table schema"
    )


def test_only_columns_that_are_asked_for_must_fit(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"a": [1], "b": ["x"]}))
    lake.table("t", {"a": "bigint", "b": "int"})

    assert lake.rows("SELECT a FROM t") == [(1,)]


def test_bytes_that_nobody_marked_as_text_are_text_where_declared(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"s": pa.array(["ä".encode()], pa.binary()), "b": pa.array([b"\x00\xff"])}))
    lake.put("t/2.parquet", pa.table({"s": ["ö"], "b": pa.array(["x"])}))
    lake.table("t", {"s": "string", "b": "binary"})

    assert lake.rows("SELECT s, b FROM t ORDER BY s") == [("ä", b"\x00\xff"), ("ö", b"x")]


def test_timestamps_are_utc_and_rounded_to_milliseconds(lake: Any) -> None:
    moment = datetime(2013, 1, 2, 3, 4, 5, 123500)
    zone = timezone(timedelta(hours=2))
    lake.put("t/1.parquet", pa.table({"at": pa.array([moment], pa.timestamp("us"))}))
    lake.put(
        "t/2.parquet", pa.table({"at": pa.array([moment.replace(tzinfo=zone)], pa.timestamp("us", "Europe/Rome"))})
    )
    lake.put("t/3.parquet", pa.table({"at": pa.array([moment.replace(microsecond=0)], pa.timestamp("ms"))}))
    lake.put("t/4.parquet", pa.table({"at": pa.array([moment], pa.timestamp("ns"))}))
    lake.table("t", {"at": "timestamp"})

    rounded = datetime(2013, 1, 2, 3, 4, 5, 124000)
    assert lake.rows('SELECT at FROM t ORDER BY "$path"') == [
        (rounded,),
        (rounded.replace(hour=1),),
        (rounded.replace(microsecond=0),),
        (rounded,),
    ]


def test_nested_columns_follow_the_declaration(lake: Any) -> None:
    held = pa.table(
        {
            "s": pa.array([{"X": 1, "z": True}, None], pa.struct([("X", pa.int32()), ("z", pa.bool_())])),
            "a": pa.array([[1, None], []], pa.list_(pa.int32())),
            "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
        }
    )
    lake.put("t/1.parquet", held)
    lake.table("t", {"s": "struct<x:bigint,y:string>", "a": "array<bigint>", "m": "map<string,bigint>"})

    assert lake.rows("SELECT s, a, m FROM t") == [
        ({"x": 1, "y": None}, [1, None], [("k", 1)]),
        (None, [], None),
    ]


def test_lengths_of_varchar_and_char_hold(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"v": ["abcdef"], "c": ["ab  "]}))
    lake.table("t", {"v": "varchar(3)", "c": "char(4)"})

    assert lake.rows("SELECT v, c FROM t") == [("abc", "ab")]


def test_a_file_without_rows_and_an_object_without_bytes_have_no_rows(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"a": pa.array([], pa.int64())}))
    lake.put("t/2.parquet", b"")
    lake.table("t", {"a": "bigint"})

    assert lake.rows("SELECT a FROM t") == []


@pytest.mark.parametrize("damage", ["truncated", "other", "short"])
def test_what_is_no_parquet_is_bad_data_that_names_the_object(lake: Any, damage: str) -> None:
    whole = lake.storage.get(lake.put("x/1.parquet", pa.table({"a": list(range(1000))})))
    data = {"truncated": whole[: len(whole) // 2], "other": b"a,b\n1,2\n" * 10, "short": b"PAR1"}[damage]
    uri = lake.put("t/1.parquet", data)
    lake.table("t", {"a": "bigint"})

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT a FROM t")

    assert caught.value.code == "HIVE_BAD_DATA"
    assert f"Not valid Parquet file: {uri}" in caught.value.message
    assert str(lake.storage.root) not in str(caught.value)


def test_a_damaged_page_is_named_when_it_is_met(lake: Any) -> None:
    whole = lake.storage.get(lake.put("x/1.parquet", pa.table({"a": [f"value {i}" for i in range(5000)]})))
    uri = lake.put("t/1.parquet", whole[:4] + b"\xff" * 3000 + whole[3004:])
    lake.table("t", {"a": "string"})

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT a FROM t")

    assert caught.value.code.startswith("HIVE_")
    assert uri in caught.value.message
    assert str(lake.storage.root) not in str(caught.value)


def test_a_file_that_vanishes_before_it_is_read_cannot_be_opened(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = lake.put("t/1.parquet", pa.table({"a": [1]}))
    lake.table("t", {"a": "bigint"})
    lake.rows("SELECT a FROM t")
    listed = list(lake.storage.iter("s3://data/t/"))
    lake.storage.delete(uri)
    monkeypatch.setattr(lake.storage, "iter", lambda _: iter(listed))

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT a FROM t")

    assert caught.value.code == "HIVE_CANNOT_OPEN_SPLIT"
    assert uri in caught.value.message


def test_hidden_columns_tell_of_the_object(lake: Any) -> None:
    uri = lake.put("t/1.parquet", pa.table({"a": [1]}))
    lake.table("t", {"a": "bigint"})
    info = lake.storage.head(uri)

    assert lake.rows('SELECT "$path", "$size", "$file_modified_time" FROM t') == [
        (uri, info.size_bytes, info.last_modified.replace(tzinfo=None))
    ]
