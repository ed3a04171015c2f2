"""A crawl of a messy lake gives the catalog that is written down; another gives what changed and nothing else."""

from pathlib import Path

import kit
from kit.base.clock import ManualClock
from kit.catalog import Table
from kit.catalog.crawler import CrawlReport, Target

EXPECTED = Path(__file__).with_name("messy_lake.txt")


def create(workspace: kit.Workspace) -> None:
    target = Target("s3://lake/", exclusions=("**.tmp",))
    workspace.catalog.crawlers.create("all", target, database="lake")


def written(workspace: kit.Workspace, report: CrawlReport) -> str:
    """The catalog as text: tables with their columns, partitions and number of rows, then what was left out and why."""
    out: list[str] = []
    for table in workspace.catalog.tables("lake"):
        rows = workspace.athena.sql(f'SELECT * FROM "{table.name}"', database="lake").rows
        location = table.descriptor.location.removeprefix("s3://lake/")
        out.append(f"{table.name}: {table.parameters['classification']} at {location}, {len(rows)} rows")
        out += [f"    {column.name} {column.type}" for column in table.descriptor.columns]
        out += [f"    {key.name} {key.type}, a partition key" for key in table.partition_keys]
        partitions = workspace.catalog.partitions("lake", table.name)
        out += [f"    / {' / '.join(str(value) for value in each.values)}" for each in partitions]
    out += ["", "left out", *(f"{each.uri.removeprefix('s3://lake/')}: {each.reason}" for each in report.ignored)]
    return "\n".join(out) + "\n"


def tables(workspace: kit.Workspace) -> dict[str, Table]:
    return {table.name: table for table in workspace.catalog.tables("lake")}


def test_the_crawl_gives_the_catalog_that_is_written_down(workspace: kit.Workspace) -> None:
    create(workspace)
    report = workspace.catalog.crawlers.start("all")
    assert written(workspace, report) == EXPECTED.read_text("utf-8")
    assert report.objects >= 40


def test_a_second_crawl_changes_nothing(workspace: kit.Workspace, clock: ManualClock) -> None:
    create(workspace)
    workspace.catalog.crawlers.start("all")
    generation = workspace.catalog.generation()
    clock.advance(60)
    assert workspace.catalog.crawlers.start("all").is_unchanged
    assert workspace.catalog.generation() == generation


def test_a_crawl_after_changes_gives_the_changes_and_nothing_else(workspace: kit.Workspace, clock: ManualClock) -> None:
    create(workspace)
    workspace.catalog.crawlers.start("all")
    before = tables(workspace)
    storage = workspace.storage
    clock.advance(60)
    storage.copy("s3://lake/flights/year=2013/month=1/a.parquet", "s3://lake/flights/year=2014/month=1/a.parquet")
    storage.put("s3://lake/orders/2024/03/d.json", '{"id": 5, "lines": [], "customer": {"vip": true}}\n')
    storage.put("s3://lake/grown/a.csv", "id,name\n1.5,a\n")
    storage.put("s3://lake/fresh/a.csv", "id,n\n1,2\n")
    storage.delete_prefix("s3://lake/clicks/dt=2024-01-01/")
    storage.delete_prefix("s3://lake/tabs/")
    storage.delete("s3://lake/spoiled/photo.jpg")
    report = workspace.catalog.crawlers.start("all")
    assert report.created == ("fresh", "spoiled")
    assert {
        table.name: (table.changes, table.partitions_added) for table in report.tables if table.action == "updated"
    } == {
        "clicks": ((), 0),
        "flights": ((), 1),
        "grown": (("id: bigint → double",), 0),
        "orders": (("customer.vip boolean added",), 1),
    }
    assert [(each.name, each.action) for each in report.departed] == [("tabs", "deprecated")]
    after = tables(workspace)
    assert after.keys() - before.keys() == {"fresh", "spoiled"}
    touched = {"clicks", "flights", "grown", "orders", "tabs"}
    assert {name for name in before if after[name] != before[name]} == touched
    assert {name: after[name].version for name in touched} == {
        "clicks": 1, "flights": 1, "grown": 2, "orders": 2, "tabs": 1,
    }  # fmt: skip
    assert workspace.catalog.diff("lake", "orders").lines() == ("customer.vip boolean added",)
    for name in after:
        workspace.athena.sql(f'SELECT * FROM "{name}"', database="lake")
    assert workspace.catalog.crawlers.start("all").is_unchanged


def test_the_catalog_of_a_messy_lake_survives_ddl_and_json(workspace: kit.Workspace) -> None:
    from kit.sql.split import split

    create(workspace)
    workspace.catalog.crawlers.start("all")
    text, ddl = workspace.catalog.export("lake"), workspace.catalog.export("lake", form="ddl")
    held = {name: (table.columns, table.descriptor.serde) for name, table in tables(workspace).items()}
    workspace.catalog.drop_database("lake", cascade=True)
    for statement in split(ddl):
        workspace.athena.sql(statement.text)
    assert {name: (table.columns, table.descriptor.serde) for name, table in tables(workspace).items()} == held
    workspace.catalog.drop_database("lake", cascade=True)
    assert workspace.catalog.import_(text) == list(held)
    assert {name: (table.columns, table.descriptor.serde) for name, table in tables(workspace).items()} == held
