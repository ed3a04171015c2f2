"""Which files a COPY reads, and which slice reads which.

Files are dealt out to the slices in turn. A large Parquet file is shared by all slices, whole row groups each: a slice
that has nothing to read costs as much as one that reads. Compressed text cannot be shared, which is why one large file
takes as long as many small ones together.

Source: Amazon Redshift Database Developer Guide, "Loading data files from compressed and uncompressed files", read
2026-11. Differs: uncompressed text, which Redshift shares out from 128 MB on, is read by one slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.base.errors import KitError
from kit.sql.redshift.statements import Copy
from kit.storage import Storage
from kit.warehouse.load import manifest

SPLIT_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class LoadFile:
    uri: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one slice reads at a time: a file, or `rows` of it from `first` on."""

    file: LoadFile
    slice: int
    first: int = 0
    rows: int | None = None

    @property
    def is_partial(self) -> bool:
        return self.rows is not None


def files_of(storage: Storage, statement: Copy) -> tuple[LoadFile, ...]:
    """The files of a prefix or of a manifest, in order; raises where there are none, or a mandatory one is missing."""
    if statement.options.manifest:
        return _listed(storage, statement)
    found = [
        LoadFile(each.uri, storage.path(each.uri), each.size_bytes)
        for each in storage.iter(statement.source)
        if not each.uri.endswith("/")
    ]
    if not found:
        raise KitError(
            "XX000",
            f"The specified S3 prefix '{_key(statement.source)}' does not exist",
            "COPY loads every object whose key begins with the prefix; list them with ws.storage.list().",
        )
    return tuple(found)


def _listed(storage: Storage, statement: Copy) -> tuple[LoadFile, ...]:
    if not storage.exists(statement.source):
        raise KitError(
            "XX000",
            "Problem reading manifest file - S3ServiceException: The specified key does not exist: "
            f"'{statement.source}'",
            "COPY with MANIFEST takes the full path of one object. (error code 8001)",
        )
    is_columnar = statement.options.format in {"PARQUET", "ORC"}
    found: list[LoadFile] = []
    for entry in manifest.read(storage.get(statement.source), statement.source):
        if not storage.exists(entry.url):
            if entry.mandatory:
                raise KitError(
                    "XX000",
                    f"The specified S3 prefix '{_key(entry.url)}' does not exist",
                    f"The manifest calls '{entry.url}' mandatory: put the file there, or take it off the list.",
                )
            continue
        size = storage.head(entry.url).size_bytes
        if is_columnar and entry.content_length is None:
            raise KitError(
                "XX000",
                f"COPY of {statement.options.format} needs 'meta.content_length' of each entry: '{entry.url}' has none",
                "UNLOAD ... MANIFEST VERBOSE writes manifests that have it.",
            )
        if entry.content_length is not None and entry.content_length != size:
            raise KitError(
                "XX000",
                f"The manifest says that '{entry.url}' has {entry.content_length} bytes, but it has {size}",
                "The file was changed or cut; write both anew.",
            )
        found.append(LoadFile(entry.url, storage.path(entry.url), size))
    return tuple(found)


def dealt(files: Sequence[LoadFile], slices: int) -> list[Part]:
    """Files in turn to the slices."""
    return [Part(file, number % slices) for number, file in enumerate(files)]


def shared(file: LoadFile, group_rows: Sequence[int], slices: int) -> list[Part]:
    """A file's row groups in as many runs as there are slices, about even in rows; fewer where there are few groups."""
    total = sum(group_rows)
    parts: list[Part] = []
    first = taken = 0
    for rows in group_rows:
        taken += rows
        # A run ends with the group that reaches its share.
        if taken >= total * (len(parts) + 1) / slices:
            parts.append(Part(file, len(parts), first, taken - first))
            first = taken
    if taken > first:
        parts.append(Part(file, len(parts), first, taken - first))
    return parts


def _key(uri: str) -> str:
    """What Redshift calls the prefix: the key without its bucket."""
    return uri.removeprefix("s3://").partition("/")[2] or uri
