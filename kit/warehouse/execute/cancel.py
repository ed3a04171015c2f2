"""Stopping a query from another thread: everything it has running is interrupted, nothing new is let in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kit.base.errors import KitError
from kit.warehouse.connection import Connection
from kit.warehouse.failures import CANCELLED


class Cancellation:
    """One query's. `cancel` may be called from any thread, and more than once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Connection] = set()
        self._cancelled = False

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            for cursor in self._running:
                cursor.interrupt()

    def check(self) -> None:
        """Raise if the query has been cancelled."""
        if self._cancelled:
            raise KitError(CANCELLED, "Query cancelled on user's request")

    @contextmanager
    def running(self, cursor: Connection) -> Iterator[None]:
        """While a statement runs on a cursor, which an interrupt then reaches."""
        with self._lock:
            self.check()
            self._running.add(cursor)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(cursor)
