"""Who may open a cluster's file: one process, which holds a lock and has written its number beside it.

DuckDB admits one process to a file, not even a reader beside it. The lock is what says so before DuckDB does, and names
the owner.
"""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from kit.base.errors import KitError


class Owner:
    """The lock on one cluster's folder, held from construction until `release`."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "owner"
        self._lock = FileLock(folder / "owner.lock", mode=0o600)
        try:
            self._lock.acquire(blocking=False)
        except Timeout as taken:
            raise KitError(
                "55006",
                f"The warehouse in '{folder}' is in use by process {self._owner()}.",
                "Close the workspace there, or use another one: a cluster's file is open in one process at a time.",
            ) from taken
        descriptor = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as note:
            note.write(str(os.getpid()))

    def release(self) -> None:
        if self._lock.is_locked:
            self._note.unlink(missing_ok=True)
            self._lock.release()

    def _owner(self) -> str:
        try:
            return self._note.read_text().strip() or "unknown"
        except OSError:
            return "unknown"
