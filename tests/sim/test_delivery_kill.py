"""Deliveries killed with SIGKILL, at random moments and at each step of a flush: no acknowledged record is lost.

Storage destinations promise more than the service does, as long as the transformation is repeatable: what is delivered
again replaces what was there, so every record is in exactly one object.
"""

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.base.ids import Entropy
from kit.catalog.model import Column, Table
from kit.catalog.serde import descriptor

WORKER = Path(__file__).with_name("delivery_worker.py")
ROOT = Path(__file__).parents[2]
POINTS = (
    "before-begin",
    "after-begin",
    "transform",
    "before-publish",
    "after-publish",
    "before-partitions",
    "after-partitions",
    "before-commit",
    "after-commit",
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a stream and three delivery streams, closed."""
    path = tmp_path / "lab"
    with kit.open(path) as workspace:
        workspace.streams.create("numbers", shards=2).limits(enforced=False)
        workspace.catalog.create_database("lake")
        columns = (Column("id", "string"), Column("part", "int"))
        table = Table("lake", "numbers", descriptor("parquet", columns, "s3://lake/numbers/"), (Column("p", "int"),))
        workspace.catalog.create_table(table)
        deliveries = workspace.delivery
        deliveries.create("plain", "s3://lake/plain/", delimiter="\n", buffer_seconds=0)
        deliveries.create(
            "marked",
            "s3://lake/marked/",
            delimiter="\n",
            buffer_seconds=0,
            transform=mark,
            error_prefix="errors/marked/",
        )
        deliveries.create(
            "parquet",
            "s3://lake/numbers/p=!{partitionKeyFromQuery:p}/",
            source="numbers",
            schema="lake.numbers",
            partition_by={"p": ".part"},
            buffer_seconds=1,
        )
    return path


def mark(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The transformation of the worker: refuses every seventh number, passes the others on with a mark."""
    made: list[dict[str, str]] = []
    for record in event["records"]:
        text = base64.b64decode(record["data"]).decode()
        if int(text.rsplit("-", 1)[1]) % 7 == 0:
            made.append({"recordId": record["recordId"], "result": "ProcessingFailed"})
        else:
            data = base64.b64encode(f"{text}!".encode()).decode()
            made.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": made}


def run(folder: Path, name: str, seed: int, point: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, WORKER, folder, name, str(seed), point, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def last_acknowledged(process: subprocess.Popen[str], already: list[str]) -> int:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    lines = [*already, *out.split("\n")[:-1]]
    return int(lines[-1]) if lines else -1


def finish(folder: Path) -> dict[str, list[str]]:
    """Deliver the rest, and read what arrived: by delivery stream, the records' texts."""
    with kit.open(folder) as workspace:
        workspace.delivery.functions["mark"] = mark
        for name in ("plain", "marked", "parquet"):
            workspace.delivery[name].flush()
        assert [status.error for status in workspace.delivery.list()] == ["", "", ""]
        found = {name: lines(workspace, f"s3://lake/{name}/") for name in ("plain", "marked")}
        failed = [json.loads(line) for line in lines(workspace, "s3://lake/errors/marked/")]
        found["failed"] = [base64.b64decode(each["rawData"]).decode() for each in failed]
        rows = workspace.athena.sql("SELECT id, part, p FROM lake.numbers").rows
        assert all(part == p for _, part, p in rows)
        found["parquet"] = [row[0] for row in rows]
    return found


def lines(workspace: Any, uri: str) -> list[str]:
    found = [workspace.storage.get(each.uri).decode() for each in workspace.storage.iter(uri)]
    return [line for text in found for line in text.splitlines()]


def check(found: dict[str, list[str]], acknowledged: dict[str, int]) -> None:
    """Every acknowledged record is in its destination or the error prefix, and no record is there twice."""
    wanted = {f"{name}-{number}" for name, last in acknowledged.items() for number in range(last + 1)}
    refused = {each for each in wanted if int(each.rsplit("-", 1)[1]) % 7 == 0}
    for name, expected in (
        ("plain", wanted),
        ("parquet", wanted),
        ("marked", {f"{each}!" for each in wanted - refused}),
        ("failed", refused),
    ):
        counts = Counter(found[name])
        assert expected <= counts.keys(), f"{name}: lost {sorted(expected - counts.keys())[:5]}"
        assert [each for each, count in counts.items() if count > 1] == [], name


def test_a_kill_at_any_moment_loses_no_record_and_delivers_none_twice(folder: Path, soak: bool) -> None:
    chance = Entropy(5)
    acknowledged: dict[str, int] = {}

    for attempt in range(100 if soak else 3):
        process = run(folder, f"w{attempt}", attempt, "none", 0)
        assert process.stdout is not None
        heard = [process.stdout.readline().strip() for _ in range(1 + chance.below(40))]
        for _ in range(chance.below(60_000)):
            pass
        process.kill()
        acknowledged[f"w{attempt}"] = last_acknowledged(process, heard)

    check(finish(folder), acknowledged)
    assert sum(acknowledged.values()) > len(acknowledged)


def test_a_kill_at_each_step_of_a_flush_loses_no_record_and_delivers_none_twice(folder: Path, soak: bool) -> None:
    chance = Entropy(6)
    acknowledged: dict[str, int] = {}

    for attempt in range(12 if soak else 1):
        for point in POINTS:
            name = f"{point}-{attempt}"
            process = run(folder, name, attempt, point, 1 + chance.below(4))
            acknowledged[name] = last_acknowledged(process, [])
            assert process.returncode == -9, point

    check(finish(folder), acknowledged)
