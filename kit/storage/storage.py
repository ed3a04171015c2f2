"""Objects in buckets on a folder, with S3's names, order and errors.

A thin front: `keys` decides what a name may be, `disk` what lies where and how it gets there, `staging` and `stage`
keep unfinished writes out of sight, `walk` and `listing` read folders in S3's order, `etags` remembers MD5s.

Threads and processes may use one root at the same time: every write is a rename. URIs are `s3://bucket/key`, never
percent-encoded.
"""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

from kit.base.clock import Clock
from kit.base.errors import KitError, did_you_mean
from kit.base.ids import Bucket, Key
from kit.storage.disk import FOLDER_MODE, Disk, linked, names_in, seal, sync_folder, write
from kit.storage.etags import Etags, FolderEtags, Identity
from kit.storage.events import Listener, Listeners
from kit.storage.failures import is_full, named, no_such_bucket, no_such_key, translated
from kit.storage.keys import Location, check_bucket, check_key, parse_folder, parse_object, parse_prefix
from kit.storage.listing import page
from kit.storage.objects import Listing, ObjectInfo
from kit.storage.stage import Stage
from kit.storage.staging import Sessions
from kit.storage.walk import Found, Walk, is_regular

Data: TypeAlias = bytes | bytearray | memoryview | str | Path | BinaryIO
_HINTED_SIBLINGS = 1000


