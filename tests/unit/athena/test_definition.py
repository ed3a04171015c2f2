"""CREATE, ALTER and DROP: what the catalog then holds, and what is refused."""

from typing import Any

import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.catalog import Column
from kit.catalog.serde import GROK, HIVE_JSON, LAZY_SIMPLE, OPEN_CSV, OPENX_JSON, ORC, PARQUET, REGEX


def columns(lake: Any, name: str) -> list[tuple[str, str]]:
    return [(each.name, each.type) for each in lake.catalog.table("lake", name).columns]


def test_a_table_of_delimited_text_is_made_and_read(lake: Any) -> None:
    lake.put("t/1.csv", "id|name\n1|x\n")

    result = lake.sql(
        "CREATE EXTERNAL TABLE t (id int COMMENT 'the id', name string) COMMENT 'a table' "
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' STORED AS TEXTFILE LOCATION 's3://data/t' "
        "TBLPROPERTIES ('skip.header.line.count'='1')"
    )

    table = lake.catalog.table("lake", "t")
    assert result.message == "Query successful."
    assert table.descriptor.location == "s3://data/t/"
    assert table.descriptor.serde.library == LAZY_SIMPLE
    assert table.descriptor.columns[0] == Column("id", "int", "the id")
    assert (table.description, table.parameters["EXTERNAL"]) == ("a table", "TRUE")
    assert lake.rows("SELECT id, name FROM t") == [(1, "x")]
    assert result.stats.cost_usd == 0.0
    assert lake.athena.record(result.stats.query_id).kind == "DDL"


@pytest.mark.parametrize(
    ("clause", "library"),
    [
        ("STORED AS PARQUET", PARQUET),
        ("STORED AS ORC", ORC),
        (f"ROW FORMAT SERDE '{OPEN_CSV}' WITH SERDEPROPERTIES ('separatorChar' = ';')", OPEN_CSV),
        (f"ROW FORMAT SERDE '{OPENX_JSON}' WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')", OPENX_JSON),
        (f"ROW FORMAT SERDE '{HIVE_JSON}'", HIVE_JSON),
        (f"ROW FORMAT SERDE '{REGEX}' WITH SERDEPROPERTIES ('input.regex' = '(.*)')", REGEX),
        (f"ROW FORMAT SERDE '{GROK}' WITH SERDEPROPERTIES ('input.format' = '%{{DATA:a}}')", GROK),
        (
            (
                f"ROW FORMAT SERDE '{PARQUET}' STORED AS INPUTFORMAT "
                "'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' OUTPUTFORMAT "
                "'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'"
            ),
            PARQUET,
        ),
    ],
)
def test_every_format_can_be_declared(lake: Any, clause: str, library: str) -> None:
    lake.sql(f"CREATE EXTERNAL TABLE t (a string) PARTITIONED BY (p int) {clause} LOCATION 's3://data/t/'")

    table = lake.catalog.table("lake", "t")
    assert table.descriptor.serde.library == library
    assert table.partition_keys == (Column("p", "int"),)
    assert lake.rows("SELECT a, p FROM t") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CREATE EXTERNAL TABLE t (a int)", "SYNTAX_ERROR"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION '/tmp/x'", "InvalidRequestException"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://data/thing'", "InvalidRequestException"),
        ("CREATE EXTERNAL TABLE t (a int, A string) LOCATION 's3://data/t/'", "DUPLICATE_COLUMN_NAME"),
        ("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (a int) LOCATION 's3://data/t/'", "DUPLICATE_COLUMN_NAME"),
        (
            "CREATE EXTERNAL TABLE t (a int) ROW FORMAT SERDE 'org.example.SerDe' LOCATION 's3://data/t/'",
            "InvalidInputException",
        ),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS SEQUENCEFILE LOCATION 's3://data/t/'", "NOT_SUPPORTED"),
        (
            (
                "CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' STORED AS PARQUET "
                "LOCATION 's3://data/t/'"
            ),
            "FAILED",
        ),
        ("CREATE EXTERNAL TABLE nodb.t (a int) LOCATION 's3://data/t/'", "SCHEMA_NOT_FOUND"),
    ],
)
def test_a_definition_that_does_not_hold_is_refused(lake: Any, text: str, code: str) -> None:
    lake.put("thing", "x")

    with pytest.raises(KitError) as caught:
        lake.sql(text)

    assert caught.value.code == code
    assert lake.catalog.table_names("lake") == []


def test_a_table_that_is_there_is_left_alone_only_on_request(lake: Any) -> None:
    lake.sql("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://data/t/'")

    lake.sql("CREATE EXTERNAL TABLE IF NOT EXISTS t (b string) LOCATION 's3://data/u/'")
    with pytest.raises(KitError, match="AlreadyExistsException"):
        lake.sql("CREATE EXTERNAL TABLE t (b string) LOCATION 's3://data/u/'")

    assert columns(lake, "t") == [("a", "int")]


def test_the_default_database_is_there_without_being_made(lake: Any) -> None:
    lake.athena.sql("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://data/t/'")

    assert lake.catalog.table("default", "t").name == "t"


