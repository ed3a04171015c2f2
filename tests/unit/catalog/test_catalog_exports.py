"""What leaves the catalog and comes back: Glue's shapes, checked against botocore's model, and DDL, run by Athena."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, StructureShape

import kit
from kit.base.errors import KitError
from kit.catalog import Column, Database, Partition, SerDe, StorageDescriptor, Table
from kit.catalog.serde import descriptor
from kit.sql.split import split


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[kit.Workspace]:
    with kit.open(tmp_path / "workspace", seed=1) as workspace:
        put = workspace.storage.put
        put("s3://lake/people/a.csv", "id,name,day\n1,Zoë,2013-01-31\n2,,2013-02-28\n")
        put("s3://lake/quoted/a.csv", 'id,name\n1,"Smith, ""A"""\n')
        put("s3://lake/control/a", b"1\x01a,b\n2\x01c|d\n")
        put("s3://lake/events/a.json", '{"id": 1, "at": {"lat": 1.5, "tags": ["a"]}}\n')
        put("s3://lake/logs/a.log", '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326\n')
        for folder in ("k=1/region=New%20York", "k=2/region=__HIVE_DEFAULT_PARTITION__", "k=3/region=it's"):
            put(f"s3://lake/flights/{folder}/a.csv", "id,n\n1,2\n")
        workspace.catalog.crawl("s3://lake/", database="nyc")
        workspace.athena.sql("CREATE VIEW adults AS SELECT id, name FROM people WHERE id > 1", database="nyc")
        yield workspace


def rows(workspace: kit.Workspace, database: str) -> dict[str, object]:
    return {
        name: sorted(workspace.athena.sql(f'SELECT * FROM "{name}"', database=database).rows, key=repr)
        for name in workspace.catalog.table_names(database)
    }


def checked(shape: Any, value: Any, path: str = "") -> None:
    """Nothing is there that the service does not know, and each member is of its kind."""
    match shape:
        case StructureShape():
            assert isinstance(value, dict), path
            assert value.keys() <= shape.members.keys(), path
            for name, member in value.items():
                checked(shape.members[name], member, f"{path}.{name}")
        case ListShape():
            assert isinstance(value, list), path
            for each in value:
                checked(shape.member, each, f"{path}[]")
        case MapShape():
            assert isinstance(value, dict), path
            for key, each in value.items():
                checked(shape.key, key, path)
                checked(shape.value, each, f"{path}[{key}]")
        case _:
            kinds = {"boolean": bool, "integer": int, "long": int, "string": str, "timestamp": str}
            assert isinstance(value, kinds[shape.type_name]), path


def test_an_export_has_the_shapes_of_glue(workspace: kit.Workspace) -> None:
    body = json.loads(workspace.catalog.export("nyc"))
    model = botocore.session.get_session().get_service_model("glue")
    checked(model.operation_model("GetTables").output_shape.members["TableList"], body["TableList"])
    checked(model.operation_model("GetPartitions").output_shape.members["Partitions"], body["Partitions"])
    checked(model.operation_model("GetDatabase").output_shape.members["Database"], body["Database"])
    assert [table["Name"] for table in body["TableList"]] == workspace.catalog.table_names("nyc")
    assert len(body["Partitions"]) == 3


def test_an_export_in_glues_shapes_comes_back_as_it_was(workspace: kit.Workspace) -> None:
    catalog = workspace.catalog
    names = catalog.import_(catalog.export("nyc"), database="copy")
    assert names == catalog.table_names("nyc")

    def bare(table: Table) -> Table:
        return replace(table, database="", created=None, updated=None, version=0)

    assert list(map(bare, catalog.tables("copy"))) == list(map(bare, catalog.tables("nyc")))
    for name in names:
        held, copied = (
            [replace(each, created=None) for each in catalog.partitions(db, name)] for db in ("nyc", "copy")
        )
        assert copied == held
    assert rows(workspace, "copy") == rows(workspace, "nyc")


