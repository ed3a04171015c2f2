"""Partitions: added, found in storage, dropped, renamed."""

from typing import Any

import pytest

from kit.base.errors import KitError


@pytest.fixture
def table(lake: Any) -> Any:
    for day in ("a", "b", "c%3Ad"):
        lake.put(f"t/n=1/day={day}/x.csv", f"{day}\n")
    lake.put("t/n=1/other/x.csv", "stray\n")
    lake.put("t/n=1/x.csv", "stray\n")
    lake.table("t", {"v": "string"}, "textfile", keys={"n": "int", "day": "string"})
    return lake


def partitions(lake: Any) -> list[Any]:
    return [each.values for each in lake.catalog.partitions("lake", "t")]


def test_repair_adds_what_storage_holds(table: Any) -> None:
    result = table.sql("MSCK REPAIR TABLE t")

    assert partitions(table) == [("1", "a"), ("1", "b"), ("1", "c:d")]
    assert result.message.splitlines() == [
        "Partitions not in metastore: t:n=1/day=a t:n=1/day=b t:n=1/day=c%3Ad",
        "Repair: Added partition to metastore t:n=1/day=a",
        "Repair: Added partition to metastore t:n=1/day=b",
        "Repair: Added partition to metastore t:n=1/day=c%3Ad",
    ]
    assert table.rows("SELECT v, day FROM t ORDER BY v") == [("a", "a"), ("b", "b"), ("c%3Ad", "c:d")]
    assert table.sql("MSCK REPAIR TABLE t").message == "Query successful."


def test_partitions_are_added_with_or_without_a_location(table: Any) -> None:
    table.sql("ALTER TABLE t ADD PARTITION (n=1, day='a') PARTITION (day='z', n='2') LOCATION 's3://data/t/n=1/day=b'")

    assert [(each.values, each.location) for each in table.catalog.partitions("lake", "t")] == [
        (("1", "a"), "s3://data/t/n=1/day=a/"),
        (("2", "z"), "s3://data/t/n=1/day=b/"),
    ]
    assert table.rows("SELECT v, n FROM t ORDER BY v") == [("a", 1), ("b", 2)]
    with pytest.raises(KitError, match="AlreadyExistsException"):
        table.sql("ALTER TABLE t ADD PARTITION (n=1, day='a')")
    table.sql("ALTER TABLE t ADD IF NOT EXISTS PARTITION (n=1, day='a') PARTITION (n=3, day='a')")
    assert len(partitions(table)) == 3


@pytest.mark.parametrize("spec", ["(n=1)", "(n=1, dya='a')", "(n=1, day='a', x='b')"])
def test_a_spec_must_name_the_keys(table: Any, spec: str) -> None:
    with pytest.raises(KitError, match="does not fit the partition keys"):
        table.sql(f"ALTER TABLE t ADD PARTITION {spec}")


def test_a_value_must_fit_its_key(table: Any) -> None:
    with pytest.raises(KitError, match="HIVE_INVALID_PARTITION_VALUE"):
        table.sql("ALTER TABLE t ADD PARTITION (n='one', day='a')")


def test_partitions_are_dropped_by_their_values(table: Any) -> None:
    table.sql("MSCK REPAIR TABLE t")
    table.sql("ALTER TABLE t ADD PARTITION (n=2, day='a') PARTITION (n=3, day='a')")

    table.sql("ALTER TABLE t DROP PARTITION (n = 1, day = 'a')")
    assert ("1", "a") not in partitions(table)
    table.sql("ALTER TABLE t DROP PARTITION (n >= 2)")
    assert partitions(table) == [("1", "b"), ("1", "c:d")]
    with pytest.raises(KitError, match="EntityNotFoundException"):
        table.sql("ALTER TABLE t DROP PARTITION (n = 9)")
    table.sql("ALTER TABLE t DROP IF EXISTS PARTITION (n = 9), PARTITION (day = 'b')")
    assert partitions(table) == [("1", "c:d")]


def test_a_partition_can_be_renamed(table: Any) -> None:
    table.sql("MSCK REPAIR TABLE t")

    table.sql("ALTER TABLE t PARTITION (n=1, day='a') RENAME TO PARTITION (n=7, day='a')")

    assert ("7", "a") in partitions(table)
    assert table.rows("SELECT v FROM t WHERE n = 7") == [("a",)]


def test_a_table_without_keys_has_no_partitions(lake: Any) -> None:
    lake.table("t", {"v": "string"}, "textfile")

    for text in ("MSCK REPAIR TABLE t", "ALTER TABLE t ADD PARTITION (p=1)", "SHOW PARTITIONS t"):
        with pytest.raises(KitError, match="not a partitioned table"):
            lake.sql(text)
