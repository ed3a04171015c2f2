"""Databases, tables and their versions."""

import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kit.base.clock import ManualClock, now
from kit.base.errors import KitError
from kit.catalog import Catalog, Column, Database, Table
from kit.catalog.serde import descriptor
from kit.storage import Storage

ErrorOf = Callable[[Callable[[], object]], KitError]


def test_a_database_is_kept_as_it_was_made(catalog: Catalog) -> None:
    made = catalog.create_database(Database("NYC", "flights of 2013", "s3://lake/nyc/", {"owner": "me"}))
    catalog.create_database("Another")
    assert made == catalog.database("nyc") == catalog.find_database("Nyc")
    assert made == Database("nyc", "flights of 2013", "s3://lake/nyc/", {"owner": "me"})
    assert [database.name for database in catalog.databases()] == ["another", "nyc"]
    assert catalog.find_database("none") is None


def test_a_database_is_made_once(catalog: Catalog, error_of: ErrorOf) -> None:
    catalog.create_database("nyc")
    error = error_of(lambda: catalog.create_database("NYC"))
    assert (error.code, error.message) == ("AlreadyExistsException", "Database 'nyc' already exists.")


def test_a_missing_database_is_named_with_a_hint(catalog: Catalog, error_of: ErrorOf, flights: Table) -> None:
    catalog.create_database("nyc")
    for call in (
        lambda: catalog.database("nyv"),
        lambda: catalog.tables("nyv"),
        lambda: catalog.table("nyv", "flights"),
        lambda: catalog.drop_database("nyv"),
        lambda: catalog.create_table(replace(flights, database="nyv")),
        lambda: catalog.partitions("nyv", "flights"),
    ):
        error = error_of(call)
        assert (error.code, error.hint) == ("EntityNotFoundException", "Did you mean 'nyc'?")


def test_a_table_is_kept_as_it_was_made(catalog: Catalog, clock: ManualClock, flights: Table) -> None:
    catalog.create_database("nyc")
    clock.advance(5)
    made = catalog.create_table(flights)
    assert made == catalog.table("Nyc", "FLIGHTS") == catalog.find_table("nyc", "flights")
    assert (made.database, made.name, made.version) == ("nyc", "flights", 1)
    assert made.created == made.updated == now(clock)
    assert [(column.name, column.type, column.comment) for column in made.columns] == [
        ("carrier", "string", ""),
        ("delay", "int", "minutes"),
        ("year", "int", ""),
        ("day", "date", ""),
        ("region", "string", ""),
    ]
    assert made.descriptor.serde.library.endswith("ParquetHiveSerDe")
    assert catalog.find_table("nyc", "none") is None
    assert catalog.find_table("none", "flights") is None


def test_a_view_is_a_table_with_a_text(catalog: Catalog) -> None:
    catalog.create_database("nyc")
    view = Table(
        "nyc", "late", descriptor("parquet", (Column("carrier", "string"),), ""), (), "VIRTUAL_VIEW",
        {"comment": "x"}, "those that are late", "SELECT carrier FROM flights WHERE delay > 0",
    )  # fmt: skip
    made = catalog.create_table(view)
    assert replace(made, version=0, created=None, updated=None) == view
    assert catalog.table("nyc", "late").view_text == view.view_text


def test_tables_come_by_name(catalog: Catalog, flights: Table) -> None:
    catalog.create_database("nyc")
    for name in ("weather", "Flights", "planes"):
        catalog.create_table(replace(flights, name=name))
    assert [table.name for table in catalog.tables("nyc")] == ["flights", "planes", "weather"]
    assert catalog.table_names("NYC") == ["flights", "planes", "weather"]
    assert catalog.table_names("none") == []


def test_a_table_is_made_once(catalog: Catalog, error_of: ErrorOf, flights: Table) -> None:
    catalog.create_database("nyc")
    catalog.create_table(flights)
    error = error_of(lambda: catalog.create_table(replace(flights, name="FLIGHTS")))
    assert (error.code, error.message) == ("AlreadyExistsException", "Table 'nyc.flights' already exists.")


def test_a_missing_table_is_named_with_a_hint(catalog: Catalog, error_of: ErrorOf, flights: Table) -> None:
    catalog.create_database("nyc")
    catalog.create_table(flights)
    for call in (
        lambda: catalog.table("nyc", "fligths"),
        lambda: catalog.drop_table("nyc", "fligths"),
        lambda: catalog.update_table(replace(flights, name="fligths", version=1)),
        lambda: catalog.table_versions("nyc", "fligths"),
        lambda: catalog.add_partitions("nyc", "fligths", []),
    ):
        error = error_of(call)
        assert (error.code, error.hint) == ("EntityNotFoundException", "Did you mean 'flights'?")


