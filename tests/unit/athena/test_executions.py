"""Executions: their states, their history, and what stops them."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import kit
from kit.athena.execution import TRANSITIONS, Execution, check_transition
from kit.athena.history import History
from kit.athena.store import Store
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import QueryId
from kit.base.settings import Settings

LONG = (
    "SELECT count(*) AS n FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 10000)) b(y) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) c(z) WHERE (x * y + z) % 7 = 3"
)


def test_a_success_is_recorded(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"a": [1, 2]}))
    lake.table("t", {"a": "bigint"})

    result = lake.sql("SELECT a FROM t")
    record = lake.athena.record(result.stats.query_id)

    assert (record.state, record.rows, record.kind, record.statement_type) == ("SUCCEEDED", 2, "DML", "SELECT")
    assert (record.statement, record.database, record.workgroup) == ("SELECT a FROM t", "lake", "primary")
    assert record.bytes_scanned == result.stats.bytes_scanned > 0
    assert record.submitted == record.completed == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_failure_is_recorded_with_its_reason(lake: Any) -> None:
    with pytest.raises(KitError):
        lake.sql("SELECT a FROM nothing")

    (record,) = lake.athena.executions()
    assert record.state == "FAILED"
    assert record.reason.startswith("TABLE_NOT_FOUND: ")
    assert record.bytes_scanned == 0


def test_the_history_is_newest_first_and_by_workgroup(lake: Any) -> None:
    from kit.athena import Workgroup

    lake.athena.workgroups.create(Workgroup(name="other"))
    for number in range(4):
        lake.sql(f"SELECT {number} AS n", workgroup="other" if number % 2 else "primary")

    assert [each.statement for each in lake.athena.executions(3)] == [f"SELECT {n} AS n" for n in (3, 2, 1)]
    assert [each.statement for each in lake.athena.executions(workgroup="other")] == ["SELECT 3 AS n", "SELECT 1 AS n"]


def test_an_unknown_execution_is_an_invalid_request(lake: Any) -> None:
    with pytest.raises(KitError, match="QueryExecution nope was not found"):
        lake.athena.execution("nope")


def test_a_query_may_run_in_the_background(lake: Any) -> None:
    execution = lake.athena.start("SELECT 42 AS answer")

    assert execution.result().rows == [(42,)]
    assert execution.wait().state == execution.state == "SUCCEEDED"
    assert "SUCCEEDED" in repr(execution)


def test_a_background_failure_is_raised_by_its_result(lake: Any) -> None:
    execution = lake.athena.start("SELECT a FROM nothing")

    with pytest.raises(KitError, match="TABLE_NOT_FOUND"):
        execution.result()
    assert execution.reason.startswith("TABLE_NOT_FOUND")


def test_a_background_query_can_be_cancelled(lake: Any) -> None:
    execution = lake.athena.start(LONG)
    while execution.state != "RUNNING":
        time.sleep(0.01)
    time.sleep(0.1)

    execution.cancel()

    assert execution.wait(30).state == "CANCELLED"
    assert execution.reason == "Query cancelled by user"
    with pytest.raises(KitError, match="QUERY_CANCELLED"):
        execution.result()
    execution.cancel()


def test_an_execution_of_elsewhere_has_no_result_here(lake: Any) -> None:
    done = lake.sql("SELECT 1 AS one").stats.query_id

    with pytest.raises(KitError, match="NO_RESULT"):
        lake.athena.execution(done).result()


def test_another_process_can_cancel(tmp_path: Path) -> None:
    home = tmp_path / "ws"
    with kit.open(home, settings=Settings(threads=2)) as ws:
        execution = ws.athena.start(LONG)
        while execution.state != "RUNNING":
            time.sleep(0.01)
        script = f"import kit; ws = kit.open({str(home)!r}); ws.athena.cancel({execution.id!r}); ws.close()"
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

        assert execution.wait(30).state == "CANCELLED"


def test_a_process_may_end_while_a_query_runs(tmp_path: Path) -> None:
    home = tmp_path / "ws"
    script = (
        "import kit, time\n"
        f"ws = kit.open({str(home)!r})\n"
        f"execution = ws.athena.start({LONG!r})\n"
        "while execution.state != 'RUNNING': time.sleep(0.01)\n"
        "time.sleep(0.2)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)

    with kit.open(home) as ws:
        (record,) = ws.athena.executions()
    assert (done.returncode, done.stderr) == (0, "")
    assert record.state == "CANCELLED"


def test_what_a_dead_process_left_running_is_failed(tmp_path: Path) -> None:
    home = tmp_path / "ws"
    script = (
        "import kit, os, time\n"
        f"ws = kit.open({str(home)!r})\n"
        f"execution = ws.athena.start({LONG!r})\n"
        "while execution.state != 'RUNNING': time.sleep(0.01)\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60)

    with kit.open(home) as ws:
        (record,) = ws.athena.executions()

    assert record.state == "FAILED"
    assert "process" in record.reason
    assert record.completed is not None


def test_ctrl_c_stops_a_query_at_once_and_leaves_everything_usable(lake: Any) -> None:
    pressed: list[float] = []

    def press() -> None:
        time.sleep(0.5)
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        lake.sql(LONG)
    took = time.perf_counter() - pressed[0]
    thread.join()

    assert lake.athena.executions(1)[0].state == "CANCELLED"
    assert lake.sql("SELECT 1 AS one").rows == [(1,)]
    assert took < 10  # not after the hours that the query would take


def test_ctrl_c_while_the_engine_opens_is_ctrl_c(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kit.athena.engine import Engine

    opened = Engine._open

    def slowly(engine: Engine) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return opened(engine)

    monkeypatch.setattr(Engine, "_open", slowly)
    with pytest.raises(KeyboardInterrupt):
        lake.sql("SELECT 1")
    monkeypatch.undo()

    assert lake.sql("SELECT 1 AS one").rows == [(1,)]


def test_ctrl_c_reaches_a_stream(tmp_path: Path) -> None:
    text = (
        "SELECT x, y FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 10000)) b(y) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) c(z)"
    )
    with kit.open(tmp_path / "ws", settings=Settings(threads=2, result_bytes=100_000)) as ws:
        result = ws.athena.sql(text)
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()

        with pytest.raises(KeyboardInterrupt):
            sum(batch.num_rows for batch in result.batches())
        timer.join()

        assert ws.athena.sql("SELECT 1 AS one").rows == [(1,)]


def test_threads_ask_at_the_same_time(lake: Any) -> None:
    lake.csv("t", {"a": "int", "b": "string"}, "".join(f"{n},x{n % 7}\n" for n in range(5000)))
    answers: list[Any] = []
    errors: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            text = f"SELECT count(*) AS n, sum(a) AS s FROM t WHERE b = 'x{number % 7}'"
            answers.extend(lake.rows(text)[0] for _ in range(5))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(answers) == 40
    assert sum(count for count, _ in answers) == sum(
        5 * sum(1 for n in range(5000) if n % 7 == number % 7) for number in range(8)
    )
    assert {each.state for each in lake.athena.executions(100)} == {"SUCCEEDED"}


def test_a_stream_may_be_closed_while_another_thread_takes_its_rows(tmp_path: Path) -> None:
    text = (
        "SELECT x, y FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 10000)) b(y) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) c(z)"
    )
    with kit.open(tmp_path / "ws", settings=Settings(threads=2, result_bytes=100_000)) as ws:
        result = ws.athena.sql(text)
        ended: list[BaseException | None] = []

        def take() -> None:
            try:
                for _ in result.batches():
                    pass
                ended.append(None)
            except KitError as error:
                ended.append(error)

        thread = threading.Thread(target=take)
        thread.start()
        time.sleep(0.2)
        result.close()
        thread.join(30)

        assert len(ended) == 1
        assert ws.athena.record(result.stats.query_id).state == "CANCELLED"
        assert ws.athena.sql("SELECT 1 AS one").rows == [(1,)]


def test_progress_is_told(lake: Any) -> None:
    class Heard:
        def __init__(self) -> None:
            self.told: list[float | None] = []

        def update(self, fraction: float | None, message: str = "") -> None:
            self.told.append(fraction)

    heard = Heard()
    lake.sql(
        "SELECT count(*) AS n FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 3000)) b(y) "
        "WHERE (x * y) % 7 = 3",
        progress=heard,
    )

    assert heard.told
    assert all(fraction is None or 0 <= fraction <= 1 for fraction in heard.told)


def test_an_error_in_the_listener_stops_the_query(lake: Any) -> None:
    class Deaf:
        def update(self, fraction: float | None, message: str = "") -> None:
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        lake.sql(LONG, progress=Deaf())
    assert lake.athena.executions(1)[0].state == "FAILED"


@pytest.mark.parametrize("before", TRANSITIONS)
def test_states_change_as_the_table_says(before: Any) -> None:
    for after in TRANSITIONS:
        if after in TRANSITIONS[before]:
            check_transition(before, after)
        else:
            with pytest.raises(KitError, match="INVALID_STATE"):
                check_transition(before, after)


def execution(number: int, state: Any = "RUNNING") -> Execution:
    return Execution(
        id=QueryId(f"q{number}"),
        statement="SELECT 1",
        database="d",
        workgroup="primary",
        session="s",
        state=state,
        submitted=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_the_history_is_bounded_in_number_and_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.athena.history.MAX_EXECUTIONS", 20)
    monkeypatch.setattr("kit.athena.history._TRIM_EVERY", 5)
    clock = ManualClock()
    store = Store(tmp_path / "x.sqlite")
    history = History(store, clock, lambda _: True)
    history.add(execution(-1), clock.now_ns())
    for number in range(60):
        history.add(execution(number), clock.now_ns())
        history.change(execution(number, "SUCCEEDED"), clock.now_ns())

    many = {each.id for each in history.recent(1000, None)}
    clock.advance(46 * 24 * 3600)
    for number in range(100, 106):
        history.add(execution(number), clock.now_ns())
    left = {each.id for each in history.recent(1000, None)}
    store.close()

    assert {"q-1", "q59"} <= many
    assert "q0" not in many
    assert len(many) <= 27
    assert left == {"q-1", *(f"q{number}" for number in range(100, 106))}


def test_a_record_keeps_all_its_figures(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.sqlite")
    history = History(store, ManualClock(), lambda _: True)
    made = execution(1)
    history.add(made, 1_000)
    changed = replace(made, state="SUCCEEDED", reason="r", bytes_scanned=7, rows=3, engine_ms=1.5, reused_from="q0")

    kept = history.change(changed, 2_000_000_000)
    read = history.get("q1")
    store.close()

    assert replace(read, submitted=kept.submitted) == kept
    assert kept.completed == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)
