"""The cores that slices share: as many fragments run at once as there are cores, so that each one's time is its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from kit.base.workers import Workers

T = TypeVar("T")


class Gate:
    """Runs calls on at most `cores` threads, in the order in which they came."""

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self._threads = Workers(cores, "boathouse-slice")

    def submit(self, call: Callable[[], T]) -> Future[T]:
        return self._threads.submit(call)

    def close(self) -> None:
        self._threads.close()
