import threading

import pytest

from kit.base.running import run_interruptibly


def test_the_value_of_the_call_is_returned() -> None:
    assert run_interruptibly(lambda: 42, cancel=lambda: None) == 42


def test_the_error_of_the_call_is_raised_to_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        run_interruptibly(lambda: 1 // 0, cancel=lambda: None)


def test_an_interrupt_while_waiting_cancels_and_waits_for_the_worker() -> None:
    cancelled = threading.Event()
    ended = threading.Event()

    def call() -> None:
        cancelled.wait(10)
        ended.set()

    def poll() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_interruptibly(call, cancel=cancelled.set, poll=poll)

    assert ended.is_set()
