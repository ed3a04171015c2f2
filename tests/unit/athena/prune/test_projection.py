"""Partition projection: which partitions a table's properties stand for, under a clock that stands still."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kit.athena.prune.projection import is_projected, project
from kit.base.domain import Between, Domain, OneOf
from kit.base.errors import KitError
from kit.catalog import Column, Table
from kit.catalog.serde import descriptor

NOW = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)


def table(keys: dict[str, str], **properties: str) -> Table:
    parameters = {"projection.enabled": "true"}
    parameters |= {name.replace("__", "."): value for name, value in properties.items()}
    return Table(
        "lake",
        "t",
        descriptor("parquet", (Column("v", "int"),), "s3://data/t/"),
        tuple(Column(name, kind) for name, kind in keys.items()),
        parameters=parameters,
    )


def values(given: Table, **domains: Domain) -> list[Any]:
    found = [partition.values for partition in project(given, domains, NOW).partitions]
    return [each[0] for each in found] if len(given.partition_keys) == 1 else found


def of(kind: str, **properties: str) -> Table:
    return table({"p": kind}, **{f"projection__p__{name}": value for name, value in properties.items()})


def test_a_table_is_projected_only_where_it_is_enabled() -> None:
    enabled = of("int", type="integer", range="1,2")

    assert is_projected(enabled)
    assert not is_projected(Table("lake", "t", enabled.descriptor, enabled.partition_keys))
    assert not is_projected(Table("lake", "t", enabled.descriptor, (), parameters=enabled.parameters))


def test_enum_values_are_listed() -> None:
    given = of("string", type="enum", values="a, b,c")

    assert values(given) == ["a", "b", "c"]
    assert values(given, p=OneOf(("c", "z"))) == ["c"]


@pytest.mark.parametrize(
    ("properties", "domain", "expected"),
    [
        ({"range": "1,4"}, None, ["1", "2", "3", "4"]),
        ({"range": "-1,1"}, None, ["-1", "0", "1"]),
        ({"range": "0,20", "interval": "5"}, None, ["0", "5", "10", "15", "20"]),
        ({"range": "8,11", "digits": "3"}, None, ["008", "009", "010", "011"]),
        ({"range": "1,1000000000", "digits": "2"}, OneOf((7, 12, 0)), ["07", "12"]),
        ({"range": "0,1000000000", "interval": "10"}, Between(15, 41), ["20", "30", "40"]),
        ({"range": "0,100", "interval": "10"}, Between(20, 40, low_open=True, high_open=True), ["30"]),
        ({"range": "0,5"}, OneOf(()), []),
        ({"range": "0,5"}, Between(9, None), []),
    ],
)
def test_integers_are_counted(properties: dict[str, str], domain: Domain | None, expected: list[str]) -> None:
    given = of("int", type="integer", **properties)

    assert values(given, **({} if domain is None else {"p": domain})) == expected


def test_integers_in_a_column_of_text_compare_as_text() -> None:
    given = of("string", type="integer", range="1,12", digits="2")

    assert values(given, p=OneOf(("07", "7"))) == ["07"]
    assert values(given, p=Between("10", None)) == ["10", "11", "12"]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"format": "yyyy-MM-dd", "range": "2026-07-13,NOW"}, ["2026-07-13", "2026-07-14", "2026-07-15"]),
        ({"format": "yyyy-MM-dd", "range": "NOW-1DAY,NOW+1DAY"}, ["2026-07-14", "2026-07-15", "2026-07-16"]),
        ({"format": "yyyy/MM", "range": "2026/05,NOW"}, ["2026/05", "2026/06", "2026/07"]),
        ({"format": "yyyy", "range": "NOW-2YEARS,NOW", "interval.unit": "YEARS"}, ["2024", "2025", "2026"]),
        (
            {"format": "yyyy-MM-dd-HH", "range": "2026-07-15-00,NOW", "interval": "6", "interval.unit": "HOURS"},
            ["2026-07-15-00", "2026-07-15-06", "2026-07-15-12"],
        ),
        ({"format": "yyyy-MM-dd", "range": " NOW - 1 week , NOW ", "interval": "7"}, ["2026-07-08", "2026-07-15"]),
        ({"format": "yyyyMMdd", "range": "20240131,20240430", "interval": "1", "interval.unit": "MONTHS"},
         ["20240131", "20240229", "20240331", "20240430"]),
        ({"format": "yyyy", "range": "9998,9999", "interval": "1", "interval.unit": "YEARS"}, ["9998", "9999"]),
    ],
)  # fmt: skip
def test_dates_are_stepped_through(properties: dict[str, str], expected: list[str]) -> None:
    assert values(of("string", type="date", **properties)) == expected


def test_dates_of_type_date_compare_as_dates() -> None:
    given = of("date", type="date", format="yyyy-MM-dd", range="2026-01-01,NOW")

    found = values(given, p=Between(datetime(2026, 7, 14, tzinfo=UTC).date(), None))

    assert found == ["2026-07-14", "2026-07-15"]


def test_injected_values_come_from_the_query() -> None:
    given = of("string", type="injected")

    assert values(given, p=OneOf(("x", "a"))) == ["a", "x"]
    assert project(given, {"p": OneOf(("x",))}, NOW).total is None


@pytest.mark.parametrize("domains", [{}, {"p": Between("a", "b")}])
def test_injected_columns_need_an_equality(domains: dict[str, Domain]) -> None:
    with pytest.raises(KitError) as caught:
        project(of("string", type="injected"), domains, NOW)

    assert caught.value.code == "CONSTRAINT_VIOLATION"
    assert "For the injected projected partition column p" in caught.value.message


def test_columns_multiply_and_make_folders() -> None:
    given = table(
        {"y": "int", "c": "string"},
        projection__y__type="integer",
        projection__y__range="1,2",
        projection__c__type="enum",
        projection__c__values="a=b,c",
    )

    projected = project(given, {"c": OneOf(("a=b",))}, NOW)

    assert [(each.values, each.location) for each in projected.partitions] == [
        (("1", "a=b"), "s3://data/t/y=1/c=a%3Db/"),
        (("2", "a=b"), "s3://data/t/y=2/c=a%3Db/"),
    ]
    assert projected.total == 4


def test_a_template_says_where_partitions_lie() -> None:
    given = table(
        {"d": "string"},
        projection__d__type="date",
        projection__d__format="yyyy/MM/dd",
        projection__d__range="2026/07/14,NOW",
        storage__location__template="s3://logs/x/${d}",
    )

    assert [each.location for each in project(given, {}, NOW).partitions] == [
        "s3://logs/x/2026/07/14/",
        "s3://logs/x/2026/07/15/",
    ]


def test_missing_configuration_is_named() -> None:
    given = table({"a": "int", "b": "int"}, projection__a__type="integer", projection__a__range="1,2")

    with pytest.raises(KitError) as caught:
        project(given, {}, NOW)

    assert (caught.value.code, caught.value.message) == (
        "HIVE_METASTORE_ERROR",
        (
            "Table lake.t is configured for partition projection, but the following partition columns are missing "
            "projection configuration: [b]"
        ),
    )


@pytest.mark.parametrize(
    ("kind", "properties", "name"),
    [
        ("int", {"type": "integer"}, "range"),
        ("int", {"type": "integer", "range": "5"}, "range"),
        ("int", {"type": "integer", "range": "5,1"}, "range"),
        ("int", {"type": "integer", "range": "a,b"}, "range"),
        ("int", {"type": "integer", "range": "1,2", "interval": "0"}, "range"),
        ("string", {"type": "enum"}, "values"),
        ("string", {"type": "date", "range": "NOW,NOW"}, "format"),
        ("string", {"type": "date", "format": "yyyy-MM-dd", "range": "2026-7-1,NOW"}, "range"),
        ("string", {"type": "date", "format": "yyyy-MM-dd", "range": "NOW,2026-01-01"}, "range"),
        ("string", {"type": "date", "format": "yyyy-MM-dd-HH", "range": "2026-07-15-00,NOW"}, "interval.unit"),
        (
            "string",
            {"type": "date", "format": "yyyy", "range": "2020,NOW", "interval.unit": "FORTNIGHTS"},
            "interval.unit",
        ),
        ("string", {"type": "list"}, "type"),
    ],
)
def test_properties_that_do_not_hold_are_named(kind: str, properties: dict[str, str], name: str) -> None:
    with pytest.raises(KitError) as caught:
        project(of(kind, **properties), {}, NOW)

    assert caught.value.code == "INVALID_TABLE_PROPERTY"
    assert f"'projection.p.{name}'" in caught.value.message


def test_values_must_fit_the_type() -> None:
    with pytest.raises(KitError, match="HIVE_INVALID_PARTITION_VALUE"):
        project(of("int", type="enum", values="1,x"), {"p": OneOf((1,))}, NOW)


def test_a_template_must_name_the_partition_columns() -> None:
    given = of("string", type="enum", values="a")
    broken = Table(
        "lake",
        "t",
        given.descriptor,
        given.partition_keys,
        parameters={**given.parameters, "storage.location.template": "s3://x/${q}"},
    )

    with pytest.raises(KitError, match=r"storage\.location\.template"):
        project(broken, {}, NOW)


def test_too_many_partitions_are_refused_before_they_are_made() -> None:
    given = table(
        {"a": "int", "b": "int"},
        projection__a__type="integer",
        projection__a__range="1,2000",
        projection__b__type="integer",
        projection__b__range="1,2000",
    )

    with pytest.raises(KitError, match="4,000,000 partitions"):
        project(given, {}, NOW)
    assert len(project(given, {"a": OneOf((7,))}, NOW).partitions) == 2000
