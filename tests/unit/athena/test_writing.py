"""CREATE TABLE AS, INSERT INTO and UNLOAD: what they write, and that nothing is half-visible when they fail."""

import os
import signal
import subprocess
import sys
import threading
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.athena import Workgroup
from kit.base.errors import KitError

EVERYTHING = """
SELECT TRUE AS b, TINYINT '1' AS t, SMALLINT '2' AS s, 3 AS i, BIGINT '4' AS l, REAL '1.5' AS f, 2.5E0 AS d,
       DECIMAL '1.50' AS e, 'x"y' AS v, CAST('abc' AS varchar(5)) AS w, X'00FF' AS bin, DATE '2013-01-02' AS day,
       TIMESTAMP '2013-01-02 03:04:05.678' AS at, ARRAY[1, NULL] AS a, MAP(ARRAY['k'], ARRAY[7]) AS m,
       CAST(ROW(1, 'z') AS ROW(x integer, y varchar)) AS r
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""
VALUES = (
    *(True, 1, 2, 3, 4, 1.5, 2.5, Decimal("1.50"), 'x"y', "abc", b"\x00\xff", date(2013, 1, 2)),
    *(datetime(2013, 1, 2, 3, 4, 5, 678000), [1, None], [("k", 7)], {"x": 1, "y": "z"}),
)


@pytest.fixture
def source(lake: Any) -> Any:
    lake.put("src/1.parquet", pa.table({"v": list(range(12)), "s": [f"n{i % 3}" for i in range(12)]}))
    lake.table("src", {"v": "bigint", "s": "string"})
    return lake


def objects(lake: Any, prefix: str = "s3://data/out/") -> list[str]:
    lake.put("keep", "the bucket")
    return [info.uri.removeprefix(prefix) for info in lake.storage.iter(prefix)]


def nothing_is_left(lake: Any, *names: str) -> None:
    assert objects(lake) == []
    assert not set(names) & set(lake.catalog.table_names("lake"))
    staging = lake.storage.root / ".staging"
    assert [path for path in staging.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


@pytest.mark.parametrize("format_name", ["PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"])
def test_what_is_written_is_read_back_in_every_format(lake: Any, format_name: str) -> None:
    result = lake.sql(
        f"CREATE TABLE t WITH (format = '{format_name}', external_location = 's3://data/out/') AS {EVERYTHING}"
    )

    full, empty = sorted(lake.rows("SELECT * FROM t"), key=lambda row: row[0] is None)
    assert (result.message, result.stats.rows) == ("Query successful.", 2)
    assert full == VALUES
    assert empty == (None,) * len(VALUES)
    assert len(objects(lake)) == 1


@pytest.mark.parametrize(
    ("format_name", "compression", "suffix"),
    [
        ("PARQUET", "SNAPPY", ""),
        ("PARQUET", "ZSTD", ""),
        ("PARQUET", "NONE", ""),
        ("ORC", "ZLIB", ""),
        ("ORC", "SNAPPY", ""),
        ("AVRO", "DEFLATE", ""),
        ("AVRO", "NONE", ""),
        ("JSON", "GZIP", ".gz"),
        ("TEXTFILE", "ZSTD", ".zst"),
        ("TEXTFILE", "NONE", ""),
    ],
)
def test_compressions(source: Any, format_name: str, compression: str, suffix: str) -> None:
    source.sql(
        f"CREATE TABLE t WITH (format = '{format_name}', write_compression = '{compression}', "
        "external_location = 's3://data/out/') AS SELECT v, s FROM src"
    )

    (name,) = objects(source)
    assert name.endswith(suffix) if suffix else "." not in name
    assert source.rows("SELECT sum(v) AS n, count(s) AS c FROM t") == [(66, 12)]


def test_partitions_are_written_as_folders_and_registered(source: Any) -> None:
    source.sql(
        "CREATE TABLE t WITH (external_location = 's3://data/out', partitioned_by = ARRAY['s', 'even']) AS "
        "SELECT v, nullif(s, 'n0') AS s, v % 2 = 0 AS even FROM src"
    )

    partitions = [each.values for each in source.catalog.partitions("lake", "t")]
    assert partitions == [(s, even) for s in (None, "n1", "n2") for even in ("false", "true")]
    assert all(name.startswith("s=") and "/even=" in name for name in objects(source))
    result = source.sql("SELECT v FROM t WHERE s = 'n1' AND even = true ORDER BY v")
    assert result.rows == [(4,), (10,)]
    assert (result.stats.partitions.read, result.stats.partitions.total) == (1, 6)
    assert source.rows("SELECT count(*) AS n FROM t WHERE s IS NULL") == [(4,)]


@pytest.mark.parametrize("format_name", ["ORC", "JSON"])
def test_partitions_of_other_formats(source: Any, format_name: str) -> None:
    source.sql(
        f"CREATE TABLE t WITH (format = '{format_name}', partitioned_by = ARRAY['k']) AS "
        "SELECT v, 'a/b=' || s AS k FROM src"
    )

    assert source.rows("SELECT k, count(*) AS n FROM t GROUP BY k ORDER BY k") == [
        ("a/b=n0", 4),
        ("a/b=n1", 4),
        ("a/b=n2", 4),
    ]


def test_a_table_without_a_location_lies_below_the_workgroups(source: Any) -> None:
    source.athena.workgroups.create(Workgroup(name="out", output_location="s3://results/x/"))

    result = source.sql("CREATE TABLE t AS SELECT v FROM src", workgroup="out")

    query = result.stats.query_id
    location = source.catalog.table("lake", "t").descriptor.location
    assert location == f"s3://results/x/tables/{query}/"
    manifest = source.storage.get(f"s3://results/x/{query}-manifest.csv").decode().split()
    assert manifest == [info.uri for info in source.storage.iter(location)]


def test_a_table_can_be_made_without_its_rows(source: Any) -> None:
    source.sql("CREATE TABLE t WITH (external_location = 's3://data/out/') AS SELECT v FROM src WITH NO DATA")

    assert source.rows("SELECT v FROM t") == []
    assert objects(source) == []


def test_one_hundred_partitions_are_the_limit(lake: Any) -> None:
    select = "SELECT x AS v, x AS p FROM UNNEST(sequence(1, {})) t(x)"
    with_ = "WITH (external_location = 's3://data/{}/', partitioned_by = ARRAY['p'])"
    lake.sql(f"CREATE TABLE ok {with_.format('ok')} AS {select.format(100)}")

    for format_name in ("PARQUET", "ORC"):
        with pytest.raises(KitError) as caught:
            lake.sql(
                f"CREATE TABLE t WITH (format = '{format_name}', external_location = 's3://data/out/', "
                f"partitioned_by = ARRAY['p']) AS {select.format(101)}"
            )
        assert (caught.value.code, caught.value.message) == (
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            "Exceeded limit of 100 open writers for partitions/buckets",
        )
        nothing_is_left(lake, "t")
    assert lake.catalog.partition_count("lake", "ok") == 100


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CREATE TABLE src AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS"),
        ("CREATE TABLE t AS SELECT 1", "MISSING_COLUMN_NAME"),
        ("CREATE TABLE t AS SELECT 1 AS a, 2 AS A", "DUPLICATE_COLUMN_NAME"),
        ("CREATE TABLE t AS SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN"),
        ("CREATE TABLE t AS SELECT TIME '01:02:03' AS a", "NOT_SUPPORTED"),
        ("CREATE TABLE t AS SELECT JSON '1' AS a", "NOT_SUPPORTED"),
        ("CREATE TABLE t WITH (partitioned_by = ARRAY['v']) AS SELECT v, s FROM src", "HIVE_COLUMN_ORDER_MISMATCH"),
        ("CREATE TABLE t WITH (partitioned_by = ARRAY['v']) AS SELECT v FROM src", "INVALID_TABLE_PROPERTY"),
        ("CREATE TABLE t WITH (format = 'PARQET') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY"),
        ("CREATE TABLE t WITH (write_compression = 'BROTLI') AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY"),
        ("CREATE TABLE t WITH (bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT 1 AS a", "NOT_SUPPORTED"),
        ("CREATE TABLE t WITH (external_location = 's3://data/src/') AS SELECT 1 AS a", "HIVE_PATH_ALREADY_EXISTS"),
        ("CREATE TABLE nodb.t AS SELECT 1 AS a", "SCHEMA_NOT_FOUND"),
    ],
)
def test_what_does_not_hold_is_refused(source: Any, text: str, code: str) -> None:
    with pytest.raises(KitError) as caught:
        source.sql(text)

    assert caught.value.code == code
    nothing_is_left(source, "t")


def test_a_table_that_is_there_is_left_alone_on_request(source: Any) -> None:
    source.sql("CREATE TABLE IF NOT EXISTS src AS SELECT 1 AS other")

    assert [column.name for column in source.catalog.table("lake", "src").columns] == ["v", "s"]


def test_a_query_that_fails_leaves_nothing(source: Any) -> None:
    with pytest.raises(KitError, match="DIVISION_BY_ZERO"):
        source.sql("CREATE TABLE t WITH (external_location = 's3://data/out/') AS SELECT v / (v - 11) AS q FROM src")

    nothing_is_left(source, "t")


def test_a_catalog_that_refuses_leaves_nothing(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise KitError("InternalServiceException", "no")

    monkeypatch.setattr(source.catalog, "create_table", refuse)

    with pytest.raises(KitError, match="InternalServiceException"):
        source.sql("CREATE TABLE t WITH (external_location = 's3://data/out/') AS SELECT v FROM src")
    nothing_is_left(source, "t")


def test_ctrl_c_leaves_nothing(lake: Any) -> None:
    text = (
        "CREATE TABLE t WITH (external_location = 's3://data/out/') AS "
        "SELECT x, y, z FROM UNNEST(sequence(1, 10000)) a(x) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) b(y) CROSS JOIN UNNEST(sequence(1, 10000)) c(z)"
    )
    timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        lake.sql(text)
    timer.join()

    nothing_is_left(lake, "t")
    assert lake.athena.executions(1)[0].state == "CANCELLED"


@pytest.mark.parametrize("format_name", ["PARQUET", "ORC", "TEXTFILE"])
def test_a_full_disk_leaves_nothing_half_visible(tmp_path: Path, format_name: str) -> None:
    """A child may write files of 200 kB at most, so that the rows of the table do not fit."""
    home = tmp_path / "ws"
    script = f"""
