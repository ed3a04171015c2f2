"""Where the owner is found: a local socket private to the user, and the note that names it.

The socket is a Unix one in the cluster's own folder, which only the user may enter. Its path must fit into about a
hundred bytes, and some file systems hold no sockets: then it is in a folder of its own under the temporary one, made
for this owner alone. Where there are no Unix sockets it is a port on the loopback address; the secret in the note,
which only the user may read, keeps strangers out (`greeting.py`).

Invariants: a note is complete or not there. What a killed owner left is removed by the next, which holds the lock.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

NOTE: Final = "owner"
SOCKET: Final = "owner.sock"
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the last of which is a NUL.
PATH_BYTES: Final = 103
SECRET_BYTES: Final = 32
BACKLOG: Final = 64
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Note:
    """Who owns the cluster and how to reach it: the path of a Unix socket, or else a port. `since_ms` is an instant."""

    pid: int
    since_ms: int
    path: str
    port: int
    secret: bytes = field(repr=False)

    def connect(self, seconds: float) -> socket.socket:
        """A socket connected to the owner, on which nothing waits longer than `seconds`; raises `OSError`."""
        connected = _unix() if self.path else socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            connected.settimeout(seconds)
            connected.connect(self.path or (_LOOPBACK, self.port))
            _undelayed(connected)
        except BaseException:
            connected.close()
            raise
        return connected

    def write(self, folder: Path) -> None:
        """Publish it in the cluster's folder, replacing the one before it at once."""
        body = {
            "pid": self.pid,
            "since_ms": self.since_ms,
            "path": self.path,
            "port": self.port,
            "secret": self.secret.hex(),
        }
        fresh = folder / f"{NOTE}.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as note:
            json.dump(body, note)
        fresh.replace(folder / NOTE)

    def remove(self, folder: Path) -> None:
        """Take back the note and what the socket left on disk."""
        with suppress(OSError):
            (folder / NOTE).unlink()
        _unlink_socket(self.path, folder)


def read_note(folder: Path) -> Note | None:
    """The owner's note; None where there is none yet, or none any more."""
    try:
        told: Any = json.loads((folder / NOTE).read_bytes())
        return Note(int(told["pid"]), int(told["since_ms"]), str(told["path"]), int(told["port"]), _secret(told))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def listen(folder: Path) -> tuple[socket.socket, str, int]:
    """A listening socket, private to the user, with its path or else its port."""
    if hasattr(socket, "AF_UNIX"):
        for path in (folder / SOCKET, None):
            chosen = path or Path(tempfile.mkdtemp(prefix="boathouse-")) / SOCKET
            if len(os.fsencode(chosen)) <= PATH_BYTES:
                with suppress(OSError):
                    return _listening(_unix(), str(chosen)), str(chosen), 0
            if path is None:
                _unlink_socket(str(chosen), folder)
    listening = _listening(socket.socket(socket.AF_INET, socket.SOCK_STREAM), (_LOOPBACK, 0))
    return listening, "", int(listening.getsockname()[1])


def accept(listening: socket.socket) -> socket.socket:
    """The next client's socket; raises `OSError` when the listening one is shut down."""
    connected, _ = listening.accept()
    _undelayed(connected)
    return connected


def sweep(folder: Path) -> None:
    """Remove what an owner that was killed has left; only who holds the lock may."""
    left = read_note(folder)
    if left is not None:
        left.remove(folder)
    with suppress(OSError):
        (folder / SOCKET).unlink()


def _unix() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def _listening(made: socket.socket, address: str | tuple[str, int]) -> socket.socket:
    try:
        made.bind(address)
        if isinstance(address, str):
            Path(address).chmod(0o600)
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _unlink_socket(path: str, folder: Path) -> None:
    """Remove a socket, and the folder that was made for it; a path that no owner can have written is left alone."""
    place = Path(path)
    if not path or place.name != SOCKET:
        return
    with suppress(OSError):
        place.unlink()
    if place.parent != folder and place.parent.name.startswith("boathouse-"):
        with suppress(OSError):
            place.parent.rmdir()


def _undelayed(connected: socket.socket) -> None:
    if connected.family == socket.AF_INET:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _secret(told: Any) -> bytes:
    secret = bytes.fromhex(told["secret"])
    if len(secret) != SECRET_BYTES:
        raise ValueError("a secret of another length")
    return secret
