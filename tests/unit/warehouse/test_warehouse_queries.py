"""Queries from text to `Result`: parameters, statistics, plans kept, cancelling in every stage, limits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import kit
from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.warehouse import Warehouse
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.execute.leader import _Run
from kit.warehouse.picture import chart, tree
from kit.workspace import Workspace

ROWS = 200_000


def fill(warehouse: Warehouse, rows: int = ROWS) -> None:
    """Table `t` of `rows` rows, by doubling: a key, a group, a text."""
    warehouse.sql("CREATE TABLE t (k int, g int, s varchar(20)) DISTKEY(k) SORTKEY(k); CREATE TABLE d (n int)")
    warehouse.sql("INSERT INTO d VALUES " + ", ".join(f"({number})" for number in range(100)))
    warehouse.sql(
        f"INSERT INTO t SELECT a.n * 10000 + b.n * 100 + c.n, b.n, 'row ' || c.n FROM d a, d b, d c "
        f"WHERE a.n * 10000 + b.n * 100 + c.n < {rows}"
    )


def test_statistics_tell_tier_bytes_blocks_and_slices(warehouse: Warehouse) -> None:
    fill(warehouse)

    result = warehouse.sql("SELECT g, COUNT(*) AS n FROM t WHERE k < 1000 GROUP BY g")

    stats = result.stats
    assert stats.tier == "colocated"
    assert stats.bytes_moved > 0
    assert set(stats.slice_ms) == {0, 1, 2, 3}
    assert stats.rows == 10
    assert stats.predicted_ms > 0
    assert stats.skew >= 1
    assert "colocated" in stats.summary()
    assert [step.label for step in stats.fragments[0].steps].count("scan") == 1


def test_zone_maps_skip_blocks_of_a_sorted_table(warehouse: Warehouse) -> None:
    warehouse.cluster(1, 1)
    fill(warehouse, 600_000)

    narrow = warehouse.sql("SELECT COUNT(*) FROM t WHERE k BETWEEN 10 AND 20").stats

    assert narrow.blocks_skipped >= 3
    assert narrow.blocks_scanned <= 2


def test_parameters_are_bound_and_a_kept_plan_takes_new_values(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int, s varchar(20)); INSERT INTO t VALUES (1, 'it''s'), (2, '$k'), (3, NULL)")

    first = warehouse.sql("SELECT k FROM t WHERE s = :s", {"s": "it's"})
    second = warehouse.sql("SELECT k FROM t WHERE s = :s", {"s": "$k"})

    assert (first.rows, second.rows) == ([(1,)], [(2,)])
    assert (first.stats.is_cached_plan, second.stats.is_cached_plan) == (False, True)


def test_a_kept_plan_is_not_used_after_the_table_changed(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int); INSERT INTO t VALUES (1)")
    query = "SELECT * FROM t"
    assert warehouse.sql(query).rows == [(1,)]

    warehouse.sql("DROP TABLE t; CREATE TABLE t (a varchar(3), b int); INSERT INTO t VALUES ('x', 2)")

    assert warehouse.sql(query).rows == [("x", 2)]


def test_getdate_is_the_clock_of_the_workspace(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int) DISTSTYLE EVEN; INSERT INTO t VALUES (1), (2), (3), (4)")

    rows = warehouse.sql("SELECT DISTINCT GETDATE() FROM t").rows

    assert [str(row[0]) for row in rows] == ["2026-01-01 00:00:00"]


def test_a_script_answers_with_its_last_statement(warehouse: Warehouse) -> None:
    result = warehouse.sql("CREATE TABLE t (k int); INSERT INTO t VALUES (1), (2); SELECT COUNT(*) AS n FROM t;")

    assert result.columns == ["n"]
    assert result.rows == [(2,)]


def test_duplicate_and_missing_names_stay_as_they_are(warehouse: Warehouse) -> None:
    result = warehouse.sql("SELECT 1 AS a, 2 AS a, 3")

    assert result.columns == ["a", "a", "?column?"]
    assert result.rows == [(1, 2, 3)]


def test_settings_are_kept_for_the_session(warehouse: Warehouse) -> None:
    warehouse.sql(
        "CREATE SCHEMA s; CREATE TABLE s.t (k int); SET search_path TO s; SET enable_result_cache_for_session TO off"
    )

    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(0,)]
    assert warehouse.sql("SHOW enable_result_cache_for_session").rows == [("off",)]
    with pytest.raises(KitError, match="unrecognized configuration parameter"):
        warehouse.sql("SET nonsense TO 1")


def test_random_values_are_drawn_once_a_row(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int) DISTSTYLE ALL; INSERT INTO t VALUES (1), (2), (3)")

    result = warehouse.sql("SELECT COUNT(*) FROM (SELECT k, RANDOM() AS r FROM t) WHERE r >= 0")

    assert result.rows == [(3,)]
    assert result.stats.tier == "leader_views"


def test_explain_shows_the_plan_and_runs_nothing(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int) DISTSTYLE EVEN; INSERT INTO t VALUES (1)")

    lines = [row[0] for row in warehouse.sql("EXPLAIN SELECT k FROM t WHERE k / 0 = 1 ORDER BY k").rows]

    assert lines[0].startswith(" XN Merge  (cost=")
    assert "   Merge Key: t.k" in lines


def test_the_picture_has_a_bar_for_every_fragment(warehouse: Warehouse) -> None:
    fill(warehouse, 5_000)
    stats = warehouse.sql("SELECT s, COUNT(DISTINCT k) AS n FROM t GROUP BY s").stats

    spec = chart(stats.run)
    shown = tree(stats.run)

    bars = spec["data"]["values"]
    assert len(bars) == len(stats.fragments)
    assert {bar["slice"] for bar in bars} == {"slice 0", "slice 1", "slice 2", "slice 3", "leader"}
    assert all(bar["end_ms"] >= bar["start_ms"] for bar in bars)
    assert "redistribute" in shown


SLOW = "SELECT COUNT(*) FROM t a JOIN t b ON a.g = b.g WHERE a.s || b.s LIKE '%no such row%'"
STAGES = {
    "on the slices": SLOW,
    "in a subquery's stage": f"SELECT k FROM d0 WHERE k > ({SLOW})",
    "on the leader": "SELECT SUM(k) FROM t a WHERE k > (SELECT AVG(b.k) FROM t b WHERE b.s || a.s || a.g LIKE '%no%')",
    "while a table is made": f"CREATE TABLE made AS {SLOW}",
}


@pytest.mark.parametrize("where", STAGES)
def test_a_query_is_cancelled_at_once_and_the_cluster_stays_usable(warehouse: Warehouse, where: str) -> None:
    fill(warehouse)
    warehouse.sql("CREATE TABLE d0 (k int); INSERT INTO d0 VALUES (1)")
    over = threading.Event()

    def cancel() -> None:
        while not over.wait(0.3):
            warehouse.cancel()

    impatient = threading.Thread(target=cancel)
    impatient.start()
    clock = Stopwatch()

    try:
        with pytest.raises(KitError) as raised:
            warehouse.sql(STAGES[where])
    finally:
        over.set()
        impatient.join()

    assert raised.value.code == "57014"
    assert clock.ms < 20_000
    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(ROWS,)]
    assert "made" not in warehouse._cluster.catalog.tables("public")


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_query_cancelled_between_two_stages_leaves_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, stage: int
) -> None:
    fill(warehouse, 1_000)
    original = _Run._stage
    seen: list[Cancellation] = []

    def cancelled(run: _Run, segments: object) -> None:
        if segments[0].stage == stage:
            run._cancellation.cancel()
            seen.append(run._cancellation)
        original(run, segments)

    monkeypatch.setattr(_Run, "_stage", cancelled)
    query = "SELECT g, COUNT(DISTINCT s) FROM t WHERE k > (SELECT AVG(k) FROM t) GROUP BY g ORDER BY 1 LIMIT 3"
    with pytest.raises(KitError, match="cancelled"):
        warehouse.sql(query)
    monkeypatch.undo()

    assert seen
    assert attached(warehouse) == 0
    assert len(warehouse.sql(query).rows) == 3


def test_a_statement_that_takes_too_long_is_cancelled(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("SET statement_timeout TO 200")

    with pytest.raises(KitError, match="statement_timeout") as raised:
        warehouse.sql(SLOW)

    assert raised.value.code == "57014"
    assert warehouse.sql("RESET statement_timeout; SELECT COUNT(*) FROM t").rows == [(ROWS,)]


def test_an_error_on_one_slice_stops_the_others_and_is_the_error_told(warehouse: Warehouse) -> None:
    fill(warehouse, 10_000)

    with pytest.raises(KitError, match="Divide by zero"):
        warehouse.sql("SELECT g, SUM(1 / (k - 4711)) FROM t GROUP BY g")

    assert attached(warehouse) == 0


def test_a_query_spills_where_memory_is_short(tmp_path: Path) -> None:
    with kit.open(tmp_path / "lab", settings=Settings(threads=2, memory_bytes=96 << 20)) as workspace:
        warehouse = workspace.warehouse
        fill(warehouse, 800_000)

        rows = warehouse.sql(
            "SELECT COUNT(*) FROM (SELECT k, s, RANK() OVER (PARTITION BY g ORDER BY s, k) AS r FROM t)"
        ).rows

        assert rows == [(800_000,)]


def test_too_little_memory_is_named_and_the_cluster_stays_usable(tmp_path: Path) -> None:
    with kit.open(tmp_path / "lab", settings=Settings(threads=2, memory_bytes=48 << 20)) as workspace:
        warehouse = workspace.warehouse
        fill(warehouse, 100_000)
        cursor = warehouse._cluster.cursor()
        cursor.execute("SET GLOBAL max_temp_directory_size = '1MB'").fetchall()
        warehouse._cluster.give_back(cursor)

        with pytest.raises(KitError) as raised:
            warehouse.sql("SELECT LISTAGG(s || s || s || k, ',') FROM (SELECT a.s, a.k FROM t a JOIN t b ON a.g = b.g)")

        assert raised.value.code in {"53200", "53100", "22001"}
        assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(100_000,)]


def test_a_large_answer_streams_and_lets_go_of_the_cluster(tmp_path: Path) -> None:
    small = Settings(threads=2, memory_bytes=512 << 20, result_bytes=10_000)
    with kit.open(tmp_path / "lab", settings=small) as workspace:
        warehouse = workspace.warehouse
        fill(warehouse)

        result = warehouse.sql("SELECT k, s FROM t")
        assert not result.is_complete
        total = sum(batch.num_rows for batch in result.batches())

        assert total == ROWS
        assert attached(warehouse) == 0


def test_readers_see_one_state_of_all_slices_while_rows_are_added(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int, g int) DISTKEY(k)")
    stop = threading.Event()
    seen: list[tuple[int, int]] = []
    errors: list[Exception] = []

    def read() -> None:
        try:
            while not stop.is_set():
                seen.extend(warehouse.sql("SELECT COUNT(*), COUNT(DISTINCT g) FROM t").rows)
        except Exception as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for batch in range(10):
        warehouse.sql("INSERT INTO t VALUES " + ", ".join(f"({number}, {batch})" for number in range(20)))
    stop.set()
    reader.join()

    assert not errors
    assert seen
    assert all(count == 20 * groups for count, groups in seen)


def test_a_second_process_asks_the_first(workspace: Workspace, warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int); INSERT INTO t VALUES (7)")
    script = (
        "import sys, kit\n"
        "with kit.open(sys.argv[1]) as workspace:\n"
        "    warehouse = workspace.warehouse\n"
        "    print(warehouse.ownership(), warehouse.sql('SELECT k FROM t').rows)\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", script, str(workspace.path)], capture_output=True, text=True, check=True
    )

    assert told.stdout.startswith(f"owned by process {os.getpid()}; this one asks it")
    assert told.stdout.endswith("[(7,)]\n")


def test_two_workspaces_of_one_process_share_the_cluster(workspace: Workspace, warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int); INSERT INTO t VALUES (1)")

    with kit.open(workspace.path) as other:
        assert other.warehouse.sql("SELECT k FROM t").rows == [(1,)]

    assert warehouse.sql("SELECT k FROM t").rows == [(1,)]


def attached(warehouse: Warehouse) -> int:
    """How many exchange databases are still attached."""
    cursor = warehouse._cluster.cursor()
    try:
        ((count,),) = cursor.execute(
            "SELECT COUNT(*) FROM duckdb_databases() WHERE database_name LIKE 'exchange%'"
        ).fetchall()
        return count
    finally:
        warehouse._cluster.give_back(cursor)
