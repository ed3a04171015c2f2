"""Keys in order: walking a bucket's folders so that keys come out sorted by their UTF-8 bytes, as S3 lists them.

Reads folders, never content. Holds one sorted folder a level, not the bucket. Python's order of strings is that of code
points, which is that of UTF-8 bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kit.base.errors import KitError
from kit.storage.disk import linked


@dataclass(frozen=True, slots=True)
class Found:
    """A file below the bucket: the prefix of its folder (empty or ending in a slash), its name and status."""

    folder: str
    name: str
    status: os.stat_result

    @property
    def key(self) -> str:
        return self.folder + self.name


@dataclass(slots=True)
class _Level:
    folder: str
    entries: Iterator[tuple[str, os.DirEntry[str]]] = field(repr=False)


class Walk(Iterator[Found]):
    """The files of a bucket whose key starts with `prefix` and comes after `after`, in S3's order.

    What vanishes while the walk is under way is left out. Raises `AccessDenied` at a symbolic link,
    `InvalidObjectName` at a file name that is not UTF-8: leaving them out would be a wrong answer.
    """

    def __init__(self, bucket: Path, prefix: str = "", after: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._after = after
        start = prefix[: prefix.rfind("/") + 1]
        self._levels = [_Level(start, self._entries(start))]

    def __next__(self) -> Found:
        while self._levels:
            level = self._levels[-1]
            for name, entry in level.entries:
                if name.endswith("/"):
                    folder = level.folder + name
                    self._levels.append(_Level(folder, self._entries(folder)))
                    break
                try:
                    status = _status(entry)
                except FileNotFoundError:
                    continue
                return Found(level.folder, name, status)
            else:
                self._levels.pop()
        raise StopIteration

    def leave(self, prefix: str) -> None:
        """Skip what remains of the folder `prefix`."""
        while self._levels and self._levels[-1].folder.startswith(prefix):
            self._levels.pop()

    def _entries(self, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        found: list[tuple[str, os.DirEntry[str]]] = []
        try:
            with os.scandir(self._bucket / folder) as scanned:
                for entry in scanned:
                    name = self._name(folder, entry)
                    if name and self._is_wanted(folder + name):
                        found.append((name, entry))
        except (FileNotFoundError, NotADirectoryError):
            pass
        # A folder sorts with its slash: `a.b` < `a/x` < `a0`.
        found.sort(key=_name_of)
        return iter(found)

    def _name(self, folder: str, entry: os.DirEntry[str]) -> str:
        if entry.is_file(follow_symlinks=False):
            name = entry.name
        elif entry.is_dir(follow_symlinks=False):
            name = entry.name + "/"
        elif entry.is_symlink():
            raise linked(f"s3://{self._bucket.name}/{folder}{entry.name}", Path(entry.name))
        else:
            return ""  # a socket, a pipe or a device is no object
        if not name.isascii() and not _is_unicode(name):
            raise KitError(
                "InvalidObjectName",
                f"The file {os.fsencode(entry.name)!r} in 's3://{self._bucket.name}/{folder}' is no object: "
                "its name is not UTF-8.",
                "Rename it.",
            )
        return name

    def _is_wanted(self, path: str) -> bool:
        if not path.startswith(self._prefix):
            return False
        return path > self._after or (path.endswith("/") and self._after.startswith(path))


def is_regular(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    # On Windows the entry's own status has no inode, and so would never match the one that a put has recorded.
    return os.lstat(entry.path) if os.name == "nt" else entry.stat(follow_symlinks=False)


def _name_of(item: tuple[str, os.DirEntry[str]]) -> str:
    return item[0]


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
