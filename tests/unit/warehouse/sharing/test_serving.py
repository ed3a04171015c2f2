"""A client and its owner over a real socket: answers, rows with back-pressure, errors, progress, cancels, deaths."""

from __future__ import annotations

import _thread
import gc
import socket
import struct
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.progress import Progress
from kit.base.result import Result, Stats
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.sharing import frames, rendezvous
from kit.warehouse.sharing.frames import Channel, ConnectionLost, Frame, Kind
from kit.warehouse.sharing.link import Link
from kit.warehouse.sharing.rendezvous import Note, read_note
from kit.warehouse.sharing.server import Server


class Told:
    def __init__(self) -> None:
        self.updates: list[tuple[float | None, str]] = []

    def update(self, fraction: float | None, message: str = "") -> None:
        self.updates.append((fraction, message))


def until(met: Any, seconds: float = 20) -> bool:
    """Wait for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(met())


def waiting(started: threading.Event) -> Any:
    """An operation that runs until it is cancelled."""

    def wait(_: Mapping[str, Any], cancellation: Cancellation, __: Progress) -> Result:
        started.set()
        while True:
            cancellation.check()
            time.sleep(0.002)

    return wait


def test_arguments_arrive_and_a_value_comes_back(link: Link) -> None:
    reply = link.ask("echo", {"a": 1, "b": ["x", None]})

    assert reply.told["value"] == {"a": 1, "b": ["x", None]}
    assert reply.batches is None


def test_rows_come_with_their_statistics(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(2, 10)

    reply = link.ask("sql", {})

    assert reply.told["stats"] == Stats(ms=1.5)
    assert [row for batch in reply.batches or () for row in batch["n"].to_pylist()] == list(range(20))
    assert reply.is_whole
    assert sessions.released == ["rows"]


def test_a_statement_without_rows_has_its_message(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: Result.of_message("CREATE TABLE", stats=Stats(ms=1))

    reply = link.ask("sql", {})

    assert reply.told["message"] == "CREATE TABLE"
    assert reply.batches is None


def test_an_answer_of_no_rows_has_columns(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(0)

    reply = link.ask("sql", {})

    assert reply.schema == pa.schema([("n", pa.int64())])
    assert list(reply.batches or ()) == []


def test_many_rows_are_streamed_whole(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(100)

    reply = link.ask("sql", {})
    total = sum(batch.num_rows for batch in reply.batches or ())

    assert not reply.is_whole
    assert total == 1_000_000


def test_rows_that_nobody_reads_are_not_made(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(1_000)

    reply = link.ask("sql", {})
    batches = reply.batches
    assert batches is not None
    next(batches)
    time.sleep(0.1)

    assert sessions.pulled < 50


def test_two_answers_may_be_read_in_turns(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(60)

    one, other = link.ask("sql", {}), link.ask("sql", {})
    pairs = list(zip(one.batches or (), other.batches or (), strict=True))

    assert sum(first.num_rows for first, _ in pairs) == 600_000
    assert all(first.equals(second) for first, second in pairs)


def test_rows_that_are_not_wanted_any_more_are_let_go_of(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(1_000)
    reply = link.ask("sql", {})
    assert reply.batches is not None
    next(reply.batches)

    del reply
    gc.collect()
    link.ask("echo", {})

    assert until(lambda: sessions.released == ["rows"])


def test_an_error_arrives_as_it_was_raised(link: Link, sessions: Any) -> None:
    def fail(*_: Any) -> Result:
        raise KitError("42P01", "no such table", "Create it.", statement="SELECT x", line=1, column=8)

    sessions.acts["sql"] = fail

    with pytest.raises(KitError) as caught:
        link.ask("sql", {})

    assert (caught.value.code, caught.value.hint, caught.value.column) == ("42P01", "Create it.", 8)
    assert link.ask("echo", {"still": "there"}).told["value"] == {"still": "there"}


def test_an_error_among_the_rows_arrives_after_those_before_it(link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(100, failing_at=90)
    batches = link.ask("sql", {}).batches
    assert batches is not None
    read: list[int] = []

    with pytest.raises(KitError, match="broken at 90"):
        read.extend(batch.num_rows for batch in batches)

    assert sum(read) >= 500_000
    assert until(lambda: sessions.released == ["rows"])


def test_progress_is_told_while_a_call_runs(link: Link, sessions: Any) -> None:
    def load(_: Mapping[str, Any], __: Cancellation, progress: Progress) -> Result:
        progress.update(0.5, "loading")
        progress.update(0.6, "loading")  # too soon after the one before
        time.sleep(0.15)
        progress.update(None, "sorting")
        return Result.of_message("COPY", stats=Stats(ms=1))

    sessions.acts["sql"] = load
    told = Told()

    link.ask("sql", {}, told)

    assert told.updates == [(0.5, "loading"), (None, "sorting")]


def test_a_cancel_reaches_the_running_call(link: Link, sessions: Any) -> None:
    started = threading.Event()
    sessions.acts["sql"] = waiting(started)
    threading.Thread(target=lambda: (started.wait(20), link.cancel())).start()

    with pytest.raises(KitError) as caught:
        link.ask("sql", {})

    assert caught.value.code == "57014"


def test_an_interrupt_is_passed_on_and_leaves_the_link_usable(link: Link, sessions: Any) -> None:
    started = threading.Event()
    stopped: list[KitError] = []
    wait = waiting(started)

    def run(*given: Any) -> Result:
        try:
            result: Result = wait(*given)
        except KitError as error:
            stopped.append(error)
            raise
        return result

    sessions.acts["sql"] = run
    threading.Thread(target=lambda: (started.wait(20), _thread.interrupt_main())).start()

    with pytest.raises(KeyboardInterrupt):
        link.ask("sql", {})

    assert [error.code for error in stopped] == ["57014"]
    assert link.ask("echo", {"a": 1}).told["value"] == {"a": 1}


def test_a_call_does_not_wait_for_another_of_the_same_client(link: Link, sessions: Any) -> None:
    started = threading.Event()
    sessions.acts["sql"] = waiting(started)
    caught: list[str] = []

    def ask() -> None:
        try:
            link.ask("sql", {})
        except KitError as error:
            caught.append(error.code)

    slow = threading.Thread(target=ask)
    slow.start()
    started.wait(20)

    assert link.ask("echo", {"a": 1}).told["value"] == {"a": 1}
    link.cancel()
    slow.join(20)
    assert caught == ["57014"]


def test_a_client_that_hangs_up_in_a_call_has_it_stopped_and_its_session_closed(server: Server, sessions: Any) -> None:
    started = threading.Event()
    sessions.acts["sql"] = waiting(started)
    link = Link(server.note, Entropy(2))
    lost: list[ConnectionLost] = []

    def ask() -> None:
        try:
            link.ask("sql", {})
        except ConnectionLost as error:
            lost.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    started.wait(20)

    link.close()

    assert sessions.closed.acquire(timeout=20)
    asking.join(20)
    assert len(lost) == 1
    assert until(lambda: server.clients == 0)


def test_a_client_that_hangs_up_among_its_rows_has_them_let_go_of(server: Server, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(1_000)
    link = Link(server.note, Entropy(2))
    link.ask("sql", {})

    link.close()

    assert sessions.closed.acquire(timeout=20)
    assert sessions.released == ["rows"]


def test_a_client_that_never_reads_holds_up_neither_the_others_nor_the_end(
    server: Server, link: Link, sessions: Any
) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(1_000, 100_000)
    deaf = Channel(server.note.connect(20))
    from kit.warehouse.sharing.greeting import introduce

    introduce(deaf, server.note.secret, Entropy(3))
    for number in range(1, 20):
        deaf.send(Frame(Kind.CALL, number, b'{"$":"dict","v":[["operation","sql"],["arguments",{"$":"dict","v":[]}]]}'))

    assert link.ask("echo", {"a": 1}).told["value"] == {"a": 1}
    server.close()
    assert sessions.closed.acquire(timeout=20)
    deaf.close()


def test_an_owner_that_closes_ends_the_calls_of_its_clients(server: Server, link: Link, sessions: Any) -> None:
    started = threading.Event()
    sessions.acts["sql"] = waiting(started)
    threading.Thread(target=lambda: (started.wait(20), server.close())).start()

    with pytest.raises(ConnectionLost):
        link.ask("sql", {})

    assert link.is_lost
    with pytest.raises(ConnectionLost):
        link.ask("echo", {})


def test_an_owner_that_closes_ends_a_stream_with_a_lost_connection(server: Server, link: Link, sessions: Any) -> None:
    sessions.acts["sql"] = lambda *_: sessions.rows(1_000)
    batches = link.ask("sql", {}).batches
    assert batches is not None
    next(batches)

    server.close()

    with pytest.raises(ConnectionLost):
        list(batches)


@pytest.mark.parametrize(
    "said",
    [
        b"\x00" * 9,
        b"\xff" * 1_000,
        struct.pack("<BII", Kind.CALL, 1, 2**31),
        struct.pack("<BII", Kind.CALL, 1, 3) + b"{]}",
        struct.pack("<BII", Kind.CALL, 1, 2) + b"[]",
        struct.pack("<BII", Kind.ANSWER, 1, 2) + b"{}",
        struct.pack("<BII", Kind.CALL, 1, 50) + b"cut",
    ],
)
def test_a_client_that_sends_what_is_no_frame_is_hung_up_on_and_harms_nobody(
    server: Server, link: Link, sessions: Any, said: bytes
) -> None:
    from kit.warehouse.sharing.greeting import introduce

    rude = Channel(server.note.connect(20))
    introduce(rude, server.note.secret, Entropy(3))
    rude.socket.sendall(said)
    rude.socket.shutdown(socket.SHUT_WR)

    with pytest.raises(ConnectionLost):
        rude.receive()

    assert sessions.closed.acquire(timeout=20)
    assert link.ask("echo", {"a": 1}).told["value"] == {"a": 1}
    rude.close()


def test_a_stranger_without_the_secret_gets_no_session(server: Server, link: Link, sessions: Any) -> None:
    before = sessions.opened
    stranger = Note(server.note.pid, 0, server.note.path, server.note.port, b"?" * 32)

    with pytest.raises(KitError) as caught:
        Link(stranger, Entropy(3))

    assert caught.value.code == "28000"
    assert sessions.opened == before
    assert link.ask("echo", {"a": 1}).told["value"] == {"a": 1}


def test_a_statement_that_is_too_long_is_refused_before_it_is_sent(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.warehouse.sharing.link.FRAME_BYTES", 100)

    with pytest.raises(KitError) as caught:
        link.ask("echo", {"text": "x" * 200})

    assert caught.value.code == "54000"
    assert link.ask("echo", {}).told["value"] == {}


def test_too_many_open_results_are_refused_by_name(link: Link, sessions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.warehouse.sharing.serving.CALLS_OPEN", 2)
    sessions.acts["sql"] = lambda *_: sessions.rows(1_000)
    kept = [link.ask("sql", {}), link.ask("sql", {})]

    with pytest.raises(KitError) as caught:
        link.ask("sql", {})

    assert caught.value.code == "53300"
    assert len(kept) == 2


def test_calls_work_over_a_loopback_port_too(tmp_path: Path, sessions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(rendezvous.socket, "AF_UNIX")
    server = Server(tmp_path, sessions.connect, clock=ManualClock(), entropy=Entropy(1))
    sessions.acts["sql"] = lambda *_: sessions.rows(100)

    link = Link(server.note, Entropy(2))

    assert server.note.port > 0
    assert sum(batch.num_rows for batch in link.ask("sql", {}).batches or ()) == 1_000_000
    link.close()
    server.close()


def test_a_closed_server_leaves_nothing_behind(short: Path, sessions: Any) -> None:
    before = set(threading.enumerate())
    server = Server(short, sessions.connect, clock=ManualClock(), entropy=Entropy(1))
    note = read_note(short)
    link = Link(server.note, Entropy(2))

    server.close()

    assert note == server.note
    assert list(short.iterdir()) == []
    ours = {"boathouse-server", "boathouse-client", "boathouse-call-0"}
    assert [each.name for each in set(threading.enumerate()) - before if each.name in ours] == []
    link.close()


def test_turns_are_short_only_while_clients_are_connected(server: Server) -> None:
    import sys

    before = sys.getswitchinterval()
    link = Link(server.note, Entropy(2))
    link.ask("echo", {})

    during = sys.getswitchinterval()
    link.close()

    assert during < before
    assert until(lambda: sys.getswitchinterval() == before)


def test_the_size_of_frames_is_bounded() -> None:
    assert frames.GREETING_BYTES < frames.FRAME_BYTES <= 64 << 20
