"""Following a stream past its limits: nothing missed, nothing twice, also across a resharding."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.base.clock import ManualClock, now_ms
from kit.streams.tail import Piece, tail

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def stream(tmp_path: Path, clock: ManualClock) -> Any:
    workspace = kit.open(tmp_path, clock=clock, seed=1)
    yield workspace.streams.create("s", shards=2)
    workspace.close()


def put(stream: Any, *texts: str) -> None:
    assert not [result for result in stream.put_records([(text, text) for text in texts]) if result.error_code]


def read(stream: Any, since: Any, clock: ManualClock, **options: Any) -> tuple[list[str], Piece]:
    piece = tail(stream, since, now_ms(clock), ["data"], **options)
    return sorted(value.decode() for batch in piece.batches for value in batch.column(0).to_pylist()), piece


def test_a_time_begins_it_and_positions_go_on(stream: Any, clock: ManualClock) -> None:
    put(stream, "too early")
    clock.advance(10)
    put(stream, "a", "b")

    first, piece = read(stream, START + timedelta(seconds=5), clock)
    nothing, unmoved = read(stream, piece.position, clock)
    put(stream, "c")
    then, _ = read(stream, unmoved.position, clock)

    assert (first, nothing, then) == (["a", "b"], [], ["c"])


def test_a_shard_without_records_since_then_is_not_read_from_its_beginning(stream: Any, clock: ManualClock) -> None:
    put(stream, *(f"old {number}" for number in range(20)))
    clock.advance(10)

    _, piece = read(stream, START + timedelta(seconds=5), clock)
    put(stream, "new")
    found, _ = read(stream, piece.position, clock)

    assert found == ["new"]


def test_it_tells_how_long_the_oldest_has_waited(stream: Any, clock: ManualClock) -> None:
    put(stream, "a")
    clock.advance(3)
    put(stream, "b")
    clock.advance(1)

    _, piece = read(stream, START, clock)
    _, at_the_tip = read(stream, piece.position, clock)

    assert (piece.behind_ms, at_the_tip.behind_ms) == (4_000, 0)


def test_a_long_way_is_gone_in_pieces(stream: Any, clock: ManualClock) -> None:
    put(stream, *(f"{number:02d}" for number in range(50)))
    found: list[str] = []
    position: Any = START
    steps = 0

    while True:
        texts, piece = read(stream, position, clock, limit=7)
        found += texts
        position = piece.position
        steps += 1
        if piece.is_whole:
            break

    assert sorted(found) == [f"{number:02d}" for number in range(50)]
    assert steps > 2


def test_shards_made_by_a_split_are_followed_from_their_first_record(stream: Any, clock: ManualClock) -> None:
    _, piece = read(stream, START, clock)
    put(stream, "before")
    stream.split("0")
    stream.split("1")
    put(stream, "a", "b", "c", "d")

    found, after = read(stream, piece.position, clock)
    put(stream, "e")
    then, _ = read(stream, after.position, clock)

    assert found == ["a", "b", "before", "c", "d"]
    assert then == ["e"]


def test_open_shards_are_counted_also_where_nothing_came(stream: Any, clock: ManualClock) -> None:
    put(stream, "a")

    _, piece = read(stream, START, clock)

    assert sorted(piece.counts.values()) == [0, 1]


def test_records_that_have_been_trimmed_away_are_passed_over(stream: Any, clock: ManualClock) -> None:
    put(stream, "a", "b")
    _, piece = read(stream, START - timedelta(days=3), clock)
    put(stream, "c")
    clock.advance(25 * 3600)
    put(stream, "d")

    found, after = read(stream, piece.position, clock)

    assert found == ["d"]
    assert after.is_whole
