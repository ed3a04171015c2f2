import hashlib
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.streams import hashing


def starts(shards: int) -> list[bytes]:
    return [low.to_bytes(16, "big") for low, _ in hashing.even_ranges(shards)]


def test_a_hash_key_is_the_big_endian_md5() -> None:
    assert hashing.hash_key("user-1") == int(hashlib.md5(b"user-1").hexdigest(), 16)
    assert hashing.hash_key("ü") == int(hashlib.md5("ü".encode()).hexdigest(), 16)


@given(st.integers(1, 1_000))
def test_even_ranges_cover_all_keys_without_a_gap(shards: int) -> None:
    ranges = hashing.even_ranges(shards)

    assert len(ranges) == shards
    assert (ranges[0][0], ranges[-1][1]) == (0, hashing.LAST_HASH_KEY)
    assert all(high + 1 == low for (_, high), (low, _) in pairwise(ranges))


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 64, 1_000])
@pytest.mark.parametrize(
    "keys",
    [
        [f"user-{place}" for place in range(100)],
        [f"user-{place}" for place in range(20_000)],
        [f"user-{place % 50}" for place in range(20_000)],
        ["ü", "", "'; DROP TABLE keys", "\0", "x" * 300] * 2_000,
    ],
    ids=["few", "distinct", "repeated", "odd"],
)
def test_many_keys_are_placed_as_one_by_one(shards: int, keys: list[str]) -> None:
    ranges = hashing.even_ranges(shards)

    found = hashing.places(pa.array(keys), starts(shards)).to_pylist()

    assert len(found) == len(keys)
    for key, place in zip(keys, found, strict=True):
        low, high = ranges[place]
        assert low <= hashing.hash_key(key) <= high


def test_ranges_that_begin_between_the_first_digits_are_told_apart() -> None:
    keys = [f"user-{place}" for place in range(10_000)]
    bounds = sorted(
        {0, *(hashing.hash_key(key) for key in keys[:50]), *(hashing.hash_key(key) + 1 for key in keys[:9])}
    )

    found = hashing.places(pa.array(keys), [bound.to_bytes(16, "big") for bound in bounds]).to_pylist()

    for key, place in zip(keys, found, strict=True):
        after = bounds[place + 1] if place + 1 < len(bounds) else 1 << 128
        assert bounds[place] <= hashing.hash_key(key) < after
