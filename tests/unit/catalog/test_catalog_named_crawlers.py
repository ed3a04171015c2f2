"""Named crawlers under a clock that is moved by hand: definitions, runs, schedules, events, second runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.catalog import Catalog, Table
from kit.catalog.classifiers import CsvClassifier, GrokClassifier, JsonPathClassifier, XmlClassifier
from kit.catalog.crawler import CrawlReport, Target
from kit.catalog.crawler.crawlers import Crawlers
from kit.storage import Storage

Put = Callable[..., None]
ErrorOf = Callable[[Callable[[], object]], KitError]
CSV = ("id,name", "1,a", "2,b")
DAY = 86_400.0


@pytest.fixture
def crawlers(catalog: Catalog, storage: Storage) -> Crawlers:
    storage.create_bucket("lake")
    return catalog.crawlers


def schema(table: Table) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def names(reports: Any) -> list[str]:
    return [name for name, _ in reports]


def test_a_crawler_runs_and_is_told_of(crawlers: Crawlers, catalog: Catalog, put_csv: Put, clock: ManualClock) -> None:
    put_csv("s3://lake/people/a.csv", *CSV)
    made = crawlers.create("nightly", "s3://lake/people", database="NYC", table_prefix="raw_")
    assert (made.state, made.last_run, made.next_due, made.version) == ("READY", None, None, 1)
    assert made.crawler.targets == (Target("s3://lake/people/"),)
    report = crawlers.start("nightly")
    status = crawlers.get("nightly")
    assert report.created == ("raw_people",)
    assert catalog.table("nyc", "raw_people").parameters["UPDATED_BY_CRAWLER"] == "nightly"
    assert status.state == "READY"
    assert status.last_run is not None
    assert (status.last_run.state, status.last_run.cause, status.last_run.created) == (
        "COMPLETED", "ON_DEMAND", ("raw_people",),
    )  # fmt: skip
    clock.advance(60)
    crawlers.start("nightly")
    assert [(run.number, run.created, run.unchanged) for run in crawlers.history("nightly")] == [
        (2, (), 1),
        (1, ("raw_people",), 0),
    ]


def test_several_targets_make_one_run(crawlers: Crawlers, put_csv: Put) -> None:
    put_csv("s3://lake/a/t/a.csv", *CSV)
    put_csv("s3://lake/b/t/a.csv", *CSV)
    put_csv("s3://lake/b/t/tmp/a.csv", "something", "else")
    crawlers.create("both", ["s3://lake/a/", Target("s3://lake/b/", exclusions=("t/tmp/**",))], database="nyc")
    report = crawlers.start("both")
    assert report.created[0] == "t"
    assert report.created[1].startswith("t_")
    assert report.tables[1].notes == ("1 excluded object lies in its folder: queries read all of it",)
    assert report.uri == "s3://lake/a/, s3://lake/b/"


def test_names_are_taken_once_and_looked_for_nearby(crawlers: Crawlers, error_of: ErrorOf) -> None:
    crawlers.create("nightly", "s3://lake/", database="nyc")
    again = error_of(lambda: crawlers.create("nightly", "s3://lake/", database="nyc"))
    missing = error_of(lambda: crawlers.start("nightli"))
    assert again.code == "AlreadyExistsException"
    assert (missing.code, missing.hint) == ("EntityNotFoundException", "Did you mean 'nightly'?")
    crawlers.delete("nightly")
    assert crawlers.list() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"targets": []}, "The crawler 'x' has no targets."),
        ({"targets": "lake/raw"}, "'lake/raw' is not a target of a crawler."),
        ({"schedule": "cron(0/4 * * * ? *)"}, "is due more often than every five minutes"),
        ({"schedule": "daily"}, "The schedule 'daily' is no cron expression"),
        ({"recrawl": "SOMETIMES"}, "'SOMETIMES' is not a recrawl behavior."),
        ({"recrawl": "CRAWL_NEW_FOLDERS_ONLY"}, "can neither update nor delete what is there"),
        ({"update_behavior": "MAYBE"}, "'MAYBE' is not a value for update_behavior."),
        ({"targets": Target("s3://lake/a/", sample_size=250)}, "250 is not a value for sample_size."),
        ({"targets": Target("s3://lake/a/", exclusions=("[a",))}, "The exclude pattern '[a' does not hold."),
        ({"table_level": 1}, "Tables at level 1 would lie above s3://lake/a/, which is level 2."),
        ({"colour": "blue"}, "A crawler has no 'colour'."),
    ],
)
def test_what_does_not_hold_is_refused_when_it_is_defined(
    crawlers: Crawlers, error_of: ErrorOf, settings: dict[str, Any], message: str
) -> None:
    targets = settings.pop("targets", "s3://lake/a/")
    error = error_of(lambda: crawlers.create("x", targets, database="nyc", **settings))
    assert error.code == "InvalidInputException"
    assert message in error.message
    assert crawlers.list() == []


def test_an_update_is_a_new_version_and_holds_for_the_next_run(crawlers: Crawlers, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    crawlers.create("x", "s3://lake/", database="nyc")
    status = crawlers.update("x", table_prefix="new_", targets=["s3://lake/t/"])
    assert (status.version, status.crawler.table_prefix) == (2, "new_")
    assert crawlers.start("x").created == ("new_t",)


def test_the_level_of_tables_counts_from_the_bucket(crawlers: Crawlers, put_csv: Put) -> None:
    put_csv("s3://lake/raw/sales/east/a.csv", *CSV)
    put_csv("s3://lake/raw/sales/west/a.csv", *CSV)
    crawlers.create("x", "s3://lake/raw/", database="nyc", table_level=4)
    assert crawlers.start("x").created == ("east", "west")
    crawlers.update("x", table_level=3)
    assert crawlers.start("x").created == ("sales",)


def test_more_tables_than_the_threshold_write_nothing(
    crawlers: Crawlers, catalog: Catalog, put_csv: Put, error_of: ErrorOf
) -> None:
    put_csv("s3://lake/a/a.csv", *CSV)
    put_csv("s3://lake/b/b.csv", "other,columns", "1,2")
    crawlers.create("x", ["s3://lake/a/", "s3://lake/b/"], database="nyc", table_threshold=1)
    error = error_of(lambda: crawlers.start("x"))
    assert error.message == (
        "The number of tables detected by crawler: 2 is greater than the table threshold value provided: 1. "
        "Failing crawler without writing to Data Catalog."
    )
    assert catalog.tables("nyc") == []
    (run,) = crawlers.history("x")
    assert (run.state, run.message) == ("FAILED", error.message)


def test_a_schedule_is_due_by_the_workspaces_clock(crawlers: Crawlers, put_csv: Put, clock: ManualClock) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    made = crawlers.create("x", "s3://lake/", database="nyc", schedule="cron(0 2 * * ? *)")
    assert made.next_due == datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
    assert crawlers.run_due() == []
    clock.advance(2 * 3600)
    assert names(crawlers.run_due()) == ["x"]
    assert crawlers.run_due() == []
    clock.advance(3 * DAY)
    assert names(crawlers.run_due()) == ["x"], "missed instants make one run"
    status = crawlers.get("x")
    assert status.next_due == datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    assert [run.cause for run in crawlers.history("x")] == ["SCHEDULED", "SCHEDULED"]


def test_a_schedule_can_rest(crawlers: Crawlers, clock: ManualClock, error_of: ErrorOf) -> None:
    crawlers.create("x", "s3://lake/", database="nyc", schedule="cron(0 2 * * ? *)")
    crawlers.stop_schedule("x")
    clock.advance(DAY)
    assert crawlers.get("x").next_due is None
    assert crawlers.run_due() == []
    assert error_of(lambda: crawlers.stop_schedule("x")).code == "SchedulerNotRunningException"
    crawlers.start_schedule("x")
    assert crawlers.run_due() == [], "what was due while it rested is not made up for"
    assert error_of(lambda: crawlers.start_schedule("x")).code == "SchedulerRunningException"
    crawlers.create("y", "s3://lake/", database="nyc")
    assert error_of(lambda: crawlers.start_schedule("y")).code == "NoScheduleException"


def test_objects_that_arrive_start_a_crawler_for_the_tables_they_touch(
    crawlers: Crawlers, catalog: Catalog, storage: Storage, put_csv: Put
) -> None:
    put_csv("s3://lake/flights/k=1/a.csv", *CSV)
    put_csv("s3://lake/people/a.csv", "name,age", "x,1")
    crawlers.create("x", "s3://lake/", database="nyc", recrawl="CRAWL_EVENT_MODE")
    storage.subscribe(crawlers.notify)
    first = crawlers.start("x")
    assert first.created == ("flights", "people")
    assert crawlers.run_due() == []
    put_csv("s3://lake/flights/k=2/a.csv", *CSV)
    put_csv("s3://elsewhere/a.csv", *CSV)
    assert crawlers.get("x").pending_events == 1
    ((name, report),) = crawlers.run_due()
    assert (name, report.updated, report.objects) == ("x", ("flights",), 2), "people was not even looked at"
    assert catalog.partition_count("nyc", "flights") == 2
    assert crawlers.get("x").pending_events == 0
    put_csv("s3://lake/planes/a.csv", "tail,seats", "N1,100")
    ((_, report),) = crawlers.run_due()
    assert (report.created, report.unchanged) == (("planes",), ("flights", "people"))
    storage.delete("s3://lake/people/a.csv")
    ((_, report),) = crawlers.run_due()
    assert [(each.name, each.action) for each in report.departed] == [("people", "deprecated")]
    assert [run.cause for run in crawlers.history("x")] == ["EVENT", "EVENT", "EVENT", "ON_DEMAND"]


def new_folders_only(crawlers: Crawlers) -> CrawlReport:
    crawlers.create(
        "x", "s3://lake/", database="nyc", recrawl="CRAWL_NEW_FOLDERS_ONLY", update_behavior="LOG",
        delete_behavior="LOG",
    )  # fmt: skip
    return crawlers.start("x")


def test_only_new_folders_are_looked_at(crawlers: Crawlers, catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/flights/k=1/a.csv", *CSV)
    put_csv("s3://lake/sales/east/a.csv", "x,y", "1,2")
    put_csv("s3://lake/sales/west/a.csv", "x,y", "1,2")
    assert new_folders_only(crawlers).created == ("flights", "sales")
    put_csv("s3://lake/flights/k=1/b.csv", "something", "else")
    put_csv("s3://lake/flights/k=2/a.csv", *CSV)
    put_csv("s3://lake/sales/north/a.csv", "x,y", "1,2")
    put_csv("s3://lake/new/a.csv", "n,m", "1,2")
    report = crawlers.start("x")
    assert (report.objects, report.created, report.updated) == (3, ("new",), ("flights", "sales"))
    assert [each.values for each in catalog.partitions("nyc", "flights")] == [("1",), ("2",)]
    assert [each.values for each in catalog.partitions("nyc", "sales")] == [("east",), ("north",), ("west",)]
    assert catalog.table("nyc", "flights").version == 1
    assert crawlers.start("x").tables == ()


def test_a_new_folder_that_does_not_fit_its_table_is_left_out(
    crawlers: Crawlers, catalog: Catalog, put_csv: Put, put_json: Put
) -> None:
    put_csv("s3://lake/flights/k=1/a.csv", *CSV)
    new_folders_only(crawlers)
    put_csv("s3://lake/flights/k=2/a.csv", "id,name", "1.5,a", "2,b")
    put_csv("s3://lake/flights/k=3/a.csv", "id,name,more", "1,a,2", "2,b,2")
    report = crawlers.start("x")
    assert [each.values for each in catalog.partitions("nyc", "flights")] == [("1",)]
    assert "not applied: id: bigint → double" in report.tables[0].changes
    assert report.tables[0].notes[-1] == "2 new partitions left out: queries would not read them as the table says"


def test_new_folders_that_do_not_fit_each_other_make_no_table_inside_of_theirs(
    crawlers: Crawlers, catalog: Catalog, put_csv: Put, put_json: Put
) -> None:
    put_csv("s3://lake/flights/k=1/a.csv", *CSV)
    new_folders_only(crawlers)
    put_csv("s3://lake/flights/k=2/a.csv", *CSV)
    put_json("s3://lake/flights/k=3/a.json", {"id": 1})
    report = crawlers.start("x")
    assert catalog.table_names("nyc") == ["flights"]
    assert [each.reason.split(":")[0] for each in report.ignored] == [
        "it does not fit the other new files of its table"
    ] * 2


@pytest.mark.parametrize(
    ("behavior", "action", "left", "partitions"),
    [
        ("LOG", "kept", ["flights", "people"], [{}, {}]),
        ("DELETE_FROM_DATABASE", "deleted", ["flights"], [{}]),
        (
            "DEPRECATE_IN_DATABASE",
            "deprecated",
            ["flights", "people"],
            [{"DEPRECATED_BY_CRAWLER": "1767225600000"}, {}],
        ),
    ],
)
def test_what_becomes_of_data_that_are_gone(
    crawlers: Crawlers, catalog: Catalog, storage: Storage, put_csv: Put, behavior: str, action: str, left: list[str],
    partitions: list[dict[str, str]],
) -> None:  # fmt: skip
    put_csv("s3://lake/flights/k=1/a.csv", *CSV)
    put_csv("s3://lake/flights/k=2/a.csv", *CSV)
    put_csv("s3://lake/people/a.csv", "name,age", "x,1")
    crawlers.create("x", "s3://lake/", database="nyc", delete_behavior=behavior)
    crawlers.start("x")
    storage.delete_prefix("s3://lake/flights/k=1/")
    storage.delete_prefix("s3://lake/people/")
    report = crawlers.start("x")
    assert [(each.name, each.action) for each in report.departed] == [("people", action)]
    assert catalog.table_names("nyc") == left
    assert [dict(each.parameters) for each in catalog.partitions("nyc", "flights")] == partitions
    again = crawlers.start("x")
    assert again.is_unchanged
    assert again.departed == (() if behavior != "LOG" else report.departed)


def test_data_that_come_back_are_no_longer_deprecated(
    crawlers: Crawlers, catalog: Catalog, storage: Storage, put_csv: Put
) -> None:
    for key in ("flights/k=1/a.csv", "flights/k=2/a.csv"):
        put_csv(f"s3://lake/{key}", *CSV)
    put_csv("s3://lake/people/a.csv", "name,age", "x,1")
    crawlers.create("x", "s3://lake/", database="nyc")
    crawlers.start("x")
    storage.delete_prefix("s3://lake/flights/k=1/")
    storage.delete_prefix("s3://lake/people/")
    crawlers.start("x")
    put_csv("s3://lake/flights/k=1/a.csv", *CSV)
    put_csv("s3://lake/people/a.csv", "name,age", "x,1")
    report = crawlers.start("x")
    assert report.updated == ("flights",)
    assert [dict(each.parameters) for each in catalog.partitions("nyc", "flights")] == [{}, {}]
    assert "DEPRECATED_BY_CRAWLER" not in catalog.table("nyc", "people").parameters
    assert catalog.table("nyc", "people").version == 1


def test_tables_of_others_are_never_taken_for_gone(
    crawlers: Crawlers, catalog: Catalog, storage: Storage, put_csv: Put
) -> None:
    put_csv("s3://lake/people/a.csv", *CSV)
    catalog.crawl("s3://lake/people/", database="nyc")
    crawlers.create("x", "s3://lake/", database="nyc", delete_behavior="DELETE_FROM_DATABASE")
    storage.delete_prefix("s3://lake/people/")
    assert crawlers.start("x").departed == ()
    assert catalog.table_names("nyc") == ["people"]


def test_a_crawler_that_runs_is_not_started_again_and_can_be_stopped(
    crawlers: Crawlers, storage: Storage, put_csv: Put, error_of: ErrorOf
) -> None:
    for number in range(60):
        put_csv(f"s3://lake/t/{number}.csv", *CSV)
    crawlers.create("x", "s3://lake/", database="nyc")
    assert error_of(lambda: crawlers.stop("x")).code == "CrawlerNotRunningException"
    seen: list[str] = []

    class Meddler:
        def update(self, fraction: float | None, message: str = "") -> None:
            if not seen:
                seen.append(crawlers.get("x").state)
                seen.append(error_of(lambda: crawlers.start("x")).code)
                seen.append(error_of(lambda: crawlers.delete("x")).code)
                crawlers.stop("x")

    error = error_of(lambda: crawlers.start("x", Meddler()))
    assert seen == ["RUNNING", "CrawlerRunningException", "CrawlerRunningException"]
    assert error.code == "CrawlerStoppedException"
    assert [run.state for run in crawlers.history("x")] == ["STOPPED"]
    assert crawlers.start("x").created == ("t",), "it is not stopped for good"


def test_a_run_whose_process_ended_is_told_as_failed(crawlers: Crawlers, catalog: Catalog, clock: ManualClock) -> None:
    from kit.base.clock import now
    from kit.catalog.crawler import CrawlRun, store

    crawlers.create("x", "s3://lake/", database="nyc")
    with catalog._connections.transaction() as connection:
        store.save_run(connection, "x", CrawlRun(number=1, state="RUNNING", cause="ON_DEMAND", started=now(clock)))
    status = crawlers.get("x")
    assert status.state == "READY"
    assert status.last_run is not None
    assert (status.last_run.state, status.last_run.message) == ("FAILED", "Its process ended before the crawl did.")
    crawlers.start("x")
    assert [run.state for run in crawlers.history("x")] == ["COMPLETED", "FAILED"]


@pytest.mark.parametrize(
    "classifier",
    [
        GrokClassifier("n", "%{NUMBER:n:int} %{P:p}", "P [a-z]+"),
        CsvClassifier(delimiter="~", contains_header="ABSENT", header=("a", "b"), quote_symbol="'"),
        JsonPathClassifier("$.a[*]"),
        XmlClassifier("row"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_classifiers_are_kept_by_name(crawlers: Crawlers, error_of: ErrorOf, classifier: Any) -> None:
    crawlers.create_classifier("mine", classifier)
    assert crawlers.classifiers() == {"mine": classifier}
    assert error_of(lambda: crawlers.create_classifier("mine", classifier)).code == "AlreadyExistsException"
    crawlers.create("x", "s3://lake/", database="nyc", classifiers=["mine"])
    assert error_of(lambda: crawlers.delete_classifier("mine")).message == "Classifier 'mine' is used by x."
    missing = error_of(lambda: crawlers.update("x", classifiers=["mina"]))
    assert (missing.code, missing.hint) == ("EntityNotFoundException", "Did you mean 'mine'?")
    crawlers.delete("x")
    crawlers.delete_classifier("mine")
    assert crawlers.classifiers() == {}


def test_a_crawler_uses_its_classifiers_before_the_built_in_ones(
    crawlers: Crawlers, catalog: Catalog, storage: Storage
) -> None:
    storage.put("s3://lake/t/a.txt", "1 x\n2 y\n")
    crawlers.create_classifier("pairs", GrokClassifier("pairs", "%{NUMBER:n:int} %{WORD:w}"))
    crawlers.create("x", "s3://lake/", database="nyc", classifiers=("pairs",))
    crawlers.start("x")
    assert schema(catalog.table("nyc", "t")) == {"n": "int", "w": "string"}


def test_what_was_defined_is_there_for_other_processes(
    crawlers: Crawlers, catalog: Catalog, storage: Storage, clock: ManualClock, put_csv: Put
) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    crawlers.create(
        "x", Target("s3://lake/", ("*.tmp",), 7), database="nyc", description="d", schedule="cron(0 2 * * ? *)",
        table_threshold=9,
    )  # fmt: skip
    crawlers.start("x")
    other = Catalog(catalog._connections.path, storage=storage, clock=clock)
    assert other.crawlers.get("x") == crawlers.get("x")
    assert other.crawlers.history("x") == crawlers.history("x")
    other.close()
