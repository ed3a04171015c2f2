import gzip
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.base.errors import KitError
from kit.base.result import Result, Stats
from kit.streams.produce.row_sql import RowOptions
from kit.streams.produce.rows import Rows


def read(source, **options):
    with Rows(source, RowOptions(**options)) as rows:
        return pa.Table.from_batches(list(rows.batches()))


def objects(source, **options):
    return [json.loads(data, parse_constant=pytest.fail) for data in read(source, **options)["data"].to_pylist()]


FLIGHTS = pa.table(
    {
        "carrier": ["AA", "UA", "AA"],
        "at": [datetime(2013, 1, 1, 5), datetime(2013, 1, 1, 4), datetime(2013, 1, 1, 5)],
        "delay": [1.5, None, -2.0],
    }
)


def test_a_row_is_a_json_object_under_its_key_in_the_order_of_time():
    table = read(FLIGHTS, key=("carrier",), time="at")

    assert table.to_pylist() == [
        {
            "partition_key": "UA",
            "data": '{"carrier":"UA","at":"2013-01-01 04:00:00","delay":null}',
            "event_us": 1_357_012_800_000_000,
        },
        {
            "partition_key": "AA",
            "data": '{"carrier":"AA","at":"2013-01-01 05:00:00","delay":1.5}',
            "event_us": 1_357_016_400_000_000,
        },
        {
            "partition_key": "AA",
            "data": '{"carrier":"AA","at":"2013-01-01 05:00:00","delay":-2.0}',
            "event_us": 1_357_016_400_000_000,
        },
    ]


def test_without_a_time_rows_keep_the_order_of_the_source():
    table = read(FLIGHTS, key=("carrier",))

    assert table["partition_key"].to_pylist() == ["AA", "UA", "AA"]
    assert table["event_us"].null_count == 3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=300))
def test_rows_of_the_same_time_keep_their_order_among_themselves(hours):
    table = pa.table({"n": range(len(hours)), "at": [datetime(2013, 1, 1, hour) for hour in hours]})

    read_back = [row["n"] for row in objects(table, time="at")]

    assert read_back == sorted(range(len(hours)), key=lambda n: hours[n])


def test_a_key_may_have_several_parts_and_without_one_every_row_has_its_own():
    several = read(FLIGHTS, key=("carrier", "at"))["partition_key"].to_pylist()
    none = read(FLIGHTS)["partition_key"].to_pylist()

    assert several == ["AA|2013-01-01 05:00:00", "UA|2013-01-01 04:00:00", "AA|2013-01-01 05:00:00"]
    assert none == ["1", "2", "3"]


def test_columns_choose_what_the_json_holds():
    assert objects(FLIGHTS, columns=("delay",)) == [{"delay": 1.5}, {"delay": None}, {"delay": -2.0}]


def test_the_json_is_strict_whatever_the_types():
    infinity = float("inf")
    table = pa.table(
        {
            "not a \"number'": pa.array([float("nan")]),
            "float": pa.array([-infinity], pa.float32()),
            "nested": pa.array([{"x": infinity, "y": [1.0, float("nan")], "z": "ok"}]),
            "list": pa.array([[1.5, infinity]]),
            "bytes": pa.array([b"\x00\xff"]),
            "big": pa.array([9_007_199_254_740_993]),
            "text": pa.array(['"quoted"\n\u00e9\u2028']),
            "none": pa.array([None], pa.struct([("x", pa.float64())])),
            "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        }
    )

    assert objects(table) == [
        {
            "not a \"number'": None,
            "float": None,
            "nested": {"x": None, "y": [1.0, None], "z": "ok"},
            "list": [1.5, None],
            "bytes": "AP8=",
            "big": 9_007_199_254_740_993,
            "text": '"quoted"\n\u00e9\u2028',
            "none": None,
            "map": {"a": 1},
        }
    ]


def test_a_type_that_strict_json_may_not_hold_is_refused_unless_left_out():
    table = pa.table({"n": [1], "m": pa.array([[("a", 1.5)]], pa.map_(pa.string(), pa.float64()))})

    with pytest.raises(KitError, match="'m' is MAP"):
        read(table)
    assert objects(table, columns=("n",)) == [{"n": 1}]


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_times_are_written_and_ordered_in_utc(zone):
    moment = datetime(2013, 7, 1, 12, tzinfo=UTC)
    kind = pa.timestamp("us", zone)
    table = pa.table({"at": pa.array([moment if zone else moment.replace(tzinfo=None)], kind)})

    assert read(table, time="at")["event_us"].to_pylist() == [round(moment.timestamp() * 1e6)]
    assert objects(table)[0]["at"].startswith("2013-07-01 12:00:00")


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("ns")])
def test_every_kind_of_time_orders(kind):
    table = pa.table({"at": pa.array([datetime(2013, 1, 2), datetime(2013, 1, 1)]).cast(kind), "n": [2, 1]})

    assert [row["n"] for row in objects(table, time="at")] == [1, 2]


