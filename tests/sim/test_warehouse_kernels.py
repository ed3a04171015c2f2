"""Kernels that share one warehouse while its owner is killed again and again: no committed row is lost.

Two and five real processes at once, three kills a second apart by default, six in 60 seconds under BOATHOUSE_SOAK=1. A
killed kernel is replaced by a new one, as somebody who restarts a notebook would.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import kit
from kit.base.settings import Settings
from kit.warehouse.sharing.rendezvous import read_note

WORKER = Path(__file__).with_name("warehouse_kernel.py")
SETTINGS = Settings(threads=2, memory_bytes=256 << 20)


class Kernels:
    """The processes that run now; knows which of them owns the warehouse."""

    def __init__(self, home: Path, count: int) -> None:
        self.home = home
        self._started = 0
        self.running = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[str]:
        self._started += 1
        return subprocess.Popen(
            [sys.executable, str(WORKER), str(self.home), f"kernel{self._started}"],
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_owner(self) -> None:
        """Kill the kernel that owns the warehouse, as soon as one does, and start another."""
        owner = self._owner()
        os.kill(owner.pid, signal.SIGKILL)
        owner.communicate()
        self.running.remove(owner)
        self.running.append(self._start())

    def _owner(self) -> subprocess.Popen[str]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            note = read_note(self.home / "warehouse" / "default")
            for kernel in self.running:
                assert kernel.poll() is None, kernel.communicate()
                if note is not None and kernel.pid == note.pid:
                    return kernel
            time.sleep(0.01)
        raise AssertionError("nobody took over")

    def wait(self) -> list[str]:
        """What those that were not killed said on their way out, where they failed."""
        (self.home / "stop").touch()
        told = [kernel.communicate(timeout=120)[1] for kernel in self.running]
        return [
            f"{kernel.returncode}: {errors[-2000:]}"
            for kernel, errors in zip(self.running, told, strict=True)
            if kernel.returncode != 0
        ]

    def stop(self) -> None:
        for kernel in self.running:
            if kernel.poll() is None:
                kernel.kill()
                kernel.communicate()


def journals(home: Path) -> dict[tuple[str, str], Counter[int]]:
    """Numbers by kernel and word, and lines that begin with `bad`, under that word."""
    found: dict[tuple[str, str], Counter[int]] = {}
    for path in home.glob("journal-*"):
        for line in path.read_text().splitlines():
            word, _, rest = line.partition(" ")
            if word not in {"bad", "end"}:
                found.setdefault((path.name.removeprefix("journal-"), word), Counter())[int(rest)] += 1
    return found


def lines(home: Path, word: str) -> list[str]:
    return [
        f"{path.name}: {line}"
        for path in sorted(home.glob("journal-*"))
        for line in path.read_text().splitlines()
        if line.startswith(word)
    ]


@pytest.mark.soak
@pytest.mark.parametrize("count", [2, 5])
def test_no_committed_row_is_lost_while_owners_are_killed(tmp_path: Path, count: int, soak: bool) -> None:
    kills, seconds = (6, 10) if soak else (3, 1)
    home = tmp_path / "lab"
    with kit.open(home, settings=SETTINGS) as workspace:
        warehouse = workspace.warehouse
        warehouse.sql("CREATE TABLE rows (kernel varchar(20), n int) DISTSTYLE EVEN")
        warehouse.sql("CREATE TABLE pairs (kernel varchar(20), pair int, half varchar(1)) DISTKEY(pair)")
        warehouse.sql("CREATE TABLE many AS SELECT 0 AS k")
        for _ in range(17):
            warehouse.sql("INSERT INTO many SELECT k + (SELECT COUNT(*) FROM many) FROM many")

    kernels = Kernels(home, count)
    try:
        for _ in range(kills):
            time.sleep(seconds)
            kernels.kill_owner()
        time.sleep(seconds)
        failures = kernels.wait()
    finally:
        kernels.stop()

    assert failures == []
    assert lines(home, "bad") == []
    assert len(lines(home, "end")) == count
    noted = journals(home)
    assert any(word == "ack" for _, word in noted)
    with kit.open(home, settings=SETTINGS) as workspace:
        warehouse = workspace.warehouse
        stored = Counter(warehouse.sql("SELECT kernel, n FROM rows").rows)
        halves = Counter((kernel, pair) for kernel, pair in warehouse.sql("SELECT kernel, pair FROM pairs").rows)
    assert set(stored.values()) <= {1}
    assert set(halves.values()) <= {2}
    for (kernel, word), numbers in noted.items():
        rows = stored if not word.endswith("-pair") else halves
        told = {(kernel, number) for number in numbers}
        match word.removesuffix("-pair"):
            case "ack":
                assert told - set(rows) == set(), f"{kernel}: acknowledged and gone"
            case "lost":
                assert told & set(rows) == set(), f"{kernel}: said to be lost and there"
            case "try":
                assert {row for row in rows if row[0] == kernel} <= told, f"{kernel}: rows that nobody wrote"
            case _:
                raise AssertionError(word)


def test_a_client_that_is_killed_in_a_transaction_and_among_its_rows_leaves_nothing_open(tmp_path: Path) -> None:
    home = tmp_path / "lab"
    script = (
        "import sys, time, kit\n"
        "from kit.base.settings import Settings\n"
        "warehouse = kit.open(sys.argv[1], settings=Settings(threads=1, result_bytes=1 << 16)).warehouse\n"
        "other = warehouse.connect()\n"
        "rows = other.sql('SELECT k, k + 1 AS l FROM many').batches()\n"
        "next(rows)\n"
        "warehouse.sql('CREATE TEMP TABLE mine AS SELECT 1 AS k')\n"
        "warehouse.sql('BEGIN')\n"
        "warehouse.sql('LOCK t')\n"
        "warehouse.sql('INSERT INTO t VALUES (1)')\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with kit.open(home, settings=SETTINGS) as workspace:
        warehouse = workspace.warehouse
        warehouse.sql("CREATE TABLE t (k int)")
        warehouse.sql("CREATE TABLE many AS SELECT 0 AS k")
        for _ in range(19):
            warehouse.sql("INSERT INTO many SELECT k + (SELECT COUNT(*) FROM many) FROM many")
        client = subprocess.Popen([sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, text=True)
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"

        client.kill()
        client.communicate()
        warehouse.sql("INSERT INTO t VALUES (2)")

        assert warehouse.sql("SELECT k FROM t").rows == [(2,)]
        assert warehouse._cluster.open_transactions() == 0
        assert until_alone(warehouse)
        assert warehouse.tables() == ["many", "t"]
        assert [name for _, name in warehouse._cluster.catalog.relations if name == "mine"] == []
        assert exchanges(warehouse) == 0


def test_an_owner_that_ends_by_itself_leaves_the_warehouse_to_the_next(tmp_path: Path) -> None:
    home = tmp_path / "lab"
    script = (
        "import sys, kit\n"
        "warehouse = kit.open(sys.argv[1]).warehouse\n"
        "warehouse.sql('CREATE TABLE t (k int); INSERT INTO t VALUES (1)')\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    with kit.open(home, settings=SETTINGS) as workspace:
        warehouse = workspace.warehouse
        assert warehouse.ownership().pid == owner.pid
        assert warehouse.sql("SELECT k FROM t").rows == [(1,)]

        owner.communicate("\n", timeout=60)
        warehouse.sql("INSERT INTO t VALUES (2)")

        assert owner.returncode == 0
        assert warehouse.ownership().is_here
        assert warehouse.sql("SELECT k FROM t ORDER BY k").rows == [(1,), (2,)]


def until_alone(warehouse: kit.warehouse.Warehouse) -> bool:
    end = time.monotonic() + 20
    while warehouse.ownership().others and time.monotonic() < end:
        time.sleep(0.01)
    return warehouse.ownership().others == 0


def exchanges(warehouse: kit.warehouse.Warehouse) -> int:
    cursor = warehouse._cluster.cursor()
    try:
        found = cursor.execute("SELECT COUNT(*) FROM duckdb_databases() WHERE database_name LIKE 'exchange%'")
        return int(found.fetchall()[0][0])
    finally:
        warehouse._cluster.give_back(cursor)


FORKS = """
import os, sys, time, kit
workspace = kit.open(sys.argv[1])
workspace.warehouse.sql("CREATE TABLE t (k int); INSERT INTO t VALUES (1)")
child = os.fork()
if child == 0:
    if sys.argv[2] == "asks":
        workspace.warehouse.sql("INSERT INTO t VALUES (2)")
        workspace.close()
        sys.exit(0)
    time.sleep(600)
if sys.argv[2] == "asks":
    _, status = os.waitpid(child, 0)
    print(status, workspace.warehouse.sql("SELECT k FROM t ORDER BY k").rows, flush=True)
    workspace.close()
else:
    print(child, flush=True)
    time.sleep(600)
"""


def test_a_forked_child_of_the_owner_asks_its_parent(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS, str(tmp_path / "lab"), "asks"],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert told.stdout == "0 [(1,), (2,)]\n", told.stderr[-2000:]
    with kit.open(tmp_path / "lab", settings=SETTINGS) as workspace:
        assert workspace.warehouse.sql("SELECT k FROM t ORDER BY k").rows == [(1,), (2,)]


def test_an_owner_is_known_to_be_gone_although_a_child_of_it_lives(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKS, str(tmp_path / "lab"), "sleeps"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    try:
        with kit.open(tmp_path / "lab", settings=SETTINGS) as workspace:
            warehouse = workspace.warehouse
            assert warehouse.ownership().pid == owner.pid

            owner.kill()
            owner.wait()

            assert warehouse.sql("SELECT k FROM t").rows == [(1,)]
            assert warehouse.ownership().is_here
    finally:
        os.kill(child, signal.SIGKILL)
        owner.kill()
        owner.communicate()