def test_ddl_runs_back_in_athena(workspace: kit.Workspace) -> None:
    before = rows(workspace, "nyc")
    tables = {table.name: table for table in workspace.catalog.tables("nyc")}
    statements = split(workspace.catalog.export("nyc", form="ddl"))
    workspace.catalog.drop_database("nyc", cascade=True)
    for piece in statements:
        workspace.athena.sql(piece.text, database="nyc")
    assert rows(workspace, "nyc") == before
    for table in workspace.catalog.tables("nyc"):
        assert table.columns == tables[table.name].columns
        assert table.partition_keys == tables[table.name].partition_keys
        assert table.descriptor.serde == tables[table.name].descriptor.serde


def test_what_the_service_prints_can_be_imported(workspace: kit.Workspace) -> None:
    text = json.dumps(
        {
            "TableList": [
                {
                    "Name": "Sales",
                    "DatabaseName": "Shop",
                    "CreateTime": 1.7e9,
                    "Retention": 0,
                    "StorageDescriptor": {
                        "Columns": [{"Name": "Id", "Type": "bigint"}],
                        "Location": "s3://lake/people/",
                        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                        "SerdeInfo": {
                            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                            "Parameters": {"field.delim": ","},
                        },
                    },
                    "TableType": "EXTERNAL_TABLE",
                    "Parameters": {"skip.header.line.count": "1"},
                    "CatalogId": "123456789012",
                }
            ]
        }
    )
    assert workspace.catalog.import_(text) == ["sales"]
    assert workspace.athena.sql("SELECT * FROM sales ORDER BY 1", database="shop").rows == [(1,), (2,)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "InvalidInputException"),
        ("{", "InvalidInputException"),
        ('{"TableList": [{"Name": "t"}]}', "InvalidInputException"),
        ('{"TableList": []}', "InvalidInputException"),
        (
            '{"TableList": [{"Name": "t", "DatabaseName": "d", "Parameters": {"table_type": "ICEBERG"}}]}',
            "NOT_SUPPORTED",
        ),
        ('{"TableList": [{"Name": "t", "DatabaseName": "d", "TargetTable": {"Name": "x"}}]}', "NOT_SUPPORTED"),
        ('{"TableList": [{"Name": "t", "DatabaseName": "d", "TableType": "VIRTUAL_VIEW"}]}', "NOT_SUPPORTED"),
        ('{"TableList": [{"Name": "people", "DatabaseName": "nyc"}]}', "AlreadyExistsException"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_nothing_is_made(workspace: kit.Workspace, text: str, code: str) -> None:
    generation = workspace.catalog.generation()
    with pytest.raises(KitError) as info:
        workspace.catalog.import_(text)
    assert info.value.code == code
    assert workspace.catalog.generation() == generation


def test_a_partition_that_is_kept_in_its_own_way_survives_as_json_and_not_as_ddl(workspace: kit.Workspace) -> None:
    catalog = workspace.catalog
    catalog.create_database(Database("own", location="s3://lake/own/"))
    columns = (Column("a", "int"),)
    table = Table("own", "t", descriptor("csv", columns, "s3://lake/own/t/"), (Column("k", "int"),))
    odd = StorageDescriptor(columns, "s3://lake/own/t/k=1/", SerDe("x.y"), "in", "out")
    catalog.create_table(table, [Partition(("1",), odd.location, odd, {"p": "q"})])
    catalog.import_(catalog.export("own"), database="copy")
    (copied,) = catalog.partitions("copy", "t")
    assert (copied.descriptor, copied.parameters) == (odd, {"p": "q"})
    with pytest.raises(KitError, match=r"kept in another way than its table own\.t"):
        catalog.export("own", form="ddl")


def test_statistics_are_those_of_the_rows_and_are_kept(workspace: kit.Workspace) -> None:
    taken = workspace.catalog.analyze("nyc", "people")
    assert [(s.column, s.rows, s.nulls, s.distinct, s.minimum, s.maximum, s.top) for s in taken] == [
        ("id", 2, 0, 2, "1", "2", (("1", 1), ("2", 1))),
        ("name", 2, 0, 2, "", "Zoë", (("", 1), ("Zoë", 1))),
        ("day", 2, 0, 2, "2013-01-31", "2013-02-28", (("2013-01-31", 1), ("2013-02-28", 1))),
    ]
    assert list(workspace.catalog.statistics("nyc", "people")) == list(taken)
    assert not taken.is_stale
    assert "nyc.people · 2 rows" in repr(taken)


def test_nested_columns_and_keys_have_the_statistics_that_make_sense(workspace: kit.Workspace) -> None:
    nested = workspace.catalog.analyze("nyc", "events")["at"]
    assert (nested.rows, nested.nulls, nested.distinct, nested.minimum, nested.top) == (1, 0, None, None, ())
    (key,) = workspace.catalog.analyze("nyc", "flights", ["Region"])
    assert (key.nulls, key.distinct, key.top) == (1, 2, (("New York", 1), ("it's", 1)))


def test_statistics_are_stale_once_the_table_has_changed(workspace: kit.Workspace) -> None:
    workspace.catalog.analyze("nyc", "people", ["id"])
    workspace.storage.put("s3://lake/people/a.csv", "id,name,day,new\n1,Zoë,2013-01-31,1\n")
    workspace.catalog.crawl("s3://lake/people/", database="nyc")
    held = workspace.catalog.statistics("nyc", "people")
    assert held.is_stale
    assert [each.column for each in held] == ["id"]
    workspace.catalog.drop_table("nyc", "people")
    with pytest.raises(KitError):
        workspace.catalog.statistics("nyc", "people")


def test_one_look_shows_all_that_can_be_asked(workspace: kit.Workspace) -> None:
    assert {entry.kind for entry in workspace.catalog.inventory()} == {"table", "view"}
    workspace.streams.create("Clicks", shards=2)
    workspace.warehouse.sql("CREATE TABLE sales (id int, name varchar(10))")
    found = {(each.kind, each.database, each.name): each for each in workspace.catalog.inventory()}
    assert [column.name for column in found["table", "nyc", "flights"].columns] == ["id", "n", "k", "region"]
    assert [column.name for column in found["view", "nyc", "adults"].columns] == ["id", "name"]
    assert found["stream", "streams", "Clicks"].detail == "2 open shards"
    assert [column.name for column in found["warehouse", "public", "sales"].columns] == ["id", "name"]


def test_a_diff_tells_columns_fields_and_reading(workspace: kit.Workspace) -> None:
    workspace.storage.put(
        "s3://lake/events/a.json", '{"id": 1.5, "at": {"lat": "x", "lon": 2, "tags": [{"a": 1}]}, "new": true}\n'
    )
    workspace.catalog.crawl("s3://lake/events/", database="nyc")
    diff = workspace.catalog.diff("nyc", "events")
    assert diff.lines() == (
        "new boolean added",
        "id: bigint → double",
        "at.lat: double → string",
        "at.lon bigint added",
        "at.tags[]: string → struct<a:bigint>",
    )
    assert (diff.old_version, diff.new_version) == (1, 2)
    back = workspace.catalog.diff("nyc", "events", old=2, new=1)
    assert back.lines()[0] == "new removed"
    assert repr(back).startswith("nyc.events, version 2 → 1\n")
    with pytest.raises(KitError, match="has no version 7"):
        workspace.catalog.diff("nyc", "events", new=7)


def test_a_diff_of_a_table_that_never_changed_is_empty(workspace: kit.Workspace) -> None:
    diff = workspace.catalog.diff("nyc", "people")
    assert not diff
    assert "no difference" in repr(diff)