import resource, signal
import kit
from kit.base.errors import KitError
from kit.base.settings import Settings
with kit.open({str(home)!r}, settings=Settings(threads=2)) as ws:
    ws.catalog.create_database("lake")
    ws.athena.sql("SELECT 1 AS warm")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    try:
        ws.athena.sql(
            "CREATE TABLE t WITH (format = '{format_name}', external_location = 's3://data/out/') AS "
            "SELECT x, to_hex(md5(to_utf8(CAST(x * y AS varchar)))) AS s "
            "FROM UNNEST(sequence(1, 1000)) a(x) CROSS JOIN UNNEST(sequence(1, 500)) b(y)",
            database="lake",
        )
    except KitError as error:
        print(error.code)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(ws.catalog.table_names("lake"))
    print("data" in ws.storage.buckets() and [info.uri for info in ws.storage.iter("s3://data/")])
    print(ws.athena.sql("SELECT 1 AS one").rows, ws.athena.executions(2)[1].state)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)

    assert done.stdout.splitlines() == ["InsufficientStorage", "[]", "False", "[(1,)] FAILED"], done.stderr[-2000:]


def test_rows_are_inserted_into_new_and_old_partitions(source: Any) -> None:
    source.sql(
        "CREATE TABLE t WITH (external_location = 's3://data/out/', partitioned_by = ARRAY['s']) AS "
        "SELECT v, s FROM src WHERE s = 'n1'"
    )
    source.sql("ALTER TABLE t ADD PARTITION (s = 'n2') LOCATION 's3://data/elsewhere/'")

    result = source.sql("INSERT INTO t SELECT v, s FROM src WHERE v < 6")

    assert result.stats.rows == 6
    assert source.rows("SELECT s, count(*) AS n FROM t GROUP BY s ORDER BY s") == [("n0", 2), ("n1", 6), ("n2", 2)]
    assert len(objects(source, "s3://data/elsewhere/")) == 1
    assert source.catalog.partition_count("lake", "t") == 3


