"""UNLOAD through the warehouse: files, names, values as text, partitions, manifests, and what is in the way."""

from __future__ import annotations

import bz2
import errno
import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.load import unload, unload_writing
from kit.warehouse.load.report import UnloadStats
from kit.workspace import Workspace

ALL = "SELECT * FROM t ORDER BY k"


@pytest.fixture
def files(workspace: Workspace) -> Callable[[str], dict[str, bytes]]:
    """What is under a prefix of the bucket, by key."""

    def read(prefix: str) -> dict[str, bytes]:
        uri = f"s3://lake/{prefix}"
        found = workspace.storage.iter(uri) if "lake" in workspace.storage.buckets() else ()
        return {each.uri.removeprefix("s3://lake/"): workspace.storage.get(each.uri) for each in found}

    return read


@pytest.fixture
def table(warehouse: Warehouse) -> None:
    warehouse.sql(
        "CREATE TABLE t (k int, s varchar(20), d decimal(8,2), b boolean, day date, at timestamp, f float8, j super) "
        "DISTKEY(k)"
    )
    warehouse.sql(
        "INSERT INTO t VALUES "
        "(1, 'a|b', 1.5, true, '2008-01-02', '2008-01-02 10:11:12.5', 0.1, json_parse('{\"a\":1}')),"
        "(2, 'say \"hi\", \\\\', NULL, false, NULL, NULL, 1e300, NULL),"
        "(3, NULL, 7, NULL, '2009-01-01', NULL, 3, NULL),"
        "(4, '', 7, NULL, '2009-01-01', NULL, NULL, NULL)"
    )


TEXTS = {
    "": (
        '1|a|b|1.50|t|2008-01-02|2008-01-02 10:11:12.5|0.1|{"a":1}\n'
        '2|say "hi", \\||f|||1e+300|\n3||7.00||2009-01-01||3|\n4||7.00||2009-01-01|||\n'
    ),
    "CSV": (
        '1,a|b,1.50,t,2008-01-02,2008-01-02 10:11:12.5,0.1,"{""a"":1}"\n'
        '2,"say ""hi"", \\",,f,,,1e+300,\n3,,7.00,,2009-01-01,,3,\n4,,7.00,,2009-01-01,,,\n'
    ),
    "DELIMITER ';' NULL AS 'nil' HEADER": (
        'k;s;d;b;day;at;f;j\n1;a|b;1.50;t;2008-01-02;2008-01-02 10:11:12.5;0.1;{"a":1}\n'
        '2;say "hi", \\;nil;f;nil;nil;1e+300;nil\n3;nil;7.00;nil;2009-01-01;nil;3;nil\n'
        "4;;7.00;nil;2009-01-01;nil;nil;nil\n"
    ),
    "ADDQUOTES ESCAPE NULL AS 'nil'": (
        '"1"|"a\\|b"|"1.50"|"t"|"2008-01-02"|"2008-01-02 10:11:12.5"|"0.1"|"{\\"a\\":1}"\n'
        '"2"|"say \\"hi\\", \\\\"|nil|"f"|nil|nil|"1e+300"|nil\n"3"|nil|"7.00"|nil|"2009-01-01"|nil|"3"|nil\n'
        '"4"|""|"7.00"|nil|"2009-01-01"|nil|nil|nil\n'
    ),
    "JSON": (
        '{"k":1,"s":"a|b","d":1.50,"b":true,"day":"2008-01-02","at":"2008-01-02 10:11:12.5","f":0.1,"j":{"a":1}}\n'
        '{"k":2,"s":"say \\"hi\\", \\\\","d":null,"b":false,"day":null,"at":null,"f":1e+300,"j":null}\n'
        '{"k":3,"s":null,"d":7.00,"b":null,"day":"2009-01-01","at":null,"f":3,"j":null}\n'
        '{"k":4,"s":"","d":7.00,"b":null,"day":"2009-01-01","at":null,"f":null,"j":null}\n'
    ),
}


@pytest.mark.parametrize("options", TEXTS)
@pytest.mark.usefixtures("table")
def test_values_are_written_as_the_format_says(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]], options: str
) -> None:
    told = warehouse.sql(f"UNLOAD ('{ALL}') TO 's3://lake/out/' IAM_ROLE default {options} PARALLEL OFF")

    assert told.message == "UNLOAD completed, 4 record(s) unloaded successfully."
    assert {key: data.decode() for key, data in files("").items()} == {"out/000": TEXTS[options]}


