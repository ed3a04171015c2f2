"""The catalog can be walked through: tree, details, preview, profile, search; and a page where there is no script."""

import json
import threading
from typing import Any

import pytest

import kit
from kit.base.errors import KitError
from kit.catalog.model import Column, Partition, SerDe, StorageDescriptor, Table
from kit.widgets.catalog_browser import CatalogBrowser, asking, still
from kit.widgets.catalog_browser.details import details
from kit.widgets.catalog_browser.index import Index, state_of
from kit.widgets.catalog_browser.tree import children
from kit.workspace import Workspace

FLIGHTS = ("lake", "nyc", "flights")


def labels(workspace: Workspace, *path: str) -> list[str]:
    return [node.label for node in children(workspace, path).nodes]


def empty_table(database: str, name: str, keys: tuple[Column, ...] = ()) -> Table:
    descriptor = StorageDescriptor(
        (Column("a", "int"),), f"s3://lake/{name}/", SerDe("org.openx.data.jsonserde.JsonSerDe")
    )
    return Table(database, name, descriptor, keys)


def test_the_tree_unfolds_down_to_columns_partitions_versions_and_shards(furnished: Workspace) -> None:
    assert labels(furnished) == ["nyc", "streams", "warehouse"]
    assert labels(furnished, "lake", "nyc") == ["flights"]
    assert labels(furnished, *FLIGHTS) == ["columns", "partitions", "versions"]
    assert labels(furnished, *FLIGHTS, "columns") == ["origin", "delay", "carrier", "month"]
    assert labels(furnished, *FLIGHTS, "partitions") == ["month=1", "month=2"]
    assert labels(furnished, *FLIGHTS, "versions") == ["version 2", "version 1"]
    assert labels(furnished, "streams") == ["clicks"]
    assert labels(furnished, "streams", "clicks") == ["shardId-000000000000", "shardId-000000000001"]
    assert labels(furnished, "warehouse") == ["public"]
    assert labels(furnished, "warehouse", "public") == ["sales"]
    assert labels(furnished, "warehouse", "public", "sales") == ["id", "region"]


def test_services_that_were_never_used_are_not_made_by_looking(furnished: Workspace, tmp_path: Any) -> None:
    with kit.open(tmp_path / "new") as workspace:
        workspace.catalog.create_database("lonely")

        assert labels(workspace) == ["lonely"]
        assert CatalogBrowser(workspace)._repr_mimebundle_()["text/plain"] == "lonely  0 tables"
        assert {found.name for found in workspace.path.iterdir()} & {"streams", "warehouse", "athena"} == set()


def test_long_lists_come_in_pages(furnished: Workspace) -> None:
    furnished.catalog.create_database("wide")
    for number in range(25):
        furnished.catalog.create_table(empty_table("wide", f"t{number:02d}"))

    first = children(furnished, ("lake", "wide"), 0, 10)
    last = children(furnished, ("lake", "wide"), 20, 10)

    assert [node.label for node in first.nodes] == [f"t{number:02d}" for number in range(10)]
    assert [node.label for node in last.nodes] == [f"t{number:02d}" for number in range(20, 25)]
    assert (first.total, last.total) == (25, 25)


def test_partitions_come_in_pages_in_the_order_of_their_keys(furnished: Workspace) -> None:
    furnished.catalog.create_table(
        empty_table("nyc", "many", (Column("day", "int"),)),
        [Partition((str(day),), f"s3://lake/many/day={day}/") for day in range(30, 0, -1)],
    )

    page = children(furnished, ("lake", "nyc", "many", "partitions"), 9, 3)

    assert [node.label for node in page.nodes] == ["day=10", "day=11", "day=12"]
    assert page.total == 30


def test_a_table_tells_where_it_lies_how_large_it_is_and_who_reads_it(furnished: Workspace) -> None:
    found = details(furnished, FLIGHTS)

    facts = dict(found.facts)
    assert facts["Location"] == "s3://lake/flights/"
    assert facts["Holds"].startswith("3 objects, ")
    assert facts["Partitions"] == "2 by month"
    assert facts["Format"] == "json"
    [readers] = found.grids
    assert readers.rows[0][1:] == ("primary", "SUCCEEDED", "SELECT count(*) FROM flights")
    assert found.select == '%%athena\nSELECT "origin", "delay", "carrier", "month"\nFROM "nyc"."flights"\nLIMIT 20'


