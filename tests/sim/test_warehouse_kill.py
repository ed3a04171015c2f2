"""Writers of a warehouse killed with SIGKILL at random moments: each change is there on all slices, or on none."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kit
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.warehouse import Warehouse
from kit.warehouse.connection import fetch

WRITER = Path(__file__).with_name("warehouse_writer.py")
ROOT = Path(__file__).parents[2]
ROWS = 3_000
KILLS = 120 if os.environ.get("BOATHOUSE_SOAK") == "1" else 6
LONGEST_SECONDS = 0.9


def prepare(path: Path) -> None:
    with kit.open(path) as workspace:
        warehouse = workspace.warehouse
        warehouse.sql("CREATE TABLE marked (k int, n int) DISTKEY(k) SORTKEY(n)")
        warehouse.sql("CREATE TABLE copied (k int, n int) DISTSTYLE ALL; CREATE TABLE log (n int) DISTSTYLE EVEN")
        warehouse.sql("INSERT INTO marked VALUES " + ", ".join(f"({k}, 0)" for k in range(ROWS)))
        warehouse.sql("INSERT INTO copied VALUES (1, 0), (2, 0), (3, 0); INSERT INTO log VALUES (0)")


def check(warehouse: Warehouse, acknowledged: int, seed: int) -> int:
    """The last change that is there, which is at least the last one that was acknowledged."""
    said = f"seed {seed}"
    ((rows, low, high),) = warehouse.sql("SELECT COUNT(*), MIN(n), MAX(n) FROM marked").rows
    ((logged,),) = warehouse.sql("SELECT MAX(n) FROM log").rows
    assert (rows, low) == (ROWS, high), said
    assert logged == high >= acknowledged, said
    assert warehouse.sql("SELECT COUNT(*), MIN(n), MAX(n) FROM copied").rows == [(3, high, high)], said
    check_parts(warehouse, said)
    return high


def check_parts(warehouse: Warehouse, said: str) -> None:
    """Every slice holds what the catalog says of it, and no part is there that no table owns."""
    cluster = warehouse._cluster
    cursor = cluster.cursor()
    try:
        wanted = {
            (f"slice{number}", table.relation): table.slice_rows[number]
            for table in cluster.catalog.relations.values()
            for number in table.places(cluster.shape)
        }
        listed = "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name LIKE 'slice%'"
        found = {
            (schema, name): fetch(cursor, f'SELECT count(*) FROM "{schema}"."{name}"')[0][0]
            for schema, name in fetch(cursor, listed)
        }
    finally:
        cluster.give_back(cursor)
    assert found == wanted, said


@pytest.mark.soak
def test_a_killed_writer_leaves_each_change_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "lab"
    prepare(path)
    seed = int.from_bytes(os.urandom(4), "little")
    entropy = Entropy(seed)
    last = 0
    for turn in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, WRITER, path, str(seed + turn), str(last + 1)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(entropy.fraction() * LONGEST_SECONDS)
        process.kill()
        out, err = process.communicate()
        assert first == "ready\n", err
        assert "Traceback" not in err, err
        acknowledged = max((int(line) for line in out.split("\n")[:-1]), default=-1)
        with kit.open(path, settings=Settings(threads=2, memory_bytes=256 << 20)) as workspace:
            last = check(workspace.warehouse, acknowledged, seed)
    assert last > 0
