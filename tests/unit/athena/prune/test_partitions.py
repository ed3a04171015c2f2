"""Partitions of real tables: which are read, with what values, and when they do not fit their table."""

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.catalog import Column, Partition
from kit.catalog.serde import OPEN_CSV, descriptor


@pytest.fixture
def months(lake: Any) -> Any:
    """Three months of two years in Parquet; the value tells its partition."""
    partitions = []
    for year in (2012, 2013):
        for month in (1, 2, 3):
            key = f"t/year={year}/month={month:02d}"
            lake.put(f"{key}/x.parquet", pa.table({"v": [year * 100 + month]}))
            partitions.append(Partition((str(year), f"{month:02d}"), f"s3://data/{key}/"))
    lake.table("t", {"v": "bigint"}, keys={"year": "int", "month": "int"}, partitions=partitions)
    return lake


def test_partition_values_are_typed_columns(months: Any) -> None:
    assert months.rows("SELECT v, year, month FROM t ORDER BY v LIMIT 2") == [(201201, 2012, 1), (201202, 2012, 2)]


def test_only_partitions_that_can_pass_are_read(months: Any) -> None:
    result = months.sql("SELECT v FROM t WHERE year = 2013 AND month >= 2 ORDER BY v")

    assert result.rows == [(201302,), (201303,)]
    assert (result.stats.partitions.read, result.stats.partitions.total) == (2, 6)
    assert (result.stats.files.read, result.stats.files.total) == (2, 2)


def test_conditions_that_no_domain_says_still_hold(months: Any) -> None:
    assert months.rows("SELECT v FROM t WHERE month % 2 = 0 AND year + 1 = 2014") == [(201302,)]


def test_a_condition_on_the_path_prunes_files(months: Any) -> None:
    path = "s3://data/t/year=2013/month=03/x.parquet"

    result = months.sql(f"SELECT v FROM t WHERE \"$path\" = '{path}'")

    assert result.rows == [(201303,)]
    assert (result.stats.files.read, result.stats.files.total) == (1, 6)


def test_nothing_that_passes_is_no_rows_and_nothing_scanned(months: Any) -> None:
    result = months.sql("SELECT v, year FROM t WHERE year = 1999")

    assert result.rows == []
    assert result.columns == ["v", "year"]
    assert (result.stats.bytes_scanned, result.stats.cost_usd) == (0, 0.0)


def test_partitions_may_lie_anywhere_and_be_null(lake: Any) -> None:
    lake.put("elsewhere/x.parquet", pa.table({"v": [1]}))
    lake.put("t/d=__HIVE_DEFAULT_PARTITION__/x.parquet", pa.table({"v": [2]}))
    partitions = [
        Partition(("2013-01-02",), "s3://data/elsewhere/"),
        Partition((None,), "s3://data/t/d=__HIVE_DEFAULT_PARTITION__/"),
        Partition(("2014-01-01",), "s3://data/t/d=2014-01-01/"),
    ]
    lake.table("t", {"v": "bigint"}, keys={"d": "date"}, partitions=partitions)

    assert lake.rows("SELECT v, d FROM t ORDER BY v") == [(1, date(2013, 1, 2)), (2, None)]
    assert lake.rows("SELECT v FROM t WHERE d IS NULL") == [(2,)]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "a'b", "a'b"),
        ("boolean", "true", True),
        ("double", "1.5", 1.5),
        ("tinyint", "07", 7),
        ("binary", "xy", b"xy"),
    ],
)
def test_keys_are_of_any_primitive_type(lake: Any, kind: str, text: str, value: Any) -> None:
    lake.put("t/1/x.parquet", pa.table({"v": [1]}))
    lake.put("t/2/x.parquet", pa.table({"v": [2]}))
    other = {"string": "c", "boolean": "false", "double": "2", "tinyint": "8", "binary": "z"}[kind]
    partitions = [Partition((text,), "s3://data/t/1/"), Partition((other,), "s3://data/t/2/")]
    lake.table("t", {"v": "bigint"}, keys={"k": kind}, partitions=partitions)

    assert lake.rows("SELECT k FROM t WHERE v = 1") == [(value,)]


def test_a_value_that_does_not_fit_its_key_is_refused(lake: Any) -> None:
    lake.table("t", {"v": "bigint"}, keys={"month": "int"})

    with pytest.raises(KitError) as caught:
        lake.catalog.add_partitions("lake", "t", [Partition(("July",), "s3://data/t/month=July/")])

    assert caught.value.code == "HIVE_INVALID_PARTITION_VALUE"


