"""Opaque texts that this workspace hands out and takes back: shard iterators and pagination tokens.

Each is signed with the workspace's secret, so that one that was forged or altered is told from one that is too old.
Knows what is in them, not what it is good for.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import struct
from pathlib import Path
from typing import NamedTuple

from kit.base.ids import Entropy
from kit.streams.errors import ExpiredIteratorException, ExpiredNextTokenException, InvalidArgumentException
from kit.streams.names import StreamId

LIFETIME_MS = 300_000
SECRET_BYTES = 32
_SIGNATURE_BYTES = 16
_ITERATOR = struct.Struct("<c24sIQq")
_PAGE = struct.Struct("<cq")
_ITERATOR_KIND = b"i"
_PAGE_KIND = b"p"


class Place(NamedTuple):
    """Where an iterator points: the index of the next record of a shard."""

    stream_id: StreamId
    shard: int
    index: int


class Tokens:
    """Signs and opens with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def iterator(self, place: Place, now_ms: int) -> str:
        stream_id, shard, index = place
        return self._sign(_ITERATOR.pack(_ITERATOR_KIND, stream_id.encode(), shard, index, now_ms))

    def place(self, iterator: str, now_ms: int) -> Place:
        """Raises `InvalidArgumentException` for a text that is no iterator of this workspace, and
        `ExpiredIteratorException` for one that is older than five minutes."""
        content = self._open(iterator)
        if content is None or len(content) != _ITERATOR.size or content[:1] != _ITERATOR_KIND:
            raise InvalidArgumentException("Invalid ShardIterator.", "Ask GetShardIterator for one.")
        _, stream_id, shard, index, made_ms = _ITERATOR.unpack(content)
        if now_ms - made_ms > LIFETIME_MS:
            raise ExpiredIteratorException(
                f"Iterator expired. The iterator was created {(now_ms - made_ms) / 1000:,.0f} seconds ago, which is "
                f"longer than the tolerated delay of {LIFETIME_MS} milliseconds.",
                "Ask GetShardIterator for a new one, AFTER_SEQUENCE_NUMBER of the last record.",
            )
        return Place(StreamId(stream_id.rstrip(b"\0").decode()), shard, index)

    def page(self, content: str, now_ms: int) -> str:
        """A token for the next page of a listing, which `content` describes."""
        return self._sign(_PAGE.pack(_PAGE_KIND, now_ms) + content.encode())

    def page_content(self, token: str, now_ms: int) -> str:
        """Raises `InvalidArgumentException` and `ExpiredNextTokenException`, as `place` does."""
        content = self._open(token)
        if content is None or content[:1] != _PAGE_KIND:
            raise InvalidArgumentException("NextToken is invalid.")
        if now_ms - _PAGE.unpack_from(content)[1] > LIFETIME_MS:
            raise ExpiredNextTokenException("The pagination token has expired; it is valid for 300 seconds.")
        return content[_PAGE.size :].decode()

    def _sign(self, content: bytes) -> str:
        signature = hmac.digest(self._secret, content, "sha256")[:_SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(signature + content).decode()

    def _open(self, text: str) -> bytes | None:
        try:
            raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        expected = hmac.digest(self._secret, content, "sha256")[:_SIGNATURE_BYTES]
        # A text with other trailing bits decodes to the same bytes: only the one that was handed out is taken.
        is_ours = hmac.compare_digest(signature, expected) and base64.urlsafe_b64encode(raw).decode() == text
        return content if is_ours else None


def workspace_secret(path: Path, entropy: Entropy) -> bytes:
    """The secret in the file, made where it is missing. The caller keeps other processes out."""
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(fd, entropy.bytes(SECRET_BYTES))
        finally:
            os.close(fd)
        draft.replace(path)
    return path.read_bytes()
