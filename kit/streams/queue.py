"""Queues as in SQS, small: what a stream is not.

A message goes to one receiver, who has it to himself for the visibility timeout and deletes it when done; otherwise it
comes back, at most `max_receive_count` times before it moves to the dead-letter queue. There is no order among
messages, nothing is kept once deleted, and any number of receivers may share the work.

All queues of a file may be used by several threads and processes at once. Invariants: a message is visible, in flight
or delayed; only the handle of its last receive deletes it.
Source: Amazon SQS Developer Guide and API Reference, read 2026-11.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from kit.base.clock import Clock, instant, now_ms
from kit.base.connections import Connections
from kit.base.errors import KitError, did_you_mean
from kit.base.ids import Entropy

MAX_BATCH = 10
MAX_BODY_BYTES = 1 << 20
MAX_DELAY_SECONDS = 900
MAX_TIMEOUT_SECONDS = 43_200
WAIT_STEP_SECONDS = 0.05

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_HANDLE = re.compile(r"[0-9a-f-]{36}:\d+:\d+")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queues (
    name TEXT PRIMARY KEY,
    visibility_ms INTEGER NOT NULL,
    delay_ms INTEGER NOT NULL,
    retention_ms INTEGER NOT NULL,
    dead_letter TEXT REFERENCES queues (name),
    max_receive_count INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queues (name) ON DELETE CASCADE,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_ms INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    handle TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS by_visibility ON messages (queue, visible_ms, number);
CREATE INDEX IF NOT EXISTS by_handle ON messages (handle) WHERE handle IS NOT NULL;
"""


