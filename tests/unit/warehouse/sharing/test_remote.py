"""A session of a cluster that is owned elsewhere: the same answers, errors and settings as one that is here.

The owner is in this process and the session reaches it over its socket, as another process would.
"""

from __future__ import annotations

import _thread
import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.warehouse import Warehouse
from kit.warehouse.access import Access
from kit.warehouse.client import Client
from kit.warehouse.engine import Engine, open_engine
from kit.warehouse.ownership import Taken
from kit.warehouse.picture import tree
from kit.warehouse.remote import RemoteClient
from kit.warehouse.sharing.link import Link
from kit.workspace import Workspace

ENDLESS = "SELECT COUNT(*) FROM n a, n b, n c WHERE (a.k * 7 + b.k * 3 + c.k) % 1000003 = -1"
SETTINGS = Settings(threads=2, memory_bytes=512 << 20)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with kit.open(tmp_path / "lab", clock=ManualClock(), seed=1, settings=SETTINGS) as opened:
        yield opened


@pytest.fixture
def warehouse(workspace: Workspace) -> Warehouse:
    return workspace.warehouse


class Elsewhere:
    """A process that does not own the cluster, until it may."""

    def __init__(self, warehouse: Warehouse, open_here: Callable[[], Engine]) -> None:
        self.may_own = False
        self._open_here = open_here
        self.access = Access(warehouse._cluster.folder, self._open, Entropy(3))

    def _open(self) -> Engine:
        if not self.may_own:
            raise Taken
        return self._open_here()

    def client(self, settings: Settings = SETTINGS) -> RemoteClient:
        link = self.access.reach()
        assert isinstance(link, Link)
        return RemoteClient(self.access, link, settings)


@pytest.fixture
def elsewhere(workspace: Workspace, warehouse: Warehouse) -> Iterator[Elsewhere]:
    made = Elsewhere(
        warehouse,
        lambda: open_engine(
            workspace.path / "warehouse" / "default",
            storage=workspace.storage,
            clock=workspace.clock,
            entropy=workspace.entropy,
            settings=workspace.settings,
        ),
    )
    yield made
    made.access.close()


@pytest.fixture
def remote(elsewhere: Elsewhere) -> Iterator[RemoteClient]:
    client = elsewhere.client()
    yield client
    client.close()


def fill(warehouse: Warehouse, rows: int = 100) -> None:
    warehouse.sql("CREATE TABLE t (k int, v decimal(10,2), s varchar(20), d date) DISTKEY(k)")
    values = ", ".join(f"({n}, {n}.25, 'row {n}', '2024-01-{n % 28 + 1:02}')" for n in range(rows))
    warehouse.sql(f"INSERT INTO t VALUES {values}")


def test_rows_and_types_are_those_of_a_session_here(warehouse: Warehouse, remote: RemoteClient) -> None:
    fill(warehouse)
    query = "SELECT k, v, s, d, k / 7 AS q, NULL AS n FROM t ORDER BY k"

    there, here = remote.sql(query), warehouse.sql(query)

    assert there.table == here.table
    assert there.schema == here.schema
    assert there.stats.rows == 100


def test_statistics_show_the_run_as_they_do_here(warehouse: Warehouse, remote: RemoteClient) -> None:
    fill(warehouse)

    stats = remote.sql("SELECT s, COUNT(*) AS c FROM t GROUP BY s ORDER BY s").stats

    assert stats.tier == warehouse.sql("SELECT s, COUNT(*) AS c FROM t GROUP BY s ORDER BY s").stats.tier
    assert set(stats.slice_ms) == {0, 1, 2, 3}
    assert stats.bytes_moved > 0
    assert "segment 0 on 4 slices" in tree(stats.run)
    assert "scan t: " in tree(stats.run)


def test_parameters_of_every_type_are_bound(remote: RemoteClient) -> None:
    values = {
        "i": 5,
        "f": 1.5,
        "b": True,
        "s": "it's",
        "d": dt.date(2024, 2, 29),
        "t": dt.datetime(2024, 2, 29, 12, 30, 1, 250),
        "n": Decimal("1.25"),
        "unused": object(),
    }

    result = remote.sql("SELECT :i AS i, :f AS f, :b AS b, :s AS s, :d AS d, :t AS t, :n AS n", values)

    assert result.rows == [tuple(value for name, value in values.items() if name != "unused")]


