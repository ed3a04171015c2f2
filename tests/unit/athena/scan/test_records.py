"""ORC and Avro: columns by name, types that fit or not, what was really read."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from pyarrow import orc

from kit.base.errors import KitError

KINDS = {"i": "int", "s": "string", "d": "decimal(10,2)", "day": "date", "at": "timestamp", "a": "array<bigint>"}


def orc_bytes(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    orc.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def avro_bytes(fields: list[dict[str, Any]], rows: list[dict[str, Any]]) -> bytes:
    sink = BytesIO()
    fastavro.writer(sink, {"type": "record", "name": "r", "fields": fields}, rows, codec="deflate")
    return sink.getvalue()


def test_orc_columns_are_found_by_name(lake: Any) -> None:
    held = {
        "I": pa.array([1, None], pa.int32()),
        "s": ["x", "y"],
        "d": [Decimal("1.50"), None],
        "day": [date(2013, 1, 2), None],
        "at": pa.array([datetime(2013, 1, 2, 3, 4, 5, 123500), None], pa.timestamp("ns")),
        "a": [[1, 2], None],
    }
    lake.put("t/1.orc", orc_bytes(pa.table(held)))
    lake.table("t", {**KINDS, "gone": "int"}, "orc")

    assert lake.rows("SELECT i, s, d, day, at, a, gone FROM t") == [
        (1, "x", Decimal("1.50"), date(2013, 1, 2), datetime(2013, 1, 2, 3, 4, 5, 124000), [1, 2], None),
        (None, "y", None, None, None, None, None),
    ]


def test_orc_rows_are_counted_without_a_column(lake: Any) -> None:
    lake.put("t/1.orc", orc_bytes(pa.table({"a": list(range(10))})))
    lake.put("t/2.orc", orc_bytes(pa.table({"a": [1]})))
    lake.table("t", {"a": "bigint"}, "orc")

    assert lake.rows("SELECT count(*) AS n FROM t") == [(11,)]


def test_orc_is_billed_for_what_was_read(lake: Any) -> None:
    data = orc_bytes(
        pa.table({"a": list(range(50_000)), "wide": [f"{i:050d}" for i in range(50_000)]}), compression="zlib"
    )
    lake.put("t/1.orc", data)
    lake.table("t", {"a": "bigint", "wide": "string"}, "orc")

    narrow = lake.sql("SELECT sum(a) AS n FROM t").stats
    wide = lake.sql("SELECT sum(a) AS n, max(wide) AS w FROM t").stats

    assert 0 < narrow.bytes_scanned < wide.bytes_scanned <= len(data)


def test_avro_columns_are_found_by_name(lake: Any) -> None:
    fields = [
        {"name": "I", "type": ["null", "int"]},
        {"name": "s", "type": "string"},
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "a", "type": {"type": "array", "items": "long"}},
        {"name": "m", "type": {"type": "map", "values": "int"}},
        {"name": "r", "type": {"type": "record", "name": "q", "fields": [{"name": "X", "type": "int"}]}},
    ]
    row = {"I": 1, "s": "x", "d": Decimal("1.50"), "day": date(2013, 1, 2), "a": [1], "m": {"k": 2}, "r": {"X": 3}}
    row["at"] = datetime(2013, 1, 2, 3, 4, 5, 123000, UTC)
    lake.put("t/1.avro", avro_bytes(fields, [row]))
    lake.table("t", {**KINDS, "m": "map<string,int>", "r": "struct<x:int>", "gone": "int"}, "avro")

    assert lake.rows("SELECT i, s, d, day, at, a, m, r, gone FROM t") == [
        (
            1,
            "x",
            Decimal("1.50"),
            date(2013, 1, 2),
            datetime(2013, 1, 2, 3, 4, 5, 123000),
            [1],
            [("k", 2)],
            {"x": 3},
            None,
        )
    ]


@pytest.mark.parametrize("declared", ["int", "date", "boolean", "array<string>"])
def test_a_type_that_does_not_fit_is_bad_data(lake: Any, declared: str) -> None:
    lake.put("o/1.orc", orc_bytes(pa.table({"v": ["x"]})))
    lake.put("a/1.avro", avro_bytes([{"name": "v", "type": "string"}], [{"v": "x"}]))
    lake.table("o", {"v": declared}, "orc")
    lake.table("a", {"v": declared}, "avro")

    for name in ("o", "a"):
        with pytest.raises(KitError) as caught:
            lake.sql(f"SELECT v FROM {name}")
        assert caught.value.code == "HIVE_BAD_DATA"
        assert f"s3://data/{name}/1." in caught.value.message


@pytest.mark.parametrize("format_name", ["orc", "avro"])
@pytest.mark.parametrize("data", [b"not at all", b"ORC" + b"\0" * 50, b"Obj\x01" + b"\xff" * 50])
def test_what_is_neither_is_bad_data(lake: Any, format_name: str, data: bytes) -> None:
    lake.put("t/1", data)
    lake.table("t", {"v": "string"}, format_name)

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT v FROM t")

    assert (caught.value.code, "s3://data/t/1" in caught.value.message) == ("HIVE_BAD_DATA", True)
