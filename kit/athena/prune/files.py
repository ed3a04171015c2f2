"""Which objects hold the rows of a partition: all below its location, but those that Athena does not see.

Source: Amazon Athena User Guide, Considerations and limitations (names that begin with an underscore or a dot are
hidden); Trino, HIVE-13040 (empty files are no files); read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from kit.athena.scan.source import DataFile
from kit.base.domain import Domain, Scalar, contains
from kit.storage.objects import ObjectInfo

PATH, SIZE, MODIFIED = "$path", "$size", "$file_modified_time"


class ObjectSource(Protocol):
    """What is needed of storage."""

    def iter(self, uri: str) -> Iterator[ObjectInfo]: ...

    def path(self, uri: str) -> Path: ...


def list_files(storage: ObjectSource, location: str) -> list[DataFile]:
    """The visible objects below a location, in S3's order."""
    folder = location if location.endswith("/") else location + "/"
    root = storage.path(folder)
    return [
        DataFile(info.uri, root.joinpath(*_relative(info, folder)), info.size_bytes, info.etag, info.last_modified)
        for info in storage.iter(folder)
        if info.size_bytes > 0 and not any(part.startswith(("_", ".")) for part in _relative(info, folder))
    ]


def surviving(files: Iterable[DataFile], domains: Mapping[str, Domain]) -> list[DataFile]:
    """The files that conditions on the hidden columns let through."""
    tests = [(read, domains[name]) for name, read in _HIDDEN.items() if name in domains]
    return [file for file in files if all(contains(domain, read(file)) for read, domain in tests)]


_HIDDEN: dict[str, Callable[[DataFile], Scalar]] = {
    PATH: lambda file: file.uri,
    SIZE: lambda file: file.size_bytes,
    MODIFIED: lambda file: file.modified.replace(tzinfo=None),
}


def _relative(info: ObjectInfo, folder: str) -> list[str]:
    return info.uri[len(folder) :].split("/")
