"""Continuous queries killed with SIGKILL during a checkpoint and during an emit: no row is lost, none comes twice."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import kit
from kit.base.ids import Entropy

WORKER = Path(__file__).with_name("window_worker.py")
ROOT = Path(__file__).parents[2]
MOMENTS = {"checkpoint": ("checkpoint", "placed"), "emit": ("emit", "midway", "emitted")}
TEXT = """SELECT window_start, window_end, usr, count(*) AS n, sum(v) AS s
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, usr"""
RECORDS = 1_500
BATCH_RECORDS = 100
SOAK_BATCH_RECORDS = 8
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Any]:
    with kit.open(tmp_path / "lab", seed=5) as opened:
        stream = opened.streams.create("clicks", shards=2)
        stream.limits(enforced=False)
        opened.streams.create("out", shards=3).limits(enforced=False)
        draw = Entropy(11)
        rows = [
            {
                "usr": f"u{draw.below(5)}",
                "v": draw.below(100),
                "at": (BEGUN + timedelta(seconds=number / 2 - draw.below(6))).isoformat(),
            }
            for number in range(RECORDS)
        ]
        stream.append(
            pa.table({"partition_key": [row["usr"] for row in rows], "data": [json.dumps(row) for row in rows]})
        )
        yield opened


class Worker:
    """The processes that go on with the query, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, WORKER, folder, "law"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def run(self, moment: str, count: int) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{moment} {count}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.communicate(timeout=60)[1] is None
        assert self._process.returncode == 0


def wanted(workspace: Any, until: datetime) -> Counter[Any]:
    found = workspace.analytics.sql(TEXT, lateness="3s", idle=None, schema={"v": "bigint"})
    return Counter(row for row in found.rows if row[1] <= until)


def in_stream(workspace: Any) -> Counter[Any]:
    rows = [json.loads(data) for data in workspace.streams["out"].table()["data"].to_pylist()]
    times = {"window_start", "window_end"}
    return Counter(
        tuple(datetime.fromisoformat(value) if name in times else value for name, value in row.items()) for row in rows
    )


def in_table(workspace: Any) -> Counter[Any]:
    return Counter(workspace.athena.sql("SELECT * FROM lake.counts").rows)


@pytest.mark.parametrize("destination", ["stream", "table"])
@pytest.mark.parametrize("during", MOMENTS)
def test_rows_arrive_once_through_kills(workspace: Any, during: str, destination: str, soak: bool) -> None:
    target: dict[str, str] = {"into": "out", "key": "usr"}
    if destination == "table":
        target = {"table": "lake.counts", "location": "s3://lake/counts/"}
    options = {
        "lateness": "3s",
        "idle": None,
        "schema": {"v": "bigint"},
        "batch_records": SOAK_BATCH_RECORDS if soak else BATCH_RECORDS,
    }
    workspace.analytics.start("law", TEXT, background=False, **target, **options)
    workspace.analytics.close()
    worker = Worker(workspace.path)
    draw = Entropy(len(during))
    for _ in range(100 if soak else 4):
        moment = MOMENTS[during][draw.below(len(MOMENTS[during]))]
        assert worker.run(moment, 1 + draw.below(3)) == signal.SIGKILL
    while worker.run("never", 1) != 0:
        pass
    worker.close()

    query = workspace.analytics.start("law", background=False)

    while query.step():
        pass
    until = datetime(1970, 1, 1) + timedelta(milliseconds=query.watermark_ms)
    got = in_stream(workspace) if destination == "stream" else in_table(workspace)
    assert got == wanted(workspace, until)
    assert sum(got.values()) > 300
    assert query.late().num_rows == workspace.analytics.sql(TEXT, **options).stats.late