@pytest.mark.usefixtures("table")
def test_every_slice_writes_its_own_file(warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]) -> None:
    stats = warehouse.sql("UNLOAD ('SELECT k FROM t ORDER BY k') TO 's3://lake/out/t_'").stats

    assert files("") == {f"out/t_000{number}_part_00": f"{number + 1}\n".encode() for number in range(4)}
    assert isinstance(stats, UnloadStats)
    assert [(each.slice, each.lines, each.size_bytes, each.format) for each in stats.written] == [
        (0, 1, 2, "Text"),
        (1, 1, 2, "Text"),
        (2, 1, 2, "Text"),
        (3, 1, 2, "Text"),
    ]
    assert "4 files" in stats.summary()


def _unzstd(data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return bytes(stream.read())


@pytest.mark.parametrize(
    ("word", "suffix", "decompress"),
    [("GZIP", ".gz", gzip.decompress), ("BZIP2", ".bz2", bz2.decompress), ("ZSTD", ".zst", _unzstd)],
)
@pytest.mark.usefixtures("table")
def test_files_are_compressed(
    warehouse: Warehouse,
    files: Callable[[str], dict[str, bytes]],
    word: str,
    suffix: str,
    decompress: Callable[[bytes], bytes],
) -> None:
    warehouse.sql(f"UNLOAD ('SELECT k FROM t ORDER BY k') TO 's3://lake/out/' {word} PARALLEL OFF")

    ((key, data),) = files("").items()
    assert key == f"out/000{suffix}"
    assert decompress(data) == b"1\n2\n3\n4\n"


@pytest.mark.usefixtures("table")
def test_fixed_width_pads_and_never_cuts(warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]) -> None:
    warehouse.sql(
        "UNLOAD ('SELECT k, day FROM t ORDER BY k') TO 's3://lake/out/' FIXEDWIDTH 'k:3,day:10' PARALLEL OFF "
        "EXTENSION 'txt'"
    )

    assert files("") == {
        "out/000.txt": b"1  2008-01-02\n2            \n3  2009-01-01\n4  2009-01-01\n",
    }
    with pytest.raises(KitError, match="value too long for the fixed width 2 of column s"):
        warehouse.sql("UNLOAD ('SELECT k, s FROM t') TO 's3://lake/other/' FIXEDWIDTH 'k:3,s:2'")
    assert files("other") == {}


@pytest.mark.usefixtures("table")
def test_parquet_keeps_types_and_values(warehouse: Warehouse, workspace: Workspace) -> None:
    warehouse.sql(f"UNLOAD ('{ALL}') TO 's3://lake/out/' FORMAT AS PARQUET")

    folder = workspace.storage.path("s3://lake/out/")
    assert [path.name for path in sorted(folder.iterdir())] == [f"000{number}_part_00.parquet" for number in range(4)]
    schema = pq.read_schema(folder / "0000_part_00.parquet")
    assert [str(field.type) for field in schema] == [
        "int32",
        "string",
        "decimal128(8, 2)",
        "bool",
        "date32[day]",
        "timestamp[us]",
        "double",
        "string",
    ]
    warehouse.sql("CREATE TABLE back (LIKE t); COPY back FROM 's3://lake/out/' FORMAT PARQUET")
    same = "k, s, d, b, day, at, f"
    assert warehouse.sql(f"SELECT {same} FROM back ORDER BY k").rows == (
        warehouse.sql(f"SELECT {same} FROM t ORDER BY k").rows
    )


@pytest.mark.usefixtures("table")
def test_partitions_are_folders_as_hive_has_them(warehouse: Warehouse, workspace: Workspace) -> None:
    warehouse.sql(f"UNLOAD ('{ALL}') TO 's3://lake/out' PARQUET PARTITION BY (day, s) MANIFEST")

    keys = {each.uri.removeprefix("s3://lake/out/") for each in workspace.storage.iter("s3://lake/")}
    folders = {key.rpartition("/")[0] for key in keys}
    assert folders == {
        "",
        "day=2008-01-02/s=a|b",
        "day=2009-01-01/s=",
        "day=2009-01-01/s=__HIVE_DEFAULT_PARTITION__",
        "day=__HIVE_DEFAULT_PARTITION__/s=say %22hi%22, %5C",
    }
    assert "manifest" in keys
    root = workspace.storage.path("s3://lake/out/")
    read = duckdb.sql(f"SELECT k, day FROM read_parquet('{root}/*/*/*.parquet', hive_partitioning = true) ORDER BY k")
    assert read.fetchall() == [(1, date(2008, 1, 2)), (2, None), (3, date(2009, 1, 1)), (4, date(2009, 1, 1))]


