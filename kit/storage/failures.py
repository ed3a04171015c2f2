"""The operating system's errors, named as the service names them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from kit.base.errors import KitError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_IN_THE_WAY = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST})


@contextmanager
def named(uri: str) -> Iterator[None]:
    """Turn an OSError that leaves the block into the `KitError` that says it of `uri`."""
    try:
        yield
    except OSError as error:
        raise translated(error, uri) from error


def translated(error: OSError, uri: str) -> KitError:
    """The `KitError` for a failed system call about `uri`."""
    if is_full(error):
        return KitError(
            "InsufficientStorage",
            f"The disk is full: writing '{uri}' failed, and nothing half-written is visible.",
            "Free some space, or delete objects that are not needed.",
        )
    if error.errno in _FORBIDDEN:
        return KitError("AccessDenied", f"Access denied to '{uri}': {error.strerror}.", "Look at the file's mode.")
    if error.errno == errno.ENAMETOOLONG:
        return KitError("KeyTooLongError", f"'{uri}' is too long a path for this filesystem.", "Shorten the key.")
    if error.errno in _IN_THE_WAY:
        return conflict(uri, "another object or prefix")
    return KitError("InternalError", f"'{uri}' failed: {error.strerror or error}.", "Look at the workspace's disk.")


def is_full(error: OSError) -> bool:
    """Whether the disk, or the user's share of it, is full."""
    return error.errno in _FULL


def conflict(uri: str, other: str) -> KitError:
    """Two keys that S3 would hold beside each other and a folder cannot."""
    return KitError(
        "ObjectNameConflict",
        f"'{uri}' cannot be kept beside {other}: in a folder, a name is a file or a folder, not both.",
        "Choose another key, or delete the one in the way.",
    )


def no_such_bucket(bucket: str, hint: str) -> KitError:
    return KitError("NoSuchBucket", f"The specified bucket does not exist: '{bucket}'.", hint)


def no_such_key(uri: str, hint: str) -> KitError:
    return KitError("NoSuchKey", f"The specified key does not exist: '{uri}'.", hint)
