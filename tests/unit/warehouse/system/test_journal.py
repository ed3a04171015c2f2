"""The journal: what it keeps, for how long, over a restart and through damage; what it never does to its callers."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.base.clock import ManualClock
from kit.warehouse.load.records import LoadError
from kit.warehouse.system import journal as module
from kit.warehouse.system.events import Alert, Fault, PlanNode, Statement, StepRow, Work
from kit.warehouse.system.journal import BOUNDS, Journal

DAY = 24 * 3_600


def statement(query: int, clock: ManualClock) -> Statement:
    now = clock.now_ns() // 1_000
    return Statement(query, query, 1, "default", f"SELECT {query}", "SELECT", now, now)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def journal(tmp_path: Path, clock: ManualClock) -> Iterator[Journal]:
    opened = Journal(tmp_path / "system.sqlite", clock)
    yield opened
    opened.close()


def test_records_come_back_in_order_after_reopening(tmp_path: Path, clock: ManualClock, journal: Journal) -> None:
    journal.add(statement(query, clock) for query in range(1, 4))
    work = Work(
        3,
        clock.now_ns() // 1_000,
        (StepRow(0, 0, 0, 0, "scan", 100, "t", 1, 2, 3, 4, 5, 6, 7, True, 8),),
        (PlanNode(1, 0, "XN Seq Scan on t", ""),),
        (Alert(0, 0, 0, "event", "solution"),),
    )
    journal.add([work])
    journal.add([LoadError(1, 0, 100, clock.now_ns(), "f", 1, "a", "int4", "", 0, "x", "x", 1207, "bad")])
    before = {kind: journal.records(kind) for kind in (Statement, Work, LoadError)}
    journal.close()

    again = Journal(tmp_path / "system.sqlite", clock)
    again.add([statement(4, clock)])

    assert [each.query for each in again.records(Statement)] == [1, 2, 3, 4]
    assert again.records(Work) == before[Work] == [work]
    assert again.records(LoadError) == before[LoadError]
    assert again.last_query == 3
    again.close()


def test_records_are_kept_for_days_not_for_ever(tmp_path: Path, clock: ManualClock, journal: Journal) -> None:
    journal.add([statement(1, clock)])
    clock.advance(4 * DAY)
    journal.add([statement(2, clock)])
    assert [each.query for each in journal.records(Statement)] == [1, 2]

    clock.advance(2 * DAY)

    assert [each.query for each in journal.records(Statement)] == [2]
    journal.close()
    again = Journal(tmp_path / "system.sqlite", clock)
    assert [each.query for each in again.records(Statement)] == [2]
    again.close()


def test_each_kind_has_a_bound(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    journal.close()
    monkeypatch.setattr(module, "BOUNDS", {**BOUNDS, Statement: 5})
    small = Journal(tmp_path / "small.sqlite", clock)
    small.add(statement(query, clock) for query in range(1, 21))
    assert [each.query for each in small.records(Statement)] == [16, 17, 18, 19, 20]
    small.close()

    again = Journal(tmp_path / "small.sqlite", clock)

    assert [each.query for each in again.records(Statement)] == [16, 17, 18, 19, 20]
    again.close()


def test_what_is_made_later_is_there_when_somebody_asks(clock: ManualClock, journal: Journal) -> None:
    asked: list[int] = []

    def make() -> list[Statement]:
        asked.append(1)
        return [statement(1, clock)]

    journal.later(make)

    assert [each.query for each in journal.records(Statement)] == [1]
    assert asked == [1]


def test_a_record_that_cannot_be_made_is_a_fault_and_stops_no_other(clock: ManualClock, journal: Journal) -> None:
    def fail() -> list[Statement]:
        raise ValueError("no profile")

    journal.later(fail)
    journal.later(lambda: [statement(2, clock)])

    assert [each.query for each in journal.records(Statement)] == [2]
    assert [each.context for each in journal.records(Fault)] == ["ValueError: no profile"]


def test_many_waiting_makers_are_made_by_their_callers(
    clock: ManualClock, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)

    for query in range(1, 31):
        journal.later(lambda query=query: [statement(query, clock)])

    assert sorted(each.query for each in journal.records(Statement)) == list(range(1, 31))


def test_a_damaged_file_is_made_anew(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "system.sqlite"
    path.write_bytes(b"not a database at all" * 500)

    journal = Journal(path, clock)
    journal.add([statement(1, clock)])

    assert [each.query for each in journal.records(Statement)] == [1]
    journal.close()
    again = Journal(path, clock)
    assert [each.query for each in again.records(Statement)] == [1]
    again.close()


def test_the_file_is_the_users_alone(tmp_path: Path, journal: Journal) -> None:
    assert stat.S_IMODE((tmp_path / "system.sqlite").stat().st_mode) == 0o600
    assert journal.records(Statement) == []


def test_closing_twice_does_nothing(journal: Journal) -> None:
    journal.close()
    journal.close()

    assert journal._closing.is_set()
