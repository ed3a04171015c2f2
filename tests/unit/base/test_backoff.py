from hypothesis import given
from hypothesis import strategies as st

from kit.base.backoff import Backoff
from kit.base.ids import Entropy


@given(st.integers(0, 10_000), st.integers(0, 1 << 16), st.floats(1, 1_000), st.floats(1, 1e6))
def test_a_wait_lies_between_a_millisecond_and_its_bound(failures, seed, base_ms, cap_ms):
    delay_ms = Backoff(base_ms, cap_ms).delay_ms(failures, Entropy(seed))

    assert 1.0 <= delay_ms <= max(1.0, min(cap_ms, base_ms * 2.0 ** min(max(failures - 1, 0), 30)))


def test_waits_are_spread_over_the_whole_interval():
    entropy = Entropy(1)
    waits = [Backoff(100, 10_000).delay_ms(4, entropy) for _ in range(1_000)]

    assert min(waits) < 50
    assert max(waits) > 750
    assert 350 < sum(waits) / len(waits) < 450


def test_waits_under_a_seed_repeat():
    def waits():
        entropy = Entropy(7)
        return [Backoff().delay_ms(failures, entropy) for failures in range(1, 9)]

    assert waits() == waits()