def test_a_parameter_of_a_foreign_type_is_refused_as_it_is_here(warehouse: Warehouse, remote: RemoteClient) -> None:
    told = []
    for each in (warehouse, remote):
        with pytest.raises(KitError) as caught:
            each.sql("SELECT :x AS x", {"x": [1]})
        told.append(str(caught.value))

    assert told[0] == told[1]
    assert "list" in told[0]


@pytest.mark.parametrize(
    "text", ["SELECT * FROM missing", "SELECT 1 +", "SELECT 1 / 0 AS x", "", "SELECT\n  k\nFROM t2"]
)
def test_errors_are_those_of_a_session_here(warehouse: Warehouse, remote: RemoteClient, text: str) -> None:
    told = []
    for each in (warehouse, remote):
        with pytest.raises(KitError) as caught:
            each.sql(text)
        told.append((caught.value.code, str(caught.value)))

    assert told[0] == told[1]


def test_settings_are_the_session_s_own(warehouse: Warehouse, remote: RemoteClient) -> None:
    warehouse.sql("CREATE SCHEMA other; CREATE TABLE other.x (k int); INSERT INTO other.x VALUES (1)")

    remote.sql("SET search_path TO other")

    assert remote.session.get("search_path") == "other"
    assert remote.sql("SELECT k FROM x").rows == [(1,)]
    with pytest.raises(KitError):
        warehouse.sql("SELECT k FROM x")


def test_settings_that_are_changed_without_sql_reach_the_owner(warehouse: Warehouse, remote: RemoteClient) -> None:
    warehouse.sql("CREATE SCHEMA other; CREATE TABLE other.x (k int); INSERT INTO other.x VALUES (1)")

    remote.session.set("search_path", "other")

    assert remote.sql("SELECT k FROM x").rows == [(1,)]
    assert remote.tables()[0] == "x"


def test_a_block_is_seen_by_others_when_it_is_committed(warehouse: Warehouse, remote: RemoteClient) -> None:
    warehouse.sql("CREATE TABLE t (k int)")

    remote.sql("BEGIN")
    remote.sql("INSERT INTO t VALUES (1)")
    during = warehouse.sql("SELECT COUNT(*) FROM t").rows
    was_open = remote.in_transaction
    remote.sql("COMMIT")

    assert (during, was_open, remote.in_transaction) == ([(0,)], True, False)
    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(1,)]


def test_a_session_that_closes_leaves_no_transaction_and_no_temporary_table(
    warehouse: Warehouse, elsewhere: Elsewhere
) -> None:
    warehouse.sql("CREATE TABLE t (k int)")
    gone = elsewhere.client()
    gone.sql("CREATE TEMP TABLE mine (k int); INSERT INTO mine VALUES (1)")
    gone.sql("BEGIN; LOCK t; INSERT INTO t VALUES (1)")

    gone.close()

    assert until(lambda: warehouse._cluster.owner.server.clients == 0)  # type: ignore[union-attr]
    warehouse.sql("INSERT INTO t VALUES (2)")
    assert warehouse.sql("SELECT k FROM t").rows == [(2,)]
    assert [name for _, name in warehouse._cluster.catalog.relations] == ["t"]


def test_temporary_tables_of_two_sessions_do_not_meet(elsewhere: Elsewhere, remote: RemoteClient) -> None:
    other = elsewhere.client()
    remote.sql("CREATE TEMP TABLE mine (k int); INSERT INTO mine VALUES (1)")
    other.sql("CREATE TEMP TABLE mine (k int); INSERT INTO mine VALUES (2)")

    assert (remote.sql("SELECT k FROM mine").rows, other.sql("SELECT k FROM mine").rows) == ([(1,)], [(2,)])
    other.close()


