"""Athena against plain DuckDB on the same files, both sides interleaved in one run.

The 22 TPC-H queries (in Trino's dialect here, in DuckDB's own reading of the same text there), the fixed cost of a
question to a table of one row, peak memory of each side in a process of its own, and planning with 100,000 partitions.

    python tests/bench/athena.py [--sf 1] [--rounds 5] [--threads 2]

Targets: total at most 1.10x, overhead at most 10 ms, memory at most 1.2x, planning below 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import kit  # noqa: E402
from kit.athena.planning import Planner  # noqa: E402
from kit.athena.prune.footers import Footers  # noqa: E402
from kit.athena.scan.source import Watch  # noqa: E402
from kit.base.domain import OneOf  # noqa: E402
from kit.base.settings import Settings  # noqa: E402
from kit.catalog import Column, Partition, Table  # noqa: E402
from kit.catalog.serde import descriptor  # noqa: E402
from kit.catalog.types import from_arrow  # noqa: E402
from kit.sql.relations import Scan  # noqa: E402

QUERIES = ROOT / "tests" / "differential" / "tpch" / "trino"
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
OVERHEAD_RUNS = 200
PARTITIONS = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sf", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--side", choices=("athena", "duckdb"), help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        run_side(options.side, options.workspace, options.threads)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "ws"
        prepare(home, Path(folder) / "tpch", options.sf)
        figures: dict[str, Any] = {"sf": options.sf, "threads": options.threads, "rounds": options.rounds}
        figures |= tpch(home, options.threads, options.rounds)
        figures |= overhead(home)
        figures |= memory(home, options.threads)
        figures |= planning(Path(folder) / "many")
    print(json.dumps(figures))


def prepare(home: Path, generated: Path, scale: float) -> None:
    program = Path(sys.executable).with_name("tpchgen-cli")
    command = [str(program), "parquet", "-s", f"{scale:g}", "--output-dir", str(generated), "--quiet"]
    subprocess.run(command, check=True)
    with kit.open(home) as ws:
        ws.catalog.create_database("tpch")
        for name in TABLES:
            source = generated / f"{name}.parquet"
            ws.storage.put(f"s3://lake/{name}/1.parquet", source)
            source.unlink()
            schema = pq.read_schema(ws.storage.path(f"s3://lake/{name}/1.parquet"))
            columns = tuple(Column(field.name, str(from_arrow(field.type))) for field in schema)
            ws.catalog.create_table(Table("tpch", name, descriptor("parquet", columns, f"s3://lake/{name}/")))


def queries() -> dict[str, str]:
    return {path.stem: path.read_text().strip().rstrip(";") for path in sorted(QUERIES.glob("*.sql"))}


def plain(home: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """DuckDB with the same threads and memory, reading the very same files."""
    settings = Settings(threads=threads)
    connection = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{settings.memory_bytes}B",
            "temp_directory": str(home.parent / "spill"),
        }
    )
    for name in TABLES:
        path = home / "storage" / "lake" / name / "1.parquet"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
    return connection


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def _ask(ws: kit.Workspace, text: str) -> object:
    return ws.athena.sql(text, database="tpch").table


def _ask_plain(connection: duckdb.DuckDBPyConnection, text: str) -> object:
    return connection.sql(text).to_arrow_table()


def tpch(home: Path, threads: int, rounds: int) -> dict[str, Any]:
    connection = plain(home, threads)
    best: dict[str, list[float]] = {}
    with kit.open(home, settings=Settings(threads=threads)) as ws:
        for _ in range(rounds):
            for name, text in queries().items():
                ours = timed(partial(_ask, ws, text))
                theirs = timed(partial(_ask_plain, connection, text))
                kept = best.setdefault(name, [ours, theirs])
                best[name] = [min(kept[0], ours), min(kept[1], theirs)]
        scanned = {name: ws.athena.sql(text, database="tpch").stats for name, text in queries().items()}
    connection.close()
    print(f"{'query':8} {'athena ms':>10} {'duckdb ms':>10} {'ratio':>6} {'scanned MB':>11} {'read MB':>9}")
    for name, (ours, theirs) in best.items():
        stats = scanned[name]
        read = "" if stats.bytes_read is None else f"{stats.bytes_read / 1e6:9.2f}"
        print(f"{name:8} {ours:10.1f} {theirs:10.1f} {ours / theirs:6.2f} {stats.bytes_scanned / 1e6:11.2f} {read:>9}")
    total, plain_total = (sum(each[side] for each in best.values()) for side in (0, 1))
    print(f"{'total':8} {total:10.1f} {plain_total:10.1f} {total / plain_total:6.2f}\n")
    return {
        "tpch_athena_ms": round(total, 1),
        "tpch_duckdb_ms": round(plain_total, 1),
        "tpch_ratio": round(total / plain_total, 3),
        "tpch_worst_ratio": round(max(ours / theirs for ours, theirs in best.values()), 3),
    }


def overhead(home: Path) -> dict[str, Any]:
    with kit.open(home) as ws:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"a": [1], "b": ["x"]}), sink)
        ws.storage.put("s3://lake/one/1.parquet", sink.getvalue().to_pybytes())
        columns = (Column("a", "bigint"), Column("b", "string"))
        ws.catalog.create_table(Table("tpch", "one", descriptor("parquet", columns, "s3://lake/one/")))
        path = ws.storage.path("s3://lake/one/1.parquet")
        connection = duckdb.connect()
        ours: list[float] = []
        fresh: list[float] = []
        theirs: list[float] = []
        for number in range(OVERHEAD_RUNS):
            ours.append(timed(lambda: ws.athena.sql("SELECT a, b FROM one", database="tpch").rows))
            text = f"SELECT a, b, {number} AS n FROM one"
            fresh.append(timed(partial(_ask, ws, text)))
            theirs.append(timed(lambda: connection.sql(f"SELECT a, b FROM read_parquet('{path}')").fetchall()))
        connection.close()
    medians = [statistics.median(each) for each in (ours, fresh, theirs)]
    print(f"one row, median of {OVERHEAD_RUNS}: {medians[0]:.2f} ms; a text never seen before {medians[1]:.2f} ms; ")
    print(f"  plain DuckDB {medians[2]:.2f} ms\n")
    return {
        "overhead_ms": round(medians[0], 2),
        "overhead_new_text_ms": round(medians[1], 2),
        "plain_one_row_ms": round(medians[2], 2),
    }


def memory(home: Path, threads: int) -> dict[str, Any]:
    peaks: dict[str, float] = {}
    for side in ("duckdb", "athena"):
        command = [sys.executable, __file__, "--side", side, "--workspace", str(home), "--threads", str(threads)]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        peaks[side] = int(shown.strip().splitlines()[-1]) / 1024
    ratio = peaks["athena"] / peaks["duckdb"]
    print(
        f"peak memory of all 22: athena {peaks['athena']:.0f} MB, duckdb {peaks['duckdb']:.0f} MB, ratio {ratio:.2f}\n"
    )
    return {
        "memory_athena_mb": round(peaks["athena"]),
        "memory_duckdb_mb": round(peaks["duckdb"]),
        "memory_ratio": round(ratio, 3),
    }


def run_side(side: str, home: Path, threads: int) -> None:
    """All queries once, in this process; prints its peak memory in kilobytes."""
    if side == "athena":
        with kit.open(home, settings=Settings(threads=threads)) as ws:
            for text in queries().values():
                ws.athena.sql(text, database="tpch")
    else:
        connection = plain(home, threads)
        for text in queries().values():
            connection.sql(text).to_arrow_table()
    print(peak_kilobytes())


def peak_kilobytes() -> int:
    """The largest this process has been. `ru_maxrss` is no measure on Linux: a child begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def planning(home: Path) -> dict[str, Any]:
    """A query that hits one partition of a table of 100,000."""
    with kit.open(home) as ws:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"v": [1]}), sink)
        ws.storage.put("s3://lake/many/year=2013/id=777/1.parquet", sink.getvalue().to_pybytes())
        ws.catalog.create_database("many")
        keys = (Column("year", "int"), Column("id", "int"))
        table = Table("many", "t", descriptor("parquet", (Column("v", "bigint"),), "s3://lake/many/"), keys)
        partitions = (
            Partition(
                (str(2004 + number % 10), str(number // 10)),
                f"s3://lake/many/year={2004 + number % 10}/id={number // 10}/",
            )
            for number in range(PARTITIONS)
        )
        ws.catalog.create_table(table, partitions)
        planner = Planner(ws.catalog, ws.storage, Footers())
        scan = Scan("scan_0", "many", "t", ("v",), {"year": OneOf((2013,)), "id": OneOf((777,))})
        now = datetime.now(UTC)
        cold = timed(lambda: planner.plan(scan, ws.catalog.table("many", "t"), now, Watch()))
        times = [timed(lambda: planner.plan(scan, ws.catalog.table("many", "t"), now, Watch())) for _ in range(20)]
        text = "SELECT v FROM t WHERE year = 2013 AND id = 777"
        ws.athena.sql(text, database="many")
        whole = [timed(lambda: ws.athena.sql(text, database="many").rows) for _ in range(20)]
        assert ws.athena.sql(text, database="many").rows == [(1,)]
    planned = statistics.median(times)
    print(f"{PARTITIONS:,} partitions, one of them hit: planned in {planned:.2f} ms ({cold:.1f} ms the first time), ")
    print(f"  answered in {statistics.median(whole):.2f} ms\n")
    return {
        "planning_ms": round(planned, 2),
        "planning_first_ms": round(cold, 2),
        "partition_query_ms": round(statistics.median(whole), 2),
    }


if __name__ == "__main__":
    main()
