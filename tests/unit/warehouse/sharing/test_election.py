"""Who owns: whoever gets the lock; the others reach it, wait for it to come up, and are told when nobody answers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.warehouse.ownership import Owner, Taken
from kit.warehouse.sharing.election import reach
from kit.warehouse.sharing.link import Link
from kit.warehouse.sharing.rendezvous import Note, read_note

HOLDER = """
import sys, time
from pathlib import Path
from kit.warehouse.ownership import Owner
owner = Owner(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(short: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock and serves nobody."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(short)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def taken() -> str:
    raise Taken


@pytest.fixture
def serving(short: Path, sessions: Any) -> Iterator[Owner]:
    owner = Owner(short)
    owner.serve(sessions.connect, clock=ManualClock(), entropy=Entropy(1))
    yield owner
    owner.release()


def test_the_first_owns(short: Path) -> None:
    owner = reach(short, lambda: Owner(short), Entropy(1))

    assert isinstance(owner, Owner)
    owner.release()


def test_the_second_reaches_the_first(short: Path, serving: Owner) -> None:
    found = reach(short, lambda: Owner(short), Entropy(2))

    assert isinstance(found, Link)
    assert found.owner.pid == os.getpid()
    assert found.ask("echo", {"a": 1}).told["value"] == {"a": 1}
    found.close()


def test_an_owner_that_is_still_coming_up_is_waited_for(short: Path, sessions: Any) -> None:
    owner = Owner(short)
    found: list[object] = []
    reaching = threading.Thread(target=lambda: found.append(reach(short, taken, Entropy(2))))
    reaching.start()
    time.sleep(0.05)

    owner.serve(sessions.connect, clock=ManualClock(), entropy=Entropy(1))
    reaching.join(20)

    (link,) = found
    assert isinstance(link, Link)
    link.close()
    owner.release()


def test_who_is_killed_leaves_the_lock_to_the_next(short: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Taken):
        Owner(short)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    owner = reach(short, lambda: Owner(short), Entropy(1))

    assert isinstance(owner, Owner)
    owner.release()


def test_an_owner_that_does_not_answer_is_named(short: Path, holder: subprocess.Popen[str]) -> None:
    Note(holder.pid, 0, str(short / "owner.sock"), 0, b"s" * 32).write(short)

    with pytest.raises(KitError) as caught:
        reach(short, lambda: Owner(short), Entropy(1), patience_seconds=0.2)

    assert caught.value.code == "55006"
    assert f"process {holder.pid}, which does not answer" in caught.value.message
    assert "takes over" in caught.value.hint


def test_an_owner_that_accepts_and_says_nothing_is_not_waited_for_ever(short: Path) -> None:
    silent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    silent.bind(str(short / "owner.sock"))
    silent.listen()
    Note(1, 0, str(short / "owner.sock"), 0, b"s" * 32).write(short)

    with pytest.raises(KitError) as caught:
        reach(short, taken, Entropy(1), patience_seconds=0.2)

    assert caught.value.code == "55006"
    silent.close()


def test_a_note_of_the_owner_before_is_read_again(short: Path, serving: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    right = read_note(short)
    assert right is not None
    stale = Note(1, 0, right.path, right.port, b"?" * 32)
    told: list[Note | None] = [stale]
    read: Callable[[Path], Note | None] = lambda folder: told.pop() if told else right  # noqa: E731
    monkeypatch.setattr("kit.warehouse.sharing.election.read_note", read)

    found = reach(short, taken, Entropy(2))

    assert isinstance(found, Link)
    found.close()


def test_a_secret_that_stays_wrong_is_an_error(short: Path, serving: Owner) -> None:
    right = read_note(short)
    assert right is not None
    Note(right.pid, 0, right.path, right.port, b"?" * 32).write(short)

    with pytest.raises(KitError) as caught:
        reach(short, taken, Entropy(2))

    assert caught.value.code == "28000"


def test_an_owner_that_leaves_removes_its_note_before_its_lock(short: Path, sessions: Any) -> None:
    owner = Owner(short)
    owner.serve(sessions.connect, clock=ManualClock(), entropy=Entropy(1))
    assert owner.server is not None

    owner.hang_up()

    assert read_note(short) is None
    with pytest.raises(Taken):
        Owner(short)
    owner.release()
    Owner(short).release()


def test_serving_twice_listens_once(short: Path, serving: Owner, sessions: Any) -> None:
    server = serving.server

    serving.serve(sessions.connect, clock=ManualClock(), entropy=Entropy(1))

    assert serving.server is server
