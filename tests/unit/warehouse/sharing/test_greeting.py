"""Who may speak to the owner: who knows the secret, speaks the version, and is the same user."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.warehouse.sharing import greeting
from kit.warehouse.sharing.frames import FRAME_BYTES, PROTOCOL, Channel, ConnectionLost, Frame, Kind, MalformedFrame
from kit.warehouse.sharing.greeting import admit, introduce, peer_uid

SECRET = b"s" * 32


class Owner(threading.Thread):
    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            admit(self.channel, SECRET, Entropy(1))
        except (KitError, ConnectionLost, MalformedFrame) as error:
            self.error = error
            self.channel.close()


@pytest.fixture
def met() -> Iterator[Callable[[], tuple[Owner, Channel]]]:
    made: list[tuple[Owner, Channel]] = []

    def meet() -> tuple[Owner, Channel]:
        owners, clients = socket.socketpair()
        made.append((Owner(Channel(owners)), Channel(clients)))
        made[-1][0].start()
        return made[-1]

    yield meet
    for owner, client in made:
        client.close()
        owner.join(10)
        owner.channel.close()


Met = Callable[[], tuple[Owner, Channel]]


def test_both_sides_admit_each_other(met: Met) -> None:
    owner, client = met()

    introduce(client, SECRET, Entropy(2))
    owner.join(10)

    assert owner.error is None
    assert owner.channel.limit_bytes == client.limit_bytes == FRAME_BYTES


def test_a_wrong_secret_is_refused_on_both_sides(met: Met) -> None:
    owner, client = met()

    with pytest.raises(KitError) as caught:
        introduce(client, b"x" * 32, Entropy(2))
    owner.join(10)

    assert caught.value.code == "28000"
    assert isinstance(owner.error, KitError)
    assert owner.error.code == "28000"


def test_another_version_is_told_both_versions(met: Met) -> None:
    owner, client = met()

    with pytest.raises(KitError) as caught:
        introduce(client, SECRET, Entropy(2), protocol=PROTOCOL + 1)
    owner.join(10)

    assert caught.value.code == "08P01"
    assert f"speaks version {PROTOCOL} of its protocol, this process version {PROTOCOL + 1}" in caught.value.message
    assert "Restart the kernels" in caught.value.hint
    assert isinstance(owner.error, KitError)


def test_the_secret_itself_is_never_sent(met: Met) -> None:
    owner, client = met()
    sent: list[bytes] = []
    send = client.send
    client.send = lambda *frames: (sent.extend(frame.body for frame in frames), send(*frames))  # type: ignore[method-assign]

    introduce(client, SECRET, Entropy(2))
    owner.join(10)

    assert sent
    assert all(SECRET.hex().encode() not in body and SECRET not in body for body in sent)


def test_an_impostor_that_does_not_know_the_secret_is_found_out() -> None:
    theirs, ours = (Channel(each) for each in socket.socketpair())

    def pretend() -> None:
        theirs.send(Frame(Kind.CHALLENGE, body=json.dumps({"protocol": PROTOCOL, "nonce": "00" * 32}).encode()))
        theirs.receive()
        theirs.send(Frame(Kind.WELCOME, body=json.dumps({"proof": "00" * 32}).encode()))

    impostor = threading.Thread(target=pretend)
    impostor.start()

    with pytest.raises(KitError) as caught:
        introduce(ours, SECRET, Entropy(2))

    impostor.join(10)
    assert caught.value.code == "28000"
    theirs.close()
    ours.close()


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 9, b"\xff" * 64, b"\x02\x00\x00\x00\x00\x02\x00\x00\x00[]"],
)
def test_what_is_no_greeting_is_refused(met: Met, said: bytes) -> None:
    owner, client = met()
    client.socket.sendall(said)
    owner.join(10)

    assert isinstance(owner.error, MalformedFrame)


@pytest.mark.parametrize(
    "told", [{}, {"nonce": 5}, {"nonce": "zz"}, {"nonce": "00", "proof": None, "protocol": PROTOCOL}]
)
def test_a_greeting_without_its_parts_is_refused(met: Met, told: dict[str, Any]) -> None:
    owner, client = met()
    client.send(Frame(Kind.PROOF, body=json.dumps(told).encode()))
    owner.join(10)

    assert isinstance(owner.error, MalformedFrame)


def test_a_client_that_hangs_up_is_a_lost_connection(met: Met) -> None:
    owner, client = met()
    client.close()
    owner.join(10)

    assert isinstance(owner.error, ConnectionLost)


def test_the_operating_system_names_the_user_on_the_other_side() -> None:
    one, other = socket.socketpair()

    uid = peer_uid(one)

    assert uid == os.getuid()
    one.close()
    other.close()


def test_another_user_is_refused_even_with_the_secret(met: Met, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "peer_uid", lambda connected: os.getuid() + 1)
    owner, client = met()

    with pytest.raises(KitError) as caught:
        introduce(client, SECRET, Entropy(2))
    client.close()
    owner.join(10)

    assert caught.value.code == "28000"
