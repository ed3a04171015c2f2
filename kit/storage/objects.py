"""What storage tells of its objects. Values only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from kit.base.clock import instant
from kit.base.ids import Bucket, Key
from kit.storage.keys import Location


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object. `last_modified` is aware, in UTC.

    `etag` is the MD5 of the content in hexadecimal where storage wrote the bytes itself. An object that an engine
    wrote into a staged file, or that was changed by hand, has an opaque one of the form `…-1`, as S3 has for
    multipart uploads. It differs as soon as the object does; no content is read to find it.
    """

    uri: str
    bucket: Bucket
    key: Key
    size_bytes: int
    etag: str
    last_modified: datetime

    @classmethod
    def of(cls, location: Location, status: os.stat_result, etag: str) -> Self:
        """The object of which the filesystem tells this."""
        modified = instant(status.st_mtime_ns)
        return cls(location.uri, location.bucket, location.key, status.st_size, etag, modified)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: objects and common prefixes (URIs), each in S3's order; `next_token` is empty on the last page."""

    objects: tuple[ObjectInfo, ...]
    common_prefixes: tuple[str, ...] = ()
    next_token: str = ""
