"""Frames on a socket: what is sent is received, and what is no frame is refused before its body is read."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from kit.warehouse.sharing.frames import FRAME_BYTES, Channel, ConnectionLost, Frame, Kind, MalformedFrame, pieces


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    one, other = (Channel(each) for each in socket.socketpair())
    yield one, other
    one.close()
    other.close()


def test_frames_arrive_whole_and_in_order(pair: tuple[Channel, Channel]) -> None:
    one, other = pair

    one.send(Frame(Kind.CALL, 7, b"question"), Frame(Kind.CANCEL, 7))

    assert [other.receive(), other.receive()] == [Frame(Kind.CALL, 7, b"question"), Frame(Kind.CANCEL, 7)]


def test_a_frame_larger_than_the_socket_s_buffer_arrives(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    other.limit_bytes = FRAME_BYTES
    body = bytes(range(256)) * 20_000
    sender = threading.Thread(target=one.send, args=(Frame(Kind.ROWS, 1, body),))
    sender.start()

    received = other.receive()

    sender.join()
    assert received.body == body


def test_a_header_that_promises_too_much_is_refused_without_its_body(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    other.limit_bytes = FRAME_BYTES
    one.socket.sendall(struct.pack("<BII", Kind.CALL, 1, 2**32 - 1))

    with pytest.raises(MalformedFrame, match="4294967295 bytes"):
        other.receive()


def test_before_greeting_only_short_frames_are_read(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    one.socket.sendall(struct.pack("<BII", Kind.PROOF, 0, 5_000))

    with pytest.raises(MalformedFrame, match="5000 bytes"):
        other.receive()


def test_an_unknown_kind_is_refused(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    one.socket.sendall(struct.pack("<BII", 99, 0, 0))

    with pytest.raises(MalformedFrame, match="kind 99"):
        other.receive()


@pytest.mark.parametrize("sent", [b"", b"\x10\x01", struct.pack("<BII", Kind.CALL, 1, 10) + b"half"])
def test_a_connection_that_ends_is_lost_also_within_a_frame(pair: tuple[Channel, Channel], sent: bytes) -> None:
    one, other = pair
    one.socket.sendall(sent)
    one.close()

    with pytest.raises(ConnectionLost):
        other.receive()


def test_closing_wakes_whoever_receives(pair: tuple[Channel, Channel]) -> None:
    _, other = pair
    caught: list[BaseException] = []

    def receive() -> None:
        try:
            other.receive()
        except ConnectionLost as error:
            caught.append(error)

    waiting = threading.Thread(target=receive)
    waiting.start()
    other.close()
    waiting.join(10)

    assert len(caught) == 1


def test_sending_to_nobody_is_a_lost_connection(pair: tuple[Channel, Channel]) -> None:
    one, other = pair
    other.close()

    with pytest.raises(ConnectionLost):
        one.send(Frame(Kind.ROWS, 1, b"x" * 1_000_000))


def test_a_long_body_is_cut_into_frames_that_add_up_to_it() -> None:
    body = bytes(range(100))

    cut = pieces(Kind.ROWS, 3, memoryview(body), 30)

    assert [len(each.body) for each in cut] == [30, 30, 30, 10]
    assert b"".join(each.body for each in cut) == body


def test_the_wire_numbers_of_kinds_do_not_change() -> None:
    assert {kind.name: kind.value for kind in Kind} == {
        "CHALLENGE": 1,
        "PROOF": 2,
        "WELCOME": 3,
        "REFUSED": 4,
        "CALL": 16,
        "FETCH": 17,
        "CANCEL": 18,
        "DROP": 19,
        "ANSWER": 32,
        "ERROR": 33,
        "ROWS": 34,
        "PAUSE": 35,
        "END": 36,
        "PROGRESS": 37,
    }
