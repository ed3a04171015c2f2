"""The owner's ear: listens for other processes of the user and serves each in a session of its own.

Threads of this process do it, not a process of their own: what serves ends with the kernel that owns the file, and
nothing is left behind. `turns.py` says what that costs beside busy Python.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.warehouse.sharing.frames import Channel, ConnectionLost, MalformedFrame, not_for_children
from kit.warehouse.sharing.greeting import GREETING_SECONDS, admit
from kit.warehouse.sharing.rendezvous import SECRET_BYTES, Note, accept, listen
from kit.warehouse.sharing.serving import Served, Serving
from kit.warehouse.sharing.turns import short_turns


class Server:
    """Serves from construction until `close`. `connect` makes the session of a client."""

    def __init__(self, folder: Path, connect: Callable[[], Served], *, clock: Clock, entropy: Entropy) -> None:
        self._folder = folder
        self._connect = connect
        self._entropy = entropy
        self._lock = threading.Lock()
        self._clients: dict[threading.Thread, Serving | None] = {}
        self._is_closed = False
        self._listening, path, port = listen(folder)
        not_for_children(self._listening)
        self.note = Note(os.getpid(), now_ms(clock), path, port, entropy.bytes(SECRET_BYTES))
        self.note.write(folder)
        self._thread = threading.Thread(target=self._listen, name="boathouse-server", daemon=True)
        self._thread.start()

    @property
    def clients(self) -> int:
        """How many other processes are connected."""
        with self._lock:
            return sum(each is not None for each in self._clients.values())

    def close(self) -> None:
        """Hang up on every client, whose transactions are rolled back, and listen no more."""
        with self._lock:
            self._is_closed = True
            serving = dict(self._clients)
        self.note.remove(self._folder)
        _wake(self._listening)
        for each in serving.values():
            if each is not None:
                each.close()
        for thread in (self._thread, *serving):
            if thread is not threading.current_thread():
                thread.join()

    def _listen(self) -> None:
        while True:
            try:
                connected = accept(self._listening)
            except OSError:
                break
            with self._lock:
                if self._is_closed:
                    connected.close()
                    break
                thread = threading.Thread(target=self._serve, args=(connected,), name="boathouse-client", daemon=True)
                self._clients[thread] = None
                thread.start()
        self._listening.close()

    def _serve(self, connected: socket.socket) -> None:
        try:
            connected.settimeout(GREETING_SECONDS)
            channel = Channel(connected)
            try:
                admit(channel, self.note.secret, self._entropy)
            except (ConnectionLost, MalformedFrame, KitError):
                # A stranger, or one that gave up: it has been told why, and has no session yet.
                channel.close()
                return
            connected.settimeout(None)
            with short_turns():
                self._serve_client(channel)
        finally:
            with self._lock:
                self._clients.pop(threading.current_thread(), None)

    def _serve_client(self, channel: Channel) -> None:
        serving = Serving(channel, self._connect())
        with self._lock:
            self._clients[threading.current_thread()] = serving
            is_closed = self._is_closed
        if is_closed:
            serving.close()
        serving.run()


def _wake(listening: socket.socket) -> None:
    """Make `accept` return: a close alone leaves it waiting on some systems."""
    try:
        listening.shutdown(socket.SHUT_RDWR)
    except OSError:
        listening.close()
