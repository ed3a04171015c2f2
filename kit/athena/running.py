"""One execution while it runs: what stops it, and what it tells meanwhile.

Stopped by Ctrl-C, by `cancel()` from any thread or process, and by its workgroup's limit. Must not know: statements.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from kit.athena.engine import CANCELLED, Connection
from kit.athena.meter import Metered, bytes_scanned
from kit.athena.scan.source import Watch
from kit.base import display
from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress

LIMIT_EXCEEDED = "Bytes scanned limit was exceeded"
_ASK_OTHERS_MS = 500.0
_NOTHING = Metered.none()


@dataclass(slots=True, eq=False)
class Running:
    """`asked_elsewhere` tells whether another process wants it cancelled; it is asked a few times a second."""

    progress: Progress
    cutoff_bytes: int | None
    asked_elsewhere: Callable[[], bool]
    watch: Watch = field(default_factory=Watch)
    metered: Metered = _NOTHING
    message: str = ""
    also: Callable[[], None] | None = None
    fraction: float = 0.0
    planning_ms: float = 0.0
    _connection: Connection | None = None
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _clock: Stopwatch = field(default_factory=Stopwatch)
    _next_ask_ms: float = _ASK_OTHERS_MS

    def plan(self, metered: Metered) -> None:
        """Planning is over: this is what will be scanned."""
        self.metered = metered
        self.planning_ms = self._clock.ms

    def attach(self, connection: Connection) -> Connection:
        """Let what follows be interrupted."""
        self._connection = connection
        self.check()
        return connection

    def cancel(self) -> None:
        """Stop it; from any thread."""
        self._cancelled.set()
        if self._connection is not None:
            self._connection.interrupt()

    def check(self) -> None:
        """Raises `QUERY_CANCELLED` where somebody asked for it."""
        if self._cancelled.is_set():
            raise cancelled()

    def poll(self) -> None:
        """About every 20 ms, on the thread that waits: tells of progress, and raises what is to stop the query."""
        self.check()
        fraction = None if self._connection is None else self._connection.progress()
        if fraction is not None:
            self.fraction = max(self.fraction, fraction)
        self.progress.update(fraction, self.message or f"scanning {display.size(self.metered.upper_bound)}")
        if self.cutoff_bytes is not None and self.scanned(self.fraction) > self.cutoff_bytes:
            raise limit_exceeded(self.cutoff_bytes)
        if self.also is not None:
            self.also()
        if self._clock.ms > self._next_ask_ms:
            self._next_ask_ms = self._clock.ms + _ASK_OTHERS_MS
            if self.asked_elsewhere():
                raise cancelled()

    def scanned(self, fraction: float = 1.0) -> int:
        """What is billed for it, if it ended having come so far."""
        return bytes_scanned(self.metered, self.watch.bytes_read, fraction=fraction)


def cancelled() -> KitError:
    return KitError("QUERY_CANCELLED", CANCELLED)


def limit_exceeded(cutoff_bytes: int) -> KitError:
    return KitError(
        "QUERY_CANCELLED",
        f"{LIMIT_EXCEEDED}: the workgroup allows {display.size(cutoff_bytes)} a query",
        "Restrict partitions and columns, or raise the workgroup's bytes_scanned_cutoff.",
    )
