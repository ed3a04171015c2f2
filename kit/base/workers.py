"""A few threads that run calls in the order in which they came, and that never keep the process from ending.

The standard library's pool joins its threads before anything is told that the process ends, so a call that waits for
somebody else would wait for ever. These are daemons: whoever owns them closes them, also at exit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Workers:
    """At most `count` threads, each made when it is first needed. Threads may share it."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._is_closed = False

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run a call as soon as a thread is free; raises `RuntimeError` after `close`."""
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError(f"{self._name} is closed")
            self._waiting.put((future, call))
            if not self._idle.acquire(blocking=False) and len(self._threads) < self._count:
                thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Cancel what waits, and return when what runs has ended."""
        with self._lock:
            self._is_closed = True
            while not self._waiting.empty():
                waiting = self._waiting.get()
                if waiting is not None:
                    waiting[0].cancel()
            for _ in self._threads:
                self._waiting.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _work(self) -> None:
        while True:
            found = self._waiting.get()
            if found is None:
                return
            _run(*found)
            del found  # or its call, and what that holds, lives on until the next one comes
            self._idle.release()


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
