"""What a workspace holds, as results."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.catalog import Column, SerDe, StorageDescriptor, Table
from kit.widgets import overview
from kit.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A CSV table, a partitioned JSON table, and a view, in two databases."""
    with kit.open(tmp_path / "ws", clock=ManualClock(), seed=1) as ws:
        ws.storage.put("s3://lake/birds/a.csv", "name,weight\nwren,10\nheron,1500\n")
        ws.storage.put("s3://lake/counts/day=1/a.jsonl", '{"bird": "wren", "seen": 3}\n')
        ws.storage.put("s3://lake/counts/day=2/a.jsonl", '{"bird": "heron", "seen": 1}\n')
        ws.catalog.crawl("s3://lake/birds/", database="marsh")
        ws.catalog.crawl("s3://lake/counts/", database="marsh")
        ws.catalog.create_database("empty")
        descriptor = StorageDescriptor((Column("name", "string", "who"),), "", SerDe(""))
        ws.catalog.create_table(
            Table("marsh", "small_birds", descriptor, table_type="VIRTUAL_VIEW", view_text="SELECT 1")
        )
        yield ws


def test_tables_are_listed_by_database_and_name(workspace: Workspace) -> None:
    result = overview.tables(workspace)

    assert result.columns == ["database", "table", "format", "columns", "partitions", "location"]
    assert result.rows == [
        ("marsh", "birds", "csv", 2, "", "s3://lake/birds/"),
        ("marsh", "counts", "json", 3, "2 by day", "s3://lake/counts/"),
        ("marsh", "small_birds", "view", 1, "", ""),
    ]
    assert repr(result).splitlines()[-1] == "3 tables in 2 databases"


def test_tables_of_one_database_and_of_one_shape(workspace: Workspace) -> None:
    assert overview.tables(workspace, "empty").rows == []
    assert [row[1] for row in overview.tables(workspace, "MARSH", "*BIRDS").rows] == ["birds", "small_birds"]


def test_an_unknown_database_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(KitError, match="mash"):
        overview.tables(workspace, "mash")


def test_a_table_is_described_with_its_keys_last_and_its_size_below(workspace: Workspace) -> None:
    result = overview.describe(workspace, "marsh.counts")

    assert [(row[0], row[2]) for row in result.rows] == [("bird", ""), ("seen", ""), ("day", "yes")]
    shown = repr(result).splitlines()[-1]
    assert shown == "marsh.counts · json · version 1 · partitions: 2 by day · 2 objects · 57 B · s3://lake/counts/"


def test_a_view_has_no_place(workspace: Workspace) -> None:
    result = overview.describe(workspace, "small_birds", "marsh")

    assert result.rows == [("name", "string", "", "who")]
    assert repr(result).splitlines()[-1] == "marsh.small_birds · view · version 1"


@pytest.mark.parametrize(
    ("name", "database", "hint"),
    [
        ("birds", "empty", "There is marsh.birds."),
        ("brids", "marsh", "Did you mean 'birds'?"),
        ("nothing.at_all", "marsh", "%tables lists what there is."),
    ],
)
def test_a_table_that_is_not_there_has_a_hint(workspace: Workspace, name: str, database: str, hint: str) -> None:
    with pytest.raises(KitError) as caught:
        overview.describe(workspace, name, database)

    assert (caught.value.code, caught.value.hint) == ("EntityNotFoundException", hint)


def test_the_status_names_the_workspace_and_counts_what_is_in_it(workspace: Workspace) -> None:
    result = overview.status(workspace, "my-lab")

    assert result.rows == [
        ("storage", "s3://lake/", "3 objects, 88 B"),
        ("catalog", "empty", "0 tables"),
        ("catalog", "marsh", "3 tables"),
    ]
    assert repr(result).splitlines()[-1] == "workspace my-lab"


def test_the_status_tells_what_queries_cost_and_how_streams_are_cut(workspace: Workspace) -> None:
    workspace.athena.sql("SELECT * FROM birds", database="marsh")
    workspace.athena.sql("SELECT 1")
    workspace.streams.create("calls", 3)

    rows = overview.status(workspace, "my-lab").rows

    assert rows[-2:] == [
        ("athena", "primary", "2 recent queries, scanned 31 B, $0.000050"),
        ("streams", "calls", "3 open shards"),
    ]


def test_the_same_catalog_gives_the_same_page(workspace: Workspace) -> None:
    assert repr(overview.tables(workspace)) == repr(overview.tables(workspace))


def test_a_listing_does_not_wait_for_pandas() -> None:
    program = (
        "import sys\n"
        "from kit.widgets.overview import listing\n"
        "repr(listing({'name': 'string', 'n': 'int64'}, [('2013-01-01', 3), (None, None)], ['2 rows']))\n"
        "print('pandas' in sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_texts_stay_texts_and_nothing_stays_nothing() -> None:
    result = overview.listing({"name": "string", "n": "int64"}, [("2013-01-01", 3), (None, None)], [])

    assert result.rows == [("2013-01-01", 3), (None, None)]


def test_the_status_tells_of_deliveries_and_of_the_warehouse(workspace: Workspace) -> None:
    workspace.delivery.create("raw", to="s3://lake/raw/")
    workspace.warehouse.sql("CREATE TABLE t (k int)")

    rows = overview.status(workspace, "my-lab").rows

    assert ("delivery", "raw", "0 delivered to s3://lake/raw/") in rows
    assert ("warehouse", "default", "1 table on 4 slices") in rows
