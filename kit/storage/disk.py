"""Where objects lie on disk, and the few ways in which bytes get there: the one module that renames and removes.

Owns the layout: `<root>/<bucket>/<key>`, private to the user; names that no bucket can have (`.staging`) are
storage's own. Knows neither listings nor ETags.

Faults to survive: a process killed at any line, a full disk, another process that removes the folder that was just
made, symbolic links planted in a bucket, a filesystem that folds case or normalises Unicode.

Invariants: what is visible under a bucket is complete (it was written elsewhere, synced, and renamed); no path that
leaves `locate` passes through a symbolic link; a folder without objects is removed with its last object.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from kit.base.errors import KitError
from kit.storage.failures import conflict, named
from kit.storage.keys import Location

STAGING = ".staging"
FOLDER_MODE = 0o700
FILE_MODE = 0o600
CHUNK_BYTES = 1 << 20
# How often a folder may be pruned by others between its making and the rename into it.
_RACES = 1000
_PROBE = "ProBe-é"


class Disk:
    """The folder `root`, made where it is missing."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.root = root.resolve()
        self.staging = self.root / STAGING
        self.staging.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self.folds_names = _folds_names(self.staging)

    def bucket(self, name: str) -> Path:
        return self.root / name

    def locate(self, location: Location) -> Path:
        """The path of an object or folder, whether it exists or not.

        Raises `AccessDenied` where a symbolic link is in the way. On a filesystem that folds names, raises
        `ObjectNameConflict` where the path would reach an object of another name.
        """
        segments = [location.bucket, *filter(None, location.key.split("/"))]
        path = self.root
        with named(location.uri):
            for segment in segments:
                parent, path = path, path / segment
                try:
                    mode = path.lstat().st_mode
                except (FileNotFoundError, NotADirectoryError):
                    break
                if stat.S_ISLNK(mode):
                    raise linked(location.uri, path)
                if self.folds_names and segment not in (names := names_in(parent)):
                    other = next((name for name in names if _folded(name) == _folded(segment)), segment)
                    raise conflict(location.uri, f"'{other}', which this filesystem takes for the same name")
        return self.root.joinpath(*segments)

    def check_free(self, location: Location) -> Path:
        """The path that an object is to be put at.

        Raises `ObjectNameConflict` where a folder has that name already, or an object that of one of its folders.
        """
        path = self.check_free_folder(location)
        if stat.S_ISDIR(_mode(path)):
            self.remove_empty_folders(path)
        if stat.S_ISDIR(_mode(path)):
            raise conflict(location.uri, f"the objects under '{location.uri}/'")
        return path

    def check_free_folder(self, location: Location) -> Path:
        """The path of a folder that objects are to be put in.

        Raises `ObjectNameConflict` where an object is in its way.
        """
        path = self.locate(location)
        for folder in (path, *path.parents) if location.key.endswith("/") else path.parents:
            mode = _mode(folder)
            if stat.S_ISDIR(mode):
                break
            if mode:
                raise conflict(location.uri, f"the object '{self.uri_of(folder)}'")
        return path

    def uri_of(self, path: Path) -> str:
        """The URI of a path under the root."""
        return "s3://" + path.relative_to(self.root).as_posix()

    def reveal(self, staged: Path, target: Path) -> None:
        """Rename a synced file or folder to its place, atomically, and make the rename durable.

        A file replaces what is there; a folder only an empty folder.
        """
        for attempt in range(_RACES):
            self._make_folders(target.parent)
            try:
                if os.name == "nt" and staged.is_dir() and target.is_dir():
                    target.rmdir()
                staged.replace(target)
            except FileNotFoundError:
                # Another process removed the last object of the folder, and the folder with it.
                if attempt == _RACES - 1 or not os.path.lexists(staged):
                    raise
            except IsADirectoryError:
                # Or it is about to: its objects are gone, the folder is not yet.
                self.remove_empty_folders(target)
                if attempt == _RACES - 1 or stat.S_ISDIR(_mode(target)):
                    raise
            else:
                sync_folder(target.parent)
                return

    def prune(self, folder: Path) -> None:
        """Remove `folder` and its parents up to the bucket, as far as they are empty."""
        while folder.parent != self.root and self.root in folder.parents:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent

    def remove_empty_folders(self, folder: Path) -> None:
        """Remove `folder` and what is below it as far as no file is in it."""
        for path, _, _ in os.walk(folder, topdown=False):
            with suppress(OSError):
                Path(path).rmdir()

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not stat.S_ISDIR(_mode(folder)):
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            try:
                path.mkdir(mode=FOLDER_MODE)
            except FileExistsError:
                if not stat.S_ISDIR(mode := _mode(path)) and mode:
                    raise
            except FileNotFoundError:
                return
            sync_folder(path.parent)


def _mode(path: Path) -> int:
    """A file's type and mode, 0 where there is none. Asked once: between two questions the answer may change."""
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def linked(uri: str, path: Path) -> KitError:
    return KitError(
        "AccessDenied",
        f"'{uri}' passes through the symbolic link '{path.name}': a key never leaves its bucket.",
        "Put the files themselves there: storage.upload(folder, uri).",
    )


def names_in(folder: Path) -> list[str]:
    """The names in a folder, in no order; none where it is not there."""
    try:
        return [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def create_private(path: Path) -> int:
    """A file descriptor of a new file that only the user can read."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, FILE_MODE)


def write(path: Path, source: BinaryIO) -> str:
    """Copy a binary file, to its end, to a new private one; the MD5 of the content in hexadecimal."""
    digest = hashlib.md5()
    with os.fdopen(create_private(path), "wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def seal(path: Path, modified_ns: int) -> os.stat_result:
    """Make a staged file ready to be seen: private, stamped with the time of its put, and on the disk for good.

    The stamp is the clock's, to the nanosecond; whoever changes the file later leaves the kernel's coarser one, so that
    the two can be told apart even within a tick.
    """
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, FILE_MODE)
        os.utime(descriptor if os.utime in os.supports_fd else path, ns=(modified_ns, modified_ns))
        os.fsync(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable. Windows has no such call; there the filesystem's journal has to do."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # pruned by another process: there is nothing left to make durable
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folds_names(folder: Path) -> bool:
    """Whether names that differ in case or normal form alone are one file here."""
    probe = folder / f"{_PROBE}.{os.getpid()}"
    probe.touch(mode=FILE_MODE)
    try:
        swapped = probe.with_name(probe.name.swapcase())
        decomposed = probe.with_name(unicodedata.normalize("NFD", probe.name))
        return swapped.exists() or decomposed.exists()
    finally:
        probe.unlink(missing_ok=True)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
