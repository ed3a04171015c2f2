"""Who has a cluster's file open: one process, which holds a lock and serves the others.

DuckDB admits one process to a file, not even a reader beside it. The lock is the operating system's, so that it is free
as soon as its holder is gone, however it went. Who holds it says in a note how to be reached (`sharing/rendezvous.py`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from kit.base.clock import Clock
from kit.base.ids import Entropy
from kit.warehouse.sharing.rendezvous import sweep

if TYPE_CHECKING:
    from kit.warehouse.sharing.server import Server
    from kit.warehouse.sharing.serving import Served


class Taken(Exception):  # noqa: N818
    """Another process owns the cluster."""


class Owner:
    """The lock on one cluster's folder, held from construction until `release`; raises `Taken`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = os.getpid()
        self._lock = FileLock(folder / "owner.lock", mode=0o600)
        self._serving = threading.Lock()
        self._server: Server | None = None
        try:
            self._lock.acquire(blocking=False)
        except Timeout as taken:
            raise Taken(str(folder)) from taken
        sweep(folder)

    @property
    def is_here(self) -> bool:
        """Whether this process took the lock: a forked child has only a copy of what its parent knows."""
        return self._pid == os.getpid()

    @property
    def server(self) -> Server | None:
        """What serves other processes; None before `serve` and after `hang_up`."""
        return self._server

    def serve(self, connect: Callable[[], Served], *, clock: Clock, entropy: Entropy) -> None:
        """Let other processes in, each with a session that `connect` makes. A second call changes nothing."""
        # The server knows the values that are sent, these the cluster, and that its owner.
        from kit.warehouse.sharing.server import Server

        with self._serving:
            if self._server is None and self._lock.is_locked:
                self._server = Server(self._folder, connect, clock=clock, entropy=entropy)

    def hang_up(self) -> None:
        """Part with the other processes; what they had open is rolled back when this returns."""
        if not self.is_here:
            return
        with self._serving:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def release(self) -> None:
        """Leave the cluster to the next one; its file must be closed."""
        self.hang_up()
        if self.is_here and self._lock.is_locked:
            self._lock.release()