class Storage:
    """The buckets under `root`, which is made where it is missing."""

    def __init__(self, root: Path, *, clock: Clock) -> None:
        self._clock = clock
        with named(str(root)):
            self._disk = Disk(Path(root))
        self._sessions = Sessions(self._disk.staging)
        self._etags = Etags(self._disk.root)
        self._listeners = Listeners()

    @property
    def root(self) -> Path:
        """The folder that holds the buckets."""
        return self._disk.root

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell the listener of every object that this process puts or deletes, until what is returned is called."""
        return self._listeners.add(listener)

    def put(self, uri: str, data: Data) -> ObjectInfo:
        """Write an object, replacing one of that key; its bucket is made where it is missing.

        `data` is bytes, text (kept as UTF-8), a local file's `Path` or a binary file to be read to its end. Readers see
        the old content or the new, never a part. Raises `InvalidObjectName`, `ObjectNameConflict`, `KeyTooLongError`,
        `InsufficientStorage`.
        """
        location = parse_object(uri)
        place = self._disk.check_free(location)
        with _opened(data) as source, named(uri), self._sessions.scratch() as staged:
            digest = write(staged, source)
            status = seal(staged, self._clock.now_ns())
            self._disk.reveal(staged, place)
        self._etags.record([(location, Identity.of(status), digest)])
        self._listeners.tell("ObjectCreated", (uri,))
        return self._info(location, status)

    def get(self, uri: str, start: int | None = None, end: int | None = None) -> bytes:
        """An object's bytes, or those of the half-open range [start, end).

        A negative `start` counts from the end; an `end` beyond the object is cut. Raises `InvalidRange` where no byte
        of the object is in the range.
        """
        with self.open(uri) as source:
            if start is None and end is None:
                return source.read()
            size_bytes = os.fstat(source.fileno()).st_size
            first = 0 if start is None else max(size_bytes + start, 0) if start < 0 else start
            last = size_bytes if end is None else min(end, size_bytes)
            if first >= last:
                raise KitError(
                    "InvalidRange",
                    f"The requested range [{start}, {end}) of '{uri}' is not satisfiable: it has {size_bytes:,} bytes.",
                    "Ask for at least one of its bytes.",
                )
            source.seek(first)
            return source.read(last - first)

    def open(self, uri: str) -> BinaryIO:
        """An object as a binary file to read from; what is put under its key meanwhile does not disturb it."""
        location = parse_object(uri)
        path = self._disk.locate(location)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            with named(uri):
                descriptor = os.open(path, flags)
        except KitError as error:
            if isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
                raise self._missing(location) from None
            raise
        if not is_regular(os.fstat(descriptor)):
            os.close(descriptor)
            raise self._missing(location)
        return os.fdopen(descriptor, "rb")

    def head(self, uri: str) -> ObjectInfo:
        """What is known of an object, without its content."""
        location = parse_object(uri)
        return self._describe(location, self._disk.locate(location))

    def exists(self, uri: str) -> bool:
        """Whether there is an object of that key."""
        path = self._disk.locate(parse_object(uri))
        return path.is_file()

    def list(self, uri: str, delimiter: str = "", limit: int = 1000, token: str = "") -> Listing:
        """One page of the objects whose URI begins with `uri`, in the order of their keys' UTF-8 bytes.

        Keys that have `delimiter` after the prefix are rolled up into common prefixes. At most 1,000 objects and
        prefixes come at once, as in S3; `token` is the `next_token` of the page before.
        """
        location = parse_prefix(uri)
        self._require_bucket(location.bucket)
        found = page(self._disk.bucket(location.bucket), location.key, delimiter, limit, token)
        return Listing(
            objects=tuple(self._described(location.bucket, found.files)),
            common_prefixes=tuple(Location(location.bucket, Key(prefix)).uri for prefix in found.prefixes),
            next_token=found.next_token,
        )

    def iter(self, uri: str) -> Iterator[ObjectInfo]:
        """All objects whose URI begins with `uri`, in S3's order, without paging."""
        location = parse_prefix(uri)
        self._require_bucket(location.bucket)
        return self._described(location.bucket, Walk(self._disk.bucket(location.bucket), location.key))

    def copy(self, source: str, target: str) -> ObjectInfo:
        """Write the content of one object under another key."""
        with self.open(source) as content:
            return self.put(target, content)

    def delete(self, uri: str) -> None:
        """Remove an object; as in S3, one that is not there is no error."""
        location = parse_object(uri)
        self._require_bucket(location.bucket)
        path = self._disk.locate(location)
        if path.is_dir():
            return
        with named(uri):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            sync_folder(path.parent)
            self._disk.prune(path.parent)
        self._etags.forget(location)
        self._listeners.tell("ObjectRemoved", (uri,))

    def delete_prefix(self, uri: str) -> int:
        """Remove all objects whose URI begins with `uri`; how many they were.

        The prefix is text, as in S3: `s3://b/a` is also that of `s3://b/ab`; end it with a slash to mean a folder.
        Whole folders vanish at once.
        """
        location = parse_prefix(uri)
        self._require_bucket(location.bucket)
        folder, slash, stem = location.key.rpartition("/")
        parent = self._disk.locate(Location(location.bucket, Key(folder)))
        removed = 0
        gone_uris: builtins.list[str] = []
        with named(uri), self._sessions.scratch() as scratch:
            scratch.mkdir(mode=FOLDER_MODE)
            for index, name in enumerate(sorted(names_in(parent))):
                if not name.startswith(stem):
                    continue
                path = parent / name
                trash = scratch / str(index)
                try:
                    path.replace(trash)
                except FileNotFoundError:
                    continue
                removed += _count_files(trash)
                gone = Location(location.bucket, Key(f"{folder}{slash}{name}"))
                if self._listeners:
                    gone_uris += _uris_of(gone.uri, trash)
                self._etags.forget(gone)
                self._etags.forget_under(f"{gone.bucket}/{gone.key}/")
            if parent.is_dir():
                sync_folder(parent)
                self._disk.prune(parent)
        self._listeners.tell("ObjectRemoved", gone_uris)
        return removed

    def upload(self, local: str | Path, uri: str) -> builtins.list[ObjectInfo]:
        """Put a local file, or all files below a local folder; in S3's order.

        A file goes to the key `uri`, or under it where that ends in a slash; a folder's files under it. All of them
        become visible, or none. Links to files are followed.
        """
        source = Path(local).expanduser()
        if source.is_file():
            return [self.put(uri + source.name if uri.endswith("/") else uri, source)]
        if not source.is_dir():
            raise KitError("NoSuchFile", f"There is no local file or folder '{source}'.", "Look at the path.")
        prefix = parse_folder(uri)
        with self.staging() as stage:
            for path in _files_below(source):
                with _opened(path) as content:
                    stage.write(prefix.uri + path.relative_to(source).as_posix(), content)
            return stage.publish()

    @contextmanager
    def staging(self, *, into_empty: str = "") -> Iterator[Stage]:
        """A place to write several objects that become visible together, by `publish()`.

        Leaving without `publish` removes them. `into_empty` names a prefix that all of them go under and that must be
        empty when they are published (`PreconditionFailed`); they then appear in one step.
        """
        target = parse_folder(into_empty) if into_empty else None
        with ExitStack() as stack:
            with named(into_empty or "s3://"):
                folder = stack.enter_context(self._sessions.scratch())
            try:
                yield Stage(self._disk, self._etags, folder, target, self._clock.now_ns, self._listeners)
            except OSError as error:
                if is_full(error):
                    raise translated(error, into_empty or "the staged objects") from error
                raise

    def buckets(self) -> builtins.list[str]:
        """The names of all buckets, sorted."""
        return sorted(name for name in names_in(self._disk.root) if self._is_bucket(name))

    def create_bucket(self, name: str) -> None:
        """Make an empty bucket. Raises `InvalidBucketName`, `BucketAlreadyOwnedByYou`."""
        path = self._disk.bucket(check_bucket(name))
        try:
            with named(f"s3://{name}"):
                path.mkdir(mode=FOLDER_MODE)
                sync_folder(path.parent)
        except KitError as error:
            if isinstance(error.__cause__, FileExistsError):
                raise KitError(
                    "BucketAlreadyOwnedByYou",
                    f"The bucket '{name}' exists already, and you own it.",
                    "Use it as it is, or choose another name.",
                ) from None
            raise

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket. Raises `NoSuchBucket`, `BucketNotEmpty`."""
        bucket = check_bucket(name)
        self._require_bucket(bucket)
        path = self._disk.bucket(bucket)
        self._disk.remove_empty_folders(path)
        if path.exists():
            raise KitError(
                "BucketNotEmpty", f"The bucket '{name}' is not empty.", f"storage.delete_prefix('s3://{name}/') first."
            )
        self._etags.forget_under(f"{name}/")

    def path(self, uri: str) -> Path:
        """The local path of an object or, for a URI that ends in a slash, of a folder of objects, for engines that read
        files; it need not exist. Never write to it: use `put` or `staging`."""
        is_folder = uri.endswith("/") or "/" not in uri.removeprefix("s3://")
        return self._disk.locate(parse_folder(uri) if is_folder else parse_object(uri))

    def uri_of(self, path: str | Path) -> str:
        """The URI of a local path under the root: the inverse of `path`."""
        absolute = Path(os.path.normpath(Path(path).absolute()))  # resolved, a link would turn into what it names
        if self._disk.root not in absolute.parents:
            raise KitError(
                "InvalidURI",
                f"'{path}' is not in the storage folder '{self._disk.root}'.",
                "storage.upload(path, uri) puts it there.",
            )
        uri = self._disk.uri_of(absolute)
        location = parse_prefix(uri)
        if location.key:
            check_key(location.key)
        return uri

    def close(self) -> None:
        """Close the index of ETags."""
        self._etags.close()

    def _described(self, bucket: Bucket, found: Iterator[Found] | tuple[Found, ...]) -> Iterator[ObjectInfo]:
        folder: str | None = None
        etags = FolderEtags({})
        for file in found:
            if file.folder != folder:
                folder = file.folder
                etags = self._etags.of_folder(f"{bucket}/{folder}")
            etag = etags.of(file.name, Identity.of(file.status))
            yield ObjectInfo.of(Location(bucket, Key(file.key)), file.status, etag)

    def _describe(self, location: Location, path: Path) -> ObjectInfo:
        try:
            status = path.lstat()  # `locate` has looked at every folder on the way
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(location) from None
        if not is_regular(status):
            raise self._missing(location)
        return self._info(location, status)

    def _info(self, location: Location, status: os.stat_result) -> ObjectInfo:
        return ObjectInfo.of(location, status, self._etags.of_object(location, Identity.of(status)))

    def _missing(self, location: Location) -> KitError:
        self._require_bucket(location.bucket)
        folder, _, name = location.key.rpartition("/")
        siblings = islice(names_in(self._disk.bucket(location.bucket) / folder), _HINTED_SIBLINGS)
        return no_such_key(location.uri, did_you_mean(name, siblings) or "storage.list(uri) shows what is there.")

    def _require_bucket(self, bucket: Bucket) -> None:
        path = self._disk.bucket(bucket)
        if path.is_symlink():
            raise linked(f"s3://{bucket}/", path)
        if not path.is_dir():
            raise no_such_bucket(bucket, did_you_mean(bucket, self.buckets()) or "The first put makes its bucket.")

    def _is_bucket(self, name: str) -> bool:
        path = self._disk.root / name
        try:
            check_bucket(name)
        except KitError:
            return False
        return path.is_dir() and not path.is_symlink()


@contextmanager
def _opened(data: Data) -> Iterator[BinaryIO]:
    match data:
        case str():
            yield io.BytesIO(_encoded(data))
        case bytes() | bytearray() | memoryview():
            yield io.BytesIO(data)
        case Path():
            try:
                source = data.open("rb")
            except OSError as error:
                raise KitError(
                    "NoSuchFile", f"Cannot read the local file '{data}': {error.strerror}.", "Look at the path."
                ) from error
            with source:
                yield source
        case _:
            yield data


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise KitError("InvalidArgument", f"The text is not valid Unicode: {error.reason}.", "Put bytes.") from error


def _files_below(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in folders:
            if (Path(path) / name).is_symlink():
                raise KitError(
                    "InvalidArgument",
                    f"'{Path(path) / name}' is a link to a folder, which an upload does not follow.",
                    "Upload that folder by itself.",
                )
        for name in sorted(names):
            if not (Path(path) / name).is_file():  # reading a pipe or a device would not come to an end
                raise KitError("InvalidArgument", f"'{Path(path) / name}' is not a regular file.", "Leave it out.")
            yield Path(path) / name


def _uris_of(uri: str, path: Path) -> builtins.list[str]:
    """The URIs of the objects that a file or folder held, which was `uri`."""
    if not path.is_dir():
        return [uri]
    below = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return sorted(f"{uri}/{each.relative_to(path).as_posix()}" for each in below)


def _count_files(path: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(path)) if path.is_dir() else 1
