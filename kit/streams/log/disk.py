"""The few things that the log does to files, in one place, so that a test can put a full or failing disk under it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Disk:
    """The operating system's files. Errors are `OSError`s."""

    def open(self, path: Path, *, create: bool = False) -> int:
        """A descriptor to read and write, private to the user."""
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | (os.O_CREAT if create else 0)
        return os.open(path, flags, 0o600)

    def write(self, fd: int, parts: Sequence[Any], offset: int) -> None:
        """Write all of the buffers at `offset`, one after the other."""
        size = sum(len(part) for part in parts)
        if not hasattr(os, "pwritev"):
            os.lseek(fd, offset, os.SEEK_SET)
            written = os.write(fd, b"".join(parts))
        elif len(parts) == 1:
            written = os.pwrite(fd, parts[0], offset)
        else:
            written = os.pwritev(fd, parts, offset)
        if written < size:
            # A short write: the rest either goes through or names the reason.
            self.write(fd, [memoryview(b"".join(parts))[written:]], offset + written)

    def truncate(self, fd: int, size_bytes: int) -> None:
        os.ftruncate(fd, size_bytes)

    def sync(self, fd: int) -> None:
        """Return once the file's bytes are on the disk."""
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(fd)

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in the folder are on the disk; a system that cannot is one that need not."""
        if os.name == "nt":
            return
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
