"""Running one long call so that the caller's thread stays free: for Ctrl-C, for progress, for a deadline.

The call runs on a worker thread; the caller waits in short steps. Whatever ends the wait early (KeyboardInterrupt, a
deadline) calls `cancel` at once, waits until the worker has really stopped, and raises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

STEP_SECONDS = 0.02


class _Call(Generic[T]):
    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._value: T
        self._error: BaseException | None = None
        self.done = threading.Event()

    def run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:
            self._error = error
        finally:
            self.done.set()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value


def run_interruptibly(
    call: Callable[[], T],
    *,
    cancel: Callable[[], None],
    poll: Callable[[], None] | None = None,
    name: str = "boathouse-query",
) -> T:
    """The call's value, or its error.

    `cancel` must make the call return or raise soon; it may be called more than once, also before the call has begun or
    after it has ended. `poll` is called about every 20 ms on the caller's thread; if it raises, the call is cancelled
    and that error is raised. A second Ctrl-C while the call is being cancelled does not leave it running behind.
    """
    running = _Call(call)
    thread = threading.Thread(target=running.run, name=name, daemon=True)
    try:
        thread.start()
        while not running.done.wait(STEP_SECONDS):
            if poll is not None:
                poll()
    except BaseException:
        _stop(running, thread, cancel)
        raise
    return running.outcome()


def _stop(running: _Call[T], thread: threading.Thread, cancel: Callable[[], None]) -> None:
    while thread.ident is not None and not running.done.is_set():
        try:
            cancel()
            running.done.wait(STEP_SECONDS)
        except KeyboardInterrupt:
            continue