def test_a_projected_value_that_does_not_fit_its_key_fails_the_query(lake: Any) -> None:
    parameters = {"projection.enabled": "true", "projection.m.type": "enum", "projection.m.values": "1,July"}
    lake.table("t", {"v": "bigint"}, keys={"m": "int"}, parameters=parameters)

    with pytest.raises(KitError, match="HIVE_INVALID_PARTITION_VALUE"):
        lake.sql("SELECT v FROM t")


def test_projected_partitions_need_no_catalog(lake: Any) -> None:
    lake.put("t/m=01/x.parquet", pa.table({"v": [1]}))
    lake.put("t/m=03/x.parquet", pa.table({"v": [3]}))
    parameters = {"projection.enabled": "true", "projection.m.type": "integer"}
    parameters |= {"projection.m.range": "1,12", "projection.m.digits": "2"}
    lake.table("t", {"v": "bigint"}, keys={"m": "string"}, parameters=parameters)

    result = lake.sql("SELECT v, m FROM t WHERE m <= '03' ORDER BY v")

    assert result.rows == [(1, "01"), (3, "03")]
    assert (result.stats.partitions.read, result.stats.partitions.total) == (3, 12)


def test_partitions_of_another_format_are_read_as_what_they_are(lake: Any) -> None:
    lake.put("t/p=1/x.parquet", pa.table({"v": [1], "s": ["a"]}))
    lake.put("t/p=2/x.csv", '"2","b"\n')
    columns = (Column("v", "bigint"), Column("s", "string"))
    csv = descriptor("csv", columns, "s3://data/t/p=2/", serde=OPEN_CSV)
    partitions = [Partition(("1",), "s3://data/t/p=1/"), Partition(("2",), "s3://data/t/p=2/", csv)]
    lake.table("t", {"v": "bigint", "s": "string"}, keys={"p": "int"}, partitions=partitions)

    assert lake.rows("SELECT v, s, p FROM t ORDER BY v") == [(1, "a", 1), (2, "b", 2)]


def test_partitions_made_before_a_column_have_null_in_it(lake: Any) -> None:
    lake.put("t/p=1/x.csv", "1\n")
    lake.put("t/p=2/x.csv", "2,b\n")
    old = descriptor("textfile", (Column("v", "int"),), "", serde_parameters={"field.delim": ","})
    partitions = [Partition(("1",), "s3://data/t/p=1/", old), Partition(("2",), "s3://data/t/p=2/")]
    lake.table(
        "t",
        {"v": "bigint", "s": "string"},
        "textfile",
        serde_parameters={"field.delim": ","},
        keys={"p": "int"},
        partitions=partitions,
    )

    assert lake.rows("SELECT v, s FROM t ORDER BY v") == [(1, None), (2, "b")]


def test_types_of_partition_and_table_that_do_not_coerce_are_a_mismatch(lake: Any) -> None:
    old = descriptor("textfile", (Column("w", "string"),), "")
    lake.table(
        "t", {"v": "int"}, "textfile", keys={"p": "int"}, partitions=[Partition(("1",), "s3://data/t/p=1/", old)]
    )

    with pytest.raises(KitError) as caught:
        lake.sql("SELECT v FROM t")

    assert caught.value.code == "HIVE_PARTITION_SCHEMA_MISMATCH"
    assert (
        "The column 'v' in table 'lake.t' is declared as type 'int', but partition 'p=1' declared column 'w' as type"
        in (caught.value.message)
    )


def test_one_partition_of_many_is_found_without_reading_the_others(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("t/p=777/x.parquet", pa.table({"v": [1]}))
    partitions = [Partition((str(number),), f"s3://data/t/p={number}/") for number in range(2000)]
    lake.table("t", {"v": "bigint"}, keys={"p": "int"}, partitions=partitions)
    listed: list[str] = []
    walk = lake.storage.iter
    monkeypatch.setattr(lake.storage, "iter", lambda uri: listed.append(uri) or walk(uri))

    result = lake.sql("SELECT v FROM t WHERE p = 777")

    assert result.rows == [(1,)]
    assert listed == ["s3://data/t/p=777/"]
    assert replace(result.stats.partitions) == result.stats.partitions
    assert (result.stats.partitions.read, result.stats.partitions.total) == (1, 2000)
