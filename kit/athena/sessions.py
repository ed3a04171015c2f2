"""This process's place in Athena's folder: private, locked as long as the process lives, removed when it is gone.

`kit.storage` keeps staging folders so; what DuckDB spills needs the same.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from kit.storage.staging import Sessions as Folders


class Sessions:
    """The sessions of all processes in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = folder
        self._folders = Folders(folder)

    @property
    def current(self) -> str:
        """The name of this process's session; another one in a forked child."""
        return self._folders.folder().name

    def folder(self) -> Path:
        """A folder for this process's temporary files."""
        return self._folders.folder()

    def is_alive(self, name: str) -> bool:
        """Whether the process of that session still runs."""
        if name == self.current:
            return True
        path = self._root / f"{name}.lock"
        if not path.exists():
            return False
        lock = FileLock(path)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        lock.release()
        return False
