"""SHOW, DESCRIBE and EXPLAIN: what they list, and under which headings."""

import json
from typing import Any

import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.catalog import Partition


@pytest.fixture
def stocked(lake: Any) -> Any:
    lake.put("sales/year=2013/1.parquet", pa.table({"id": [1], "what": [{"a": 1, "b": "x"}]}))
    lake.table(
        "sales",
        {"id": "bigint", "what": "struct<a:int,b:string>"},
        keys={"year": "int"},
        parameters={"classification": "parquet", "note": "it's"},
        partitions=[
            Partition(("2013",), "s3://data/sales/year=2013/"),
            Partition(("2014",), "s3://data/sales/year=2014/"),
        ],
    )
    lake.table("stores", {"name": "string"}, "textfile", serde_parameters={"field.delim": "\t"})
    lake.sql("CREATE VIEW v AS SELECT id FROM sales")
    return lake


@pytest.mark.parametrize(
    ("text", "heading", "rows"),
    [
        ("SHOW DATABASES", "database_name", ["default", "lake", "streams"]),
        ("SHOW SCHEMAS LIKE 'l.*'", "database_name", ["lake"]),
        ("SHOW TABLES", "tab_name", ["sales", "stores", "v"]),
        ("SHOW TABLES IN lake 's*'", "tab_name", ["sales", "stores"]),
        ("SHOW TABLES 'sales|v'", "tab_name", ["sales", "v"]),
        ("SHOW VIEWS", "views", ["v"]),
        ("SHOW COLUMNS IN sales", "field", ["id", "what", "year"]),
        ("SHOW PARTITIONS sales", "partition", ["year=2013", "year=2014"]),
    ],
)
def test_lists(stocked: Any, text: str, heading: str, rows: list[str]) -> None:
    result = stocked.sql(text)

    assert result.columns == [heading]
    assert [value for (value,) in result.rows] == rows


def test_functions_are_listed(stocked: Any) -> None:
    names = [row[0] for row in stocked.rows("SHOW FUNCTIONS LIKE 'date_%'")]

    assert {"date_trunc", "date_diff"} <= set(names)
    assert all(name.startswith("date") for name in names)


def test_a_table_is_described_with_its_partition_keys(stocked: Any) -> None:
    result = stocked.sql("DESCRIBE sales")

    assert result.columns == ["col_name", "data_type", "comment"]
    assert [row[:2] for row in result.rows] == [
        ("id", "bigint"),
        ("what", "struct<a:int,b:string>"),
        ("year", "int"),
        ("", None),
        ("# Partition Information", None),
        ("# col_name", "data_type"),
        ("year", "int"),
    ]


def test_a_column_is_described_with_its_fields(stocked: Any) -> None:
    assert stocked.rows("DESCRIBE sales what") == [
        ("a", "int", "from deserializer"),
        ("b", "string", "from deserializer"),
    ]
    with pytest.raises(KitError, match="Invalid column reference"):
        stocked.sql("DESCRIBE sales wat")


def test_formatted_tells_of_storage(stocked: Any) -> None:
    told = {row[0]: row[1] for row in stocked.rows("DESCRIBE FORMATTED sales")}

    assert told["Location:"] == "s3://data/sales/"
    assert told["Partitions:"] == "2"
    assert told["  note"] == "it's"


def test_properties_are_listed(stocked: Any) -> None:
    assert stocked.rows("SHOW TBLPROPERTIES sales") == [("classification", "parquet"), ("note", "it's")]
    assert stocked.rows("SHOW TBLPROPERTIES sales('note')") == [("note", "it's")]
    assert "does not have property" in stocked.rows("SHOW TBLPROPERTIES sales('nope')")[0][0]


def test_the_information_schema_can_be_queried(stocked: Any) -> None:
    assert stocked.rows("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'lake'") == [
        ("sales", "BASE TABLE"),
        ("stores", "BASE TABLE"),
        ("v", "VIEW"),
    ]
    text = (
        "SELECT column_name, ordinal_position, data_type, extra_info FROM information_schema.columns "
        "WHERE table_schema = 'lake' AND table_name = 'sales' ORDER BY ordinal_position"
    )
    assert stocked.rows(text) == [
        ("id", 1, "bigint", None),
        ("what", 2, "row(a integer, b varchar)", None),
        ("year", 3, "integer", "partition key"),
    ]
    assert stocked.rows("SELECT view_definition FROM information_schema.views") == [("SELECT id FROM sales",)]
    schemata = stocked.sql("SELECT count(*) AS n FROM information_schema.schemata WHERE schema_name = 'lake'")
    assert schemata.rows == [(1,)]
    assert schemata.stats.cost_usd == 0.0