def test_a_version_tells_what_changed(furnished: Workspace) -> None:
    assert details(furnished, (*FLIGHTS, "versions", "2")).lines == ("carrier string added",)
    assert dict(details(furnished, (*FLIGHTS, "versions", "1")).facts) == {"Before it": "nothing"}


def test_a_partition_tells_where_it_lies_and_how_to_ask_for_it(furnished: Workspace) -> None:
    [_, node] = children(furnished, (*FLIGHTS, "partitions")).nodes

    found = details(furnished, node.path)

    assert dict(found.facts)["Location"] == "s3://lake/flights/month=2/"
    assert dict(found.facts)["Holds"].startswith("2 objects")
    magic, _, sql = found.select.partition("\n")
    assert magic == "%%athena"
    assert len(furnished.athena.sql(sql).rows) == 4


def test_a_stream_tells_its_shards_and_records(furnished: Workspace) -> None:
    found = details(furnished, ("streams", "clicks"))

    assert dict(found.facts)["Records"] == "1 record"
    assert [row[0] for row in found.grids[0].rows] == ["shardId-000000000000", "shardId-000000000001"]


def test_a_table_of_the_warehouse_tells_distribution_sort_key_and_skew(furnished: Workspace) -> None:
    found = details(furnished, ("warehouse", "public", "sales"))

    facts = dict(found.facts)
    assert (facts["Distribution"], facts["Rows"]) == ("KEY(id)", "2")
    assert "region" in facts["Sort key"]
    assert found.grids[0].columns == ("node", "slice", "rows", "sorted", "size")
    assert sum(int(row[2]) for row in found.grids[0].rows) == 2


def test_looking_leaves_the_users_own_transaction_alone(furnished: Workspace) -> None:
    furnished.warehouse.sql("BEGIN")
    furnished.warehouse.sql("INSERT INTO sales VALUES (3, 'west')")

    with pytest.raises(KitError):
        asking.preview(furnished, ("warehouse", "public", "no_such_table"))
    seen = asking.preview(furnished, ("warehouse", "public", "sales"))
    furnished.warehouse.sql("COMMIT")

    assert len(seen.rows) == 2
    assert furnished.warehouse.sql("SELECT count(*) FROM sales").rows == [(3,)]


@pytest.mark.parametrize(
    ("path", "columns", "rows"),
    [
        (FLIGHTS, ("origin", "delay", "carrier", "month"), 7),
        (("streams", "clicks"), None, 1),
        (("warehouse", "public", "sales"), ("id", "region"), 2),
    ],
)
def test_rows_can_be_previewed(furnished: Workspace, path: Any, columns: Any, rows: int) -> None:
    found = asking.preview(furnished, path)

    assert len(found.rows) == rows
    assert columns is None or found.columns == columns


def test_a_number_is_profiled_with_a_histogram(furnished: Workspace) -> None:
    found = asking.profile(furnished, (*FLIGHTS, "columns", "delay"))

    assert dict(found.facts) == {"Rows": "7", "NULL": "0", "Distinct, about": "7", "Least": "1", "Greatest": "22"}
    assert len(found.bars) == asking.BUCKETS
    assert sum(bar.count for bar in found.bars) == 7
    assert (found.bars[0].count, found.bars[-1].count) == (1, 2)


def test_text_is_profiled_by_its_most_frequent_values(furnished: Workspace) -> None:
    found = asking.profile(furnished, (*FLIGHTS, "columns", "origin"))

    assert [(bar.label, bar.count) for bar in found.bars] == [("JFK", 4), ("EWR", 2), ("LGA", 1)]


