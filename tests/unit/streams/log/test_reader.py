from collections.abc import Callable
from typing import Any

import pytest

from kit.streams.log.reader import KEPT_SEGMENTS
from kit.streams.log.segment import CorruptSegmentError


@pytest.fixture
def log(open_log: Callable[..., Any], small_segments: None) -> Any:
    """A hundred records over many segments, two a second, in rows and batches."""
    log = open_log()
    for place in range(0, 100, 10):
        log.put(*[b"%d" % (place + each) for each in range(5)], arrival_ms=500 * place)
        log.put_batch(*[b"%d" % (place + 5 + each) for each in range(5)], arrival_ms=500 * place + 200)
    return log


def test_rows_begin_at_the_index_and_end_at_the_limit(log: Any) -> None:
    for index in (1, 2, 5, 6, 11, 50, 96, 100):
        for limit in (1, 4, 5, 17):
            found = log.log.files().reader.rows(index, limit, 1 << 20)
            expected = [b"%d" % (each - 1) for each in range(index, min(index + limit, 101))]
            assert (found.first_index, found.data) == (index, expected)


def test_rows_end_at_the_limit_of_bytes_but_hold_one_record_at_least(log: Any) -> None:
    reader = log.log.files().reader

    assert len(reader.rows(1, 100, 20).data) == 5
    assert len(reader.rows(1, 100, 0).data) == 1


def test_behind_the_end_there_is_nothing(log: Any) -> None:
    found = log.log.files().reader.rows(101, 10, 1 << 20)

    assert (found.first_index, found.data) == (101, [])


def test_batches_cover_exactly_the_indexes_asked_for(log: Any) -> None:
    for begin, end in ((1, 101), (3, 4), (5, 97), (90, 500), (1, 1)):
        held = list(log.log.files().reader.batches(begin, end))
        data = [value for _, rows in held for value in rows.column("data").to_pylist()]
        assert data == [b"%d" % (each - 1) for each in range(begin, min(end, 101))]
        assert [first for first, _ in held] == sorted(first for first, _ in held)


def test_the_index_for_a_time_is_the_first_that_arrived_then_or_later(log: Any) -> None:
    reader = log.log.files().reader
    arrivals = reader.rows(1, 200, 1 << 20).arrivals_ms

    for time_ms in range(0, 50_000, 97):
        expected = next((index for index, arrival in enumerate(arrivals, 1) if arrival >= time_ms), 101)
        assert reader.index_at(time_ms) == expected


def test_reading_goes_on_behind_what_was_trimmed_meanwhile(log: Any) -> None:
    reader = log.log.files().reader
    assert reader.rows(1, 1, 1 << 20).data == [b"0"]

    log.log.settle(horizon_ms=20_000)

    index, seen = 1, []
    while (found := reader.rows(index, 1_000, 1 << 20)).data:
        assert found.data == [
            b"%d" % (each - 1) for each in range(found.first_index, found.first_index + len(found.data))
        ]
        index = found.first_index + len(found.data)
        seen += found.data
    # What the reader still had mapped it may give, what follows has no gap.
    assert seen[-55:] == [b"%d" % each for each in range(45, 100)]
    assert len(seen) < 100


def test_few_segments_are_kept_open(log: Any) -> None:
    reader = log.log.files().reader
    for index in range(1, 101):
        reader.rows(index, 1, 1 << 20)

    assert len(reader._sealed) <= KEPT_SEGMENTS


@pytest.mark.parametrize("finished", [1, 2, 3, 4])
def test_the_index_for_a_time_is_found_while_the_active_segment_is_empty(
    open_log: Callable[..., Any], disk: Any, small_segments: None, finished: int
) -> None:
    log = open_log()
    log.put(*[b"%d" % place for place in range(8 * finished)], arrival_ms=1_000)
    write = disk.write

    def fail_the_first_record(fd: int, parts: Any, offset: int) -> None:
        if len(parts) == 1 and bytes(parts[0]).endswith(b"\0" * 8) and b"lost" in bytes(parts[0]):
            raise OSError(28, "No space left on device")
        write(fd, parts, offset)

    disk.write = fail_the_first_record
    with pytest.raises(OSError, match="No space"):
        log.put(b"lost", arrival_ms=2_000)

    reader = log.log.files().reader
    assert reader.tail().segment == reader.tail().next_index == 8 * finished + 1
    assert reader.index_at(0) == reader.index_at(1_000) == 1
    assert reader.index_at(1_001) == 8 * finished + 1


def test_a_reader_whose_view_is_old_reads_on_where_segments_were_finished_and_rewritten_meanwhile(
    open_log: Callable[..., Any], small_segments: None
) -> None:
    log = open_log()
    data = [b"%d" % place for place in range(40)]
    log.put(*data[:3])
    reader = log.log.files().reader
    pieces = reader._pieces(1, reader.tail())
    old = reader.tail()
    log.put(*data[3:])

    seen = [row[1] for piece in pieces for row in piece.records(0, 100)]
    again = [row[1] for piece in reader._pieces(1, old) for row in piece.records(0, 100)]

    assert seen[:3] == again[:3] == data[:3]
    assert seen == data[: len(seen)]
    assert again == data[: len(again)]
    assert log.data() == data


def test_a_reader_whose_view_is_old_goes_on_behind_what_was_trimmed(
    open_log: Callable[..., Any], small_segments: None
) -> None:
    log = open_log()
    log.put(*[b"%d" % place for place in range(3)], arrival_ms=1_000)
    reader = log.log.files().reader
    old = reader.tail()
    reader.close()
    log.put(*[b"%d" % place for place in range(3, 40)], arrival_ms=5_000)

    log.log.settle(horizon_ms=5_000)

    seen = [row[1] for piece in reader._pieces(1, old) for row in piece.records(0, 100)]
    assert seen == log.data()
    assert reader.index_at(0) == reader.first_index() > 8


def test_files_that_are_gone_are_named(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    reader = log.log.files().reader
    reader.tail()
    log.active().unlink()

    for ask in (lambda: reader.rows(1, 10, 100), lambda: reader.index_at(0), reader.first_index):
        with pytest.raises(CorruptSegmentError, match="gone"):
            ask()
