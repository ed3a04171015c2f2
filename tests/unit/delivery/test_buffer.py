import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kit.delivery.buffer import Batch, Buffer, chunks
from kit.delivery.configuration import Buffering
from kit.delivery.limits import MIB
from kit.delivery.progress import Range


def batch(shard, first, sizes, arrival_ms=0):
    return Batch(shard, first, pa.array(sizes, pa.int32()), pa.array([arrival_ms] * len(sizes), pa.int64()))


def test_the_record_that_reaches_the_size_is_the_last_one():
    buffer = Buffer()

    buffer.add(batch(0, 5, [MIB // 2, MIB // 2 - 1, 1, 7]), Buffering(1, 900), 0)

    assert buffer.is_full
    assert buffer.ranges == (Range(0, 5, 8),)
    assert buffer.bytes == MIB


def test_a_delivery_is_due_by_size_or_when_the_buffer_has_waited():
    buffer, buffering = Buffer(), Buffering(1, 60)
    assert not buffer.is_due(buffering, 0)

    buffer.add(batch(0, 1, [10], 1_000), buffering, 30_000)

    assert not buffer.is_due(buffering, 60_999)
    assert buffer.is_due(buffering, 61_000)


def test_a_clock_that_jumps_back_begins_the_wait_anew():
    buffer, buffering = Buffer(), Buffering(1, 60)
    buffer.add(batch(0, 1, [10], 1_000_000), buffering, 1_000_000)

    assert not buffer.is_due(buffering, 5_000)
    assert buffer.is_due(buffering, 65_000)
    assert buffer.waited_ms(5_000) == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 700_000), min_size=1, max_size=6)), max_size=8))
def test_what_is_taken_is_a_begin_of_each_shard_and_no_more_than_reaches_the_size(batches):
    buffer, buffering = Buffer(), Buffering(1, 900)
    given_by_shard: dict[int, list[int]] = {}

    for shard, sizes in batches:
        held = given_by_shard.setdefault(shard, [])
        if not buffer.is_full:
            buffer.add(batch(shard, len(held), sizes), buffering, 0)
        held += sizes

    taken = {part.shard: given_by_shard[part.shard][part.begin : part.end] for part in buffer.ranges}
    assert all(part.begin == 0 for part in buffer.ranges)
    assert buffer.bytes == sum(sum(sizes) for sizes in taken.values())
    assert buffer.records == sum(map(len, taken.values()))
    total = sum(map(sum, given_by_shard.values()))
    assert buffer.is_full == (total >= MIB)
    if buffer.is_full:
        assert MIB <= buffer.bytes < MIB + 700_000


@given(st.lists(st.integers(0, 50)), st.integers(1, 100), st.integers(1, 5))
def test_chunks_hold_everything_in_order_within_their_bounds(sizes, limit_bytes, limit_records):
    cut = list(chunks(sizes, limit_bytes, limit_records))

    assert [sizes[begin:end] for begin, end in cut] == [sizes[begin:end] for begin, end in cut if end > begin]
    assert [each for begin, end in cut for each in sizes[begin:end]] == sizes
    for begin, end in cut:
        assert end - begin <= limit_records
        assert end - begin == 1 or sum(sizes[begin:end]) <= limit_bytes