def test_nulls_are_counted_and_drawn_nowhere(furnished: Workspace) -> None:
    found = asking.profile(furnished, (*FLIGHTS, "columns", "carrier"))

    assert dict(found.facts)["NULL"] == "6"
    assert [(bar.label, bar.count) for bar in found.bars] == [("UA", 1)]


def test_search_finds_tables_columns_streams_and_the_warehouse(furnished: Workspace) -> None:
    index = Index(furnished)

    assert [node.path for node in index.search("fli")][:1] == [FLIGHTS]
    assert [node.path for node in index.search("flights del")] == [(*FLIGHTS, "columns", "delay")]
    assert ("streams", "clicks") in [node.path for node in index.search("click")]
    assert ("warehouse", "public", "sales") in [node.path for node in index.search("SALES")]
    assert index.search("   ") == []


def test_search_sees_what_was_made_since(furnished: Workspace) -> None:
    index = Index(furnished)
    assert index.search("fresh") == []

    furnished.catalog.create_table(empty_table("nyc", "fresh"))
    furnished.warehouse.sql("CREATE TABLE freshly (a int)")

    assert {node.label for node in index.search("fresh")} >= {"nyc.fresh", "public.freshly"}


def test_a_change_shows_in_the_state(furnished: Workspace) -> None:
    before = state_of(furnished)

    furnished.streams["clicks"].split("0")
    split = state_of(furnished)
    furnished.catalog.create_database("new")

    assert len({before, split, state_of(furnished)}) == 3


@pytest.mark.parametrize(
    "path", [("nowhere",), ("lake",), ("lake", "a", "b", "c"), ("lake", "nyc", "none"), ("streams", "x")]
)
def test_a_place_that_is_not_there_is_refused(furnished: Workspace, path: Any) -> None:
    with pytest.raises(KitError):
        details(furnished, path)


def test_names_cannot_become_markup_or_sql(furnished: Workspace) -> None:
    furnished.catalog.create_database("evil")
    table = empty_table("evil", "t")
    furnished.catalog.create_table(
        Table("evil", "t", StorageDescriptor((Column('a"b<i>', "int"),), "s3://lake/t/", table.descriptor.serde))
    )

    assert "<i>" not in still.page(furnished).replace("<i>and", "")
    assert '"a""b<i>"' in details(furnished, ("lake", "evil", "t")).select


def test_without_a_front_end_there_is_a_page_that_needs_no_script(furnished: Workspace) -> None:
    bundle = CatalogBrowser(furnished)._repr_mimebundle_()

    assert set(bundle) == {"text/html", "text/plain"}
    assert "<script" not in bundle["text/html"]
    assert all(f"{name} " in bundle["text/html"] for name in ("nyc", "flights", "origin", "clicks"))


def test_questions_are_answered_with_their_numbers_and_errors_are_answers_too(furnished: Workspace) -> None:
    browser = CatalogBrowser(furnished)
    view = browser.view()
    said: list[Any] = []
    all_said = threading.Event()

    def hear(content: Any, buffers: Any = None) -> None:
        said.append(content)
        if len(said) == 3:
            all_said.set()

    view.send = hear  # type: ignore[method-assign]

    view._heard(view, {"number": 1, "ask": "children", "path": ["lake", "nyc"], "offset": 0}, [])
    view._heard(view, {"number": 2, "ask": "details", "path": ["lake", "nyc", "none"]}, [])
    view._heard(view, {"number": 3, "ask": "the way"}, [])
    assert all_said.wait(20)
    browser.stop()

    first, second, third = said
    assert (first["number"], first["value"]["nodes"][0]["label"]) == (1, "flights")
    assert "EntityNotFoundException" in second["error"]
    assert "INVALID_ARGUMENT" in third["error"]
    assert json.dumps(said)
    view.close()


def test_another_processes_change_is_told(furnished: Workspace) -> None:
    browser = CatalogBrowser(furnished)
    view = browser.view()
    told = threading.Event()
    view.send = lambda content, buffers=None: told.set() if content["kind"] == "changed" else None  # type: ignore[method-assign]
    with kit.open(furnished.path) as other:
        other.catalog.create_database("new")
    assert told.wait(20)
    browser.stop()
    view.close()
