"""Locks: which modes go together, who waits for whom, when waiting would never end."""

from __future__ import annotations

import threading

import pytest

from kit.base.errors import KitError
from kit.warehouse.transact.locks import Lock, Locks, Mode, waits_for_itself

A, B = ("public", "a"), ("public", "b")


class Impatient(Exception):
    """What ends a wait in these tests."""


def refuse() -> None:
    raise Impatient


@pytest.mark.parametrize(
    ("held", "wanted", "goes"),
    [
        (Mode.READ, Mode.READ, True),
        (Mode.READ, Mode.WRITE, True),
        (Mode.READ, Mode.EXCLUSIVE, False),
        (Mode.WRITE, Mode.READ, True),
        (Mode.WRITE, Mode.WRITE, False),
        (Mode.WRITE, Mode.EXCLUSIVE, False),
        (Mode.EXCLUSIVE, Mode.READ, False),
        (Mode.EXCLUSIVE, Mode.WRITE, False),
    ],
)
def test_which_modes_go_together(held: Mode, wanted: Mode, goes: bool) -> None:
    locks = Locks()
    locks.acquire(Lock(A, held, 1, 1), refuse)

    try:
        locks.acquire(Lock(A, wanted, 2, 2), refuse)
        went = True
    except Impatient:
        went = False

    assert went is goes
    assert all(lock.granted for lock in locks.all())


def test_a_transaction_does_not_wait_for_itself_and_keeps_its_strictest_lock() -> None:
    locks = Locks()
    for mode in (Mode.READ, Mode.EXCLUSIVE, Mode.WRITE):
        locks.acquire(Lock(A, mode, 1, 1), refuse)

    assert [lock.mode for lock in locks.all()] == [Mode.EXCLUSIVE]


def test_releasing_lets_the_next_one_in() -> None:
    locks = Locks()
    locks.acquire(Lock(A, Mode.WRITE, 1, 1), refuse)
    second = threading.Thread(target=locks.acquire, args=(Lock(A, Mode.WRITE, 2, 2), lambda: None))
    second.start()

    locks.release(1)
    second.join(10)

    assert [(lock.xid, lock.granted) for lock in locks.all()] == [(2, True)]


def test_the_wait_that_closes_a_circle_fails_and_the_other_goes_on() -> None:
    locks = Locks()
    locks.acquire(Lock(A, Mode.WRITE, 1, 1), refuse)
    locks.acquire(Lock(B, Mode.WRITE, 2, 2), refuse)
    first = threading.Thread(target=locks.acquire, args=(Lock(B, Mode.WRITE, 1, 1), lambda: None))
    first.start()
    while not any(lock.xid == 1 and not lock.granted for lock in locks.all()):
        pass

    with pytest.raises(KitError) as deadlock:
        locks.acquire(Lock(A, Mode.WRITE, 2, 2), lambda: None)
    locks.release(2)
    first.join(10)

    assert deadlock.value.code == "40P01"
    assert {(lock.table, lock.xid) for lock in locks.all()} == {(A, 1), (B, 1)}


def test_circles_of_any_length_are_seen() -> None:
    waits = {1: frozenset({2}), 2: frozenset({3}), 3: frozenset({1}), 4: frozenset({1})}

    assert [waits_for_itself(xid, waits) for xid in (1, 2, 3, 4)] == [True, True, True, False]