@pytest.mark.parametrize("name", ["", "  ", "a" * 256, "a\nb", "a\0b"])
def test_names_that_are_none_are_refused(catalog: Catalog, error_of: ErrorOf, flights: Table, name: str) -> None:
    catalog.create_database("nyc")
    assert error_of(lambda: catalog.create_database(name)).code == "InvalidInputException"
    assert error_of(lambda: catalog.create_table(replace(flights, name=name))).code == "InvalidInputException"


@pytest.mark.parametrize(
    ("columns", "keys", "message"),
    [
        ((Column("a", "int"), Column("A", "int")), (), "has the column 'a' twice"),
        ((Column("a", "int"),), (Column("a", "int"),), "has the column 'a' twice"),
        ((Column("a", "strng"),), (), "type expected"),
        ((Column("", "int"),), (), "is not a name for a column"),
        ((Column("a", "int"),), (Column("b", "array<int>"),), "partition key 'b' is of type array<int>"),
    ],
)
def test_tables_that_do_not_hold_together_are_refused(
    catalog: Catalog, error_of: ErrorOf, columns: tuple[Column, ...], keys: tuple[Column, ...], message: str
) -> None:
    catalog.create_database("nyc")
    error = error_of(lambda: catalog.create_table(Table("nyc", "t", descriptor("parquet", columns, "s3://b/t/"), keys)))
    assert error.code == "InvalidInputException"
    assert message in error.message
    assert catalog.tables("nyc") == []


def test_every_change_is_a_new_version(catalog: Catalog, clock: ManualClock, flights: Table) -> None:
    catalog.create_database("nyc")
    first = catalog.create_table(flights)
    clock.advance(60)
    second = catalog.update_table(replace(first, description="late or not"))
    assert (second.version, second.created, second.updated) == (2, first.created, now(clock))
    assert catalog.table("nyc", "flights") == second
    assert catalog.table_versions("nyc", "flights") == [second, first]


def test_skip_archive_changes_the_version_in_place(catalog: Catalog, flights: Table) -> None:
    catalog.create_database("nyc")
    first = catalog.create_table(flights)
    changed = catalog.update_table(replace(first, parameters={"recordCount": "7"}), skip_archive=True)
    assert changed.version == 1
    assert catalog.table_versions("nyc", "flights") == [changed]


def test_the_second_of_two_changes_from_one_version_is_refused(
    catalog: Catalog, error_of: ErrorOf, flights: Table
) -> None:
    catalog.create_database("nyc")
    base = catalog.create_table(flights)
    mine = catalog.update_table(replace(base, description="mine"))
    error = error_of(lambda: catalog.update_table(replace(base, description="theirs")))
    assert error.code == "ConcurrentModificationException"
    assert catalog.table("nyc", "flights") == mine
    again = catalog.update_table(replace(mine, description="theirs, after reading mine"))
    assert again.version == 3


def test_a_change_in_place_counts_as_a_change_even_where_the_clock_stands(
    catalog: Catalog, error_of: ErrorOf, flights: Table
) -> None:
    catalog.create_database("nyc")
    base = catalog.create_table(flights)
    mine = catalog.update_table(replace(base, parameters={"a": "1"}), skip_archive=True)
    assert mine.updated is not None
    assert base.updated is not None
    assert mine.updated - base.updated == timedelta(microseconds=1)
    error = error_of(lambda: catalog.update_table(replace(base, parameters={"b": "2"}), skip_archive=True))
    assert error.code == "ConcurrentModificationException"


def test_a_table_that_was_never_read_cannot_be_changed(catalog: Catalog, error_of: ErrorOf, flights: Table) -> None:
    catalog.create_database("nyc")
    catalog.create_table(flights)
    assert error_of(lambda: catalog.update_table(flights)).code == "ConcurrentModificationException"


def test_dropping_a_table_drops_all_of_it(catalog: Catalog, flights: Table) -> None:
    catalog.create_database("nyc")
    catalog.update_table(catalog.create_table(flights))
    catalog.drop_table("nyc", "Flights")
    assert catalog.tables("nyc") == []
    again = catalog.create_table(flights)
    assert again.version == 1
    assert catalog.table_versions("nyc", "flights") == [again]