class Message(NamedTuple):
    """A message as it was received; `receives` counts this time too."""

    id: str
    body: str
    handle: str
    receives: int
    sent_time: datetime


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Messages that can be received, that somebody is working on, and whose delay is not over."""

    visible: int
    in_flight: int
    delayed: int


class Queues:
    """The queues in one file."""

    def __init__(self, path: Path, *, clock: Clock, entropy: Entropy) -> None:
        self._file = _File(path)
        self._clock = clock
        self._entropy = entropy

    def create(
        self,
        name: str,
        *,
        visibility_timeout_seconds: float = 30,
        delay_seconds: float = 0,
        retention_seconds: float = 345_600,
        dead_letter: str | None = None,
        max_receive_count: int | None = None,
    ) -> Queue:
        """Make a queue. With `dead_letter`, what was received `max_receive_count` times in vain moves to that queue."""
        _within("visibility_timeout_seconds", visibility_timeout_seconds, 0, MAX_TIMEOUT_SECONDS)
        _within("delay_seconds", delay_seconds, 0, MAX_DELAY_SECONDS)
        _within("retention_seconds", retention_seconds, 60, 1_209_600)
        if (dead_letter is None) != (max_receive_count is None):
            raise KitError("InvalidAttributeValue", "dead_letter and max_receive_count are given together.")
        if max_receive_count is not None:
            _within("max_receive_count", max_receive_count, 1, 1_000)
        if not _NAME.fullmatch(name):
            raise KitError(
                "InvalidParameterValue",
                f"'{name}' is no name of a queue.",
                "1 to 80 letters, digits, hyphens, underscores.",
            )
        with self._file.transaction() as connection:
            if dead_letter is not None:
                _require(connection, dead_letter)
            row = (
                name,
                round(visibility_timeout_seconds * 1000),
                round(delay_seconds * 1000),
                round(retention_seconds * 1000),
                dead_letter,
                max_receive_count,
            )
            known = connection.execute("SELECT * FROM queues WHERE name = ?", (name,)).fetchone()
            if known is not None and known != row:
                raise KitError("QueueNameExists", f"Queue '{name}' exists already, with other settings.")
            connection.execute("INSERT OR IGNORE INTO queues VALUES (?, ?, ?, ?, ?, ?)", row)
        return Queue(self._file, name, self._clock, self._entropy)

    def __getitem__(self, name: str) -> Queue:
        with self._file.transaction() as connection:
            _require(connection, name)
        return Queue(self._file, name, self._clock, self._entropy)

    def __iter__(self) -> Iterator[str]:
        with self._file.transaction() as connection:
            return iter(_names(connection))

    def delete(self, name: str) -> None:
        """Delete a queue with its messages."""
        with self._file.transaction() as connection:
            _require(connection, name)
            connection.execute(
                "UPDATE queues SET dead_letter = NULL, max_receive_count = NULL WHERE dead_letter = ?", (name,)
            )
            connection.execute("DELETE FROM queues WHERE name = ?", (name,))

    def close(self) -> None:
        self._file.close()


class Queue:
    """One queue. Times are of the workspace's clock."""

    def __init__(self, file: _File, name: str, clock: Clock, entropy: Entropy) -> None:
        self.name = name
        self._file = file
        self._clock = clock
        self._entropy = entropy

    def send(self, body: str, *, delay_seconds: float | None = None) -> str:
        """Send a message; its id. It can be received once the delay is over, by default the queue's."""
        if not body:
            raise KitError("MissingParameter", "A message has a body of at least one character.")
        if len(body.encode()) > MAX_BODY_BYTES:
            raise KitError(
                "InvalidParameterValue",
                f"The body has more than {MAX_BODY_BYTES:,} bytes.",
                "Store it as an object and send its address.",
            )
        if delay_seconds is not None:
            _within("delay_seconds", delay_seconds, 0, MAX_DELAY_SECONDS)
        message_id = self._entropy.uuid()
        now = now_ms(self._clock)
        with self._file.transaction() as connection:
            _, default_ms, *_ = self._settings(connection)
            delay_ms = default_ms if delay_seconds is None else round(delay_seconds * 1000)
            connection.execute(
                "INSERT INTO messages (queue, id, body, sent_ms, visible_ms) VALUES (?, ?, ?, ?, ?)",
                (self.name, message_id, body, now, now + delay_ms),
            )
        return message_id

    def receive(
        self, count: int = 1, *, visibility_timeout_seconds: float | None = None, wait_seconds: float = 0
    ) -> list[Message]:
        """Up to ten messages, hidden from others until the visibility timeout is over.

        With `wait_seconds`, waits for the first message that long.
        """
        _within("count", count, 1, MAX_BATCH)
        _within("wait_seconds", wait_seconds, 0, 20)
        if visibility_timeout_seconds is not None:
            _within("visibility_timeout_seconds", visibility_timeout_seconds, 0, MAX_TIMEOUT_SECONDS)
        until = now_ms(self._clock) + wait_seconds * 1000
        while True:
            messages = self._receive(count, visibility_timeout_seconds)
            if messages or now_ms(self._clock) >= until:
                return messages
            self._clock.sleep(WAIT_STEP_SECONDS)

    def delete(self, handle: str) -> bool:
        """Acknowledge a message: it is gone. False where it was received by somebody else since, or is gone already."""
        _require_handle(handle)
        with self._file.transaction() as connection:
            self._settings(connection)
            gone = connection.execute(
                "DELETE FROM messages WHERE queue = ? AND handle = ?", (self.name, handle)
            ).rowcount
        return gone == 1

    def change_visibility(self, handle: str, seconds: float) -> None:
        """Let the visibility timeout of a received message begin anew; 0 gives the message back at once."""
        _require_handle(handle)
        _within("seconds", seconds, 0, MAX_TIMEOUT_SECONDS)
        now = now_ms(self._clock)
        with self._file.transaction() as connection:
            changed = connection.execute(
                "UPDATE messages SET visible_ms = ? WHERE queue = ? AND handle = ? AND visible_ms > ?",
                (now + round(seconds * 1000), self.name, handle, now),
            ).rowcount
        if not changed:
            raise KitError("MessageNotInflight", "The message is not in flight under this handle any more.")

    def purge(self) -> None:
        """Delete all messages."""
        with self._file.transaction() as connection:
            self._settings(connection)
            connection.execute("DELETE FROM messages WHERE queue = ?", (self.name,))

    def counts(self) -> QueueCounts:
        now = now_ms(self._clock)
        with self._file.transaction() as connection:
            self._expire(connection, now)
            visible, in_flight, delayed = connection.execute(
                "SELECT count(*) FILTER (WHERE visible_ms <= ?1),"
                " count(*) FILTER (WHERE visible_ms > ?1 AND handle IS NOT NULL),"
                " count(*) FILTER (WHERE visible_ms > ?1 AND handle IS NULL)"
                " FROM messages WHERE queue = ?2",
                (now, self.name),
            ).fetchone()
        return QueueCounts(visible, in_flight, delayed)

    def __repr__(self) -> str:
        return f"<Queue {self.name!r}>"

    def _receive(self, count: int, visibility_timeout_seconds: float | None) -> list[Message]:
        now = now_ms(self._clock)
        with self._file.transaction() as connection:
            default_ms, _, _, dead_letter, most = self._settings(connection)
            timeout_ms = default_ms if visibility_timeout_seconds is None else round(visibility_timeout_seconds * 1000)
            self._expire(connection, now)
            if dead_letter is not None:
                connection.execute(
                    "UPDATE messages SET queue = ?, receives = 0, handle = NULL"
                    " WHERE queue = ? AND visible_ms <= ? AND receives >= ?",
                    (dead_letter, self.name, now, most),
                )
            rows = connection.execute(
                "SELECT number, id, body, sent_ms, receives FROM messages WHERE queue = ? AND visible_ms <= ?"
                " ORDER BY number LIMIT ?",
                (self.name, now, count),
            ).fetchall()
            messages = [
                Message(
                    message_id,
                    body,
                    f"{message_id}:{number}:{receives + 1}",
                    receives + 1,
                    instant(sent_ms * 1_000_000),
                )
                for number, message_id, body, sent_ms, receives in rows
            ]
            connection.executemany(
                "UPDATE messages SET receives = receives + 1, handle = ?, visible_ms = ? WHERE number = ?",
                [(message.handle, now + timeout_ms, row[0]) for message, row in zip(messages, rows, strict=True)],
            )
        return messages

    def _expire(self, connection: sqlite3.Connection, now: int) -> None:
        _, _, retention_ms, _, _ = self._settings(connection)
        connection.execute("DELETE FROM messages WHERE queue = ? AND sent_ms <= ?", (self.name, now - retention_ms))

    def _settings(self, connection: sqlite3.Connection) -> tuple[int, int, int, str | None, int | None]:
        row = connection.execute(
            "SELECT visibility_ms, delay_ms, retention_ms, dead_letter, max_receive_count FROM queues WHERE name = ?",
            (self.name,),
        ).fetchone()
        if row is None:
            raise KitError("QueueDoesNotExist", f"There is no queue '{self.name}' any more.")
        visibility_ms, delay_ms, retention_ms, dead_letter, most = row
        return visibility_ms, delay_ms, retention_ms, dead_letter, most


class _File:
    """The database, and what its errors are called."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path, _prepare, durability="NORMAL")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connections.transaction() as connection:
                yield connection
        except sqlite3.Error as error:
            raise KitError(
                "QueuesUnavailable", f"The queues cannot be used: {error}.", "Is the disk full, or the file damaged?"
            ) from error

    def close(self) -> None:
        self._connections.close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


def _names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM queues ORDER BY name")]


def _require(connection: sqlite3.Connection, name: str) -> None:
    names = _names(connection)
    if name not in names:
        raise KitError("QueueDoesNotExist", f"There is no queue '{name}'.", did_you_mean(name, names))


def _require_handle(handle: str) -> None:
    if not _HANDLE.fullmatch(handle):
        raise KitError(
            "ReceiptHandleIsInvalid", f"'{handle}' is no receipt handle.", "Use the handle of a received message."
        )


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise KitError("InvalidParameterValue", f"{name} is {value:,}; it must be {least:,} to {most:,}.")
