from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.clock import ManualClock
from kit.streams import Streams
from kit.streams.errors import ProvisionedThroughputExceededException
from kit.streams.limits import SECOND_NS, WRITE_BYTES, ReadBudget, WriteBudget

FIRST = "shardId-000000000000"
FRESH = (0, 0, 0)
MIB = 1 << 20


def taken(stream: Any, count: int, data: bytes = b"x") -> int:
    """How many of so many records are not throttled, put by twos and fifties."""
    return sum(
        result.error_code is None
        for begin in range(0, count, 50)
        for result in stream.put_records([(data, "key")] * min(50, count - begin))
    )


def test_a_shard_takes_a_thousand_records_a_second(streams: Streams, clock: ManualClock) -> None:
    stream = streams.create("clicks")

    assert taken(stream, 1_500) == 1_000
    clock.advance(0.1)
    assert taken(stream, 500) == 100
    clock.advance(60)
    assert taken(stream, 1_500) == 1_000


def test_a_shard_takes_a_mebibyte_a_second_keys_included(streams: Streams, clock: ManualClock) -> None:
    stream = streams.create("clicks")

    assert taken(stream, 20, b"x" * (MIB // 10 - 3)) == 10
    clock.advance(0.5)
    assert taken(stream, 20, b"x" * (MIB // 10 - 3)) == 5


def test_each_shard_has_a_budget_of_its_own(streams: Streams) -> None:
    stream = streams.create("clicks", shards=3)
    results = [
        result
        for _ in range(10)
        for result in stream.put_records([(b"x", "k", str(place * (1 << 126))) for place in (0, 0, 0, 2)] * 50)
    ]

    stored = [result.shard_id for result in results if result.error_code is None]

    assert stored.count(FIRST) == 1_000
    assert len(stored) == 1_000 + 500


def test_a_single_put_over_the_limit_raises(streams: Streams) -> None:
    stream = streams.create("clicks")
    taken(stream, 1_000)

    with pytest.raises(ProvisionedThroughputExceededException, match=f"Rate exceeded for shard {FIRST}"):
        stream.put_record(b"x", "key")


def test_results_of_a_call_that_is_throttled_in_part_are_in_order(streams: Streams) -> None:
    stream = streams.create("clicks")
    taken(stream, 990)

    results = stream.put_records([(str(place), "key") for place in range(20)])

    assert [result.error_code for result in results] == [None] * 10 + ["ProvisionedThroughputExceededException"] * 10
    assert all(result.sequence_number is None and result.error_message for result in results[10:])
    numbers = [int(result.sequence_number or 0) for result in results[:10]]
    assert numbers == sorted(numbers)


def test_what_append_does_not_take_is_named_row_by_row(streams: Streams, clock: ManualClock) -> None:
    stream = streams.create("clicks", shards=2)
    keys = [f"user-{place % 7}" for place in range(5_000)]
    rows = pa.table({"data": [str(place) for place in range(5_000)], "partition_key": keys})

    appended = stream.append(rows)

    left = appended.throttled.to_pylist()
    assert appended.records == 2_000 == sum(run.records for run in appended.runs.values())
    assert left == sorted(set(left))
    assert len(left) == 3_000
    while left:
        clock.advance(1)
        again = stream.append(rows.take(left))
        left = [left[place] for place in again.throttled.to_pylist()]
    stored = sorted(int(data) for data in stream.table()["data"].to_pylist())
    assert stored == list(range(5_000))
    for shard in stream.shards():
        by_key: dict[str, list[int]] = {}
        table = stream.table(shards=[shard.shard_id])
        for key, data in zip(table["partition_key"].to_pylist(), table["data"].to_pylist(), strict=True):
            by_key.setdefault(key, []).append(int(data))
        assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_limits_are_shared_by_all_users_of_the_folder(open_streams: Callable[..., Streams]) -> None:
    one, other = open_streams(), open_streams()
    one.create("clicks")

    assert taken(one["clicks"], 700) == 700
    assert taken(other["clicks"], 700) == 300


def test_limits_can_be_turned_off_for_all_users(open_streams: Callable[..., Streams]) -> None:
    one, other = open_streams(), open_streams()
    one.create("clicks").limits(enforced=False)

    assert taken(other["clicks"], 3_000) == 3_000
    other["clicks"].limits(enforced=True)
    assert taken(one["clicks"], 3_000) == 1_000


def test_a_shard_gives_five_reads_a_second(streams: Streams, clock: ManualClock) -> None:
    stream = streams.create("clicks")
    iterator = stream.get_shard_iterator(FIRST)

    for _ in range(5):
        stream.get_records(iterator)
    with pytest.raises(ProvisionedThroughputExceededException):
        stream.get_records(iterator)
    clock.advance(0.2)
    stream.get_records(iterator)
    with pytest.raises(ProvisionedThroughputExceededException):
        stream.get_records(iterator)


def test_iterators_are_limited_to_five_a_second(streams: Streams, clock: ManualClock) -> None:
    stream = streams.create("clicks")

    for _ in range(5):
        stream.get_shard_iterator(FIRST)
    with pytest.raises(ProvisionedThroughputExceededException):
        stream.get_shard_iterator(FIRST)
    clock.advance(0.2)
    stream.get_shard_iterator(FIRST)


def filled(streams: Streams, mib: int) -> Any:
    """A stream of one shard that holds so many MiB, in records of 64 KiB."""
    stream = streams.create("clicks")
    stream.limits(enforced=False)
    for _ in range(mib):
        stream.put_records([(b"x" * (MIB // 16 - 1), "k")] * 16)
    stream.limits(enforced=True)
    return stream


def test_an_answer_has_ten_mebibytes_and_blocks_the_shard_for_five_seconds(
    streams: Streams, clock: ManualClock
) -> None:
    stream = filled(streams, 12)

    page = stream.get_records(stream.get_shard_iterator(FIRST))

    assert sum(len(record.data) + 1 for record in page.records) == 10 * MIB
    assert page.millis_behind_latest > 0
    for _ in range(2):
        clock.advance(2.4)
        with pytest.raises(ProvisionedThroughputExceededException):
            stream.get_records(page.next_iterator)
    clock.advance(0.3)
    rest = stream.get_records(page.next_iterator)
    assert len(rest.records) == 32
    assert rest.millis_behind_latest == 0


def test_reading_more_than_two_mebibytes_a_second_blocks_the_shard_for_a_second(
    streams: Streams, clock: ManualClock
) -> None:
    stream = filled(streams, 6)

    page = stream.get_records(stream.get_shard_iterator(FIRST), limit=40)

    clock.advance(0.9)
    with pytest.raises(ProvisionedThroughputExceededException):
        stream.get_records(page.next_iterator, limit=1)
    clock.advance(0.2)
    assert stream.get_records(page.next_iterator, limit=1).records


def test_reading_the_log_as_a_whole_is_not_limited(streams: Streams) -> None:
    stream = filled(streams, 12)

    for _ in range(7):
        assert stream.table().num_rows == 12 * 16


def test_a_stream_on_demand_grows_when_it_is_throttled_but_not_twice_in_a_row(
    streams: Streams, clock: ManualClock
) -> None:
    stream = streams.create("clicks", mode="ON_DEMAND")
    assert len(stream.shards()) == 4

    def throttle() -> int:
        while not stream.append(pa.table({"data": ["x"] * 500, "partition_key": ["k"] * 500})).throttled:
            pass
        return sum(shard.is_open for shard in stream.shards())

    assert throttle() == 8
    assert throttle() == 8
    clock.advance(901)
    assert throttle() == 16


def test_a_budget_is_full_at_first_and_refills_with_time() -> None:
    count, budget = WriteBudget.at(FRESH, 100 * SECOND_NS).admit([1] * 2_000)
    assert count == 1_000
    assert WriteBudget.at(budget, 100 * SECOND_NS + SECOND_NS // 2).admit([1] * 2_000)[0] == 500
    assert WriteBudget.at(budget, 200 * SECOND_NS).admit([1] * 2_000)[0] == 1_000


@given(st.lists(st.integers(1, SECOND_NS // 500), min_size=1, max_size=50))
def test_a_budget_refills_by_the_same_however_often_it_is_looked_at(steps: list[int]) -> None:
    _, empty = WriteBudget.at(FRESH, SECOND_NS).admit([1_000] * 1_000)
    often = empty
    for step in steps:
        often = WriteBudget.at(often, often.at_ns + step)

    assert often == WriteBudget.at(empty, SECOND_NS + sum(steps))


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    _, budget = WriteBudget.at(FRESH, 100 * SECOND_NS).admit([1] * 400)

    later = WriteBudget.at(budget, 50 * SECOND_NS)

    assert (later.records, later.at_ns) == (600 * SECOND_NS, 50 * SECOND_NS)
    assert WriteBudget.at(later, 50 * SECOND_NS + SECOND_NS // 10).records == 700 * SECOND_NS


def test_a_record_larger_than_a_seconds_bytes_is_taken_once_the_budget_is_full() -> None:
    count, budget = WriteBudget.at(FRESH, 100 * SECOND_NS).admit([5 * WRITE_BYTES])
    assert count == 1

    taken = {second: WriteBudget.at(budget, second * SECOND_NS).admit([1])[0] for second in range(100, 108)}

    assert taken == {100: 0, 101: 0, 102: 0, 103: 0, 104: 0, 105: 1, 106: 1, 107: 1}


def test_a_block_does_not_outlast_a_clock_that_is_moved_back() -> None:
    blocked = ReadBudget.at((0,) * 5, 10_000 * SECOND_NS).answer(10 * MIB, full=True)

    assert ReadBudget.at(blocked, 10_001 * SECOND_NS).call() is None
    early = ReadBudget.at(blocked, 100 * SECOND_NS)
    assert early.call() is None
    assert ReadBudget.at(early, 105 * SECOND_NS).call() is not None