def files(folder):
    rows = [{"n": 1, "name": "a"}, {"n": 2, "name": "b"}]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, folder / "t.parquet")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "t.jsonl").write_text(lines)
    (folder / "t.json").write_text(json.dumps(rows))
    (folder / "t.csv").write_text("n,name\n1,a\n2,b\n")
    (folder / "t.tsv").write_text("n\tname\n1\ta\n2\tb\n")
    (folder / "t.csv.gz").write_bytes(gzip.compress(b"n,name\n1,a\n2,b\n"))
    (folder / "t.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    with pa.OSFile(str(folder / "t.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return rows


@pytest.mark.parametrize(
    "name", ["t.parquet", "t.jsonl", "t.json", "t.csv", "t.tsv", "t.csv.gz", "t.jsonl.gz", "t.arrow"]
)
def test_files_are_read_by_their_suffix(tmp_path, name):
    rows = files(tmp_path)

    assert objects(tmp_path / name) == rows
    assert objects(str(tmp_path / name), key=("name",)) == rows


def test_a_glob_of_hive_folders_reads_the_partition_keys_too(tmp_path):
    for month in (1, 2):
        folder = tmp_path / f"month={month}"
        folder.mkdir()
        pq.write_table(pa.table({"n": [month * 10]}), folder / "part.parquet")

    assert objects(tmp_path / "*" / "*.parquet") == [{"n": 10, "month": 1}, {"n": 20, "month": 2}]


def test_anything_that_gives_arrow_is_a_source():
    import pandas as pd
    import polars as pl

    result = Result.of_table(FLIGHTS, stats=Stats(ms=0))
    frames = pl.DataFrame({"n": [1]}), pd.DataFrame({"n": [1]})

    assert [len(objects(source)) for source in (result, FLIGHTS.to_batches()[0], FLIGHTS.to_reader())] == [3, 3, 3]
    assert [objects(frame) for frame in frames] == [[{"n": 1}], [{"n": 1}]]


def test_a_result_larger_than_its_memory_is_read_as_a_stream():
    batches = pa.table({"n": range(5, 0, -1), "at": [datetime(2013, 1, day) for day in range(5, 0, -1)]}).to_batches(2)
    result = Result(batches[0].schema, batches[:1], stats=Stats(ms=0), rest=iter(batches[1:]))

    assert [row["n"] for row in objects(result, time="at")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("source", "options", "code", "message"),
    [
        (FLIGHTS, {"key": ("carier",)}, "InvalidArgumentException", "no column 'carier'"),
        (FLIGHTS, {"time": "when"}, "InvalidArgumentException", "no column 'when'"),
        (FLIGHTS, {"columns": ("x",)}, "InvalidArgumentException", "no column 'x'"),
        (FLIGHTS, {"time": "carrier"}, "InvalidArgumentException", "'carrier' is VARCHAR"),
        (FLIGHTS, {"key": ("delay",)}, "InvalidArgumentException", "A row has no key in 'delay'"),
        (pa.table({"k": [""]}), {"key": ("k",)}, "InvalidArgumentException", "A row has no key in 'k'"),
        (
            pa.table({"at": pa.array([None], pa.timestamp("us"))}),
            {"time": "at"},
            "InvalidArgumentException",
            "A row has no time in 'at'",
        ),
        ([1, 2], {}, "INVALID_SOURCE", "A list cannot be replayed"),
        ("s3://lake/x.parquet", {}, "INVALID_SOURCE", "not a local file"),
        ("notes.txt", {}, "INVALID_SOURCE", "no suffix"),
        ("none.parquet", {}, "INVALID_SOURCE", "No files found"),
        ("none.csv", {}, "INVALID_SOURCE", "No files found"),
        ("none.arrow", {}, "INVALID_SOURCE", "no readable Arrow file"),
    ],
)
def test_what_cannot_be_replayed_is_refused_by_name(source, options, code, message):
    with pytest.raises(KitError) as caught:
        read(source, **options)

    assert (caught.value.code, message in caught.value.message) == (code, True), str(caught.value)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 this is no parquet PAR1")
    (tmp_path / "bad.jsonl").write_text('{"a": 1}\n{"a": \n')

    for name in ("bad.parquet", "bad.jsonl"):
        with pytest.raises(KitError) as caught:
            read(tmp_path / name)
        assert caught.value.code == "INVALID_SOURCE"


def test_no_spill_folder_stays_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    read(FLIGHTS)

    assert list(tmp_path.iterdir()) == []
