"""Blocks and sessions: what is seen by whom, what waits, what conflicts, what is left of what failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.client import Client
from kit.warehouse.transact.locks import Mode


@pytest.fixture
def other(warehouse: Warehouse) -> Iterator[Client]:
    warehouse.sql("CREATE TABLE t (k int, v int) DISTKEY(k); INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)")
    warehouse.sql("CREATE TABLE u (k int, v int) DISTSTYLE EVEN; INSERT INTO u VALUES (1, 1)")
    with warehouse.connect() as opened:
        yield opened


class Aside(threading.Thread):
    """A call on another thread, and what it came to."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._call()
        except BaseException as error:
            self.error = error

    def ended(self) -> bool:
        self.join(20)
        return not self.is_alive()


def waits(warehouse: Warehouse) -> None:
    """Return when a transaction waits for a lock."""
    locks = warehouse._cluster.locks
    pause = threading.Event()
    for _ in range(2_000):
        if any(not lock.granted for lock in locks.all()):
            return
        pause.wait(0.005)
    raise AssertionError("nobody waits")


def total(session: Warehouse | Client) -> int:
    return session.sql("SELECT SUM(v) FROM t").rows[0][0]


def test_a_block_is_seen_by_others_when_it_commits(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; UPDATE t SET v = v + 1; INSERT INTO t VALUES (4, 40)")

    inside, outside = total(warehouse), total(other)
    warehouse.sql("COMMIT")

    assert (inside, outside, total(other)) == (103, 60, 103)


def test_a_block_sees_its_own_changes_through_distributed_plans(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; INSERT INTO u SELECT k, v FROM t; DELETE FROM t WHERE k = 2")

    joined = warehouse.sql("SELECT t.k, COUNT(*) FROM t JOIN u ON t.k = u.k GROUP BY t.k ORDER BY t.k")
    counted = warehouse.sql("SELECT COUNT(DISTINCT v), (SELECT COUNT(*) FROM t) FROM u").rows

    assert joined.rows == [(1, 2), (3, 1)]
    assert len(joined.stats.fragments) > 1
    assert counted == [(4, 2)]


def test_rollback_keeps_nothing_on_any_slice(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; DELETE FROM t; CREATE TABLE made (a int); INSERT INTO made VALUES (1); DROP TABLE u; ABORT")

    assert total(warehouse) == 60
    assert warehouse.tables() == ["t", "u"]


def test_a_block_has_one_snapshot_throughout(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("START TRANSACTION; SELECT 1 FROM u")
    other.sql("INSERT INTO t VALUES (9, 900)")

    first = total(warehouse)
    warehouse.sql("END")

    assert (first, total(warehouse)) == (60, 960)


def test_a_failed_statement_fails_its_block(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; DELETE FROM t")

    with pytest.raises(KitError, match="Divide by zero"):
        warehouse.sql("SELECT 1 / 0")
    with pytest.raises(KitError) as ignored:
        warehouse.sql("SELECT 1")
    other.sql("UPDATE t SET v = 0")
    ended = warehouse.sql("COMMIT")

    assert ignored.value.code == "25P02"
    assert "current transaction is aborted, commands ignored until end of transaction block" in str(ignored.value)
    assert ended.message == "ROLLBACK"
    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(3,)]


def test_a_statement_that_does_not_parse_fails_its_block(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN")

    with pytest.raises(KitError):
        warehouse.sql("SELEKT 1")

    with pytest.raises(KitError, match="current transaction is aborted"):
        warehouse.sql("SELECT 1")


def test_begin_and_commit_where_there_is_nothing_to_do(warehouse: Warehouse) -> None:
    tags = [warehouse.sql(text).message for text in ("COMMIT", "ROLLBACK", "BEGIN", "BEGIN", "END", "END")]

    assert tags == ["COMMIT", "ROLLBACK", "BEGIN", "BEGIN", "COMMIT", "COMMIT"]


def test_a_read_only_block_refuses_changes(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN READ ONLY")

    with pytest.raises(KitError) as refused:
        warehouse.sql("DELETE FROM t")

    assert refused.value.code == "25006"


@pytest.mark.parametrize("statement", ["VACUUM t", "VACUUM"])
def test_what_cannot_run_in_a_block_says_so(warehouse: Warehouse, other: Client, statement: str) -> None:
    warehouse.sql("BEGIN")

    with pytest.raises(KitError, match="VACUUM cannot run inside a transaction block") as refused:
        warehouse.sql(statement)

    assert refused.value.code == "25001"


def test_truncate_commits_what_came_before_it(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; INSERT INTO u VALUES (7, 7); TRUNCATE t; INSERT INTO u VALUES (8, 8); ROLLBACK")

    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(0,)]
    assert warehouse.sql("SELECT k FROM u ORDER BY k").rows == [(1,), (7,)]


def test_a_second_writer_waits_for_the_first_and_then_sees_its_rows(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; UPDATE t SET v = v + 1")
    second = Aside(lambda: other.sql("UPDATE t SET v = v * 10"))
    waits(warehouse)

    reader = total(warehouse)
    warehouse.sql("COMMIT")

    assert second.ended()
    assert second.error is None
    assert (reader, total(warehouse)) == (63, 630)


def test_a_reader_does_not_wait_for_a_writer(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; DELETE FROM t")

    assert total(other) == 60


def test_two_blocks_may_add_rows_to_one_table(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; SELECT 1 FROM u")
    other.sql("INSERT INTO t VALUES (4, 40)")

    warehouse.sql("INSERT INTO t VALUES (5, 50); COMMIT")

    assert total(warehouse) == 150
    assert warehouse._cluster.catalog.relations["public", "t"].rows == 5


def test_a_change_of_rows_that_another_has_changed_is_a_violation(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; SELECT COUNT(*) FROM t")
    other.sql("UPDATE t SET v = 0 WHERE k = 1")

    with pytest.raises(KitError) as violated:
        warehouse.sql("UPDATE t SET v = v + 1 WHERE k = 2")

    table = warehouse._cluster.catalog.relations["public", "t"]
    assert violated.value.code == "40001"
    assert f"Serializable isolation violation on table - {table.id}, transactions forming the cycle are:" in str(
        violated.value
    )
    warehouse.sql("ROLLBACK")
    assert total(warehouse) == 50
    assert warehouse.sql("SELECT table_id FROM stl_tr_conflict").rows == [(table.id,)]


def test_write_skew_is_refused_at_commit(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; SELECT SUM(v) FROM t")
    other.sql("BEGIN; SELECT SUM(v) FROM u; INSERT INTO t VALUES (4, 0)")
    warehouse.sql("INSERT INTO u VALUES (2, 0); COMMIT")

    with pytest.raises(KitError, match="1023: Serializable isolation violation"):
        other.sql("COMMIT")

    assert other.sql("SELECT COUNT(*) FROM t").rows == [(3,)]
    assert not other.in_transaction


def test_a_reader_that_saw_the_first_and_not_the_second_closes_a_circle(warehouse: Warehouse, other: Client) -> None:
    # Fekete's read-only anomaly: without the query in the middle both writers could be put in an order.
    other.sql("BEGIN; SELECT SUM(v) FROM t; SELECT SUM(v) FROM u")
    warehouse.sql("INSERT INTO u VALUES (5, 5)")
    warehouse.sql("SELECT (SELECT SUM(v) FROM t), (SELECT SUM(v) FROM u)")

    with pytest.raises(KitError, match="Serializable isolation violation"):
        other.sql("INSERT INTO t VALUES (6, 6); COMMIT")


def test_without_a_circle_both_commit(warehouse: Warehouse, other: Client) -> None:
    other.sql("BEGIN; SELECT SUM(v) FROM u")
    warehouse.sql("INSERT INTO u VALUES (5, 5)")

    other.sql("INSERT INTO t VALUES (6, 6); COMMIT")

    assert total(warehouse) == 66


def test_snapshot_isolation_allows_write_skew(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; SELECT SUM(v) FROM t")
    other.sql("BEGIN ISOLATION LEVEL SNAPSHOT; SELECT SUM(v) FROM u; INSERT INTO t VALUES (4, 0)")
    warehouse.sql("INSERT INTO u VALUES (2, 0); COMMIT")

    assert other.sql("COMMIT").message == "COMMIT"


def test_locks_in_opposite_order_are_a_deadlock(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; LOCK t")
    other.sql("BEGIN; LOCK TABLE u")
    first = Aside(lambda: warehouse.sql("LOCK u"))
    waits(warehouse)

    with pytest.raises(KitError, match="deadlock detected") as deadlock:
        other.sql("LOCK t")

    assert deadlock.value.code == "40P01"
    assert first.ended()
    assert first.error is None


def test_lock_makes_readers_wait(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; LOCK t; UPDATE t SET v = 0")
    found: list[int] = []
    reader = Aside(lambda: found.append(total(other)))
    waits(warehouse)

    warehouse.sql("COMMIT")

    assert reader.ended()
    assert found == [0]


def test_waiting_can_be_cancelled(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("BEGIN; LOCK t")
    reader = Aside(lambda: total(other))
    waits(warehouse)

    other.cancel()

    assert reader.ended()
    assert isinstance(reader.error, KitError)
    assert reader.error.code == "57014"
    assert [lock.mode for lock in warehouse._cluster.locks.all()] == [Mode.EXCLUSIVE]


def test_a_table_cannot_be_dropped_under_an_open_block_that_reads_it(warehouse: Warehouse, other: Client) -> None:
    other.sql("BEGIN; SELECT * FROM t")
    dropping = Aside(lambda: warehouse.sql("DROP TABLE t"))
    waits(warehouse)

    still = total(other)
    other.sql("COMMIT")

    assert still == 60
    assert dropping.ended()
    assert warehouse.tables() == ["u"]


def test_a_session_that_closes_rolls_back_and_lets_go(warehouse: Warehouse, other: Client) -> None:
    other.sql("BEGIN; DELETE FROM t")

    other.close()
    warehouse.sql("UPDATE t SET v = v + 1")

    assert total(warehouse) == 63
    with pytest.raises(KitError, match="connection does not exist"):
        other.sql("SELECT 1")


def test_temporary_tables_are_the_session_s_own(warehouse: Warehouse, other: Client) -> None:
    warehouse.sql("CREATE TEMP TABLE mine (a int); INSERT INTO mine VALUES (1)")
    other.sql("CREATE TEMP TABLE mine (a int, b int); INSERT INTO mine VALUES (2, 3)")

    ours, theirs = warehouse.sql("SELECT * FROM mine").rows, other.sql("SELECT * FROM pg_temp.mine").rows
    other.close()

    assert (ours, theirs) == ([(1,)], [(2, 3)])
    assert [key for key in warehouse._cluster.catalog.relations if key[0].startswith("pg_temp")] == [
        ("pg_temp", "mine")
    ]


def test_sessions_have_settings_and_numbers_of_their_own(warehouse: Warehouse, other: Client) -> None:
    other.sql("SET query_group TO nightly")

    assert warehouse.sql("SHOW query_group").rows == [("default",)]
    assert other.sql("SELECT pg_backend_pid()").rows == [(other.pid,)]
    assert other.pid != warehouse.session.pid


def test_one_transaction_after_another_survives_a_reopening(
    warehouse: Warehouse, reopened: Callable[[], Warehouse]
) -> None:
    warehouse.sql("CREATE TABLE t (k int, v int)")
    for number in range(5):
        warehouse.sql(f"BEGIN; INSERT INTO t VALUES ({number}, 1); UPDATE t SET v = v + 1; COMMIT")
    warehouse.sql("BEGIN; DELETE FROM t")

    again = reopened()

    assert again.sql("SELECT k, v FROM t ORDER BY k").rows == [(number, 6 - number) for number in range(5)]


def test_the_journal_is_folded_when_it_is_long(
    warehouse: Warehouse, reopened: Callable[[], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.warehouse.cluster.JOURNAL_COMMITS", 3)
    warehouse.sql("CREATE TABLE t (k int, v int)")
    for number in range(7):
        warehouse.sql(f"INSERT INTO t VALUES ({number}, 1)")

    cursor = warehouse._cluster.cursor()
    kept = cursor.execute("SELECT count(*) FROM leader.journal").fetchall()
    warehouse._cluster.give_back(cursor)

    assert kept[0][0] < 3
    assert reopened().sql("SELECT COUNT(*) FROM t").rows == [(7,)]


def test_an_answer_larger_than_memory_streams_out_of_a_block(
    warehouse: Warehouse, other: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.sql("CREATE TABLE big (a int) DISTSTYLE EVEN")
    warehouse.sql("INSERT INTO big VALUES (0), (1), (2), (3), (4), (5), (6), (7)")
    for _ in range(14):
        warehouse.sql("INSERT INTO big SELECT a FROM big")
    monkeypatch.setattr("kit.warehouse.execute.leader.BATCH_ROWS", 2_048)
    object.__setattr__(warehouse._cluster.settings, "result_bytes", 10_000)

    warehouse.sql("BEGIN; DELETE FROM big WHERE a = 7")
    answer = warehouse.sql("SELECT a FROM big")
    meanwhile = warehouse.sql("SELECT COUNT(*) FROM big").rows

    assert sum(batch.num_rows for batch in answer.batches()) == meanwhile[0][0] == 7 << 14
    answer.close()