@pytest.mark.parametrize("format_name", ["PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"])
def test_values_are_inserted_in_every_format(lake: Any, format_name: str) -> None:
    lake.sql(f"CREATE TABLE t WITH (format = '{format_name}') AS {EVERYTHING} LIMIT 1")

    lake.sql(f"INSERT INTO t {EVERYTHING}")

    assert sum(row == VALUES for row in lake.rows("SELECT * FROM t")) >= 1
    assert lake.rows("SELECT count(*) AS n FROM t") == [(3,)]


def test_columns_may_be_named_and_others_are_null(source: Any) -> None:
    source.sql("INSERT INTO src (s) VALUES 'new', 'more'")
    source.sql("INSERT INTO src (s, v) VALUES ('both', 99)")

    assert source.rows("SELECT v, s FROM src WHERE v IS NULL OR v > 50 ORDER BY s") == [
        (99, "both"),
        (None, "more"),
        (None, "new"),
    ]


def test_separators_of_the_table_are_kept(lake: Any) -> None:
    lake.csv("t", {"a": "int", "b": "string"}, "1,x\n")

    lake.sql("INSERT INTO t VALUES (2, 'y'), (3, NULL)")

    assert lake.rows("SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, "y"), (3, None)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("INSERT INTO src VALUES (1)", "TYPE_MISMATCH"),
        ("INSERT INTO src VALUES ('x', 'y')", "TYPE_MISMATCH"),
        ("INSERT INTO src (v, nope) VALUES (1, 2)", "COLUMN_NOT_FOUND"),
        ("INSERT INTO nothing VALUES (1)", "TABLE_NOT_FOUND"),
        ("INSERT INTO seen VALUES (1)", "NOT_SUPPORTED"),
        ("INSERT INTO quoted VALUES ('x')", "NOT_SUPPORTED"),
        ("INSERT INTO headed VALUES ('x')", "NOT_SUPPORTED"),
    ],
)
def test_inserts_that_do_not_hold_are_refused(source: Any, text: str, code: str) -> None:
    from kit.catalog.serde import OPEN_CSV

    source.sql("CREATE VIEW seen AS SELECT v FROM src")
    source.csv("quoted", {"a": "string"}, "x\n", serde=OPEN_CSV)
    source.csv("headed", {"a": "string"}, "a\n", parameters={"skip.header.line.count": "1"})
    before = [info.uri for info in source.storage.iter("s3://data/")]

    with pytest.raises(KitError) as caught:
        source.sql(text)

    assert caught.value.code == code
    assert [info.uri for info in source.storage.iter("s3://data/")] == before


