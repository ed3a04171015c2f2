"""Threads that run calls: in order, at most so many at once, closed without waiting for what waits."""

import subprocess
import sys
import threading

import pytest

from kit.base.workers import Workers


def test_a_call_s_value_and_error_are_its_future_s() -> None:
    workers = Workers(2, "test")

    value, error = workers.submit(lambda: 5), workers.submit(lambda: 1 // 0)

    assert value.result(10) == 5
    assert isinstance(error.exception(10), ZeroDivisionError)
    workers.close()


def test_no_more_run_at_once_than_there_are_threads() -> None:
    workers = Workers(2, "test")
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []
    turn = threading.Event()

    def call() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        turn.wait(0.01)
        with lock:
            running.pop()

    for future in [workers.submit(call) for _ in range(20)]:
        future.result(10)

    assert max(most) == 2
    workers.close()


def test_one_thread_runs_calls_in_their_order() -> None:
    workers = Workers(1, "test")
    seen: list[int] = []

    for future in [workers.submit(lambda n=n: seen.append(n)) for n in range(50)]:  # type: ignore[misc]
        future.result(10)

    assert seen == list(range(50))
    workers.close()


def test_two_calls_that_need_each_other_both_run_after_others_were_idle() -> None:
    workers = Workers(2, "test")
    for _ in range(20):
        workers.submit(lambda: None).result(10)
    meeting = threading.Barrier(2)

    both = [workers.submit(lambda: meeting.wait(10)) for _ in range(2)]

    assert sorted(future.result(20) for future in both) == [0, 1]
    workers.close()


def test_closing_cancels_what_waits_and_waits_for_what_runs() -> None:
    workers = Workers(1, "test")
    started, go_on = threading.Event(), threading.Event()
    running = workers.submit(lambda: (started.set(), go_on.wait(10)))
    started.wait(10)
    waiting = workers.submit(lambda: None)
    closing = threading.Thread(target=workers.close)
    closing.start()

    go_on.set()
    closing.join(10)

    assert waiting.cancelled()
    assert running.done()
    with pytest.raises(RuntimeError, match="test is closed"):
        workers.submit(lambda: None)


def test_a_call_that_never_ends_does_not_keep_the_process() -> None:
    script = (
        "import threading; from kit.base.workers import Workers\n"
        "started = threading.Event()\n"
        "Workers(1, 'x').submit(lambda: (started.set(), threading.Event().wait()))\n"
        "started.wait()"
    )

    ended = subprocess.run([sys.executable, "-c", script], timeout=60)

    assert ended.returncode == 0
