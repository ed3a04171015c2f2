"""Cron expressions of AWS: when they are due, and which are none."""

from datetime import UTC, datetime, timedelta

import pytest

from kit.base.cron import Cron
from kit.base.errors import KitError

START = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("cron(15 12 * * ? *)", ["2026-01-30 12:15", "2026-01-31 12:15"]),
        ("cron(0 10 * * ? *)", ["2026-01-31 10:00"]),
        ("cron(0/15 * * * ? *)", ["2026-01-30 10:15", "2026-01-30 10:30", "2026-01-30 10:45", "2026-01-30 11:00"]),
        ("cron(5,35 8-9 * * ? *)", ["2026-01-31 08:05", "2026-01-31 08:35", "2026-01-31 09:05", "2026-01-31 09:35"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-30 18:00", "2026-02-02 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-02-01 08:00", "2026-03-01 08:00"]),
        ("cron(0 0 L * ? *)", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 29 FEB ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 31W * ? *)", ["2026-03-31 00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-02-02 00:00", "2026-03-02 00:00", "2026-04-01 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-02-27 00:00"]),
        ("cron(0 0 ? * 2#1 *)", ["2026-02-02 00:00", "2026-03-02 00:00"]),
        ("cron(0 0 ? * SAT#5 *)", ["2026-01-31 00:00", "2026-05-30 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-02-27 00:00", "2026-03-27 00:00"]),
        ("cron(0 0 ? * L *)", ["2026-01-31 00:00", "2026-02-28 00:00"]),
        ("cron(0 0 1 1 ? 2027)", ["2027-01-01 00:00"]),
    ],
)
def test_the_next_due_instants(expression: str, due: list[str]) -> None:
    cron = Cron.parse(expression)
    moment = START
    found = []
    for _ in due:
        later = cron.next_after(moment)
        assert later is not None
        moment = later
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    assert found == due


def test_a_schedule_that_is_over_is_never_due_again() -> None:
    assert Cron.parse("cron(0 0 1 1 ? 2025)").next_after(START) is None


def test_seconds_are_cut_off_before_the_next_minute_is_looked_for() -> None:
    assert Cron.parse("cron(1 10 * * ? *)").next_after(START + timedelta(seconds=59)) == START + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expression", "is_more_frequent"),
    [
        ("cron(0/5 * * * ? *)", False),
        ("cron(0/4 * * * ? *)", True),
        ("cron(0,4 12 * * ? *)", True),
        ("cron(0,59 * * * ? *)", True),
        ("cron(0,59 12 * * ? *)", False),
        ("cron(0 0 29 2 ? *)", False),
    ],
)
def test_the_shortest_gap_between_two_instants(expression: str, is_more_frequent: bool) -> None:
    assert Cron.parse(expression).is_more_frequent_than(timedelta(minutes=5)) is is_more_frequent


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("0 12 * * ? *", "it has not six fields in cron(...)"),
        ("cron(0 12 * * ?)", "it has not six fields in cron(...)"),
        ("cron(0 12 * * * *)", "one of day-of-month and day-of-week is '?', and the other says the days"),
        ("cron(0 12 ? * ? *)", "one of day-of-month and day-of-week is '?', and the other says the days"),
        ("cron(60 12 * * ? *)", "'60' is no value for minutes, which goes from 0 to 59"),
        ("cron(0 12 * FOO ? *)", "'FOO' is no value for month, which goes from 1 to 12"),
        ("cron(0 12-8 * * ? *)", "'12-8' in hours ends before it begins"),
        ("cron(0/0 12 * * ? *)", "'0/0' in minutes has no step"),
        ("cron(0 12 ? * MON#6 *)", "'6' is no value for the week of the month, which goes from 1 to 5"),
        ("cron(0 12 32W * ? *)", "'32' is no value for day-of-month, which goes from 1 to 31"),
    ],
)
def test_what_is_no_cron_expression_says_why(expression: str, why: str) -> None:
    with pytest.raises(KitError) as info:
        Cron.parse(expression)
    assert info.value.code == "InvalidInputException"
    assert info.value.message == f"The schedule '{expression}' is no cron expression: {why}."