@pytest.mark.usefixtures("table")
def test_include_keeps_the_partition_columns(warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]) -> None:
    warehouse.sql(
        "UNLOAD ('SELECT k, b FROM t WHERE k < 3') TO 's3://lake/out/' CSV PARTITION BY (b) INCLUDE PARALLEL OFF"
    )

    assert files("") == {"out/b=f/000": b"2,f\n", "out/b=t/000": b"1,t\n"}


@pytest.mark.usefixtures("table")
def test_a_manifest_lists_the_files_and_can_be_loaded(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]
) -> None:
    warehouse.sql("UNLOAD ('SELECT k, s, d FROM t ORDER BY k') TO 's3://lake/out/' PARQUET MANIFEST VERBOSE")

    document = json.loads(files("out/manifest")["out/manifest"])
    assert [entry["url"] for entry in document["entries"]] == [
        f"s3://lake/out/000{number}_part_00.parquet" for number in range(4)
    ]
    assert [entry["meta"]["record_count"] for entry in document["entries"]] == [1, 1, 1, 1]
    assert document["meta"]["record_count"] == 4
    assert document["schema"]["elements"] == [
        {"name": "k", "type": {"base": "integer"}},
        {"name": "s", "type": {"base": "character varying", "length": 20}},
        {"name": "d", "type": {"base": "numeric", "precision": 8, "scale": 2}},
    ]
    warehouse.sql("CREATE TABLE back (k int, s varchar(20), d decimal(8,2))")
    warehouse.sql("COPY back FROM 's3://lake/out/manifest' FORMAT PARQUET MANIFEST")
    assert warehouse.sql("SELECT SUM(k), COUNT(s) FROM back").rows == [(10, 3)]


@pytest.fixture
def many(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE d (n int); INSERT INTO d VALUES " + ", ".join(f"({number})" for number in range(100)))
    warehouse.sql(
        "CREATE TABLE t AS SELECT a.n * 1000 + b.n * 10 AS k, 'a text to fill the row ' || a.n AS s FROM d a, d b"
    )


@pytest.mark.parametrize("options", ["", "GZIP", "PARQUET", "PARALLEL OFF"])
@pytest.mark.usefixtures("many")
def test_a_file_that_is_full_is_followed_by_another(
    warehouse: Warehouse, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    limit = 30_000
    monkeypatch.setattr(unload, "LARGEST_FILE_BYTES", limit)
    monkeypatch.setattr(unload, "BATCH_ROWS", 2048)
    monkeypatch.setattr(unload_writing, "_STEP_BYTES", 1000)

    warehouse.sql(f"UNLOAD ('SELECT * FROM t') TO 's3://lake/out/' {options}")

    found = list(workspace.storage.iter("s3://lake/out/"))
    assert all(each.size_bytes <= limit for each in found)
    if options in {"", "PARALLEL OFF"}:
        assert len(found) > 4
    warehouse.sql("CREATE TABLE back (k int, s varchar(50))")
    warehouse.sql(f"COPY back FROM 's3://lake/out/' {options.replace('PARALLEL OFF', '')}")
    assert warehouse.sql("SELECT COUNT(*), COUNT(DISTINCT k), SUM(k) FROM back").rows == (
        warehouse.sql("SELECT COUNT(*), COUNT(DISTINCT k), SUM(k) FROM t").rows
    )


@pytest.mark.usefixtures("table")
def test_existing_files_are_in_the_way(warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]) -> None:
    warehouse.sql("UNLOAD ('SELECT k FROM t ORDER BY k') TO 's3://lake/out/'")
    before = files("")

    with pytest.raises(KitError) as raised:
        warehouse.sql("UNLOAD ('SELECT 9') TO 's3://lake/out/'")

    assert raised.value.message.startswith("Specified unload destination on S3 is not empty. Consider using")
    assert files("") == before


@pytest.mark.usefixtures("table")
def test_allowoverwrite_replaces_and_cleanpath_removes(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]
) -> None:
    warehouse.sql("UNLOAD ('SELECT k FROM t ORDER BY k') TO 's3://lake/out/'")

    warehouse.sql("UNLOAD ('SELECT k + 10 FROM t WHERE k < 2') TO 's3://lake/out/' ALLOWOVERWRITE")
    replaced = files("")
    warehouse.sql("UNLOAD ('SELECT 7') TO 's3://lake/out/' CLEANPATH PARALLEL OFF")

    assert sorted(replaced) == [f"out/000{number}_part_00" for number in range(4)]
    assert b"11\n" in replaced.values()
    assert files("") == {"out/000": b"7\n"}


