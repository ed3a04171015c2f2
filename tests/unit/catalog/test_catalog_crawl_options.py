"""What a crawl is told: exclusions, samples, thresholds, what becomes of partitions that are gone."""

from collections.abc import Callable

import pytest

from kit.base.errors import KitError
from kit.catalog import Catalog
from kit.catalog.crawler.exclusions import excluder
from kit.storage import Storage

Put = Callable[..., None]
ErrorOf = Callable[[Callable[[], object]], KitError]
CSV = ("id,name", "1,a", "2,b")


@pytest.mark.parametrize(
    ("pattern", "excluded", "kept"),
    [
        ("*.csv", ["a.csv", ".csv"], ["a/b.csv", "a.csv.gz"]),
        ("**.csv", ["a.csv", "a/b.csv"], ["a.txt"]),
        ("**/*.tmp", ["a/b.tmp", "a/b/c.tmp"], ["b.tmp"]),
        ("tmp/**", ["tmp/a", "tmp/a/b"], ["tmp", "a/tmp/b"]),
        ("year=201?/*", ["year=2013/a"], ["year=20/a", "year=2013/m/a", "year=20133/a"]),
        ("[abc]*", ["apple", "b"], ["dog"]),
        ("[!abc]*", ["dog"], ["apple"]),
        ("[a-c]/x", ["b/x"], ["d/x"]),
        ("a[/]b", [], ["a/b"]),
        ("*.{tmp,bak}", ["a.tmp", "a.bak"], ["a.csv", "a.{tmp,bak}"]),
        ("{a,b/**}", ["a", "b/c/d"], ["c"]),
        (r"\*.csv", ["*.csv"], ["a.csv"]),
        (r"a\{b", ["a{b"], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
        ("Größe*", ["Größe=1"], ["größe=1"]),
        ("[a.^]", [".", "^", "a"], ["b"]),
    ],
)
def test_exclude_patterns_are_glues_globs(pattern: str, excluded: list[str], kept: list[str]) -> None:
    is_excluded = excluder([pattern])
    assert [key for key in (*excluded, *kept) if is_excluded(key)] == excluded


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "a}", "a]", "{a,{b,c}}", "a\\", "[]"])
def test_a_pattern_that_does_not_hold_is_refused(pattern: str) -> None:
    with pytest.raises(KitError) as info:
        excluder([pattern])
    assert info.value.code == "InvalidInputException"
    assert info.value.message == f"The exclude pattern '{pattern}' does not hold."


def test_excluded_objects_are_not_read_and_a_note_says_that_queries_see_them(
    catalog: Catalog, storage: Storage, put_csv: Put
) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    storage.put("s3://lake/t/b.tmp", bytes(range(256)))
    storage.put("s3://lake/other/b.tmp", bytes(range(256)))
    report = catalog.crawl("s3://lake/", database="nyc", exclusions=("**.tmp",))
    assert report.created == ("t",)
    assert report.tables[0].notes == ("1 excluded object lies in its folder: queries read all of it",)
    assert {each.reason for each in report.ignored} == {"excluded"}


def test_of_each_folder_a_sample_is_read_and_the_rest_taken_to_be_alike(
    catalog: Catalog, storage: Storage, put_csv: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("k=1", "k=2"):
        for number in range(5):
            put_csv(f"s3://lake/t/{folder}/{number}.csv", *CSV)
    opened: list[str] = []
    open_object = storage.open

    def noted(uri: str) -> object:
        opened.append(uri)
        return open_object(uri)

    monkeypatch.setattr(storage, "open", noted)
    report = catalog.crawl("s3://lake/t/", database="nyc", sample_size=2)
    assert [uri.removeprefix("s3://lake/t/") for uri in opened] == ["k=1/0.csv", "k=1/1.csv", "k=2/0.csv", "k=2/1.csv"]
    assert report.tables[0].objects == 10
    assert catalog.table("nyc", "t").parameters["recordCount"] == "20"


def test_a_folder_whose_sample_cannot_be_read_is_no_table(catalog: Catalog, storage: Storage, put_csv: Put) -> None:
    storage.put("s3://lake/t/0.bin", bytes(range(256)))
    put_csv("s3://lake/t/1.csv", *CSV)
    report = catalog.crawl("s3://lake/t/", database="nyc", sample_size=1)
    assert report.tables == ()
    assert [each.reason for each in report.ignored] == ["no classifier recognises it", "not part of the sample"]


def test_more_tables_than_the_threshold_make_none(catalog: Catalog, put_csv: Put, error_of: ErrorOf) -> None:
    put_csv("s3://lake/a/a.csv", *CSV)
    put_csv("s3://lake/b/b.csv", "x,y", "1,2")
    error = error_of(lambda: catalog.crawl("s3://lake/", database="nyc", table_threshold=1))
    assert "Failing crawler without writing to Data Catalog." in error.message
    assert catalog.tables("nyc") == []
    assert catalog.crawl("s3://lake/", database="nyc", table_threshold=2).created == ("a", "b")


@pytest.mark.parametrize(
    ("behavior", "note", "left"),
    [
        ("LOG", "1 partitions have no data any more; they are kept", [{}, {}]),
        ("DELETE_FROM_DATABASE", "1 partitions had no data any more; they are dropped", [{}]),
        (
            "DEPRECATE_IN_DATABASE",
            "1 partitions have no data any more; they are deprecated",
            [{"DEPRECATED_BY_CRAWLER": "1767225600000"}, {}],
        ),
    ],
)
def test_partitions_without_data_are_treated_as_told(
    catalog: Catalog, storage: Storage, put_csv: Put, behavior: str, note: str, left: list[dict[str, str]]
) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    put_csv("s3://lake/t/k=2/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    storage.delete_prefix("s3://lake/t/k=1/")
    report = catalog.crawl("s3://lake/t/", database="nyc", delete_behavior=behavior)
    assert report.tables[0].notes == (note,)
    assert [dict(each.parameters) for each in catalog.partitions("nyc", "t")] == left


def test_a_partition_that_lies_elsewhere_is_not_taken_for_gone(
    catalog: Catalog, storage: Storage, put_csv: Put
) -> None:
    from kit.catalog import Partition

    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    catalog.add_partitions("nyc", "t", [Partition(("9",), "s3://archive/k=9/")])
    catalog.crawl("s3://lake/t/", database="nyc", delete_behavior="DELETE_FROM_DATABASE")
    assert [each.values for each in catalog.partitions("nyc", "t")] == [("1",), ("9",)]


def test_a_partition_whose_data_cannot_be_read_any_more_is_not_taken_for_gone(
    catalog: Catalog, storage: Storage, put_csv: Put
) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    put_csv("s3://lake/t/k=2/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    storage.put("s3://lake/t/k=2/image.png", bytes(range(256)))
    report = catalog.crawl("s3://lake/t/", database="nyc", delete_behavior="DELETE_FROM_DATABASE")
    assert catalog.partition_count("nyc", "t") == 2
    assert "a query of its folder would fail on image.png" in {each.reason for each in report.ignored}
