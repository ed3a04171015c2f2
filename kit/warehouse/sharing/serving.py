"""The owner's side of one connection: runs what a client asks, in a session of the client's own.

A thread reads what the client sends, so that a cancel is heard while a call runs; calls run on other threads, each with
its own rows on their way out. Rows are sent when they are asked for: a client that does not read holds up nobody, and
costs a piece of memory.

Faults it must survive: a client that dies in the middle of a statement, of a transaction, of its rows, of a frame; one
that sends what is no frame. In each the running statements are stopped, the rows let go of, and the session closed,
which rolls back its transaction and drops its temporary tables.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress
from kit.base.result import Result
from kit.base.workers import Workers
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.sharing import values
from kit.warehouse.sharing.frames import Channel, ConnectionLost, Frame, Kind, MalformedFrame, pieces
from kit.warehouse.sharing.rows import FRAME_PIECE_BYTES, Outgoing

CALLS_AT_ONCE: Final = 8
CALLS_OPEN: Final = 256
PROGRESS_MS: Final = 100.0


class Served(Protocol):
    """One client's session, as it is served. Threads may call it."""

    def perform(
        self, operation: str, arguments: Mapping[str, Any], cancellation: Cancellation, progress: Progress
    ) -> Result | Mapping[str, Any]:
        """Run one of the warehouse's operations; its rows, or a value."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What the client has to know of its session after each call, should it have to begin anew elsewhere."""
        ...

    def close(self) -> None:
        """Roll back what is open, drop what was temporary."""
        ...


@dataclass(slots=True)
class _Call:
    number: int
    cancellation: Cancellation = field(default_factory=Cancellation)
    turn: threading.Lock = field(default_factory=threading.Lock)
    result: Result | None = None
    rows: Outgoing | None = None


class Serving:
    """Serves one client until it goes or `close` is called."""

    def __init__(self, channel: Channel, session: Served) -> None:
        self._channel = channel
        self._session = session
        self._calls: dict[int, _Call] = {}
        self._lock = threading.Lock()
        self._threads = Workers(CALLS_AT_ONCE, "boathouse-call")

    def run(self) -> None:
        """Read what the client sends, to its end."""
        try:
            while True:
                self._heard(self._channel.receive())
        except (ConnectionLost, MalformedFrame):
            # Gone, or no client of ours: either way what it had open is ended below.
            pass
        finally:
            self._end()

    def close(self) -> None:
        """Hang up; `run` then ends."""
        self._channel.close()

    def _heard(self, frame: Frame) -> None:
        match frame.kind:
            case Kind.CALL:
                self._begin(frame)
            case Kind.CANCEL:
                call = self._open(frame.call)
                if call is not None:
                    call.cancellation.cancel()
            case Kind.FETCH:
                self._later(self._send_rows, frame.call)
            case Kind.DROP:
                self._later(self._drop, frame.call)
            case _:
                raise MalformedFrame(f"{frame.kind.name} from a client")

    def _begin(self, frame: Frame) -> None:
        call = _Call(frame.call)
        with self._lock:
            if frame.call in self._calls:
                raise MalformedFrame("a call with the number of another")
            self._calls[frame.call] = call
            is_full = len(self._calls) > CALLS_OPEN
        if is_full:
            self._fail(call, KitError("53300", "Too many results are open.", "Read them to their end, or close them."))
        else:
            self._threads.submit(lambda: self._answer(call, frame.body))

    def _later(self, act: Callable[[_Call], None], number: int) -> None:
        call = self._open(number)
        if call is not None:
            self._threads.submit(lambda: act(call))

    def _answer(self, call: _Call, body: bytes) -> None:
        with call.turn:
            try:
                asked = values.loaded(body)
                operation, arguments = _parts(asked)
                outcome = self._session.perform(operation, arguments, call.cancellation, _Told(self._channel, call))
                told: dict[str, Any] = {"state": self._session.state()}
                if isinstance(outcome, Result):
                    told |= {"stats": outcome.stats, "message": outcome.message, "page_rows": outcome.page_rows}
                    if outcome.columns:
                        call.result, call.rows = outcome, Outgoing(outcome.schema, outcome.batches())
                else:
                    told["value"] = outcome
                self._send(call, Frame(Kind.ANSWER, call.number, values.dumped(told)))
            except ConnectionLost:
                return
            except MalformedFrame:
                self.close()
            except BaseException as error:
                self._fail(call, error)

    def _send_rows(self, call: _Call) -> None:
        with call.turn:
            try:
                if self._open(call.number) is call:
                    self._send(call)
            except ConnectionLost:
                return
            except BaseException as error:
                self._fail(call, error)

    def _send(self, call: _Call, *before: Frame) -> None:
        """Send the next piece of the call's rows behind some frames, and say whether there are more."""
        frames = list(before)
        is_over = True
        if call.rows is not None:
            frames += pieces(Kind.ROWS, call.number, memoryview(call.rows.piece()), FRAME_PIECE_BYTES)
            is_over = call.rows.is_over
        if is_over:
            self._close_call(call)
        self._channel.send(*frames, Frame(Kind.END if is_over else Kind.PAUSE, call.number))

    def _drop(self, call: _Call) -> None:
        with call.turn:
            if self._open(call.number) is call:
                self._close_call(call)
                self._tell(Frame(Kind.END, call.number))

    def _fail(self, call: _Call, error: BaseException) -> None:
        self._close_call(call)
        self._tell(Frame(Kind.ERROR, call.number, values.told_error(error, self._session.state())))

    def _close_call(self, call: _Call) -> None:
        with self._lock:
            self._calls.pop(call.number, None)
        if call.result is not None:
            call.result.close()

    def _tell(self, frame: Frame) -> None:
        try:
            self._channel.send(frame)
        except ConnectionLost:
            # The reading thread has noticed too and ends the session.
            return

    def _open(self, number: int) -> _Call | None:
        with self._lock:
            return self._calls.get(number)

    def _end(self) -> None:
        self._channel.close()
        with self._lock:
            left = list(self._calls.values())
        for call in left:
            call.cancellation.cancel()
        self._threads.close()
        try:
            for call in left:
                self._close_call(call)
        finally:
            self._session.close()


class _Told:
    """Progress that is told to the client, a few times a second at most."""

    def __init__(self, channel: Channel, call: _Call) -> None:
        self._channel = channel
        self._call = call
        self._watch = Stopwatch()
        self._next_ms = 0.0

    def update(self, fraction: float | None, message: str = "") -> None:
        if self._watch.ms < self._next_ms:
            return
        self._next_ms = self._watch.ms + PROGRESS_MS
        body = values.dumped({"fraction": fraction, "message": message})
        self._channel.send(Frame(Kind.PROGRESS, self._call.number, body))


def _parts(asked: Any) -> tuple[str, Mapping[str, Any]]:
    match asked:
        case {"operation": str() as operation, "arguments": dict() as arguments}:
            return operation, arguments
        case _:
            raise MalformedFrame("a call without its parts")