def test_a_failed_insert_leaves_the_table_as_it_was(source: Any) -> None:
    with pytest.raises(KitError, match="DIVISION_BY_ZERO"):
        source.sql("INSERT INTO src SELECT v / (v - 11), s FROM src")

    assert source.rows("SELECT count(*) AS n FROM src") == [(12,)]
    assert len(objects(source, "s3://data/src/")) == 1


def test_rows_are_unloaded(source: Any) -> None:
    result = source.sql(
        "UNLOAD (SELECT v, s FROM src WHERE v < 3) TO 's3://data/out/' WITH (format = 'PARQUET', compression = 'ZSTD')"
    )

    (name,) = objects(source)
    table = pq.read_table(source.storage.path(f"s3://data/out/{name}"))
    assert table.to_pydict() == {"v": [0, 1, 2], "s": ["n0", "n1", "n2"]}
    assert result.stats.rows == 3
    assert pq.read_metadata(source.storage.path(f"s3://data/out/{name}")).row_group(0).column(0).compression == "ZSTD"


def test_text_is_unloaded_with_commas_unless_told_otherwise(source: Any) -> None:
    source.sql(
        "UNLOAD (SELECT v, s FROM src WHERE v = 1) TO 's3://data/out/a/' "
        "WITH (format = 'TEXTFILE', compression = 'NONE')"
    )
    source.sql(
        "UNLOAD (SELECT v, s FROM src WHERE v = 1) TO 's3://data/out/b/' "
        "WITH (format = 'TEXTFILE', compression = 'NONE', field_delimiter = '|')"
    )

    assert [source.storage.get(f"s3://data/out/{name}") for name in objects(source)] == [b"1,n1\n", b"1|n1\n"]


def test_rows_are_unloaded_into_partitions(source: Any) -> None:
    source.sql("UNLOAD (SELECT v, s FROM src) TO 's3://data/out/' WITH (format = 'JSON', partitioned_by = ARRAY['s'])")

    assert sorted({name.split("/")[0] for name in objects(source)}) == ["s=n0", "s=n1", "s=n2"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("UNLOAD (SELECT v FROM src) TO 's3://data/src/' WITH (format = 'PARQUET')", "HIVE_PATH_ALREADY_EXISTS"),
        ("UNLOAD (SELECT v FROM src) TO 's3://data/out/' WITH (compression = 'GZIP')", "INVALID_TABLE_PROPERTY"),
        ("UNLOAD (SELECT v FROM src) TO 's3://data/out/' WITH (format = 'XML')", "INVALID_TABLE_PROPERTY"),
    ],
)
def test_unloads_that_do_not_hold_are_refused(source: Any, text: str, code: str) -> None:
    with pytest.raises(KitError) as caught:
        source.sql(text)

    assert caught.value.code == code
    assert objects(source) == []


def test_two_tables_into_one_place_are_one_too_many(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer publishes between the check and our own publication."""
    from kit.athena import writing

    fill = writing._fill

    def overtaken(*arguments: Any) -> int:
        rows = fill(*arguments)
        source.put("out/other.parquet", pa.table({"v": [1]}))
        return rows

    monkeypatch.setattr(writing, "_fill", overtaken)

    with pytest.raises(KitError, match="HIVE_PATH_ALREADY_EXISTS"):
        source.sql("CREATE TABLE t WITH (external_location = 's3://data/out/') AS SELECT v FROM src")
    assert objects(source) == ["other.parquet"]
    assert "t" not in source.catalog.table_names("lake")


def test_writing_is_billed_for_what_its_query_scans(source: Any) -> None:
    written = source.sql("CREATE TABLE t AS SELECT v FROM src").stats
    asked = source.sql("SELECT v FROM src").stats

    assert written.bytes_scanned == asked.bytes_scanned > 0