def test_a_database_with_tables_needs_cascade(catalog: Catalog, error_of: ErrorOf, flights: Table) -> None:
    catalog.create_database("nyc")
    catalog.create_table(flights)
    error = error_of(lambda: catalog.drop_database("nyc"))
    assert error.code == "InvalidInputException"
    assert "flights" in error.message
    catalog.drop_database("NYC", cascade=True)
    assert catalog.databases() == []
    catalog.create_database("nyc")
    assert catalog.tables("nyc") == []


def test_a_failed_change_leaves_nothing_behind(catalog: Catalog, flights: Table, error_of: ErrorOf) -> None:
    from kit.catalog import Partition

    catalog.create_database("nyc")
    before = catalog.generation()
    bad = [Partition(("2013", "2013-01-01", "e"), "s3://x/"), Partition(("MMXIII", "2013-01-01", "e"), "s3://x/")]
    assert error_of(lambda: catalog.create_table(flights, bad)).code == "HIVE_INVALID_PARTITION_VALUE"
    assert catalog.tables("nyc") == []
    assert catalog.generation() == before


def test_the_generation_grows_with_every_change_and_with_no_reading(
    catalog: Catalog, tmp_path: Path, storage: Storage, clock: ManualClock, flights: Table
) -> None:
    other = Catalog(tmp_path / "catalog.sqlite", storage=storage, clock=clock)
    seen = [other.generation()]
    for change in (
        lambda: catalog.create_database("nyc"),
        lambda: catalog.create_table(flights),
        lambda: catalog.update_table(catalog.table("nyc", "flights")),
        lambda: catalog.drop_table("nyc", "flights"),
        lambda: catalog.drop_database("nyc"),
    ):
        change()
        catalog.databases()
        seen.append(other.generation())
    other.close()
    assert seen == sorted(set(seen))


def test_threads_share_a_catalog(catalog: Catalog, flights: Table) -> None:
    catalog.create_database("nyc")
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(10):
                catalog.create_table(replace(flights, name=f"t{number}_{step}"))
                assert f"t{number}_{step}" in catalog.table_names("nyc")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(catalog.tables("nyc")) == 60


def test_the_file_is_private(catalog: Catalog, tmp_path: Path) -> None:
    catalog.create_database("nyc")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("catalog.sqlite*")}
    assert set(modes) >= {"catalog.sqlite", "catalog.sqlite-wal"}
    assert set(modes.values()) == {0o600}


def test_a_closed_catalog_says_so(catalog: Catalog, error_of: ErrorOf) -> None:
    catalog.close()
    assert "closed" in error_of(catalog.databases).message


def test_a_file_that_is_no_catalog_is_named(
    tmp_path: Path, storage: Storage, clock: ManualClock, error_of: ErrorOf
) -> None:
    (tmp_path / "broken").write_bytes(b"this is no database, not at all" * 100)
    broken = Catalog(tmp_path / "broken", storage=storage, clock=clock)
    assert error_of(broken.databases).code == "CATALOG_CORRUPT"


def test_a_catalog_of_a_later_version_is_left_alone(
    tmp_path: Path, storage: Storage, clock: ManualClock, error_of: ErrorOf
) -> None:
    with sqlite3.connect(tmp_path / "later") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    later = Catalog(tmp_path / "later", storage=storage, clock=clock)
    assert error_of(later.databases).code == "CATALOG_TOO_NEW"


def test_names_with_quotes_and_sql_in_them_are_only_names(catalog: Catalog, flights: Table) -> None:
    name = "x'; drop table catalog_table; --"
    catalog.create_database(name)
    catalog.create_table(replace(flights, database=name, name='a"b'))
    assert catalog.table_names(name) == ['a"b']


def test_a_catalog_of_an_earlier_layout_is_brought_up_to_date(
    tmp_path: Path, storage: Storage, clock: ManualClock, flights: Table
) -> None:
    earlier = Catalog(tmp_path / "earlier", storage=storage, clock=clock)
    earlier.create_database("nyc")
    earlier.create_table(flights)
    earlier.close()
    with sqlite3.connect(tmp_path / "earlier") as connection:
        for table in ("crawl_run", "crawled_folder", "crawler_event", "crawler", "classifier", "column_statistics"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version=1")
    connection.close()
    later = Catalog(tmp_path / "earlier", storage=storage, clock=clock)
    assert later.table_names("nyc") == ["flights"]
    assert later.crawlers.create("x", "s3://lake/", database="nyc").name == "x"
    later.close()
