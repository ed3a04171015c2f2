"""An owner that serves from this process, with sessions that are told what to do."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.progress import Progress
from kit.base.result import Result, Stats
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.sharing.link import Link
from kit.warehouse.sharing.server import Server

Reply = Result | Mapping[str, Any]
Act = Callable[[Mapping[str, Any], Cancellation, Progress], Reply]


class Sessions:
    """Makes the sessions of clients and remembers what became of them; `acts` are what operations do."""

    def __init__(self) -> None:
        self.acts: dict[str, Act] = {"echo": lambda arguments, _, __: arguments}
        self.opened = 0
        self.closed = threading.Semaphore(0)
        self.released: list[str] = []
        self.pulled = 0

    def connect(self) -> FakeSession:
        self.opened += 1
        return FakeSession(self)

    def rows(self, batches: int, rows: int = 10_000, *, failing_at: int | None = None) -> Result:
        """A result that is made as it is read; it tells when it was let go of."""
        schema = pa.schema([("n", pa.int64())])

        def made() -> Iterator[pa.RecordBatch]:
            for number in range(batches):
                if number == failing_at:
                    raise KitError("XX001", f"broken at {number}")
                self.pulled += 1
                yield pa.record_batch([pa.array(range(number * rows, (number + 1) * rows), pa.int64())], schema=schema)

        return Result(schema, stats=Stats(ms=1.5), rest=made(), close=lambda: self.released.append("rows"))


class FakeSession:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def perform(
        self, operation: str, arguments: Mapping[str, Any], cancellation: Cancellation, progress: Progress
    ) -> Reply:
        return self._sessions.acts[operation](arguments, cancellation, progress)

    def state(self) -> Mapping[str, Any]:
        return {"calls": self._sessions.opened}

    def close(self) -> None:
        self._sessions.closed.release()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="bh", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def server(short: Path, sessions: Sessions) -> Iterator[Server]:
    made = Server(short, sessions.connect, clock=ManualClock(), entropy=Entropy(1))
    yield made
    made.close()


@pytest.fixture
def link(server: Server) -> Iterator[Link]:
    made = Link(server.note, Entropy(2))
    yield made
    made.close()