@pytest.mark.usefixtures("table")
def test_cleanpath_leaves_partitions_without_new_files(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]
) -> None:
    unloading = "UNLOAD ('SELECT k, b FROM t WHERE k = {}') TO 's3://lake/out/' PARTITION BY (b) PARALLEL OFF {}"
    warehouse.sql(unloading.format(1, ""))
    warehouse.sql(unloading.format(2, "CLEANPATH EXTENSION 'txt'"))

    assert files("") == {"out/b=f/000.txt": b"2\n", "out/b=t/000": b"1\n"}


def test_no_rows_leave_one_empty_file_of_text_and_none_of_parquet(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]
) -> None:
    warehouse.sql("UNLOAD ('SELECT 1 AS k WHERE 1 = 0') TO 's3://lake/text/' HEADER")
    warehouse.sql("UNLOAD ('SELECT 1 AS k WHERE 1 = 0') TO 's3://lake/parquet/' PARQUET")

    assert files("") == {"text/0000_part_00": b"k\n"}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UNLOAD ('SELECT 1 LIMIT 1') TO 's3://lake/out/'", "LIMIT clause is not supported in the outer SELECT"),
        ("UNLOAD ('SELECT 1') TO 's3://lake/out/' ENCRYPTED", "UNLOAD with ENCRYPTED is not supported"),
        (
            "UNLOAD ('SELECT 1 AS a') TO 's3://lake/out/' PARQUET PARTITION BY (b)",
            'partition column "b" is not in the query',
        ),
        (
            "UNLOAD ('SELECT 1 AS a') TO 's3://lake/out/' PARQUET PARTITION BY (a)",
            "a column that is no partition column",
        ),
        ("UNLOAD ('SELECT 1 AS a, 2 AS a') TO 's3://lake/out/' JSON", "columns of different names"),
        ("UNLOAD ('SELECT 1, 2') TO 's3://lake/out/' FIXEDWIDTH 'a:3'", "specification has 1 columns, the query 2"),
        ("UNLOAD ('SELECT no FROM d') TO 's3://lake/out/'", "d"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]], statement: str, words: str
) -> None:
    with pytest.raises(KitError) as raised:
        warehouse.sql(statement)

    assert words in raised.value.message
    assert files("") == {}


@pytest.mark.usefixtures("many")
def test_a_query_that_fails_half_way_leaves_no_file(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]
) -> None:
    with pytest.raises(KitError, match="Divide by zero"):
        warehouse.sql("UNLOAD ('SELECT 1 / (k - 99990) FROM t ORDER BY k') TO 's3://lake/out/'")

    assert files("") == {}


@pytest.mark.usefixtures("many")
def test_a_full_disk_leaves_no_file(
    warehouse: Warehouse, files: Callable[[str], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = unload_writing._private
    opened: list[Path] = []

    def full(path: Path) -> Any:
        opened.append(path)
        if len(opened) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(path)

    monkeypatch.setattr(unload_writing, "_private", full)

    with pytest.raises(KitError) as raised:
        warehouse.sql("UNLOAD ('SELECT * FROM t') TO 's3://lake/out/'")

    assert raised.value.code in {"53100", "InsufficientStorage"}
    assert files("") == {}
    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(10_000,)]


@pytest.mark.usefixtures("table")
def test_a_block_unloads_what_it_has_changed(warehouse: Warehouse, files: Callable[[str], dict[str, bytes]]) -> None:
    warehouse.sql(
        "BEGIN; DELETE FROM t WHERE k > 1; UNLOAD ('SELECT k FROM t') TO 's3://lake/out/' PARALLEL OFF; ROLLBACK"
    )

    assert files("") == {"out/000": b"1\n"}
    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(4,)]
