"""A session of another process against one of the owner's: the same queries in turns, idle and beside busy Python.

Prints a table and, as its last line, one JSON object. Nothing is asserted: the target stands beside the figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import kit
from kit.base.settings import Settings
from kit.warehouse.sharing import turns

TARGET_MS = 10.0
QUERIES = {
    "leader alone": "SELECT 1 AS a",
    "four slices": "SELECT k % 10 AS g, COUNT(*) AS n, SUM(v) AS s FROM small GROUP BY 1 ORDER BY 1",
    "10,000 rows": "SELECT k, v FROM t LIMIT 10000",
    "1,000,000 rows": "SELECT k, v FROM t",
}
OWNER = """
import json, sys, threading, time
import kit
from kit.base.settings import Settings
from kit.warehouse.sharing import turns
if sys.argv[2] == "long":
    turns.SHORT_SECONDS = 1.0
with kit.open(sys.argv[1], settings=Settings(threads=2)) as workspace:
    workspace.warehouse
    print("ready", flush=True)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    while not stop.is_set():
        sum(i * i for i in range(10_000))
"""


def fill(warehouse: kit.warehouse.Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int, v decimal(12,2)) DISTKEY(k)")
    warehouse.sql("INSERT INTO t VALUES (0, 0)")
    for _ in range(20):
        warehouse.sql("INSERT INTO t SELECT k + (SELECT COUNT(*) FROM t), k / 7.0 FROM t")
    warehouse.sql("CREATE TABLE small DISTKEY(k) AS SELECT k, v FROM t WHERE k < 1000")


def ms(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def percentiles(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]


def compare(home: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Times of the owner's own session and of one in a child process, taken in turns."""
    figures = {}
    with kit.open(home, settings=Settings(threads=2)) as workspace:
        warehouse = workspace.warehouse
        fill(warehouse)
        with client(home) as ask:
            for name, query in QUERIES.items():
                count = repeats if "000" not in name else max(5, repeats // 5)
                here, there = [], []
                for number in range(count + 3):
                    local, remote = ms(lambda: warehouse.sql(query).table), ask(query)  # noqa: B023
                    if number >= 3:
                        here.append(local)
                        there.append(remote)
                local_p50, local_p95 = percentiles(here)
                remote_p50, remote_p95 = percentiles(there)
                figures[name] = {
                    "local_p50_ms": local_p50,
                    "local_p95_ms": local_p95,
                    "remote_p50_ms": remote_p50,
                    "remote_p95_ms": remote_p95,
                    "added_p50_ms": remote_p50 - local_p50,
                    "added_p95_ms": remote_p95 - local_p95,
                }
    return figures


def beside_busy_python(home: Path, repeats: int, interval: str) -> tuple[float, float]:
    """The same small query while the owner's main thread computes without a pause."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home), interval], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    owner.stdout.readline()
    with client(home) as ask:
        times = [ask(QUERIES["four slices"]) for _ in range(repeats + 2)][2:]
    owner.communicate("\n")
    return percentiles(times)


@contextmanager
def client(home: Path):
    """Another process with a session; a call that runs a query there and gives its time."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--client", str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None

    def ask(query: str) -> float:
        child.stdin.write(query + "\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
        return float(child.stdout.readline())  # type: ignore[union-attr]

    try:
        yield ask
    finally:
        child.communicate()


def serve_client(home: str) -> None:
    with kit.open(home, settings=Settings(threads=2)) as workspace:
        warehouse = workspace.warehouse
        for line in sys.stdin:
            print(ms(lambda: warehouse.sql(line).table), flush=True)  # noqa: B023


def take_over(home: Path, repeats: int) -> float:
    """From the end of an owner to the first answer of the next, in ms; the median."""
    times = []
    for _ in range(repeats):
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(home), "short"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert owner.stdout is not None
        owner.stdout.readline()
        with kit.open(home, settings=Settings(threads=2)) as workspace:
            warehouse = workspace.warehouse
            warehouse.sql("SELECT 1 AS a")
            owner.kill()
            owner.communicate()
            times.append(ms(lambda: warehouse.sql("SELECT COUNT(*) FROM t").rows))  # noqa: B023
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        serve_client(given.client)
        return
    assert threading.main_thread() is threading.current_thread()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "lab"
        figures = compare(home, given.repeats)
        busy = {name: beside_busy_python(home, max(10, given.repeats // 4), name) for name in ("short", "long")}
        over = take_over(home, 5)
    print(f"a session of the owner's process against one of another process; {given.repeats} times in turns, ms")
    print(f"{'query':16} {'here p50':>9} {'p95':>8} {'there p50':>10} {'p95':>8} {'added p50':>10} {'p95':>8}")
    for name, each in figures.items():
        print(
            f"{name:16} {each['local_p50_ms']:9.2f} {each['local_p95_ms']:8.2f} {each['remote_p50_ms']:10.2f} "
            f"{each['remote_p95_ms']:8.2f} {each['added_p50_ms']:10.2f} {each['added_p95_ms']:8.2f}"
        )
    small = [each for name, each in figures.items() if "1,000,000" not in name]
    added = {key: max(each[key] for each in small) for key in ("added_p50_ms", "added_p95_ms")}
    print(f"added to a small query at most: p50 {added['added_p50_ms']:.2f}, p95 {added['added_p95_ms']:.2f}", end="")
    print(f"   target at most {TARGET_MS:g}")
    print(f"four slices beside busy Python: p50 {busy['short'][0]:.1f}, p95 {busy['short'][1]:.1f};", end=" ")
    print(f"with the interpreter's own turns of 5 ms: p50 {busy['long'][0]:.1f}, p95 {busy['long'][1]:.1f}")
    print(f"first answer after the owner was killed: {over:.0f}")
    report = {
        "benchmark": "warehouse_sharing",
        **added,
        "queries": figures,
        "busy_p50_ms": busy["short"][0],
        "busy_p95_ms": busy["short"][1],
        "busy_long_turns_p50_ms": busy["long"][0],
        "turn_ms": turns.SHORT_SECONDS * 1000,
        "take_over_ms": over,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
