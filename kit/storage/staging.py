"""The private place in which objects are written before they are seen, and the removal of what the dead left there.

Owns `<root>/.staging`: a session a process, `<id>/` and the lock file `<id>.lock` that the process holds as long as
it lives. A session whose lock can be had is nobody's: whoever opens a session next removes it. `gate.lock` keeps the
opening of a session and that removal apart.

Invariant: nothing under `.staging` is an object, whatever happens to the process that writes it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from kit.storage.disk import FILE_MODE, FOLDER_MODE, names_in

_LOCK = ".lock"
_GATE = "gate" + _LOCK


class Sessions:
    """This process's session in a staging folder: opened when first needed, and again in a forked child."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._opened: tuple[int, Path] | None = None
        self._lock: FileLock | None = None
        self._names = itertools.count()
        _ALL.add(self)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A path that does not exist yet and is nobody else's; whatever is there at the end is removed."""
        path = self.folder() / f"{next(self._names)}"
        try:
            yield path
        finally:
            # What cannot be removed now is out of sight and goes with the session; it must not undo a success.
            with suppress(OSError):
                remove(path)

    def folder(self) -> Path:
        """The session's folder."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            with self._guard:
                opened = self._opened
                if opened is None or opened[0] != os.getpid():
                    self._opened = opened = (os.getpid(), self._open())
        return opened[1]

    def _open(self) -> Path:
        with FileLock(self._folder / _GATE, mode=FILE_MODE):
            self._sweep()
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            self._lock = FileLock(folder.with_name(folder.name + _LOCK), mode=FILE_MODE)
            self._lock.acquire(blocking=False)
        weakref.finalize(self, _close, os.getpid(), folder, self._lock)
        return folder

    def _forget(self) -> None:
        # In a forked child: the session is the parent's, and the guard may have been held by a thread that is gone.
        self._guard = threading.Lock()
        self._opened = None

    def _sweep(self) -> None:
        names = set(names_in(self._folder)) - {_GATE}
        for name in {name.removesuffix(_LOCK) for name in names}:
            lock = FileLock(self._folder / (name + _LOCK), mode=FILE_MODE)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue  # its process lives
            try:
                remove(self._folder / name)
                Path(lock.lock_file).unlink(missing_ok=True)
            finally:
                lock.release()


def _close(owner: int, folder: Path, lock: FileLock) -> None:
    """Remove a session whose process comes to its end in good order."""
    if os.getpid() != owner:
        return
    shutil.rmtree(folder, ignore_errors=True)
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


_ALL: weakref.WeakSet[Sessions] = weakref.WeakSet()


def _forget_all() -> None:
    for sessions in list(_ALL):
        sessions._forget()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def remove(path: Path) -> None:
    """Remove a staged file or folder, if it is there. A symbolic link is removed itself, never what it names."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """A folder and its parents, all private."""
    for parent in (*reversed(path.parents), path):
        if not parent.exists():
            parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
