"""The client's side of one connection: calls that run at once, each with its own answer, progress and rows.

A thread of its own reads the socket and hands every frame to the call that it belongs to, so that any number of threads
may ask, an answer that is not read holds up no other, and the end of the owner is noticed at once. At most one piece of
a call's rows is under way: the next is asked for when the last has been taken.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.progress import Progress, Silent
from kit.warehouse.sharing import rows, values
from kit.warehouse.sharing.frames import FRAME_BYTES, Channel, ConnectionLost, Frame, Kind, MalformedFrame
from kit.warehouse.sharing.greeting import GREETING_SECONDS, introduce
from kit.warehouse.sharing.rendezvous import Note

if TYPE_CHECKING:
    import pyarrow as pa

# How long a wait may last before signals are looked at, where the system does not wake it.
_LOOK_SECONDS: Final = 0.5
_OVER: Final = frozenset({Kind.END, Kind.ERROR})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call came to. `batches` is None where it has no rows; `is_whole` says that all rows have come already."""

    told: Mapping[str, Any]
    schema: pa.Schema | None = None
    batches: Iterator[pa.RecordBatch] | None = None
    is_whole: bool = True
    call: int = 0


@dataclass(slots=True)
class _Call:
    number: int
    inbox: SimpleQueue[Frame | None] = field(default_factory=SimpleQueue)
    is_over: bool = False