@pytest.mark.parametrize("name", ["sales", "stores"])
def test_the_ddl_that_is_shown_makes_the_same_table(stocked: Any, name: str) -> None:
    lines = [row[0] for row in stocked.rows(f"SHOW CREATE TABLE {name}")]
    before = stocked.catalog.table("lake", name)
    stocked.sql(f"DROP TABLE {name}")

    stocked.sql("\n".join(lines))

    after = stocked.catalog.table("lake", name)
    assert after.columns == before.columns
    assert after.descriptor == before.descriptor
    assert {**after.parameters, "EXTERNAL": "TRUE"} == {**before.parameters, "EXTERNAL": "TRUE"}


def test_a_view_is_shown_as_it_was_written(stocked: Any) -> None:
    ((text,),) = stocked.rows("SHOW CREATE VIEW v")

    assert text == "CREATE VIEW lake.v AS\nSELECT id FROM sales"
    assert stocked.rows("DESCRIBE v") == [("id", "bigint", None)]
    with pytest.raises(KitError):
        stocked.sql("SHOW CREATE VIEW sales")
    with pytest.raises(KitError):
        stocked.sql("SHOW CREATE TABLE v")


def test_what_is_not_there_is_named(stocked: Any) -> None:
    with pytest.raises(KitError) as caught:
        stocked.sql("DESCRIBE saels")
    assert (caught.value.code, "sales" in caught.value.hint) == ("TABLE_NOT_FOUND", True)
    with pytest.raises(KitError, match="SCHEMA_NOT_FOUND"):
        stocked.sql("SHOW TABLES IN laek")


def test_explain_shows_pruning_and_price_and_costs_nothing(stocked: Any) -> None:
    result = stocked.sql("EXPLAIN SELECT sum(id) AS n FROM sales WHERE year = 2013")

    ((plan,),) = result.rows
    assert result.columns == ["Query Plan"]
    assert "Scan lake.sales (parquet) s3://data/sales/" in plan
    assert "where:   year in (2013)" in plan
    assert "partitions 1 of 2" in plan
    assert "Estimated: " in plan
    assert "READ_PARQUET sales" in plan
    assert str(stocked.storage.root) not in plan
    assert (result.stats.bytes_scanned, result.stats.cost_usd) == (0, 0.0)


def test_explain_analyze_shows_what_was_measured_and_is_billed(stocked: Any) -> None:
    result = stocked.sql("EXPLAIN ANALYZE SELECT sum(id) AS n FROM sales WHERE year >= 2013")

    ((plan,),) = result.rows
    assert "Measured: 1 row · scanned " in plan
    assert "peak memory" in plan
    assert "READ_PARQUET sales [1 row" in plan
    assert result.stats.bytes_scanned > 0


def test_explain_in_json(stocked: Any) -> None:
    ((text,),) = stocked.rows("EXPLAIN (FORMAT JSON) SELECT id FROM sales WHERE year = 2013 AND id > 5")

    plan = json.loads(text)
    (scan,) = plan["scans"]
    assert (scan["table"], scan["partitions"], scan["rowGroups"]) == (
        "lake.sales",
        {"total": 2, "read": 1},
        {"total": 1, "read": 0},
    )
    assert plan["columns"] == [{"name": "id", "type": "bigint"}]


def test_explain_of_what_writes_shows_its_query(stocked: Any) -> None:
    ((plan,),) = stocked.rows("EXPLAIN CREATE TABLE copy AS SELECT id FROM sales")

    assert plan.startswith("CREATE TABLE copy AS")
    assert "copy" not in stocked.catalog.table_names("lake")


def test_explain_validate(stocked: Any) -> None:
    assert stocked.rows("EXPLAIN (TYPE VALIDATE) SELECT id FROM sales") == [("true",)]
    with pytest.raises(KitError, match="COLUMN_NOT_FOUND"):
        stocked.sql("EXPLAIN (TYPE VALIDATE) SELECT idd FROM sales")


def test_explain_of_anything_else_is_refused(stocked: Any) -> None:
    with pytest.raises(KitError):
        stocked.sql("EXPLAIN SHOW TABLES")
    with pytest.raises(KitError, match="NOT_SUPPORTED"):
        stocked.sql("EXPLAIN (FORMAT GRAPHVIZ) SELECT 1")


def test_lists_are_written_to_the_output_location_as_hive_pads_them(stocked: Any) -> None:
    from kit.athena import Workgroup

    stocked.athena.workgroups.create(Workgroup(name="out", output_location="s3://results/"))

    result = stocked.sql("SHOW TABLES", workgroup="out")
    made = stocked.sql("CREATE DATABASE made", workgroup="out")

    assert stocked.storage.get(result.stats.output_location).decode().splitlines()[0] == f"{'sales':<20}"
    assert stocked.storage.get(made.stats.output_location) == b""
