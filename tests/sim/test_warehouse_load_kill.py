"""Loads killed with SIGKILL at random moments: the rows of a COPY are there on all slices, or none of them is."""

import gzip
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kit
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.warehouse import Warehouse

LOADER = Path(__file__).with_name("warehouse_loader.py")
ROOT = Path(__file__).parents[2]
FILES = 6
ROWS = 5_000
KILLS = 100 if os.environ.get("BOATHOUSE_SOAK") == "1" else 5
LONGEST_SECONDS = 0.9


def contents(number: int) -> list[bytes]:
    """A file of each kind that the loader knows, with the same keys."""
    keys = range(number * ROWS, (number + 1) * ROWS)
    parquet = io.BytesIO()
    pq.write_table(pa.table({"k": pa.array(keys, pa.int64())}), parquet)
    return [
        gzip.compress(b"".join(b"%d\n" % k for k in keys), 1),
        b"".join(b"%d\n" % k for k in keys) + b"bad\n" * (number == 0),
        parquet.getvalue(),
        b"".join(b'{"k": %d}\n' % k for k in keys),
    ]


def prepare(path: Path) -> None:
    with kit.open(path) as workspace:
        for number in range(FILES):
            for kind, data in enumerate(contents(number)):
                workspace.storage.put(f"s3://lake/{kind}/{number}", data)
        workspace.warehouse.sql("CREATE TABLE loaded (k bigint) DISTKEY(k) SORTKEY(k)")


def check(warehouse: Warehouse, said: str) -> int:
    """How many loads are there: each has every key once."""
    ((rows, keys, total),) = warehouse.sql("SELECT COUNT(*), COUNT(DISTINCT k), SUM(k) FROM loaded").rows
    loads, rest = divmod(rows, FILES * ROWS)
    assert rest == 0, said
    if loads:
        assert keys == FILES * ROWS, said
        assert total == loads * sum(range(FILES * ROWS)), said
    table = warehouse._cluster.catalog.relations["public", "loaded"]
    assert sum(table.slice_rows) == rows, said
    assert list((warehouse._cluster.folder / "spill").iterdir()) == [], said
    return loads


@pytest.mark.soak
def test_a_killed_load_is_there_on_all_slices_or_on_none(tmp_path: Path) -> None:
    path = tmp_path / "lab"
    prepare(path)
    seed = int.from_bytes(os.urandom(4), "little")
    entropy = Entropy(seed)
    loads = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, LOADER, path, str(loads)],
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
        acknowledged = [int(line) for line in out.split("\n")[:-1]]
        with kit.open(path, settings=Settings(threads=2, memory_bytes=256 << 20)) as workspace:
            before, loads = loads, check(workspace.warehouse, f"seed {seed}")
        assert loads in {before + len(acknowledged), before + len(acknowledged) + 1}, f"seed {seed}"
    assert loads > 0
