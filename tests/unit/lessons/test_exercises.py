"""Each exercise: refused on an empty workspace, told how far it is on a half-done one, solved on a solved one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import kit
from kit.athena.workgroups import Workgroup
from kit.base.errors import KitError
from kit.lessons import Verdict, exercise, exercises, judged

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[kit.Workspace]:
    with kit.open(tmp_path / "lab") as workspace:
        yield workspace


def verdict(ws: kit.Workspace, number: str) -> Verdict:
    return judged(exercise(number), ws)


@pytest.mark.parametrize("number", [each.number for each in exercises()])
def test_nothing_is_solved_in_an_empty_workspace(ws: kit.Workspace, number: str) -> None:
    found = verdict(ws, number)

    assert not found.solved
    assert str(found).startswith(f"{number} not yet: ")


def test_numbers_are_unique_and_an_unknown_one_is_named() -> None:
    numbers = [each.number for each in exercises()]

    assert len(set(numbers)) == len(numbers)
    with pytest.raises(KitError, match="UNKNOWN_EXERCISE"):
        exercise("03.99")


@pytest.fixture
def lake(ws: kit.Workspace) -> kit.Workspace:
    for table in ("flights", "weather"):
        ws.storage.upload(DATA / table, f"s3://lake/{table}/")
        ws.catalog.crawl(f"s3://lake/{table}/", database="nyc")
    return ws


def test_a_table_of_columns_is_cheaper_to_ask(lake: kit.Workspace) -> None:
    lake.athena.sql(
        "CREATE TABLE weather_columns WITH (format = 'TEXTFILE', external_location = 's3://lake/wc1/') "
        "AS SELECT * FROM weather",
        database="nyc",
    )
    first = verdict(lake, "01.1")
    lake.athena.sql("DROP TABLE weather_columns", database="nyc")
    lake.athena.sql(
        "CREATE TABLE weather_columns WITH (format = 'PARQUET', external_location = 's3://lake/wc2/') "
        "AS SELECT * FROM weather WHERE temp < 60",
        database="nyc",
    )
    second = verdict(lake, "01.1")
    lake.athena.sql("DROP TABLE weather_columns", database="nyc")
    lake.athena.sql(
        "CREATE TABLE weather_columns WITH (format = 'PARQUET', external_location = 's3://lake/wc3/') "
        "AS SELECT * FROM weather",
        database="nyc",
    )
    third = verdict(lake, "01.1")

    assert [each.solved for each in (first, second, third)] == [False, False, True]
    assert "would be a tenth" in first.found
    assert "has the answer" in second.found


def test_projected_partitions_need_no_catalog(lake: kit.Workspace) -> None:
    held = lake.catalog.table("nyc", "flights")
    columns = ", ".join(f"{column.name} {column.type}" for column in held.descriptor.columns)
    table = (
        f"CREATE EXTERNAL TABLE flights_projected ({columns}) PARTITIONED BY (year int, month int) "
        "STORED AS PARQUET LOCATION 's3://lake/flights/' TBLPROPERTIES ({})"
    )
    lake.athena.sql(table.format("'a' = 'b'"), database="nyc")
    lake.athena.sql("MSCK REPAIR TABLE flights_projected", database="nyc")
    first = verdict(lake, "01.2")
    lake.athena.sql("DROP TABLE flights_projected", database="nyc")
    ranges = (
        "'projection.enabled' = 'true', 'projection.year.type' = 'integer', 'projection.year.range' = '2013,2013', "
        "'projection.month.type' = 'integer', 'projection.month.range' = '1,{}'"
    )
    lake.athena.sql(table.format(ranges.format(6)), database="nyc")
    second = verdict(lake, "01.2")
    lake.athena.sql("DROP TABLE flights_projected", database="nyc")
    lake.athena.sql(table.format(ranges.format(12)), database="nyc")
    third = verdict(lake, "01.2")

    assert [each.solved for each in (first, second, third)] == [False, False, True]
    assert "the catalog holds partitions" in first.found
    assert "July has 0 flights" in second.found


def test_a_careful_workgroup_has_a_limit(ws: kit.Workspace) -> None:
    ws.athena.workgroups.create(Workgroup(name="careful"))
    first = verdict(ws, "01.3")
    ws.athena.workgroups.update(Workgroup(name="careful", bytes_scanned_cutoff=50_000_000))
    second = verdict(ws, "01.3")
    ws.athena.workgroups.update(Workgroup(name="careful", bytes_scanned_cutoff=10_000_000))
    third = verdict(ws, "01.3")

    assert [each.solved for each in (first, second, third)] == [False, False, True]


def test_each_key_has_a_shard_of_its_own(ws: kit.Workspace) -> None:
    from kit.streams.hashing import hash_key

    stream = ws.streams.create("practice", shards=1)
    first = verdict(ws, "02.1")
    low, middle, high = sorted(hash_key(key) for key in ("EWR", "JFK", "LGA"))
    _, upper = stream.split(stream.shards()[0].shard_id, low + 1)
    second = verdict(ws, "02.1")
    stream.split(upper.shard_id, middle + 1)
    third = verdict(ws, "02.1")
    stream.split(stream.shards()[-1].shard_id, high + 1)
    fourth = verdict(ws, "02.1")

    assert [each.solved for each in (first, second, third, fourth)] == [False, False, True, False]
    assert "Merge" in fourth.hint


def test_a_reader_has_read_all(ws: kit.Workspace) -> None:
    stream = ws.streams.create("practice", shards=2)
    for number in range(20):
        stream.put_record(b"x", partition_key=str(number))
    first = verdict(ws, "02.2")
    stream.consumer("practice-reader", lambda records: None).run(until="tip")
    second = verdict(ws, "02.2")
    stream.put_record(b"x", partition_key="21")
    third = verdict(ws, "02.2")

    assert [each.solved for each in (first, second, third)] == [False, True, False]
    assert "1 of 21 records" in third.found


def test_a_join_that_moves_nothing(ws: kit.Workspace) -> None:
    ask = ws.warehouse.sql
    ask("CREATE TABLE my_flights (dest varchar(3), arr_delay int) DISTKEY(dest)")
    ask("CREATE TABLE my_airports (faa varchar(3), name varchar(20)) DISTSTYLE EVEN")
    ask("INSERT INTO my_flights VALUES ('BOS', 1), ('SFO', 2), ('BOS', 3), ('LAX', 4)")
    ask("INSERT INTO my_airports VALUES ('BOS', 'Boston'), ('SFO', 'San Francisco')")
    first = verdict(ws, "03.1")
    ask("DROP TABLE my_airports")
    ask("CREATE TABLE my_airports (faa varchar(3), name varchar(20)) DISTSTYLE ALL")
    second = verdict(ws, "03.1")
    ask("INSERT INTO my_airports VALUES ('BOS', 'Boston'), ('SFO', 'San Francisco')")
    third = verdict(ws, "03.1")
    skewed = verdict(ws, "03.2")

    assert [each.solved for each in (first, second, third, skewed)] == [False, False, True, False]
    assert "DS_" in first.found
    assert "Boston" in third.found


def test_slices_that_share_the_work(ws: kit.Workspace) -> None:
    ask = ws.warehouse.sql
    ask("CREATE TABLE my_flights (dest varchar(3), arr_delay int) DISTSTYLE EVEN")
    ask("CREATE TABLE my_airports (faa varchar(3), name varchar(20)) DISTSTYLE ALL")
    ask("INSERT INTO my_airports VALUES ('BOS', 'Boston')")
    ask("INSERT INTO my_flights VALUES " + ", ".join(f"('BOS', {number})" for number in range(400)))

    found = verdict(ws, "03.2")

    assert found.solved, str(found)