def test_columns_are_added_changed_and_replaced(lake: Any) -> None:
    lake.csv("t", {"a": "int", "b": "int"}, "1,2,3\n", keys=None)

    lake.sql("ALTER TABLE t ADD COLUMNS (c bigint)")
    assert lake.rows("SELECT a, b, c FROM t") == [(1, 2, 3)]
    lake.sql("ALTER TABLE t CHANGE COLUMN b d string AFTER c")
    assert columns(lake, "t") == [("a", "int"), ("c", "bigint"), ("d", "string")]
    lake.sql("ALTER TABLE t CHANGE COLUMN d d string FIRST")
    assert columns(lake, "t") == [("d", "string"), ("a", "int"), ("c", "bigint")]
    lake.sql("ALTER TABLE t REPLACE COLUMNS (x string)")
    assert lake.rows("SELECT x FROM t") == [("1",)]
    with pytest.raises(KitError, match="Duplicate column name"):
        lake.sql("ALTER TABLE t ADD COLUMNS (x int)")


def test_location_and_properties_can_be_set(lake: Any) -> None:
    lake.csv("t", {"a": "int"}, "1\n")
    lake.put("u/1.csv", "header\n2\n")

    lake.sql("ALTER TABLE t SET LOCATION 's3://data/u/'")
    lake.sql("ALTER TABLE t SET TBLPROPERTIES ('skip.header.line.count' = '1')")

    assert lake.rows("SELECT a FROM t") == [(2,)]
    assert lake.catalog.table("lake", "t").version == 3


def test_views_are_made_replaced_and_dropped(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"a": [1, 2]}))
    lake.table("t", {"a": "bigint"})

    lake.sql("CREATE VIEW big AS SELECT a, a * 10 AS ten FROM t WHERE a > 1")
    assert lake.rows("SELECT ten FROM big") == [(20,)]
    assert columns(lake, "big") == [("a", "bigint"), ("ten", "bigint")]
    with pytest.raises(KitError, match="ALREADY_EXISTS"):
        lake.sql("CREATE VIEW big AS SELECT 1 AS a")
    lake.sql("CREATE OR REPLACE VIEW big AS SELECT a FROM t")
    assert lake.rows("SELECT count(*) AS n FROM big") == [(2,)]
    with pytest.raises(KitError):
        lake.sql("DROP TABLE big")
    lake.sql("DROP VIEW big")
    lake.sql("DROP VIEW IF EXISTS big")
    with pytest.raises(KitError, match="NOT_FOUND"):
        lake.sql("DROP VIEW big")
    assert lake.catalog.table_names("lake") == ["t"]


def test_a_view_that_does_not_hold_is_not_made(lake: Any) -> None:
    with pytest.raises(KitError, match="TABLE_NOT_FOUND"):
        lake.sql("CREATE VIEW v AS SELECT a FROM nothing")

    assert lake.catalog.table_names("lake") == []


def test_a_view_does_not_replace_a_table(lake: Any) -> None:
    lake.table("t", {"a": "bigint"})

    with pytest.raises(KitError, match="ALREADY_EXISTS"):
        lake.sql("CREATE OR REPLACE VIEW t AS SELECT 1 AS a")


def test_dropping_a_table_leaves_its_objects(lake: Any) -> None:
    uri = lake.put("t/1.parquet", pa.table({"a": [1]}))
    lake.table("t", {"a": "bigint"})

    lake.sql("DROP TABLE t")
    lake.sql("DROP TABLE IF EXISTS t")

    assert lake.storage.exists(uri)
    with pytest.raises(KitError) as caught:
        lake.sql("DROP TABLE t")
    assert caught.value.code == "TABLE_NOT_FOUND"


def test_databases_are_made_and_dropped(lake: Any) -> None:
    lake.sql("CREATE DATABASE other COMMENT 'mine' LOCATION 's3://data/other/'")
    lake.sql("CREATE DATABASE IF NOT EXISTS other")
    lake.athena.sql("CREATE EXTERNAL TABLE other.t (a int) LOCATION 's3://data/t/'")

    assert lake.catalog.database("other").location == "s3://data/other/"
    with pytest.raises(KitError, match="AlreadyExistsException"):
        lake.sql("CREATE DATABASE other")
    with pytest.raises(KitError, match="not empty"):
        lake.sql("DROP DATABASE other")
    lake.sql("DROP DATABASE other CASCADE")
    lake.sql("DROP DATABASE IF EXISTS other")
    assert lake.catalog.find_database("other") is None


def test_statements_are_prepared_and_executed(lake: Any) -> None:
    lake.sql("PREPARE add_up FROM SELECT CAST(? AS integer) + CAST(? AS integer) AS s")

    assert lake.rows("EXECUTE add_up USING 1, 2") == [(3,)]
    assert lake.athena.prepared_statements() == ["add_up"]
    lake.sql("PREPARE add_up FROM SELECT CAST(? AS varchar) AS s")
    assert lake.rows("EXECUTE add_up USING 'x'") == [("x",)]
    lake.sql("DEALLOCATE PREPARE add_up")
    with pytest.raises(KitError, match="NOT_FOUND"):
        lake.sql("EXECUTE add_up USING 1, 2")


def test_prepared_statements_belong_to_their_workgroup(lake: Any) -> None:
    from kit.athena import Workgroup

    lake.athena.workgroups.create(Workgroup(name="other"))
    lake.sql("PREPARE one FROM SELECT 1 AS a", workgroup="other")

    assert lake.rows("EXECUTE one", workgroup="other") == [(1,)]
    with pytest.raises(KitError, match="NOT_FOUND"):
        lake.sql("EXECUTE one")
    lake.athena.workgroups.delete("other")
    assert lake.athena.prepared_statements("other") == []
