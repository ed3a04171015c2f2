"""Time as a parameter: every service asks the workspace's clock, never the operating system.

Instants are integer milliseconds (or nanoseconds) since the Unix epoch, UTC.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        ...


def now_ms(clock: Clock) -> int:
    """Milliseconds since the Unix epoch."""
    return clock.now_ns() // 1_000_000


def now(clock: Clock) -> datetime:
    """The instant as an aware datetime in UTC, to the microsecond."""
    return instant(clock.now_ns())


def instant(ns: int) -> datetime:
    """An instant of `Clock.now_ns` as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=ns // 1_000)


class WallClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved; `sleep` moves it at once.

    Safe to share among threads. A sleeper does not wait for others to advance the clock.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._ns = (start - _EPOCH) // timedelta(microseconds=1) * 1_000
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        with self._lock:
            return self._ns

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative amount moves it back, as a wall clock may."""
        with self._lock:
            self._ns += round(seconds * 1_000_000_000)


class Stopwatch:
    """Elapsed wall time, for statistics only: never for a decision that a moved clock must be able to drive."""

    def __init__(self) -> None:
        self._start = time.perf_counter_ns()

    @property
    def ms(self) -> float:
        """Milliseconds since construction."""
        return (time.perf_counter_ns() - self._start) / 1e6
