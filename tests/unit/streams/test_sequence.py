import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.streams import sequence, sequence_column
from kit.streams.sequence import Position

SECONDS = st.integers(1_000_000_000, 4_000_000_000)
INDEXES = st.integers(0, sequence.LAST_INDEX)
SHARDS = st.integers(0, 100_000)


@given(shard=SHARDS, created_s=SECONDS, index=INDEXES, arrival_s=SECONDS)
def test_a_number_says_where_it_comes_from(shard: int, created_s: int, index: int, arrival_s: int) -> None:
    position = Position(shard, created_s, index, arrival_s)

    number = sequence.encode(position)

    assert len(number) == sequence.DIGITS
    assert sequence.decode(number) == position


def test_the_layout_is_the_documented_one() -> None:
    number = sequence.encode(Position(shard=0x2B, created_s=0x6553F100, index=0xABC, arrival_s=0x6553F2FF))

    assert f"{int(number):x}" == "2" + "06553f100" + "b" + "0000000000000abc" + "00" + "06553f2ff" + "0000002b" + "2"


@given(shard=SHARDS, created_s=SECONDS, index=st.integers(0, 2**62), one=SECONDS, other=SECONDS)
def test_a_later_record_has_a_greater_number_whatever_the_clock_did(
    shard: int, created_s: int, index: int, one: int, other: int
) -> None:
    earlier = sequence.encode(Position(shard, created_s, index, one))
    later = sequence.encode(Position(shard, created_s, index + 1, other))

    assert int(earlier) < int(later)
    assert earlier < later


@pytest.mark.parametrize("text", ["", "0", "17", "x" * 56, "9" * 56, "٣" * 56, "4" * 57, "-" + "4" * 55])
def test_what_is_no_number_of_this_layout_is_told(text: str) -> None:
    assert sequence.decode(text) is None


RUNS = st.lists(
    st.tuples(SECONDS, st.one_of(st.integers(1, 5), st.sampled_from([255, 4_096, 16_383, 16_384, 16_385]))),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(
    shard=SHARDS,
    created_s=SECONDS,
    first=st.integers(0, 2**62),
    runs=RUNS,
    gap=st.sampled_from([0, 1, 429_490, 429_500, 2**40]),
)
def test_a_column_holds_the_same_digits_as_the_numbers_one_by_one(
    shard: int, created_s: int, first: int, runs: list[tuple[int, int]], gap: int
) -> None:
    indexes: list[int] = []
    seconds: list[int] = []
    for arrival_s, count in runs:
        indexes += range(first, first + count)
        seconds += [arrival_s] * count
        first += count + gap

    column = sequence_column.column(sequence.shard_base(shard, created_s), np.array(indexes), np.array(seconds))

    column.validate(full=True)
    assert column.to_pylist() == [
        sequence.encode(Position(shard, created_s, index, second))
        for index, second in zip(indexes, seconds, strict=True)
    ]


@pytest.mark.parametrize("before", [0, 1, 100, 4_000, 4_096, 5_000])
def test_a_carry_into_the_upper_digits_is_right(before: int) -> None:
    base = sequence.shard_base(1, 1_700_000_000)
    step, low_end = 1 << sequence.INDEX_SHIFT, 10**32
    start = base + sequence.offset(0, 1_700_000_000)
    first = ((start // low_end + 1) * low_end - start) // step - before

    column = sequence_column.column(base, np.arange(first, first + 6_000), np.full(6_000, 1_700_000_000))

    assert column.to_pylist() == [str(start + (first + place) * step) for place in range(6_000)]


def test_a_column_of_no_records_is_empty() -> None:
    column = sequence_column.column(sequence.shard_base(1, 1), np.array([], np.int64), np.array([], np.int64))

    assert column.to_pylist() == []
