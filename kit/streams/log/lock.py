"""One writer at a time, among threads and processes, at the price of two system calls.

The lock is the operating system's on an open file (filelock's descriptor lock), so it goes with its process, however
that ends. Threads of one process queue in front of it, because the file's lock is the process's as a whole.
"""

from __future__ import annotations

import threading
from types import TracebackType

from filelock import lock_descriptor, unlock_descriptor

POLL_SECONDS = 0.000_3


class SharedLock:
    """A lock on an open file. Not reentrant; the descriptor stays the caller's."""

    __slots__ = ("_fd", "_threads")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._threads = threading.Lock()

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if not lock_descriptor(self._fd, blocking=False):
                lock_descriptor(self._fd, poll_interval=POLL_SECONDS)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            unlock_descriptor(self._fd)
        finally:
            self._threads.release()
