"""The way to a cluster, wherever its file is open: in this process, which then owns it, or in another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from kit.base.ids import Entropy
from kit.warehouse.engine import Engine
from kit.warehouse.sharing.election import reach
from kit.warehouse.sharing.link import Link


class Access:
    """One warehouse's. `open_here` opens the cluster in this process, or raises `Taken`."""

    def __init__(self, folder: Path, open_here: Callable[[], Engine], entropy: Entropy) -> None:
        self._folder = folder
        self._open_here = open_here
        self._entropy = entropy
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine | None:
        """The cluster, if this process owns it."""
        return self._engine if self._engine is not None and self._engine.cluster.owner.is_here else None

    def reach(self) -> Engine | Link:
        """The cluster here, or a new connection to its owner. Waits while ownership changes hands."""
        with self._lock:
            if self.engine is not None:
                return self.engine
            found = reach(self._folder, self._open_here, self._entropy)
            if isinstance(found, Engine):
                self._engine = found
            return found

    def close(self) -> None:
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