class Link:
    """A connection to the owner whose note this is.

    Raises `OSError`, `ConnectionLost` or `KitError` where it cannot be had. `state` is what the owner last said of this
    client's session.
    """

    def __init__(self, note: Note, entropy: Entropy, seconds: float = GREETING_SECONDS) -> None:
        self.owner = note
        self.state: Mapping[str, Any] = {}
        connected = note.connect(seconds)
        try:
            self._channel = Channel(connected)
            introduce(self._channel, note.secret, entropy)
            connected.settimeout(None)
        except BaseException:
            connected.close()
            raise
        self._numbers = itertools.count(1)
        # Reentrant: rows that are given up while memory is reclaimed end their call, wherever this thread is.
        self._lock = threading.RLock()
        self._calls: dict[int, _Call] = {}
        self._dropped: deque[int] = deque()
        self._lost: str | None = None
        threading.Thread(target=self._read, name="boathouse-link", daemon=True).start()

    @property
    def is_lost(self) -> bool:
        return self._lost is not None

    def ask(self, operation: str, arguments: Mapping[str, Any], progress: Progress | None = None) -> Reply:
        """Run an operation of the owner's; its answer, or the error that it raised there.

        An interrupt while it runs (Ctrl-C) is passed on, and raised when it has stopped there. Raises `ConnectionLost`.
        """
        body = values.dumped({"operation": operation, "arguments": arguments})
        if len(body) > FRAME_BYTES:
            raise KitError(
                "54000",
                f"The statement and its parameters take {len(body):,} bytes; at most {FRAME_BYTES:,} can be sent.",
                "Put the rows into storage and COPY them.",
            )
        call = self._begun()
        try:
            self._send(*self._drops(), Frame(Kind.CALL, call.number, body))
            return self._reply(call, progress or Silent())
        except (MalformedFrame, KeyError) as error:
            self.close()
            self._ended(call)
            raise ConnectionLost(f"the owner's answer cannot be read: {error}") from error
        except BaseException as error:
            self._abandon(call, error)
            raise

    def cancel(self) -> None:
        """Stop what runs now; the calls end with the error of a cancelled statement."""
        with self._lock:
            running = list(self._calls)
        self._send(*(Frame(Kind.CANCEL, number) for number in running))

    def drop(self, number: int) -> None:
        """Let go of a call's rows that were not read. May be called while memory is reclaimed: sends nothing itself."""
        self._dropped.append(number)

    def drop_now(self, number: int) -> None:
        """Let go of a call's rows that were not read."""
        self.drop(number)
        try:
            self._send(*self._drops())
        except ConnectionLost:
            # They are let go of there when the connection ends.
            return

    def close(self) -> None:
        """End the connection: the owner rolls back what is open and lets go of all that this client had."""
        self._lost = self._lost or "closed"
        self._channel.close()

    def _reply(self, call: _Call, progress: Progress) -> Reply:
        answer = self._next(call, progress)
        told = values.loaded(answer.body)
        self.state = told["state"]
        piece, state = self._piece(call)
        if not piece:
            return Reply(told)
        if state is Kind.END:
            schema, batches = rows.whole(piece)
            return Reply(told, schema, batches)
        schema, batches = rows.incoming(piece, lambda: self._more(call))
        return Reply(told, schema, self._guarded(call, batches), is_whole=False, call=call.number)

    def _next(self, call: _Call, progress: Progress) -> Frame:
        """The frame that answers a call; what comes before tells of its progress."""
        while True:
            frame = self._take(call)
            match frame.kind:
                case Kind.ANSWER:
                    return frame
                case Kind.PROGRESS:
                    told = values.loaded(frame.body)
                    progress.update(told["fraction"], told["message"])
                case Kind.ERROR:
                    raise self._failed(call, frame)
                case _:
                    raise MalformedFrame(f"{frame.kind.name} where an answer was expected")

    def _piece(self, call: _Call) -> tuple[bytes, Kind]:
        """One piece of the rows, and whether it is followed by more (PAUSE) or by nothing (END)."""
        parts: list[bytes] = []
        while True:
            frame = self._take(call)
            match frame.kind:
                case Kind.ROWS:
                    parts.append(frame.body)
                case Kind.PAUSE:
                    return b"".join(parts), frame.kind
                case Kind.END:
                    self._ended(call)
                    return b"".join(parts), frame.kind
                case Kind.ERROR:
                    raise self._failed(call, frame)
                case _:
                    raise MalformedFrame(f"{frame.kind.name} among rows")

    def _more(self, call: _Call) -> bytes | None:
        if call.is_over:
            return None
        self._send(Frame(Kind.FETCH, call.number))
        return self._piece(call)[0]

    def _guarded(self, call: _Call, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The rows as they come; an error or an interrupt in between gives the rest up."""
        try:
            yield from batches
        finally:
            if not call.is_over:
                self.drop(call.number)
                self._ended(call)

    def _failed(self, call: _Call, frame: Frame) -> KitError:
        self._ended(call)
        error, self.state = values.read_error(frame.body)
        return error

    def _abandon(self, call: _Call, error: BaseException) -> None:
        """After an error on this side: have the owner stop, and wait for it, so that nothing runs on behind."""
        if call.is_over or isinstance(error, ConnectionLost):
            self._ended(call)
            return
        while not call.is_over:
            try:
                self._send(Frame(Kind.CANCEL, call.number), Frame(Kind.DROP, call.number))
                while not call.is_over:
                    if self._take(call).kind in _OVER:
                        self._ended(call)
            except KeyboardInterrupt:
                continue
            except ConnectionLost:
                self._ended(call)

    def _begun(self) -> _Call:
        with self._lock:
            call = _Call(next(self._numbers))
            self._calls[call.number] = call
        return call

    def _ended(self, call: _Call) -> None:
        call.is_over = True
        with self._lock:
            self._calls.pop(call.number, None)

    def _drops(self) -> Iterator[Frame]:
        while self._dropped:
            yield Frame(Kind.DROP, self._dropped.popleft())

    def _take(self, call: _Call) -> Frame:
        while True:
            try:
                frame = call.inbox.get(timeout=_LOOK_SECONDS)
            except Empty:
                if self._lost is not None and call.inbox.empty():
                    raise ConnectionLost(self._lost) from None
                continue
            if frame is None:
                raise ConnectionLost(self._lost or "lost")
            return frame

    def _send(self, *frames: Frame) -> None:
        if self._lost is not None:
            raise ConnectionLost(self._lost)
        try:
            self._channel.send(*frames)
        except ConnectionLost as lost:
            self._lost = self._lost or str(lost)
            raise

    def _read(self) -> None:
        try:
            while True:
                frame = self._channel.receive()
                with self._lock:
                    call = self._calls.get(frame.call)
                if call is not None:
                    call.inbox.put(frame)
        except (ConnectionLost, MalformedFrame) as error:
            self._lost = self._lost or str(error)
        finally:
            self._channel.close()
            with self._lock:
                waiting = list(self._calls.values())
            for call in waiting:
                call.inbox.put(None)
