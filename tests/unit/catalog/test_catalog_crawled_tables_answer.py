"""What is crawled can be asked: the real Athena reads, from the crawled table, the rows that were put."""

import gzip
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kit


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[kit.Workspace]:
    with kit.open(tmp_path / "workspace", seed=1) as workspace:
        yield workspace


def parquet(**columns: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


CASES: dict[str, tuple[dict[str, bytes], list[tuple[object, ...]]]] = {
    "header, semicolons, byte order mark, Windows line ends": (
        {"a.csv": "\ufeffid;name;ok\r\n1;Zürich;true\r\n2;;false\r\n".encode()},
        [(1, "Zürich", True), (2, "", False)],
    ),
    "no header, tabs, times, NULLs, gzip": (
        {"a.tsv.gz": gzip.compress(b"1\tx\t2013-01-01 10:00:00\n2\ty\t\\N\n")},
        [(1, "x", datetime(2013, 1, 1, 10)), (2, "y", None)],
    ),
    "control-A": ({"a": b"1\x01a,b\n2\x01c|d\n"}, [(1, "a,b"), (2, "c|d")]),
    "quotes": (
        {"a.csv": b'id,name\n1,"Smith, A"\n2,"say ""no"""\n'},
        [("1", "Smith, A"), ("2", 'say "no"')],
    ),
    "numbers of every kind": (
        {"a.csv": b"zip,n,x,d\n00501,-7,1e3,2013-01-31\n10001,8,.5,2013-02-28\n"},
        [("00501", -7, 1000.0, date(2013, 1, 31)), ("10001", 8, 0.5, date(2013, 2, 28))],
    ),
    "a column more in the second file": (
        {"a.csv": b"id,n\n1,2\n", "b.csv": b"id,n,x\n3,4,5.5\n"},
        [(1, 2, None), (3, 4, 5.5)],
    ),
    "keys, one of them NULL": (
        {"k=2013-01-01/a.csv": b"id,n\n1,2\n", "k=__HIVE_DEFAULT_PARTITION__/a.csv": b"id,n\n3,4\n"},
        [(1, 2, date(2013, 1, 1)), (3, 4, None)],
    ),
    "an escaped key": ({"k=New%20York%3A1/a.csv": b"id,n\n1,2\n"}, [(1, 2, "New York:1")]),
    "levels without a name": (
        {"east/01/a.csv": b"id,n\n1,2\n", "west/02/a.csv": b"id,n\n3,4\n"},
        [(1, 2, "east", "01"), (3, 4, "west", "02")],
    ),
    "nested JSON, gzip": (
        {"a.json.gz": gzip.compress(b'{"Id":1,"p":{"q":[1,2.5]},"n":null}\n{"id":2,"p":{"q":[]},"n":"x"}\n')},
        [(1, {"q": [1.0, 2.5]}, None), (2, {"q": []}, "x")],
    ),
    "Parquet that widens": (
        {"a.parquet": parquet(A=pa.array([1], pa.int32())), "b.parquet": parquet(a=[2**40], c=["new"])},
        [(1, None), (2**40, "new")],
    ),
    "Parquet with a key in its rows too": (
        {"year=2013/a.parquet": parquet(year=pa.array([1], pa.int32()), x=[1.5])},
        [(1.5, 2013)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rows_that_were_put_are_answered(workspace: kit.Workspace, case: str) -> None:
    objects, expected = CASES[case]
    for key, content in objects.items():
        workspace.storage.put(f"s3://lake/t/{key}", content)
    assert workspace.catalog.crawl("s3://lake/t/", database="nyc").created == ("t",)
    assert workspace.athena.sql("SELECT * FROM t ORDER BY 1", database="nyc").rows == expected
