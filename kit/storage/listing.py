"""One page of a listing: prefix, delimiter, limit and continuation token, as ListObjectsV2 has them.

Source: Amazon S3 API Reference, ListObjectsV2.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from kit.base.errors import KitError
from kit.storage.walk import Found, Walk

PAGE_LIMIT = 1000
_AFTER_KEY = "k"
_AFTER_PREFIX = "p"


@dataclass(frozen=True, slots=True)
class Page:
    files: tuple[Found, ...]
    prefixes: tuple[str, ...]
    next_token: str


def page(bucket: Path, prefix: str, delimiter: str, limit: int, token: str) -> Page:
    """The objects and common prefixes (keys, not URIs) that follow `token`; at most `limit` of both together."""
    if limit < 1:
        raise KitError("InvalidArgument", f"A page has at least one entry, not {limit}.", f"1 to {PAGE_LIMIT:,}.")
    limit = min(limit, PAGE_LIMIT)
    kind, last = _decoded(token) if token else (_AFTER_KEY, "")
    done = last if kind == _AFTER_PREFIX else ""
    walk = Walk(bucket, prefix, after=last)
    files: list[Found] = []
    prefixes: list[str] = []
    for found in walk:
        if done and found.key.startswith(done):
            walk.leave(done)
            continue
        if len(files) + len(prefixes) == limit:
            return Page(tuple(files), tuple(prefixes), _encoded(kind, last))
        cut = found.key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            files.append(found)
            kind, last = _AFTER_KEY, found.key
        else:
            done = found.key[: cut + len(delimiter)]
            prefixes.append(done)
            kind, last = _AFTER_PREFIX, done
            walk.leave(done)
    return Page(tuple(files), tuple(prefixes), "")


def _encoded(kind: str, last: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}{last}".encode()).decode()


def _decoded(token: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _bad_token() from error
    if text[:1] not in {_AFTER_KEY, _AFTER_PREFIX}:
        raise _bad_token()
    return text[0], text[1:]


def _bad_token() -> KitError:
    return KitError("InvalidArgument", "The continuation token provided is incorrect.", "Use a page's next_token.")