def test_a_large_answer_is_held_up_to_the_client_s_own_limit(warehouse: Warehouse, elsewhere: Elsewhere) -> None:
    warehouse.sql("CREATE TABLE n AS SELECT 0 AS k")
    for _ in range(20):
        warehouse.sql("INSERT INTO n SELECT k + (SELECT COUNT(*) FROM n) FROM n")
    query = "SELECT k, k * 2 AS d FROM n"
    small = elsewhere.client(Settings(threads=2, result_bytes=1 << 20))

    streamed = small.sql(query)
    held = elsewhere.client().sql(query)

    assert not streamed.is_complete
    assert streamed.stats.rows is None
    assert sum(batch.num_rows for batch in streamed.batches()) == 1 << 20
    assert held.is_complete
    assert held.stats.rows == len(held) == 1 << 20
    small.close()


def test_an_answer_that_is_closed_early_lets_go_of_the_owner(warehouse: Warehouse, elsewhere: Elsewhere) -> None:
    warehouse.sql("CREATE TABLE n AS SELECT 0 AS k")
    for _ in range(20):
        warehouse.sql("INSERT INTO n SELECT k + (SELECT COUNT(*) FROM n) FROM n")
    small = elsewhere.client(Settings(threads=2, result_bytes=1 << 20))
    result = small.sql("SELECT k, k * 2 AS d FROM n ORDER BY d")

    result.close()

    assert until(lambda: attached(warehouse) == 0)
    small.close()


def test_an_interrupt_cancels_at_the_owner_and_leaves_the_session_usable(
    warehouse: Warehouse, remote: RemoteClient
) -> None:
    warehouse.sql("CREATE TABLE n AS SELECT 0 AS k")
    for _ in range(12):
        warehouse.sql("INSERT INTO n SELECT k + (SELECT COUNT(*) FROM n) FROM n")
    threading.Timer(0.3, _thread.interrupt_main).start()

    with pytest.raises(KeyboardInterrupt):
        remote.sql(ENDLESS)

    assert remote.sql("SELECT COUNT(*) FROM n").rows == [(4096,)]


def test_statement_timeout_is_kept_at_the_owner(warehouse: Warehouse, remote: RemoteClient) -> None:
    warehouse.sql("CREATE TABLE n AS SELECT 0 AS k")
    for _ in range(12):
        warehouse.sql("INSERT INTO n SELECT k + (SELECT COUNT(*) FROM n) FROM n")
    remote.sql("SET statement_timeout TO 200")

    with pytest.raises(KitError) as caught:
        remote.sql(ENDLESS)

    assert caught.value.code == "57014"


def test_progress_of_a_long_statement_is_told_on_the_caller_s_thread(
    warehouse: Warehouse, remote: RemoteClient
) -> None:
    warehouse.sql("CREATE TABLE n AS SELECT 0 AS k")
    for _ in range(12):
        warehouse.sql("INSERT INTO n SELECT k + (SELECT COUNT(*) FROM n) FROM n")
    told: list[tuple[threading.Thread, str]] = []

    class Listener:
        def update(self, fraction: float | None, message: str = "") -> None:
            told.append((threading.current_thread(), message))

    for each in (warehouse, remote):
        each.sql("SET statement_timeout TO 300")
        with pytest.raises(KitError):
            each.sql(ENDLESS, None, Listener())
        assert set(told) == {(threading.current_thread(), "running")}
        told.clear()


def test_the_cluster_can_be_seen_and_reshaped_from_elsewhere(warehouse: Warehouse, remote: RemoteClient) -> None:
    fill(warehouse)

    shape = remote.cluster(1, 2)

    assert (shape.nodes, shape.slices_per_node) == (1, 2)
    assert remote.cluster() == warehouse.cluster()
    assert remote.design("t") == warehouse.design("t")
    assert remote.tables() == ["t"]


def test_the_session_takes_over_when_the_owner_is_gone(
    workspace: Workspace, warehouse: Warehouse, elsewhere: Elsewhere, remote: RemoteClient
) -> None:
    fill(warehouse, 10)
    remote.sql("SET search_path TO public, other")

    workspace.close()
    elsewhere.may_own = True

    assert remote.sql("SELECT COUNT(*) FROM t").rows == [(10,)]
    assert elsewhere.access.engine is not None
    assert remote.session.get("search_path") == "public, other"
    remote.sql("INSERT INTO t (k) VALUES (100)")
    assert remote.sql("SELECT COUNT(*) FROM t").rows == [(11,)]


