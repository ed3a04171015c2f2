"""Whatever the function answers: every record is processed or given up once, in the order of its key; the checkpoint
never passes a record that is neither."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.base.backoff import Backoff
from kit.base.clock import instant
from kit.base.ids import Entropy
from kit.streams.trigger.dispatch import Dispatch
from kit.streams.trigger.lane import Verdict
from kit.streams.trigger.options import MappingOptions

OPTIONS = st.builds(
    MappingOptions,
    batch_size=st.integers(1, 12),
    maximum_batching_window_in_seconds=st.sampled_from([0, 2]),
    bisect_batch_on_function_error=st.booleans(),
    maximum_retry_attempts=st.sampled_from([-1, 0, 2]),
    maximum_record_age_in_seconds=st.sampled_from([-1, 60]),
    parallelization_factor=st.sampled_from([1, 3]),
)
WINDOWED = st.builds(
    MappingOptions,
    batch_size=st.integers(1, 12),
    bisect_batch_on_function_error=st.booleans(),
    maximum_retry_attempts=st.just(-1),
    tumbling_window_in_seconds=st.sampled_from([1, 7]),
)
# Records arrive: how many, and how many milliseconds after those before.
ARRIVALS = st.lists(st.tuples(st.integers(0, 15), st.sampled_from([0, 1, 400, 5_000, 70_000])), min_size=1, max_size=12)
# What becomes of a call: the share of its records that go well; None where it raises.
FATES = st.lists(st.sampled_from([1.0, 1.0, None, 0.0, 0.5]), max_size=60)


def answer(number, key, at_ms):
    return {
        "SequenceNumber": f"{number:056d}",
        "PartitionKey": key,
        "Data": b"%d" % number,
        "ApproximateArrivalTimestamp": instant(at_ms * 1_000_000),
    }


def run(options, arrivals, fates, on_call, seed, finals=None):
    """Drive a dispatch until all is done; what was processed, what was discarded, and the checkpoints."""
    dispatch = Dispatch(options, 3_600_000, Backoff(base_ms=10, cap_ms=50_000), Entropy(seed))
    drawn = iter(fates)
    now = number = 0
    processed, discarded, checkpoints = [], [], []

    def turn(now):
        for discard in dispatch.expire(now):
            discarded.extend(discard.items)
        due = dispatch.due(now)
        for lane, call in due:
            share = next(drawn, 1.0)
            state = on_call(call, share)
            if share is None:
                verdict = Verdict("id", failed_from=0, unhandled=True)
            elif share < 1 and call.items:
                verdict = Verdict("id", failed_from=int(share * len(call.items)), state=state)
            else:
                verdict = Verdict("id", state=state)
            if not (call.window and call.window.final):
                processed.extend(call.items[: len(call.items) if verdict.failed_from is None else verdict.failed_from])
            for discard in dispatch.settle(lane, call, verdict, now):
                discarded.extend(discard.items)
        done = dispatch.done_up_to()
        if done is not None:
            checkpoints.append(int(done))
            finished = {int(item.answer["SequenceNumber"]) for item in (*processed, *discarded)}
            if finals is not None:
                finished = {sequence for _, seen in finals for _, sequence in seen} | {
                    int(item.answer["SequenceNumber"]) for item in discarded
                }
            assert set(range(checkpoints[-1] + 1)) <= finished
        return bool(due)

    batches = [*arrivals, (0, 0)]
    for position, (count, later_ms) in enumerate(batches):
        now += later_ms
        answers = [answer(number + offset, f"k{(number + offset) % 3}", now) for offset in range(count)]
        number += count
        dispatch.accept(answers, now, behind_ms=0, ended=position == len(batches) - 1)
        turn(now)
    for _ in range(10_000):
        if dispatch.is_idle():
            break
        due_ms = dispatch.due_ms(now)
        assert due_ms is not None, "work is left, and nothing is due"
        now = max(now, int(due_ms) + (due_ms > int(due_ms)))
        turn(now)
    assert dispatch.is_idle()
    turn(now)
    return number, processed, discarded, checkpoints


@settings(max_examples=300, deadline=None)
@given(OPTIONS, ARRIVALS, FATES, st.integers(0, 1 << 16))
def test_every_record_is_processed_or_given_up_once_in_the_order_of_its_key(options, arrivals, fates, seed):
    calls = []

    def on_call(call, share):
        calls.append(call)
        assert 1 <= len(call.items) <= options.batch_size

    number, processed, discarded, checkpoints = run(options, arrivals, fates, on_call, seed)

    sequences = [int(item.answer["SequenceNumber"]) for item in processed]
    given_up = [int(item.answer["SequenceNumber"]) for item in discarded]
    assert sorted(sequences + given_up) == list(range(number))
    by_key = defaultdict(list)
    for sequence in sequences:
        by_key[sequence % 3].append(sequence)
    assert all(seen == sorted(seen) for seen in by_key.values())
    assert checkpoints == sorted(checkpoints)
    assert checkpoints[-1:] == ([number - 1] if number else [])


@settings(max_examples=300, deadline=None)
@given(WINDOWED, ARRIVALS, FATES, st.integers(0, 1 << 16))
def test_final_states_hold_every_record_of_their_window_once(options, arrivals, fates, seed):
    finals = []

    def on_call(call, share):
        part = call.window
        if part.final:
            if share == 1.0 or (share is not None and not call.items):
                finals.append((part.start_ms, part.state.get("seen", [])))
            return None
        if share is None:
            return None
        good = call.items[: int(share * len(call.items))]
        seen = part.state.get("seen", []) + [(item.arrival_ms, int(item.answer["SequenceNumber"])) for item in good]
        return {"seen": seen}

    number, _, discarded, _ = run(options, arrivals, fates, on_call, seed, finals)

    size_ms = options.tumbling_window_in_seconds * 1000
    held = [sequence for _, seen in finals for _, sequence in seen]
    assert sorted(held + [int(item.answer["SequenceNumber"]) for item in discarded]) == list(range(number))
    assert all(arrival // size_ms * size_ms == start for start, seen in finals for arrival, _ in seen)
    assert len({start for start, _ in finals}) == len(finals)
