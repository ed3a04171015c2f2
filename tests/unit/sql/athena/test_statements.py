"""What each kind of statement says, and how those that do not hold are refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kit.base.errors import KitError
from kit.sql.athena import parse
from kit.sql.athena import statements as s

T = s.TableName(None, "t")
DT = s.TableName("d", "t")
LIBRARY = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


def columns(*pairs: tuple[str, str]) -> tuple[s.ColumnDefinition, ...]:
    return tuple(s.ColumnDefinition(name, kind) for name, kind in pairs)


CREATE = f"""
CREATE EXTERNAL TABLE IF NOT EXISTS d.T (
  a INT COMMENT 'it''s', `B c` string, s struct<x:int, Y : array<string>>, m MAP<string,decimal(10,2)>,
  n decimal, v varchar(10), d double, i integer, t timestamp
)
COMMENT 'all'
PARTITIONED BY (year int, month string)
CLUSTERED BY (a, n) INTO 4 BUCKETS
ROW FORMAT SERDE '{LIBRARY}' WITH SERDEPROPERTIES ('separatorChar' = ',', "quoteChar" = "\\"")
STORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out'
LOCATION 's3://b/k/'
TBLPROPERTIES ('skip.header.line.count' = '1')
"""


def test_an_external_table_with_every_clause() -> None:
    assert parse(CREATE) == s.CreateExternalTable(
        table=DT,
        columns=(
            s.ColumnDefinition("a", "int", "it's"),
            *columns(
                *[("b c", "string"), ("s", "struct<x:int,y:array<string>>"), ("m", "map<string,decimal(10,2)>")],
                *[("n", "decimal(10,0)"), ("v", "varchar(10)"), ("d", "double"), ("i", "int"), ("t", "timestamp")],
            ),
        ),
        location="s3://b/k/",
        partition_keys=columns(("year", "int"), ("month", "string")),
        row_format=s.SerDeFormat(LIBRARY, {"separatorChar": ",", "quoteChar": '"'}),
        input_format="in",
        output_format="out",
        properties={"skip.header.line.count": "1"},
        comment="all",
        clustered_by=("a", "n"),
        buckets=4,
        if_not_exists=True,
    )


def test_a_delimited_table() -> None:
    text = r"""CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\'
    COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':' LINES TERMINATED BY '\n' NULL DEFINED AS '\\N'
    STORED AS TEXTFILE LOCATION 's3://b/'"""

    assert parse(text) == s.CreateExternalTable(
        T,
        columns(("a", "int")),
        "s3://b/",
        row_format=s.Delimited("\t", "\\", "|", ":", "\n", "\\N"),
        stored_as="TEXTFILE",
    )


@pytest.mark.parametrize("name", ["PARQUET", "ORC", "AVRO", "SEQUENCEFILE", "RCFILE", "ION", "JSONFILE"])
def test_formats_by_name(name: str) -> None:
    statement = parse(f"CREATE EXTERNAL TABLE t (a int) STORED AS {name.lower()} LOCATION 's3://b/'")

    assert statement == s.CreateExternalTable(T, columns(("a", "int")), "s3://b/", stored_as=name)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("CREATE DATABASE nyc", s.CreateDatabase("nyc")),
        (
            "CREATE SCHEMA IF NOT EXISTS Nyc COMMENT 'c' LOCATION 's3://b/' WITH DBPROPERTIES ('a' = 'b')",
            s.CreateDatabase("nyc", True, "c", "s3://b/", {"a": "b"}),
        ),
        ("ALTER DATABASE nyc SET DBPROPERTIES ('a' = 'b')", s.AlterDatabase("nyc", {"a": "b"})),
        ("DROP DATABASE nyc", s.DropDatabase("nyc")),
        ("DROP SCHEMA IF EXISTS `nyc` CASCADE", s.DropDatabase("nyc", True, True)),
        ("DROP DATABASE nyc RESTRICT", s.DropDatabase("nyc")),
        ("DROP TABLE IF EXISTS d.t", s.DropTable(DT, True)),
        ("DROP TABLE `t`", s.DropTable(T)),
        ("DROP VIEW IF EXISTS t", s.DropView(T, True)),
        ("MSCK REPAIR TABLE d.t", s.RepairTable(DT)),
        ("MSCK REPAIR TABLE awsdatacatalog.d.t;", s.RepairTable(DT)),
        (
            "ALTER TABLE t ADD IF NOT EXISTS PARTITION (y = 2013, m = '1') LOCATION 's3://a/' PARTITION (y=2013,m='2')",
            s.AddPartitions(
                T,
                (
                    s.NewPartition((("y", "2013"), ("m", "1")), "s3://a/"),
                    s.NewPartition((("y", "2013"), ("m", "2"))),
                ),
                True,
            ),
        ),
        (
            "ALTER TABLE t ADD PARTITION (d = DATE '2013-01-01', n = -5, e = NULL)",
            s.AddPartitions(T, (s.NewPartition((("d", "2013-01-01"), ("n", "-5"), ("e", None))),)),
        ),
        (
            "ALTER TABLE t DROP IF EXISTS PARTITION (y < 2013, m = '1'), PARTITION (y != 5)",
            s.DropPartitions(
                T,
                (
                    (s.PartitionTest("y", "<", "2013"), s.PartitionTest("m", "=", "1")),
                    (s.PartitionTest("y", "<>", "5"),),
                ),
                True,
            ),
        ),
        (
            "ALTER TABLE t PARTITION (y = 1) RENAME TO PARTITION (y = 2)",
            s.RenamePartition(T, (("y", "1"),), (("y", "2"),)),
        ),
        ("ALTER TABLE t SET LOCATION 's3://b/'", s.SetLocation(T, "s3://b/")),
        ("ALTER TABLE t PARTITION (y = 1) SET LOCATION 's3://b/'", s.SetLocation(T, "s3://b/", (("y", "1"),))),
        ("ALTER TABLE t SET TBLPROPERTIES ('a' = 'b', 'c' = '')", s.SetTblProperties(T, {"a": "b", "c": ""})),
        ("ALTER TABLE t ADD COLUMNS (a int, b string)", s.AddColumns(T, columns(("a", "int"), ("b", "string")))),
        (
            "ALTER TABLE t PARTITION (y = 1) ADD COLUMNS (a int)",
            s.AddColumns(T, columns(("a", "int")), (("y", "1"),)),
        ),
        ("ALTER TABLE t REPLACE COLUMNS (a int)", s.ReplaceColumns(T, columns(("a", "int")))),
        ("ALTER TABLE t CHANGE a b bigint", s.ChangeColumn(T, "a", s.ColumnDefinition("b", "bigint"))),
        (
            "ALTER TABLE t CHANGE COLUMN a b bigint COMMENT 'c' AFTER z",
            s.ChangeColumn(T, "a", s.ColumnDefinition("b", "bigint", "c"), "z"),
        ),
        ("ALTER TABLE t CHANGE a a int FIRST", s.ChangeColumn(T, "a", s.ColumnDefinition("a", "int"), "")),
        ("SHOW DATABASES", s.ShowDatabases()),
        ("SHOW SCHEMAS LIKE 'n*'", s.ShowDatabases("n*")),
        ("SHOW TABLES", s.ShowTables()),
        ("SHOW TABLES IN d 'fl*|we*'", s.ShowTables("d", "fl*|we*")),
        ("SHOW VIEWS FROM d LIKE 'v*'", s.ShowViews("d", "v*")),
        ("SHOW COLUMNS IN t", s.ShowColumns(T)),
        ("SHOW COLUMNS FROM t FROM d", s.ShowColumns(DT)),
        ("SHOW PARTITIONS d.t", s.ShowPartitions(DT)),
        ("SHOW CREATE TABLE t", s.ShowCreateTable(T)),
        ("SHOW CREATE VIEW t", s.ShowCreateView(T)),
        ("SHOW TBLPROPERTIES t", s.ShowTblProperties(T)),
        ("SHOW TBLPROPERTIES t('a')", s.ShowTblProperties(T, "a")),
        ("SHOW FUNCTIONS", s.ShowFunctions()),
        ("SHOW FUNCTIONS LIKE 'date%'", s.ShowFunctions("date%")),
        ("DESCRIBE d.t", s.Describe(DT)),
        ("DESC t", s.Describe(T)),
        ("DESCRIBE EXTENDED t", s.Describe(T, extended=True)),
        (
            "DESCRIBE FORMATTED t PARTITION (y = '1') a.b",
            s.Describe(T, formatted=True, partition=(("y", "1"),), column="a.b"),
        ),
        ("DESCRIBE VIEW t", s.DescribeView(T)),
        (
            "PREPARE p FROM SELECT * FROM t WHERE a = ? AND b = ?",
            s.Prepare("p", "SELECT * FROM t WHERE a = ? AND b = ?", 2),
        ),
        ("PREPARE p FROM INSERT INTO t VALUES (?)", s.Prepare("p", "INSERT INTO t VALUES (?)", 1)),
        ("EXECUTE p", s.Execute("p")),
        (
            "EXECUTE p USING 1, 'it''s', DATE '2020-01-01', -1.5, NULL, TRUE",
            s.Execute("p", (1, "it's", date(2020, 1, 1), Decimal("-1.5"), None, True)),
        ),
        ("DEALLOCATE PREPARE p", s.Deallocate("p")),
    ],
)
def test_statements(text: str, statement: s.Statement) -> None:
    assert parse(text) == statement


def query(text: str) -> s.Query:
    found = parse(text)
    match found:
        case s.Query():
            return found
        case s.CreateTableAs() | s.CreateView() | s.InsertInto() | s.Unload():
            return found.query
        case _:
            raise AssertionError(found)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT 1", "SELECT 1"),
        ("VALUES 1", "VALUES 1"),
        ("TABLE t", "TABLE t"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("(SELECT 1)", "(SELECT 1)"),
        ("SELECT ';';", "SELECT ';'"),
        ("-- a\nSELECT 1 ; -- b", "-- a\nSELECT 1 "),
    ],
)
def test_queries(text: str, whole: str) -> None:
    found = parse(text)

    assert isinstance(found, s.Query)
    assert found.text == whole


def test_a_table_as_a_query() -> None:
    found = parse(
        "CREATE TABLE IF NOT EXISTS d.t WITH (format = 'parquet', external_location = 's3://b/',"
        " partitioned_by = ARRAY['Y', 'm'],"
        " bucketed_by = ARRAY['a'], bucket_count = 3, write_compression = 'snappy', field_delimiter = ',')"
        " AS SELECT 1 AS a WITH NO DATA"
    )

    assert isinstance(found, s.CreateTableAs)
    assert (found.table, found.format, found.external_location, found.if_not_exists) == (DT, "PARQUET", "s3://b/", True)
    assert (found.partitioned_by, found.bucketed_by, found.bucket_count) == (("y", "m"), ("a",), 3)
    assert (found.compression, found.field_delimiter, found.with_data) == ("SNAPPY", ",", False)


def test_views_keep_the_text_of_their_query() -> None:
    found = parse("CREATE OR REPLACE VIEW d.t AS\nSELECT a FROM u WHERE b = 'x;y';")

    assert isinstance(found, s.CreateView)
    assert (found.view, found.view_text, found.replace) == (DT, "SELECT a FROM u WHERE b = 'x;y'", True)


def test_rows_are_inserted_by_query_or_values() -> None:
    assert parse("INSERT INTO d.t (A, b) SELECT 1, 2") == s.InsertInto(
        DT, query("INSERT INTO d.t (A, b) SELECT 1, 2"), ("a", "b")
    )
    assert parse("INSERT INTO t VALUES (1), (2)") == s.InsertInto(T, query("INSERT INTO t VALUES (1), (2)"))
    assert parse("INSERT INTO t (SELECT 1)") == s.InsertInto(T, query("INSERT INTO t (SELECT 1)"))


def test_unload() -> None:
    text = "UNLOAD (SELECT a FROM t WHERE f(x) > (1)) TO 's3://x/' WITH (format = 'ORC', partitioned_by = ARRAY['a'])"

    assert parse(text) == s.Unload(query(text), "s3://x/", {"format": "ORC", "partitioned_by": ["a"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXPLAIN SELECT 1", (False, "TEXT", "DISTRIBUTED", False)),
        ("EXPLAIN (FORMAT JSON, TYPE LOGICAL) SELECT 1", (False, "JSON", "LOGICAL", False)),
        ("EXPLAIN ANALYZE SELECT 1", (True, "TEXT", "DISTRIBUTED", False)),
        ("EXPLAIN ANALYZE VERBOSE SELECT 1", (True, "TEXT", "DISTRIBUTED", True)),
    ],
)
def test_plans_are_asked_for(text: str, expected: tuple[bool, str, str, bool]) -> None:
    found = parse(text)

    assert isinstance(found, s.Explain)
    assert isinstance(found.statement, s.Query)
    assert (found.analyze, found.format, found.type, found.verbose) == expected


def test_places_in_a_part_are_those_of_the_whole() -> None:
    text = "CREATE TABLE t AS\nSELECT a FROM u"

    node = query(text).tree.find_all()
    starts = [part.meta["start"] for part in node if part.meta.get("start") is not None]

    assert {text[start] for start in starts} <= {"a", "u", "S"}


@pytest.mark.parametrize(
    ("text", "code", "message", "place"),
    [
        ("", "SYNTAX_ERROR", "mismatched input '<EOF>'", (1, 1)),
        (" ; ", "SYNTAX_ERROR", "mismatched input", (1, 2)),
        ("SELECT 1; SELECT 2", "INVALID_REQUEST", "the second begins at line 1, column 11", (1, 11)),
        ("SHOW TABLES;\nSHOW TABLES", "INVALID_REQUEST", "the second begins at line 2, column 1", (2, 1)),
        ("FROBNICATE t", "SYNTAX_ERROR", "mismatched input 'FROBNICATE'. Expecting: 'ALTER'", (1, 1)),
        ("USE nyc", "SYNTAX_ERROR", "mismatched input 'USE'", (1, 1)),
        ("SELEC 1", "SYNTAX_ERROR", "mismatched input 'SELEC'", (1, 1)),
        ("SELECT FROM t", "SYNTAX_ERROR", "mismatched input 'FROM'", (1, 8)),
        ("SELECT a,\n  , b FROM t", "SYNTAX_ERROR", "mismatched input ','", (2, 3)),
        ("SELECT (1", "SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: ')'", (1, 10)),
        ("SELECT 'a", "SYNTAX_ERROR", "not closed", (1, 8)),
        ("SELECT 1 LIMIT 1 OFFSET 1", "SYNTAX_ERROR", "mismatched input 'OFFSET'", (1, 18)),
        ("SELECT a::int FROM t", "SYNTAX_ERROR", "mismatched input '::'", (1, 9)),
        ("SELECT `a` FROM t", "SYNTAX_ERROR", "backquoted identifiers are not supported", (1, 8)),
        ("SELECT a FROM t GROUP BY", "SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: <expression>", (1, 25)),
        ("SELECT f(, a)", "SYNTAX_ERROR", "mismatched input ','", (1, 10)),
        ("SELECT * FROM t QUALIFY a > 1", "SYNTAX_ERROR", "mismatched input 'a'", (1, 25)),
        ("SHOW TABELS", "SYNTAX_ERROR", "mismatched input 'TABELS'", (1, 6)),
        ("CREATE TABLE t (a int)", "SYNTAX_ERROR", "mismatched input '('. Expecting: 'AS'", (1, 16)),
        ("CREATE EXTERNAL TABLE t (a int)", "SYNTAX_ERROR", "Expecting: 'LOCATION'", (1, 32)),
        ("CREATE EXTERNAL TABLE t (a varchar) LOCATION 's3://b/'", "TYPE_NOT_FOUND", "Unknown type: varchar", (1, 28)),
        ("CREATE EXTERNAL TABLE t (a int, A int) LOCATION 's3://b/'", "DUPLICATE_COLUMN_NAME", "'a'", (1, 23)),
        ("CREATE EXTERNAL TABLE t (a decimal(39,2)) LOCATION 's3://b/'", "TYPE_NOT_FOUND", "decimal(39,2)", (1, 28)),
        ("CREATE TABLE t WITH (colour = 'red') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY", "'colour'", (1, 28)),
        ("CREATE TABLE t WITH (bucket_count = 'x') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY", "an integer", (1, 34)),
        ("CREATE TABLE t WITH (table_type = 'ICEBERG') AS SELECT 1 AS a", "NOT_SUPPORTED", "ICEBERG", (1, 32)),
        ("UNLOAD (SELECT 1) TO 's3://b/'", "INVALID_TABLE_PROPERTY", "needs a format", (1, 1)),
        ("ALTER TABLE t RENAME TO u", "NOT_SUPPORTED", "Iceberg", (1, 15)),
        ("ALTER TABLE t DROP COLUMN a", "NOT_SUPPORTED", "Iceberg", (1, 15)),
        ("DELETE FROM t", "NOT_SUPPORTED", "Modifying Hive table rows", (1, 1)),
        ("UPDATE t SET a = 1", "NOT_SUPPORTED", "Modifying Hive table rows", (1, 1)),
        ("MERGE INTO t USING u ON true", "NOT_SUPPORTED", "Modifying Hive table rows", (1, 1)),
        ("OPTIMIZE t REWRITE DATA", "NOT_SUPPORTED", "OPTIMIZE is only supported for Iceberg tables", (1, 1)),
        ("VACUUM t", "NOT_SUPPORTED", "VACUUM is only supported for Iceberg tables", (1, 1)),
        ("PREPARE p FROM SHOW TABLES", "NOT_SUPPORTED", "PREPARE takes", (1, 16)),
        ("EXPLAIN (FORMAT XML) SELECT 1", "SYNTAX_ERROR", "EXPLAIN knows", (1, 1)),
        ("DROP TABLE a.b.c.d", "SYNTAX_ERROR", "Too many dots", (1, 12)),
        ("DESCRIBE INPUT p", "NOT_SUPPORTED", "DESCRIBE INPUT", (1, 10)),
    ],
)
def test_what_does_not_hold_is_refused_where_it_stands(
    text: str, code: str, message: str, place: tuple[int, int]
) -> None:
    with pytest.raises(KitError) as raised:
        parse(text)

    assert (raised.value.code, (raised.value.line, raised.value.column)) == (code, place)
    assert message in raised.value.message


def test_a_text_longer_than_athena_takes_is_refused() -> None:
    with pytest.raises(KitError, match="262,144 bytes"):
        parse("SELECT '" + "ä" * 131_070 + "'")


def test_deep_nesting_is_refused_not_crashed() -> None:
    with pytest.raises(KitError, match="nested too deeply"):
        parse("SELECT " + "(" * 5_000 + "1" + ")" * 5_000)
