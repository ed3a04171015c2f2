import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.base.connections import Connections


def prepare(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS t (x)")


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    connections = Connections(tmp_path / "t.sqlite", prepare)
    yield connections
    connections.close()


def rows(connections: Connections) -> list[int]:
    return [x for (x,) in connections.get().execute("SELECT x FROM t ORDER BY x")]


def test_a_thread_has_one_connection_of_its_own(connections: Connections) -> None:
    found: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: found.extend([connections.get(), connections.get()]))
    thread.start()
    thread.join()
    assert found[0] is found[1]
    assert found[0] is not connections.get()
    assert connections.get() is connections.get()


def test_the_connection_of_a_thread_that_ended_is_closed(connections: Connections) -> None:
    found: list[sqlite3.Connection] = []
    first = threading.Thread(target=lambda: found.append(connections.get()))
    first.start()
    first.join()
    connections.get()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        found[0].execute("SELECT 1")


def test_the_file_is_private_and_in_wal_mode(connections: Connections, tmp_path: Path) -> None:
    with connections.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"t.sqlite": 0o600, "t.sqlite-wal": 0o600, "t.sqlite-shm": 0o600}


def test_a_transaction_is_kept_as_a_whole_or_not_at_all(connections: Connections) -> None:
    with connections.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")

    def fail() -> None:
        with connections.transaction() as connection:
            connection.execute("INSERT INTO t VALUES (2)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert rows(connections) == [1]
    assert not connections.get().in_transaction


def test_a_snapshot_sees_one_state(connections: Connections, tmp_path: Path) -> None:
    other = Connections(tmp_path / "t.sqlite", prepare)
    with connections.snapshot() as connection:
        before = connection.execute("SELECT count(*) FROM t").fetchone()
        with other.transaction() as writer:
            writer.execute("INSERT INTO t VALUES (1)")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == before
    assert rows(connections) == [1]
    other.close()


def test_writers_queue(connections: Connections) -> None:
    def add(number: int) -> None:
        for step in range(20):
            with connections.transaction() as connection:
                connection.execute("INSERT INTO t VALUES (?)", (number * 100 + step,))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(connections)) == 80


def test_a_writer_waits_its_time_and_then_says_that_it_is_busy(
    connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Connections(tmp_path / "t.sqlite", prepare)
    other.get()
    monkeypatch.setattr("kit.base.connections.BUSY_SECONDS", 0.05)
    with connections.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"), other.transaction():
        pytest.fail("two writers at once")
    with other.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    assert rows(connections) == [1]
    other.close()


def test_closed_is_closed(connections: Connections) -> None:
    connections.get()
    connections.close()
    with pytest.raises(sqlite3.ProgrammingError, match=r"t\.sqlite is closed"):
        connections.get()


def test_a_failing_preparation_leaves_no_connection_open(tmp_path: Path) -> None:
    opened: list[sqlite3.Connection] = []

    def broken(connection: sqlite3.Connection) -> None:
        opened.append(connection)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        Connections(tmp_path / "t.sqlite", broken).get()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_a_forked_child_opens_its_own_and_leaves_the_parents_alone(connections: Connections) -> None:
    with connections.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    inherited = connections.get()
    child = os.fork()
    if child == 0:
        try:
            with connections.transaction() as connection:
                connection.execute("INSERT INTO t VALUES (2)")
            os._exit(0 if connections.get() is not inherited else 2)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert connections.get() is inherited
    assert rows(connections) == [1, 2]
