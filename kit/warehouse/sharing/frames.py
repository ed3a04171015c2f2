"""What the bytes on a socket mean: frames of a kind, a call's number and a body.

Owns the header and its limits. A frame that is longer than the limit, or of no known kind, is refused before its body
is read, so that nobody can make the other side set memory aside. Knows no message: a body is bytes.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

PROTOCOL: Final = 1
GREETING_BYTES: Final = 4 << 10
FRAME_BYTES: Final = 64 << 20
_HEADER: Final = struct.Struct("<BII")


class Kind(IntEnum):
    """The owner sends the even ones of a pair, or answers; numbers are never given to another kind."""

    CHALLENGE = 1
    PROOF = 2
    WELCOME = 3
    REFUSED = 4
    CALL = 16  # a question: JSON
    FETCH = 17  # the next piece of a call's rows
    CANCEL = 18  # stop a call
    DROP = 19  # the rest of a call's rows is not wanted
    ANSWER = 32  # what a call came to: JSON; its rows follow
    ERROR = 33  # why a call failed: JSON
    ROWS = 34  # a piece of an Arrow IPC stream
    PAUSE = 35  # more rows on FETCH
    END = 36  # all rows were sent
    PROGRESS = 37  # how far a call has come: JSON


class MalformedFrame(Exception):  # noqa: N818
    """The other side does not speak this protocol."""


class ConnectionLost(Exception):  # noqa: N818
    """The other side is gone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`call` is the number that the client gave to its call; 0 while greeting."""

    kind: Kind
    call: int = 0
    body: bytes = b""


class Channel:
    """A connected socket as frames. Threads may send; one receives.

    A forked child does not keep it open: the other side would not notice the parent's end.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        not_for_children(connected)
        self.limit_bytes = GREETING_BYTES
        self._reader = connected.makefile("rb", buffering=64 << 10)
        self._sending = threading.Lock()

    def send(self, *frames: Frame) -> None:
        """Send frames one after the other, nothing in between; waits while the other side does not read."""
        parts: list[bytes] = []
        for frame in frames:
            if len(frame.body) > FRAME_BYTES:
                raise ValueError(f"a frame of {len(frame.body)} bytes")
            parts += (_HEADER.pack(frame.kind, frame.call, len(frame.body)), frame.body)
        with self._sending:
            try:
                self.socket.sendall(b"".join(parts))
            except OSError as error:
                raise ConnectionLost(str(error)) from error

    def receive(self) -> Frame:
        """The next frame; raises `ConnectionLost` at the end, also in the middle of a frame."""
        kind, call, length = _HEADER.unpack(self._exactly(_HEADER.size))
        if length > self.limit_bytes:
            raise MalformedFrame(f"a frame of {length} bytes; at most {self.limit_bytes} are read")
        if kind not in _KINDS:
            raise MalformedFrame(f"a frame of the unknown kind {kind}")
        return Frame(Kind(kind), call, self._exactly(length))

    def close(self) -> None:
        """End both directions; whoever sends or receives finds the connection lost."""
        with suppress(OSError):  # not connected any more: the other side was first
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _exactly(self, count: int) -> bytes:
        try:
            found = self._reader.read(count)
        except (OSError, ValueError) as error:  # ValueError: closed by another thread
            raise ConnectionLost(str(error)) from error
        if len(found) < count:
            raise ConnectionLost("the connection has ended")
        return found


def not_for_children(opened: socket.socket) -> None:
    """Have children that this process forks close their copy of a socket."""
    _OPEN.add(opened)


def pieces(kind: Kind, call: int, body: memoryview, size_bytes: int) -> Sequence[Frame]:
    """A body of any length as frames of at most `size_bytes`."""
    return [Frame(kind, call, bytes(body[at : at + size_bytes])) for at in range(0, len(body), size_bytes)]


_KINDS = frozenset(map(int, Kind))
_OPEN: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _close_inherited() -> None:
    for each in list(_OPEN):
        descriptor = each.detach()  # not close(): that waits for whoever still reads from it
        if descriptor >= 0:
            os.close(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
