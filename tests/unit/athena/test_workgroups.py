"""Workgroups: their settings, their limits, their output, and results that are given again."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from kit.athena import Workgroup
from kit.athena.java_text import java_double, java_text
from kit.base.errors import KitError


def test_primary_is_always_there_and_can_be_changed(lake: Any) -> None:
    groups = lake.athena.workgroups

    assert groups.get("primary") == Workgroup(name="primary")
    groups.update(Workgroup(name="primary", description="ours"))
    assert groups.get("primary").description == "ours"
    with pytest.raises(KitError, match="cannot be deleted"):
        groups.delete("primary")


def test_workgroups_are_created_listed_and_deleted(lake: Any) -> None:
    groups = lake.athena.workgroups
    made = Workgroup(name="etl", output_location="s3://results/etl/", bytes_scanned_cutoff=20_000_000)

    groups.create(made)

    assert groups.get("etl") == made
    assert [each.name for each in groups.list()] == ["etl", "primary"]
    with pytest.raises(KitError, match="already created"):
        groups.create(made)
    groups.delete("etl")
    with pytest.raises(KitError, match="WorkGroup etl is not found"):
        groups.get("etl")


def test_an_unknown_workgroup_is_refused_with_a_suggestion(lake: Any) -> None:
    with pytest.raises(KitError) as caught:
        lake.sql("SELECT 1", workgroup="primry")

    assert (caught.value.code, "primary" in caught.value.hint) == ("InvalidRequestException", True)
    assert lake.athena.executions() == []


@pytest.mark.parametrize(
    "wrong",
    [
        Workgroup(name="a b"),
        Workgroup(name="x", bytes_scanned_cutoff=1),
        Workgroup(name="x", output_location="/tmp/results"),
    ],
)
def test_settings_that_do_not_hold_are_refused(lake: Any, wrong: Workgroup) -> None:
    with pytest.raises(KitError, match="InvalidRequestException"):
        lake.athena.workgroups.create(wrong)


def test_a_disabled_workgroup_runs_nothing(lake: Any) -> None:
    lake.athena.workgroups.create(Workgroup(name="off", is_enabled=False))

    with pytest.raises(KitError, match="disabled"):
        lake.sql("SELECT 1", workgroup="off")


def wide(lake: Any, rows: int = 1_200_000) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"v": pa.array([i * 7919 % 1_000_003 for i in range(rows)], pa.int64())})
    pa.parquet.write_table(table, sink, compression="none", use_dictionary=False, row_group_size=100_000)
    lake.put("wide/1.parquet", sink.getvalue().to_pybytes())
    lake.put("wide/2.parquet", sink.getvalue().to_pybytes())
    lake.table("wide", {"v": "bigint"})


def test_a_query_beyond_the_limit_is_cancelled_before_it_runs(lake: Any) -> None:
    wide(lake)
    lake.athena.workgroups.create(Workgroup(name="small", bytes_scanned_cutoff=10_000_000))

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT sum(v) AS s FROM wide", workgroup="small")

    (record,) = lake.athena.executions(1)
    assert (caught.value.code, record.state) == ("QUERY_CANCELLED", "CANCELLED")
    assert record.reason.startswith("Bytes scanned limit was exceeded")
    assert lake.sql("SELECT sum(v) AS s FROM wide").stats.bytes_scanned > 10_000_000


def test_a_query_that_stops_early_may_stay_below_the_limit(lake: Any) -> None:
    wide(lake)
    lake.athena.workgroups.create(Workgroup(name="small", bytes_scanned_cutoff=10_000_000))

    assert len(lake.rows("SELECT v FROM wide LIMIT 3", workgroup="small")) == 3


def test_rows_are_written_as_athena_quotes_them(lake: Any) -> None:
    lake.athena.workgroups.create(Workgroup(name="out", output_location="s3://results/x"))

    result = lake.sql(
        'SELECT 1 AS a, \'say "hi", ok\' AS "b c", CAST(NULL AS integer) AS n, true AS t', workgroup="out"
    )

    query = result.stats.query_id
    location = f"s3://results/x/{query}.csv"
    assert lake.storage.get(location).decode() == '"a","b c","n","t"\n"1","say ""hi"", ok",,"true"\n'
    assert result.stats.output_location == lake.athena.record(query).output_location == location
    metadata = json.loads(lake.storage.get(location + ".metadata"))
    assert [column["Name"] for column in metadata["ColumnInfo"]] == ["a", "b c", "n", "t"]
    assert result.rows == [(1, 'say "hi", ok', None, True)]


def test_a_location_may_be_given_with_the_query_unless_the_workgroup_enforces_its_own(lake: Any) -> None:
    lake.athena.workgroups.create(Workgroup(name="strict", output_location="s3://results/strict/"))
    lake.athena.workgroups.create(Workgroup(name="loose", output_location="s3://results/loose/", enforce=False))

    found = [
        lake.sql("SELECT 1 AS a", workgroup=name, output_location="s3://results/mine/").stats.output_location.split(
            "/"
        )[3]
        for name in ("primary", "strict", "loose")
    ]

    assert found == ["mine", "strict", "mine"]


def test_a_large_result_is_written_whole_and_can_still_be_read(tmp_path: Any) -> None:
    import kit
    from kit.base.settings import Settings

    with kit.open(tmp_path / "ws", settings=Settings(threads=2, result_bytes=10_000)) as ws:
        ws.athena.workgroups.create(Workgroup(name="out", output_location="s3://results/"))

        result = ws.athena.sql(
            "SELECT x FROM UNNEST(sequence(1, 9999)) t(x) CROSS JOIN UNNEST(sequence(1, 30)) u(z)", workgroup="out"
        )
        lines = ws.storage.get(result.stats.output_location).decode().splitlines()

        assert not result.is_complete
        assert len(lines) == 1 + 9999 * 30
        assert sum(batch.num_rows for batch in result.batches()) == 9999 * 30


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.50"),
        (date(2013, 1, 2), "2013-01-02"),
        (datetime(2013, 1, 2, 3, 4, 5, 678900), "2013-01-02 03:04:05.678"),
        (b"\x01\xff", "01 ff"),
        ([1, None], "[1, null]"),
        ([("k", 1), ("l", None)], "{k=1, l=null}"),
        ({"a": 1, "b": [True]}, "{a=1, b=[true]}"),
        ([], "[]"),
    ],
)
def test_values_are_written_in_javas_words(value: object, text: str) -> None:
    assert java_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (1e7, "1.0E7"),
        (123456789.125, "1.23456789125E8"),
        (9999999.0, "9999999.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (1e300, "1.0E300"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert java_double(value) == text


def test_a_result_is_reused_while_it_is_young_enough(lake: Any, clock: Any) -> None:
    lake.put("t/1.parquet", pa.table({"a": [1]}))
    lake.table("t", {"a": "bigint"})
    first = lake.sql("SELECT a FROM t", reuse_minutes=60)
    lake.put("t/2.parquet", pa.table({"a": [2]}))

    again = lake.sql("SELECT a FROM t", reuse_minutes=60)
    clock.advance(61 * 60)
    later = lake.sql("SELECT a FROM t", reuse_minutes=60)

    assert again.rows == [(1,)]
    assert again.stats.reused_from == first.stats.query_id
    assert (again.stats.bytes_scanned, again.stats.cost_usd) == (0, 0.0)
    assert f"reused from {first.stats.query_id}" in again.stats.summary()
    assert lake.athena.record(again.stats.query_id).reused_from == first.stats.query_id
    assert sorted(later.rows) == [(1,), (2,)]


def test_only_the_same_question_is_reused(lake: Any) -> None:
    lake.athena.workgroups.create(Workgroup(name="other"))
    lake.sql("SELECT :a AS a", params={"a": 1}, reuse_minutes=5)

    asked = [
        lake.sql("SELECT :a AS a", params={"a": 1}, reuse_minutes=5),
        lake.sql("SELECT :a AS a", params={"a": 2}, reuse_minutes=5),
        lake.sql("SELECT :a AS a", params={"a": 1}, reuse_minutes=5, workgroup="other"),
        lake.sql("SELECT :a AS a", params={"a": 1}, reuse_minutes=5, database="default"),
        lake.sql("SELECT :a AS a", params={"a": 1}),
    ]

    assert [bool(each.stats.reused_from) for each in asked] == [True, False, False, False, False]


@pytest.mark.parametrize("minutes", [-1, 7 * 24 * 60 + 1])
def test_an_age_beyond_seven_days_is_refused(lake: Any, minutes: int) -> None:
    with pytest.raises(KitError, match="MaxAgeInMinutes"):
        lake.sql("SELECT 1", reuse_minutes=minutes)