def test_a_session_follows_to_the_next_owner(workspace: Workspace, warehouse: Warehouse, remote: RemoteClient) -> None:
    fill(warehouse, 10)
    workspace.close()

    again = workspace.warehouse

    assert again is not warehouse
    assert remote.sql("SELECT COUNT(*) FROM t").rows == [(10,)]


def test_an_open_transaction_that_went_with_its_owner_is_told_of_once(
    workspace: Workspace, warehouse: Warehouse, remote: RemoteClient
) -> None:
    fill(warehouse, 10)
    remote.sql("BEGIN; INSERT INTO t (k) VALUES (1)")
    workspace.close()
    assert workspace.warehouse.sql("SELECT COUNT(*) FROM t").rows == [(10,)]

    with pytest.raises(KitError) as caught:
        remote.sql("SELECT COUNT(*) FROM t")

    assert caught.value.code == "08006"
    assert "rolled back" in caught.value.message
    assert remote.sql("SELECT COUNT(*) FROM t").rows == [(10,)]
    assert not remote.in_transaction


def test_temporary_tables_that_went_with_their_owner_are_told_of_once(
    workspace: Workspace, warehouse: Warehouse, remote: RemoteClient
) -> None:
    remote.sql("CREATE TEMP TABLE mine (k int)")
    workspace.close()
    assert workspace.warehouse.tables() == []

    with pytest.raises(KitError) as caught:
        remote.sql("SELECT 1 AS a")

    assert caught.value.code == "08006"
    assert "temporary tables" in caught.value.message
    assert remote.sql("SELECT 1 AS a").rows == [(1,)]


def test_rows_that_were_left_with_an_owner_that_is_gone_are_an_error(
    workspace: Workspace, warehouse: Warehouse, elsewhere: Elsewhere
) -> None:
    warehouse.sql("CREATE TABLE n AS SELECT 0 AS k")
    for _ in range(20):
        warehouse.sql("INSERT INTO n SELECT k + (SELECT COUNT(*) FROM n) FROM n")
    small = elsewhere.client(Settings(threads=2, result_bytes=1 << 20))
    result = small.sql("SELECT k, k * 2 AS d FROM n")
    batches = result.batches()
    next(batches)

    workspace.close()

    with pytest.raises(KitError) as caught:
        list(batches)
    assert caught.value.code == "08006"
    assert "the rest of the answer's rows is lost" in caught.value.message
    assert workspace.warehouse.sql("SELECT COUNT(*) FROM n").rows == [(1 << 20,)]
    small.close()


def test_a_closed_session_is_refused_by_name(remote: RemoteClient) -> None:
    remote.close()

    with pytest.raises(KitError) as caught:
        remote.sql("SELECT 1 AS a")

    assert caught.value.code == "08003"


def test_a_warehouse_of_a_process_that_owns_has_sessions_of_its_own(warehouse: Warehouse) -> None:
    with warehouse.connect() as client:
        assert isinstance(client, Client)
        assert str(warehouse.ownership()).startswith("owned by this process (")


def test_the_owner_tells_how_many_others_it_serves(warehouse: Warehouse, remote: RemoteClient) -> None:
    remote.sql("SELECT 1 AS a")

    assert str(warehouse.ownership()).endswith("which serves 1 other")


def test_results_are_arrow(warehouse: Warehouse, remote: RemoteClient) -> None:
    table = remote.sql("SELECT 1 AS a, 'x' AS b").table

    assert isinstance(table, pa.Table)
    assert table.to_pylist() == [{"a": 1, "b": "x"}]


def attached(warehouse: Warehouse) -> int:
    """How many exchanges there are."""
    cursor = warehouse._cluster.cursor()
    try:
        found = cursor.execute("SELECT COUNT(*) FROM duckdb_databases() WHERE database_name LIKE 'exchange%'")
        return int(found.fetchall()[0][0])
    except duckdb.Error:
        # One is being detached at this moment, and cannot be listed.
        return 1
    finally:
        warehouse._cluster.give_back(cursor)


def until(met: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.005)
    return met()
