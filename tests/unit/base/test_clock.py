import time
from datetime import UTC, datetime

from kit.base.clock import ManualClock, WallClock, instant, now, now_ms


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(datetime(2013, 7, 4, tzinfo=UTC))

    before = now(clock)
    clock.advance(1.5)

    assert before == datetime(2013, 7, 4, tzinfo=UTC)
    assert now(clock) == datetime(2013, 7, 4, 0, 0, 1, 500_000, tzinfo=UTC)


def test_sleeping_on_a_manual_clock_takes_its_time_and_not_ours() -> None:
    clock = ManualClock()
    start = now_ms(clock)

    clock.sleep(86_400)

    assert now_ms(clock) - start == 86_400_000


def test_a_manual_clock_can_jump_back() -> None:
    clock = ManualClock()
    start = clock.now_ns()

    clock.advance(-10)

    assert clock.now_ns() == start - 10_000_000_000


def test_the_wall_clock_tells_the_machines_time_in_utc() -> None:
    lower = time.time()

    told = instant(WallClock().now_ns())

    assert told.tzinfo is UTC
    assert lower - 0.001 <= told.timestamp() <= time.time()
