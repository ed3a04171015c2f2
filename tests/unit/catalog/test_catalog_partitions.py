"""Partitions: adding, dropping, and finding them by what a query asks."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.clock import ManualClock, now
from kit.base.domain import Between, Domain, OneOf, contains
from kit.base.errors import KitError
from kit.catalog import Catalog, Column, Partition, Table
from kit.catalog.conditions import Condition, condition
from kit.catalog.partition_values import typed
from kit.catalog.serde import descriptor
from kit.catalog.types import parse
from kit.storage import Storage

ErrorOf = Callable[[Callable[[], object]], KitError]


def partition(*values: str | None) -> Partition:
    return Partition(values, "s3://lake/" + "/".join(map(str, values)) + "/")


@pytest.fixture
def table(catalog: Catalog, flights: Table) -> Table:
    catalog.create_database("nyc")
    return catalog.create_table(flights)


def found(catalog: Catalog, **domains: Domain) -> list[tuple[str | None, ...]]:
    partitions = [each.values for each in catalog.partitions("nyc", "flights", domains)]
    assert catalog.partition_count("nyc", "flights", domains) == len(partitions)
    return partitions


def test_partitions_come_typed_and_in_order(catalog: Catalog, table: Table) -> None:
    added = catalog.add_partitions(
        "nyc",
        "flights",
        [
            partition("2013", "2013-01-10", "b"),
            partition("2013", "2013-01-09", "a"),
            partition("999", "2013-01-01", "a"),
            partition(None, "2013-01-01", "a"),
            partition("2013", None, None),
        ],
    )
    assert added == 5
    assert found(catalog) == [
        (None, "2013-01-01", "a"),
        ("999", "2013-01-01", "a"),
        ("2013", None, None),
        ("2013", "2013-01-09", "a"),
        ("2013", "2013-01-10", "b"),
    ]


def test_a_partition_is_kept_as_it_was_added(catalog: Catalog, table: Table, clock: ManualClock) -> None:
    clock.advance(7)
    own = descriptor("orc", (Column("x", "int"),), "s3://lake/p/")
    full = Partition(("2013", "2013-01-01", "e"), "s3://lake/p/", own, {"recordCount": "7"})
    catalog.add_partitions("nyc", "flights", [full])
    (kept,) = catalog.partitions("nyc", "flights")
    assert kept == replace(full, created=now(clock))
    assert catalog.find_partition("nyc", "flights", ("2013", "2013-01-01", "e")) == kept
    assert catalog.find_partition("nyc", "flights", ("2014", "2013-01-01", "e")) is None


def test_a_value_that_does_not_fit_its_type_adds_nothing(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    rows = [partition("2013", "2013-01-01", "e"), partition("2013", "2013-13-01", "e")]
    error = error_of(lambda: catalog.add_partitions("nyc", "flights", rows))
    assert error.code == "HIVE_INVALID_PARTITION_VALUE"
    assert "'2013-13-01' for date partition key: day" in error.message
    assert found(catalog) == []


def test_a_partition_is_added_once(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    first = partition("2013", "2013-01-01", "e")
    second = partition("2013", "2013-01-02", "e")
    catalog.add_partitions("nyc", "flights", [first])
    error = error_of(lambda: catalog.add_partitions("nyc", "flights", [second, first]))
    assert error.code == "AlreadyExistsException"
    assert "year=2013/day=2013-01-01/region=e" in error.message
    assert found(catalog) == [first.values], "all or none"
    assert (
        catalog.add_partitions("nyc", "flights", [second, replace(first, location="s3://x/")], if_not_exists=True) == 1
    )
    assert catalog.find_partition("nyc", "flights", first.values).location == first.location  # type: ignore[union-attr]


def test_texts_that_mean_the_same_are_different_partitions(catalog: Catalog, table: Table) -> None:
    catalog.add_partitions("nyc", "flights", [partition("1", None, "e"), partition("01", None, "e")])
    assert len(found(catalog, year=OneOf((1,)))) == 2


def test_partitions_are_dropped_by_their_values(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    rows = [partition("2013", f"2013-01-0{day}", None) for day in range(1, 5)]
    catalog.add_partitions("nyc", "flights", rows)
    assert catalog.drop_partitions("nyc", "flights", [rows[0].values]) == 1
    error = error_of(lambda: catalog.drop_partitions("nyc", "flights", [rows[1].values, rows[0].values]))
    assert error.code == "EntityNotFoundException"
    assert len(found(catalog)) == 3, "all or none"
    assert catalog.drop_partitions("nyc", "flights", [each.values for each in rows], if_exists=True) == 3


def test_a_partition_can_be_moved(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    row = partition("2013", None, "e")
    catalog.add_partitions("nyc", "flights", [row])
    catalog.update_partition("nyc", "flights", replace(row, location="s3://elsewhere/"))
    assert catalog.partitions("nyc", "flights")[0].location == "s3://elsewhere/"
    missing = partition("2014", None, "e")
    assert error_of(lambda: catalog.update_partition("nyc", "flights", missing)).code == "EntityNotFoundException"


def test_dropping_the_table_drops_its_partitions(catalog: Catalog, table: Table, flights: Table) -> None:
    catalog.add_partitions("nyc", "flights", [partition("2013", None, "e")])
    catalog.drop_table("nyc", "flights")
    catalog.create_table(flights)
    assert found(catalog) == []


def test_too_few_values_and_keys_that_are_none_are_refused(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    error = error_of(lambda: catalog.add_partitions("nyc", "flights", [partition("2013")]))
    assert (error.code, error.hint) == ("InvalidInputException", "The keys are year, day, region.")
    error = error_of(lambda: catalog.partitions("nyc", "flights", {"yaer": OneOf((1,))}))
    assert (error.code, error.hint) == ("InvalidInputException", "Did you mean 'year'?")


def test_numbers_and_dates_compare_as_such(catalog: Catalog, table: Table) -> None:
    catalog.add_partitions(
        "nyc",
        "flights",
        [partition(str(year), f"{year:04}-06-01", region) for year in (9, 10, 100, 2013) for region in ("a", "b")],
    )
    assert {values[0] for values in found(catalog, year=Between(9, 100))} == {"9", "10", "100"}
    assert {values[0] for values in found(catalog, year=Between(9, 100, low_open=True, high_open=True))} == {"10"}
    assert {values[0] for values in found(catalog, day=Between(None, date(10, 6, 1)))} == {"9", "10"}
    assert found(catalog, region=OneOf(("b",)), year=OneOf((10, 2013, 7))) == [
        ("10", "0010-06-01", "b"),
        ("2013", "2013-06-01", "b"),
    ]
    assert found(catalog, year=OneOf(())) == []
    assert found(catalog, region=Between("a", "b", high_open=True), year=Between(2000)) == [("2013", "2013-06-01", "a")]


def test_null_is_in_no_domain(catalog: Catalog, table: Table) -> None:
    catalog.add_partitions("nyc", "flights", [partition(None, None, None), partition("1", "2013-01-01", "")])
    assert found(catalog, year=Between()) == [("1", "2013-01-01", "")]
    assert found(catalog, region=OneOf(("",))) == [("1", "2013-01-01", "")]


def test_a_value_of_another_kind_prunes_nothing(catalog: Catalog, table: Table) -> None:
    catalog.add_partitions("nyc", "flights", [partition("1", "2013-01-01", "a")])
    assert len(found(catalog, year=OneOf(("1",)))) == 1
    assert len(found(catalog, day=Between(datetime(2014, 1, 1)))) == 1
    assert len(found(catalog, region=OneOf((7,)))) == 1


def test_a_long_list_of_values_finds_exactly_those(catalog: Catalog, table: Table) -> None:
    catalog.add_partitions("nyc", "flights", [partition(str(number), None, None) for number in range(2000)])
    wanted = tuple(range(0, 2000, 3))
    assert [values[0] for values in found(catalog, year=OneOf(wanted))] == [str(number) for number in wanted]


def test_keys_beyond_the_indexed_ones_are_still_pruned(catalog: Catalog) -> None:
    catalog.create_database("nyc")
    keys = tuple(Column(f"k{number}", "int") for number in range(10))
    catalog.create_table(Table("nyc", "flights", descriptor("parquet", (Column("a", "int"),), "s3://b/t/"), keys))
    rows = [partition(*(str(row * 10 + number) for number in range(10))) for row in range(5)]
    catalog.add_partitions("nyc", "flights", rows)
    assert found(catalog, k9=OneOf((29,))) == [rows[2].values]
    assert found(catalog, k9=Between(20), k0=Between(None, 30)) == [rows[2].values, rows[3].values]
    assert found(catalog, k9=OneOf((29,)), k8=OneOf((38,))) == []


def test_a_key_of_another_type_retypes_the_values(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    catalog.add_partitions("nyc", "flights", [partition("10", None, "x"), partition("9", None, "y")])
    year, day, region = table.partition_keys
    as_text = catalog.update_table(replace(table, partition_keys=(replace(year, type="string"), day, region)))
    assert [values[0] for values in found(catalog)] == ["10", "9"]
    assert found(catalog, year=OneOf(("9",))) == [("9", None, "y")]
    error = error_of(
        lambda: catalog.update_table(replace(as_text, partition_keys=(year, day, replace(region, type="int"))))
    )
    assert error.code == "HIVE_INVALID_PARTITION_VALUE"
    catalog.update_table(replace(as_text, partition_keys=(year, day, region)))
    assert [values[0] for values in found(catalog)] == ["9", "10"]


def test_other_keys_need_a_table_without_partitions(catalog: Catalog, table: Table, error_of: ErrorOf) -> None:
    catalog.add_partitions("nyc", "flights", [partition("10", None, "x")])
    fewer = replace(table, partition_keys=table.partition_keys[:1])
    assert error_of(lambda: catalog.update_table(fewer)).code == "InvalidInputException"
    catalog.drop_partitions("nyc", "flights", [("10", None, "x")])
    assert len(catalog.update_table(fewer).partition_keys) == 1


VALUES = {
    "int": (st.integers(-30, 30).map(str), st.integers(-30, 30) | st.floats(-30, 30) | st.decimals(-30, 30, places=1)),
    "bigint": (
        st.integers(-(2**63), 2**63 - 1).map(str),
        st.integers(-(2**64), 2**64) | st.integers(2**63 - 3, 2**63 + 3) | st.just(math.nan),
    ),
    "double": (
        st.floats(allow_nan=False).map(lambda value: repr(value).replace("inf", "Infinity")),
        st.floats() | st.integers(-5, 5),
    ),
    "decimal(20,3)": (
        st.decimals(-(10**16), 10**16, places=3).map(lambda value: f"{value:f}"),
        st.decimals(-(10**16), 10**16, places=3) | st.floats(allow_nan=False, allow_infinity=False),
    ),
    "date": (st.dates().map(str), st.dates() | st.datetimes()),
    "timestamp": (st.datetimes().map(lambda value: value.isoformat(sep=" ")), st.datetimes()),
    "string": (st.text(st.characters(codec="utf-8"), max_size=3), st.text(st.characters(codec="utf-8"), max_size=3)),
    "boolean": (st.sampled_from(["true", "false"]), st.booleans()),
    "float": (st.floats(-2, 2, width=16).map(repr), st.floats(-2, 2, width=16)),
    "char(3)": (st.sampled_from(["a", "b", "ab", "a  "]), st.sampled_from(["a", "b ", "ab", "c"])),
}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[str], Domain]:
    kind = draw(st.sampled_from(sorted(VALUES)))
    texts, asked = VALUES[kind]
    bounds = st.none() | asked
    domain = draw(
        st.builds(lambda values: OneOf(tuple(values)), st.lists(asked, max_size=4))
        | st.builds(Between, bounds, bounds, st.booleans(), st.booleans())
    )
    return kind, draw(st.lists(texts, max_size=8, unique=True)), domain


@given(cases())
def test_a_look_up_keeps_all_that_may_pass_and_little_more(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[str, list[str], Domain]
) -> None:
    kind, texts, domain = case
    folder = tmp_path_factory.mktemp("catalog")
    clock = ManualClock()
    storage = Storage(folder / "storage", clock=clock)
    catalog = Catalog(folder / "catalog.sqlite", storage=storage, clock=clock)
    catalog.create_database("nyc")
    shape = descriptor("parquet", (Column("a", "int"),), "s3://b/t/")
    catalog.create_table(Table("nyc", "flights", shape, (Column("k", kind),)), [partition(text) for text in texts])
    kept = {each.values[0] for each in catalog.partitions("nyc", "flights", {"k": domain})}
    catalog.close()
    storage.close()
    parsed = parse(kind)
    passing = {text for text in texts if contains(domain, typed(text, parsed))}
    if condition("k", parsed, domain) is None:
        assert kept == set(texts), "what cannot be compared is not pruned"
    else:
        assert kept == passing


@pytest.mark.parametrize("kind", ["float", "char(3)"])
def test_types_whose_comparison_depends_on_the_query_are_not_pruned(kind: str) -> None:
    assert condition("k", parse(kind), OneOf((0.1 if kind == "float" else "a",))) is None


def test_decimals_finer_than_a_double_are_found_at_the_bound_itself(catalog: Catalog) -> None:
    catalog.create_database("nyc")
    shape = descriptor("parquet", (Column("a", "int"),), "s3://b/t/")
    texts = ["1234567890123456.788", "1234567890123456.789", "1234567890123456.790"]
    catalog.create_table(
        Table("nyc", "flights", shape, (Column("k", "decimal(20,3)"),)), [partition(text) for text in texts]
    )
    middle = Decimal(texts[1])
    assert found(catalog, k=OneOf((middle,))) == [(texts[1],)]
    assert set(found(catalog, k=Between(middle))) == {(texts[1],), (texts[2],)}
    assert set(found(catalog, k=Between(None, middle, high_open=True))) == {(texts[0],)}


def test_a_condition_binds_its_values() -> None:
    assert condition("k0", parse("string"), OneOf(("' OR 1=1 --",))) == Condition("k0 = ?", ("' OR 1=1 --",), True)
    assert condition("k0", parse("int"), Between(Decimal("1.5"), 3, high_open=True)) == Condition(
        "k0 IS NOT NULL AND k0 >= ? AND k0 < ?", (1.5, 3), True
    )
