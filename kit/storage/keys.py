"""The names of objects: what `s3://bucket/key` may be, and which of S3's keys a folder can hold.

Pure: no file is touched. Invariant: the segments of a checked key, joined to a bucket's folder, stay inside it.

S3's keys are flat strings, a folder's are paths; so some that S3 takes are refused here by name: empty, `.` and `..`
segments, a trailing slash (a "folder marker"), a segment beyond 255 bytes, on Windows also its reserved names and
characters. Two keys of which one continues the other (`a` and `a/b`) cannot coexist either, which only the disk can
tell.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from kit.base.errors import KitError
from kit.base.ids import Bucket, Key

SCHEME = "s3://"
KEY_BYTES = 1024
SEGMENT_BYTES = 255
_ON_WINDOWS = os.name == "nt"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_BUCKET_HINT = "3 to 63 of a-z, 0-9, '.' and '-', beginning and ending with a letter or digit, like 'my-lake'."

_WINDOWS_CHARACTERS = re.compile(r'[\x00-\x1f<>:"\\|?*]')
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Location:
    """A checked bucket and a key, or the prefix of keys; an empty key stands for the whole bucket."""

    bucket: Bucket
    key: Key

    @property
    def uri(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def folder(self) -> str:
        """`bucket/prefix/`: everything before the name."""
        return f"{self.bucket}/{self.key[: self.key.rfind('/') + 1]}"

    @property
    def name(self) -> str:
        """The key behind its last slash."""
        return self.key[self.key.rfind("/") + 1 :]


def parse_object(uri: str) -> Location:
    """The bucket and key of one object.

    Raises `InvalidURI`, `InvalidBucketName`, `InvalidObjectName`, `KeyTooLongError`.
    """
    location = _split(uri)
    if not location.key:
        raise KitError("InvalidURI", f"'{uri}' names a bucket but no object.", f"Add a key: {SCHEME}bucket/key")
    check_key(location.key)
    return location


def parse_prefix(uri: str) -> Location:
    """The bucket and the prefix of keys, which need not end at a slash. Raises as `parse_object`."""
    location = _split(uri)
    folder, _, _ = location.key.rpartition("/")
    _check_characters(location.key, _ON_WINDOWS)
    if folder or location.key.startswith("/"):
        _check_segments(location.key, folder.split("/"), _ON_WINDOWS)
    return location


def parse_folder(uri: str) -> Location:
    """A prefix that ends at a slash, which is added where it is missing. Raises as `parse_object`."""
    location = _split(uri)
    key = location.key if not location.key or location.key.endswith("/") else location.key + "/"
    return parse_prefix(Location(location.bucket, Key(key)).uri)


def check_bucket(name: str) -> Bucket:
    """The name, if S3 would take it.

    Source: Amazon S3 User Guide, General purpose bucket naming rules.
    """
    if (
        not _BUCKET.fullmatch(name)
        or ".." in name
        or _IP_ADDRESS.fullmatch(name)
        or name.startswith(_RESERVED_PREFIXES)
        or name.endswith(_RESERVED_SUFFIXES)
    ):
        raise KitError("InvalidBucketName", f"The specified bucket is not valid: '{name}'.", _BUCKET_HINT)
    return Bucket(name)


def check_key(key: str, *, windows: bool = _ON_WINDOWS) -> Key:
    """The key, if S3 would take it and a folder can hold it.

    Source: Amazon S3 User Guide, Naming Amazon S3 objects.
    """
    _check_characters(key, windows)
    if key.endswith("/"):
        raise KitError(
            "InvalidObjectName",
            f"The key '{key}' ends in a slash: folder markers are not kept here.",
            "Put the objects themselves; their folders come and go with them.",
        )
    _check_segments(key, key.split("/"), windows)
    return Key(key)


def _split(uri: str) -> Location:
    if not uri.startswith(SCHEME):
        raise KitError("InvalidURI", f"'{uri}' is not the URI of an object.", f"Like {SCHEME}bucket/key")
    bucket, _, key = uri[len(SCHEME) :].partition("/")
    return Location(check_bucket(bucket), Key(key))


def _check_characters(key: str, windows: bool) -> None:
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        raise KitError("InvalidObjectName", f"The key {key!r} is not valid Unicode.", "Keys are UTF-8.") from error
    if length > KEY_BYTES:
        raise KitError(
            "KeyTooLongError",
            f"Your key is too long: {length:,} bytes in UTF-8, of {KEY_BYTES:,} at most.",
            f"It begins with '{key[:40]}'.",
        )
    if "\0" in key:
        raise KitError("InvalidObjectName", f"The key {key!r} contains a NUL character.", "Leave it out.")
    if windows and (bad := _WINDOWS_CHARACTERS.search(key)):
        raise KitError(
            "InvalidObjectName",
            f"The key {key!r} contains {bad.group()!r}, which no file name on Windows may.",
            "Use another character.",
        )


def _check_segments(key: str, segments: list[str], windows: bool) -> None:
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise KitError(
                "InvalidObjectName",
                f"The key '{key}' has the segment '{segment}': a key names a path below its bucket.",
                "Leave out leading and doubled slashes, '.' and '..'.",
            )
        if len(segment.encode()) > SEGMENT_BYTES:
            raise KitError(
                "KeyTooLongError",
                f"The key has a segment of {len(segment.encode()):,} bytes; a file name has {SEGMENT_BYTES} at most.",
                f"Shorten '{segment[:40]}…' or divide it by slashes.",
            )
        if windows and (_WINDOWS_DEVICES.fullmatch(segment) or segment.endswith((".", " "))):
            raise KitError(
                "InvalidObjectName", f"The key '{key}' has the segment '{segment}', reserved on Windows.", "Rename it."
            )
