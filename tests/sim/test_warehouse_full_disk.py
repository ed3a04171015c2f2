"""A disk that fills up in the middle of a change: a clear error, and the table as it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kit

WORKER = Path(__file__).with_name("warehouse_full_disk.py")
ROOT = Path(__file__).parents[2]
ROOM_BYTES = 256 << 10
MERGE = (
    "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = MD5(s.v) "
    "WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v)"
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "lab"
    with kit.open(path) as workspace:
        warehouse = workspace.warehouse
        warehouse.sql("CREATE TABLE t (k int, v varchar(200)) DISTKEY(k) SORTKEY(v)")
        warehouse.sql("INSERT INTO t VALUES " + ", ".join(f"({k}, '{k}')" for k in range(1_000)))
        for power in range(8):
            warehouse.sql(f"INSERT INTO t SELECT k + {1_000 << power}, MD5(k::varchar) || MD5(v) FROM t")
        warehouse.sql("CREATE TABLE s (k int, v varchar(200)) DISTKEY(k); INSERT INTO s SELECT k + 1000, v FROM t")
    return path


def state(path: Path) -> list[tuple[object, ...]]:
    with kit.open(path) as workspace:
        sums = "SELECT COUNT(*), SUM(k), MIN(v), MAX(v), SUM(LEN(v)) FROM"
        return [*workspace.warehouse.sql(f"{sums} t").rows, *workspace.warehouse.sql(f"{sums} s").rows]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET v = MD5(v) || MD5(k::varchar)",
        "UPDATE t SET k = k + 1",
        "INSERT INTO t SELECT k, MD5(v) FROM t",
        MERGE,
        "VACUUM t TO 100 PERCENT",
    ],
)
def test_a_full_disk_is_named_and_leaves_the_table_as_it_was(lab: Path, statement: str) -> None:
    before = state(lab)

    ended = subprocess.run(
        [sys.executable, WORKER, lab, str(ROOM_BYTES), statement],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert ended.stdout.startswith("53100 Disk Full"), ended.stdout + ended.stderr
    assert state(lab) == before
