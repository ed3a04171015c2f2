"""Several objects that become visible together, or not at all: what CTAS, UNLOAD and uploads write.

The staged files lie under the session's folder as they will lie in their buckets. With `into_empty`, they are published
by one rename of that prefix's folder: readers, and a kill at any moment, find all of them or none, and of two writers
into one prefix exactly one wins. Otherwise they are renamed one after the other; an error part of the way takes back
those that were renamed and restores those that were replaced; a kill part of the way leaves them: each complete, but
not all.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from kit.base.errors import KitError
from kit.storage.disk import Disk, names_in, seal, sync_folder, write
from kit.storage.etags import Etags, Identity
from kit.storage.events import Listeners
from kit.storage.failures import named
from kit.storage.keys import Location, check_bucket, check_key, parse_folder, parse_object
from kit.storage.objects import ObjectInfo
from kit.storage.staging import make_folder, remove
from kit.storage.walk import Walk

# What a filesystem without hard links answers.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


class Stage:
    """Files that wait to be published. Not for several threads at once, save for writing the files themselves."""

    def __init__(
        self,
        disk: Disk,
        etags: Etags,
        folder: Path,
        into_empty: Location | None,
        now_ns: Callable[[], int],
        listeners: Listeners,
    ) -> None:
        self._disk = disk
        self._etags = etags
        self._digests: dict[Location, str] = {}
        self._files = folder / "new"
        self._replaced = folder / "old"
        self._into_empty = into_empty
        self._now_ns = now_ns
        self._listeners = listeners
        self._is_published = False

    def path(self, uri: str) -> Path:
        """The private file to write the object into, or, for a URI that ends in a slash, a private folder for files of
        whatever names. The folder is there, the file is not."""
        self._require_open()
        is_folder = uri.endswith("/")
        location = parse_folder(uri) if is_folder else parse_object(uri)
        target = self._into_empty
        if target is not None and not (location.bucket == target.bucket and location.key.startswith(target.key)):
            raise KitError(
                "InvalidArgument",
                f"'{uri}' is not under '{target.uri}', where this stage publishes.",
                "Stage it alone.",
            )
        self._digests.pop(location, None)  # whoever asks is about to write something else
        path = self._at(location)
        with named(uri):
            make_folder(path if is_folder else path.parent)
        return path

    def write(self, uri: str, source: BinaryIO) -> None:
        """Stage an object with what a binary file holds, to its end."""
        path = self.path(uri)
        with named(uri):
            self._digests[parse_object(uri)] = write(path, source)

    def publish(self) -> list[ObjectInfo]:
        """Make the staged objects visible; in S3's order, bucket by bucket.

        Raises `PreconditionFailed` where they were to go into an empty prefix and it is not, and leaves everything as
        it was.
        """
        self._require_open()
        locations = list(self._staged())
        now_ns = self._now_ns()
        sealed: dict[Location, os.stat_result] = {}
        for location in locations:
            with named(location.uri):
                sealed[location] = seal(self._at(location), now_ns)
        if self._into_empty is not None:
            self._publish_folder(self._into_empty, has_objects=bool(locations))
        else:
            self._publish_each(locations)
        self._is_published = True
        identities = {location: Identity.of(status) for location, status in sealed.items()}
        self._etags.record((location, identities[location], digest) for location, digest in self._digests.items())
        self._listeners.tell("ObjectCreated", (location.uri for location in sealed))
        return [
            ObjectInfo.of(location, status, self._etags.of_object(location, identities[location]))
            for location, status in sealed.items()
        ]

    def _publish_folder(self, target: Location, *, has_objects: bool) -> None:
        place = self._disk.check_free_folder(target)
        refusal = KitError(
            "PreconditionFailed",
            f"At least one object is already under '{target.uri}'.",
            "Delete what is there, or write elsewhere.",
        )
        if next(Walk(self._disk.bucket(target.bucket), target.key), None) is not None:
            raise refusal
        if not has_objects:
            return
        staged = self._at(target)
        for folder, _, _ in os.walk(staged, topdown=False):
            sync_folder(Path(folder))
        with named(target.uri):
            self._disk.remove_empty_folders(place)
            try:
                self._disk.reveal(staged, place)
            except OSError as error:
                if not staged.exists():
                    place.replace(staged)  # it was renamed, but the rename is not on the disk for good
                    raise
                if place.is_dir() and next(Walk(self._disk.bucket(target.bucket), target.key), None) is not None:
                    raise refusal from error
                raise

    def _publish_each(self, locations: list[Location]) -> None:
        places = [self._disk.check_free(location) for location in locations]
        kept: dict[Path, Path] = {}
        try:
            for location, place in zip(locations, places, strict=True):
                with named(location.uri):
                    self._keep(place, kept)
                    self._disk.reveal(self._at(location), place)
        except BaseException:
            for location, place in zip(locations, places, strict=True):
                if not self._at(location).exists():
                    self._take_back(place, kept.get(place))
            raise

    def _keep(self, place: Path, kept: dict[Path, Path]) -> None:
        """Give the object that is about to be replaced a second name, so that it can be put back."""
        if not place.exists():
            return
        make_folder(self._replaced)
        second = self._replaced / str(len(kept))
        try:
            os.link(place, second)
        except FileNotFoundError:
            return  # deleted just now
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copy2(place, second)
        kept[place] = second

    def _take_back(self, place: Path, kept: Path | None) -> None:
        if kept is not None:
            self._disk.reveal(kept, place)
        else:
            remove(place)
            self._disk.prune(place.parent)

    def _at(self, location: Location) -> Path:
        return self._files.joinpath(location.bucket, *filter(None, location.key.split("/")))

    def _staged(self) -> Iterator[Location]:
        for bucket in sorted(names_in(self._files)):
            for found in Walk(self._files / bucket):
                yield Location(check_bucket(bucket), check_key(found.key))

    def _require_open(self) -> None:
        if self._is_published:
            raise KitError("InvalidRequest", "This stage has been published.", "Open another: storage.staging().")
