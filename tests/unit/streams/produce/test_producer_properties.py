"""Whatever fails on the way: each key's records arrive in the order of their puts, none is lost, none is doubled."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.produce.options import ProducerOptions
from kit.streams.produce.producer import Producer

THROTTLED = "ProvisionedThroughputExceededException"

OPTIONS = st.builds(
    ProducerOptions,
    aggregation_max_count=st.sampled_from([1, 2, 1 << 32]),
    aggregation_max_bytes=st.sampled_from([200, 51_200]),
    request_max_records=st.sampled_from([2, 500]),
    linger_ms=st.sampled_from([0, 10, 1_000]),
    record_ttl_ms=st.none(),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5), st.sampled_from([0, 1, 40, 500])),
        st.tuples(st.just("put"), st.integers(0, 5), st.sampled_from([0, 1, 40, 500])),
        st.tuples(st.just("put"), st.integers(0, 5), st.sampled_from([0, 1, 40, 500])),
        st.tuples(st.just("advance"), st.integers(1, 2_000)),
        st.tuples(st.just("flush")),
        st.tuples(st.just("split"), st.integers(0, 7)),
        st.tuples(st.just("merge"), st.integers(0, 7)),
    ),
    max_size=60,
)
FATES = st.lists(st.sampled_from([None, None, THROTTLED, "InternalFailure"]), max_size=60)
CALLS = st.lists(st.sampled_from(["answered", "answered", "refused", "lost answer"]), max_size=20)


@settings(max_examples=300, deadline=None)
@given(
    options=OPTIONS,
    steps=STEPS,
    fates=FATES,
    calls=CALLS,
    shards=st.integers(1, 4),
    seed=st.integers(0, 1 << 16),
    reshard_in_call=st.booleans(),
)
def test_order_per_key_survives_whatever_fails(
    failing_kinesis, options, steps, fates, calls, shards, seed, reshard_in_call
):
    clock = ManualClock()
    kinesis = failing_kinesis(shards, clock)
    drawn = iter(fates)
    kinesis.fate = lambda position, entry: next(drawn, None)
    outcomes = iter(calls)
    outcome = "answered"
    answers_lost = 0
    reshardings: list[tuple[str, int]] = []

    def before_call():
        nonlocal outcome
        outcome = next(outcomes, "answered")
        while reshardings:  # between the producer's look at the shards and the stream's
            reshard(kinesis, *reshardings.pop())
        if outcome == "refused":
            raise KitError(THROTTLED, "Slow down.")

    def after_call():
        nonlocal answers_lost
        if outcome == "lost answer":
            answers_lost += 1
            raise KitError("InternalFailure", "The answer was lost.")

    kinesis.before_call, kinesis.after_call = before_call, after_call
    producer = Producer(kinesis, "s", clock=clock, entropy=Entropy(seed), options=options, background=False)
    put: dict[str, list[bytes]] = defaultdict(list)
    deliveries = []

    for number, step in enumerate(steps):
        match step:
            case ("put", key, size):
                data = b"%d:" % number + b"x" * size
                put[f"k{key}"].append(data)
                deliveries.append(producer.put(data, f"k{key}"))
            case ("advance", ms):
                clock.advance(ms / 1_000)
            case ("flush",):
                producer.flush()
            case (kind, position):
                if reshard_in_call:
                    reshardings.append((kind, position))
                else:
                    reshard(kinesis, kind, position)
    producer.close()

    seen: dict[str, list[bytes]] = defaultdict(list)
    for key, data in kinesis.delivered():
        seen[key].append(data)
    assert {key: list(dict.fromkeys(records)) for key, records in seen.items()} == put
    if not answers_lost:
        assert seen == put
    assert all(delivery.result().attempts >= 1 for delivery in deliveries)
    metrics = producer.metrics
    assert (metrics.user_records_put, metrics.user_records_pending) == (len(deliveries), 0)
    assert (producer._buffer.held_bytes, producer._buffer.waiting) == (0, 0)


def reshard(kinesis, kind, position):
    if kind == "split" and kinesis.open_count() < 8:
        kinesis.split(position % kinesis.open_count())
    elif kind == "merge" and kinesis.open_count() > 1:
        kinesis.merge(position % (kinesis.open_count() - 1))
