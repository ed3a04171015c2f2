import logging
import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from kit.base.clock import WallClock, now
from kit.base.errors import KitError
from kit.streams.aggregate import UserRecord, aggregate
from kit.streams.consume.checkpoint import After, AtTimestamp, ShardEnd, TrimHorizon
from kit.streams.consume.options import ConsumerOptions
from kit.streams.hashing import hash_key

A, B = "shardId-000000000000", "shardId-000000000001"


def key_of(kinesis, shard_id, start=0):
    """A partition key that goes to the shard."""
    shard = kinesis[shard_id]
    return next(f"k{n}" for n in range(start, start + 10_000) if shard.first <= hash_key(f"k{n}") <= shard.last)


def fill(kinesis, shard_id, count, start=0):
    key = key_of(kinesis, shard_id)
    return [kinesis.put(key, b"%d" % number) for number in range(start, start + count)]


class Log:
    """A processor whose calls are kept, one list for all shards of a consumer."""

    def __init__(self, events, fail=None):
        self.events = events
        self.fail = fail or (lambda records: None)

    def initialize(self, shard_id):
        self.shard_id = shard_id
        self.events.append(("initialize", shard_id))

    def process_records(self, records, checkpointer, millis_behind_latest):
        self.fail(records)
        self.events.append(("process", self.shard_id, [record.data for record in records]))

    def lease_lost(self):
        self.events.append(("lost", self.shard_id))

    def shard_ended(self, checkpointer):
        self.events.append(("ended", self.shard_id))

    def shutdown_requested(self, checkpointer):
        self.events.append(("shutdown", self.shard_id))
        checkpointer.checkpoint()


def test_a_function_gets_the_records_of_one_shard_at_a_time_in_order(kinesis, make_consumer):
    fill(kinesis, A, 5)
    fill(kinesis, B, 3)
    batches = []

    make_consumer(batches.append).run(until="tip")

    assert [({record.shard_id for record in batch}, [record.data for record in batch]) for batch in batches] == [
        ({A}, [b"0", b"1", b"2", b"3", b"4"]),
        ({B}, [b"0", b"1", b"2"]),
    ]


def test_records_say_where_and_when_they_were_put(kinesis, make_consumer, clock):
    sequence = kinesis.put("k1", b'{"a": 1}')
    seen = []

    make_consumer(seen.extend).run(until="tip")

    [record] = seen
    assert (record.partition_key, record.sequence_number, record.arrival_time) == ("k1", sequence, now(clock))
    assert record.json() == {"a": 1}


def test_a_second_run_goes_on_behind_the_checkpoint(kinesis, make_consumer):
    seen = []
    consumer = make_consumer(lambda records: seen.extend(record.data for record in records))
    fill(kinesis, A, 2)
    consumer.run(until="tip")
    fill(kinesis, A, 2, start=2)

    consumer.run(until="tip")

    assert seen == [b"0", b"1", b"2", b"3"]


def test_two_applications_read_the_same_records(kinesis, make_consumer, tmp_path):
    fill(kinesis, A, 3)
    seen = {"one": [], "two": []}

    for application, batches in seen.items():
        make_consumer(batches.extend, application=application).run(until="tip")

    assert [record.data for record in seen["one"]] == [record.data for record in seen["two"]] == [b"0", b"1", b"2"]


def test_work_goes_on_in_batches_of_at_most_max_records(kinesis, make_consumer):
    fill(kinesis, A, 25)
    sizes = []

    make_consumer(lambda records: sizes.append(len(records)), max_records=10).run(until="tip")

    assert sizes == [10, 10, 5]


def test_at_the_tip_a_shard_is_read_once_in_idle_ms(kinesis, make_consumer, clock):
    consumer = make_consumer(lambda records: None, idle_ms=1_000)
    start = now(clock)

    consumer.run(until=start + timedelta(seconds=10))

    times = [at for at, shard in kinesis.reads if shard == A]
    assert 9 <= len(times) <= 11
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1_000


def test_throttled_reads_are_repeated_and_paced(kinesis, make_consumer):
    fill(kinesis, A, 6)
    throttle = KitError("ProvisionedThroughputExceededException", "Rate exceeded.")
    kinesis.refusals.extend([throttle, throttle])
    seen = []
    consumer = make_consumer(seen.extend, max_records=2)

    consumer.run(until="tip")

    assert [record.data for record in seen] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert consumer.metrics.refused_reads == 2
    times = [at for at, shard in kinesis.reads if shard == A]
    assert all(later - earlier >= 200 for earlier, later in pairwise(times[-3:]))


def test_an_expired_iterator_is_renewed_from_the_position(kinesis, make_consumer, clock):
    seen = []
    consumer = make_consumer(seen.extend, idle_ms=400_000, failover_ms=10_000_000)
    fill(kinesis, A, 1)
    consumer.run(until=lambda: len(seen) == 1)
    consumer.step()
    fill(kinesis, A, 1, start=1)
    clock.advance(400)

    consumer.step()

    assert [record.data for record in seen] == [b"0", b"1"]


def test_reading_begins_where_the_application_says(kinesis, make_consumer, clock):
    fill(kinesis, A, 2)
    clock.advance(10)
    middle = now(clock)
    fill(kinesis, A, 2, start=2)
    seen = {}

    for application, start in {"all": "TRIM_HORIZON", "late": "LATEST", "timed": middle}.items():
        seen[application] = []
        make_consumer(seen[application].extend, application=application, start=start).run(until="tip")

    assert [record.data for record in seen["all"]] == [b"0", b"1", b"2", b"3"]
    assert seen["late"] == []
    assert [record.data for record in seen["timed"]] == [b"2", b"3"]


@pytest.mark.parametrize("quiet_seconds", [0, 60])
def test_latest_misses_nothing_put_after_the_first_look_even_if_nobody_lives_to_read_it(
    kinesis, make_consumer, clock, quiet_seconds
):
    fill(kinesis, A, 2)
    clock.advance(quiet_seconds)
    seen = []
    make_consumer(seen.extend, start="LATEST")._worker._begin()  # writes the leases, and is never heard of again
    fill(kinesis, A, 2, start=2)
    clock.advance(60)

    make_consumer(seen.extend, start="LATEST").run(until="tip")

    assert [record.data for record in seen] == [b"2", b"3"]


def test_aggregates_are_taken_apart_and_foreign_records_passed_over(kinesis, make_consumer):
    own, other = key_of(kinesis, A), key_of(kinesis, B)
    data = aggregate(
        [UserRecord(own, b"1"), UserRecord(other, b"2"), UserRecord(other, b"3", "0"), UserRecord(own, b"4")]
    )
    kinesis.put_into(A, own, data)
    seen = []
    consumer = make_consumer(seen.extend)

    consumer.run(until="tip")

    assert [(record.data, record.partition_key, record.sub_sequence_number) for record in seen] == [
        (b"1", own, 0),
        (b"3", other, 2),
        (b"4", own, 3),
    ]
    assert consumer.metrics.foreign_records == 1


def test_a_checkpoint_inside_an_aggregate_resumes_inside_it(kinesis, make_consumer):
    key = key_of(kinesis, A)
    kinesis.put_into(A, key, aggregate([UserRecord(key, b"%d" % number) for number in range(4)]))
    seen = []

    class Half(Log):
        def process_records(self, records, checkpointer, millis_behind_latest):
            seen.append([record.data for record in records])
            if len(records) > 2:
                checkpointer.checkpoint(records[1].sequence_number, records[1].sub_sequence_number)

        def shutdown_requested(self, checkpointer):
            pass

    consumer = make_consumer(processor=lambda: Half([]))
    consumer.run(until="tip")
    consumer.run(until="tip")

    assert [data for batch in seen for data in batch if batch] == [b"0", b"1", b"2", b"3", b"2", b"3"]


def test_children_are_read_after_their_parents_through_splits_and_merges(kinesis, make_consumer):
    for number in range(100):
        kinesis.put(f"k{number % 20}", b"%d" % number)
    kinesis.split(A)
    for number in range(100, 200):
        kinesis.put(f"k{number % 20}", b"%d" % number)
    kinesis.merge("shardId-000000000003", B)
    for number in range(200, 300):
        kinesis.put(f"k{number % 20}", b"%d" % number)
    seen = defaultdict(list)

    def note(records):
        for record in records:
            seen[record.partition_key].append(int(record.data))

    consumer = make_consumer(note, max_records=7)
    consumer.run(until="tip")

    assert seen == {f"k{rest}": list(range(rest, 300, 20)) for rest in range(20)}
    leases = consumer.leases()
    assert {shard for shard, lease in leases.items() if lease.ended} == {A, B, "shardId-000000000003"}


def test_a_merged_child_waits_for_the_parent_that_another_worker_reads(kinesis, make_consumer):
    fill(kinesis, A, 3)
    fill(kinesis, B, 3)
    events = []
    first = make_consumer(processor=lambda: Log(events), worker="first", max_records=1)
    second = make_consumer(processor=lambda: Log(events), worker="second", max_records=1)
    first.step()
    leases = first.leases()
    first._store.ask(leases[B], second.worker)
    kinesis.merge(A, B)
    child = kinesis.shards[-1].id
    kinesis.put("k1", b"child")
    while not first.leases()[A].ended:
        first.step()
        first._clock.advance(4)
        assert ("initialize", child) not in events

    while not first.leases()[B].ended:
        second.step()
    second.step()

    assert events.index(("initialize", child)) > events.index(("ended", B)) > events.index(("ended", A))
    assert first.leases()[B].ended


def test_a_merged_child_waits_for_a_parent_whose_own_parent_is_still_being_read(kinesis, make_consumer):
    fill(kinesis, A, 1)
    fill(kinesis, B, 50)
    kinesis.split(B)
    late_parent = kinesis.shards[-2].id
    fill(kinesis, late_parent, 5, start=50)
    kinesis.merge(A, late_parent)
    child = kinesis.shards[-1].id
    kinesis.put_into(child, "k", b"child")
    events = []

    make_consumer(processor=lambda: Log(events), max_records=2).run(until="tip")

    names = [(kind, shard) for kind, shard, *_ in events]
    assert names.index(("initialize", child)) > names.index(("ended", late_parent)) > names.index(("ended", B))
    assert names.index(("ended", A)) < names.index(("ended", B))


def test_a_shard_that_has_expired_altogether_counts_as_ended(kinesis, make_consumer):
    seen = []
    consumer = make_consumer(seen.extend)
    consumer.run(until="tip")
    kinesis.split(A)
    kinesis[A].expired = True
    child = kinesis.shards[-1]
    kinesis.put_into(child.id, "k", b"child")

    consumer.run(until="tip")

    assert consumer.leases()[A].checkpoint == ShardEnd()
    assert [record.data for record in seen] == [b"child"]


def test_a_vanished_stream_is_an_error(kinesis, make_consumer):
    consumer = make_consumer(lambda records: None)
    consumer.step()

    def vanish(**parameters):
        raise KitError("ResourceNotFoundException", "Stream s not found.")

    kinesis.list_shards = kinesis.get_records = kinesis.get_shard_iterator = vanish
    consumer._clock.advance(2)

    with pytest.raises(KitError, match="Stream s not found"):
        consumer.step()


def test_a_batch_whose_function_fails_is_tried_again_after_growing_waits(kinesis, make_consumer, clock):
    fill(kinesis, A, 2)
    calls = []

    def fail_twice(records):
        calls.append((now(clock), len(records)))
        if len(calls) < 3:
            raise ValueError("not yet")

    consumer = make_consumer(fail_twice)
    consumer.run(until="tip")

    assert [count for _, count in calls] == [2, 2, 2]
    assert calls[0][0] < calls[1][0] < calls[2][0]
    assert consumer.metrics.retries == 2


def test_an_error_that_stays_is_raised_to_whoever_runs_and_the_leases_are_given_up(kinesis, make_consumer):
    fill(kinesis, A, 2)

    def fail(records):
        raise ValueError("never")

    consumer = make_consumer(fail, attempts=3)
    with pytest.raises(ValueError, match="never") as caught:
        consumer.run(until="tip")

    assert f"2 records of {A}" in caught.value.__notes__[0]
    assert "3 attempts" in caught.value.__notes__[0]
    assert all(lease.owner is None for lease in consumer.leases().values())
    assert consumer.leases()[A].checkpoint == TrimHorizon()


def test_a_failing_shard_does_not_keep_the_others_waiting(kinesis, make_consumer):
    fill(kinesis, A, 1)
    fill(kinesis, B, 1)
    seen = []

    def fail_on_a(records):
        if records[0].shard_id == A:
            raise ValueError
        seen.extend(records)

    with pytest.raises(ValueError):
        make_consumer(fail_on_a).run(until="tip")

    assert [record.shard_id for record in seen] == [B]


def test_an_error_in_the_background_is_logged_and_raised_by_stop(kinesis, make_consumer, caplog):
    fill(kinesis, A, 1)

    def fail(records):
        raise ValueError("never")

    consumer = make_consumer(fail, attempts=1, clock=WallClock())
    consumer.start()
    consumer._thread.join(10)

    assert repr(consumer).endswith("failed>")
    assert "has stopped" in caplog.text
    with pytest.raises(ValueError, match="never"):
        consumer.stop()
    consumer.stop()


def test_a_background_run_under_a_moved_clock_does_not_move_it(kinesis, make_consumer, clock):
    before = now(clock)
    seen = threading.Event()
    consumer = make_consumer(lambda records: seen.set())
    fill(kinesis, A, 1)

    consumer.start()
    assert seen.wait(10)
    consumer.stop()

    assert now(clock) == before
    assert not consumer.is_running


def test_leaving_the_context_stops_the_background_run_and_frees_the_leases(kinesis, make_consumer):
    with make_consumer(lambda records: None) as consumer:
        consumer.start()
        while not consumer.shards:
            threading.Event().wait(0.001)
    other = make_consumer(lambda records: None)

    assert all(lease.owner is None for lease in other.leases().values())


def test_what_a_class_lives_through(kinesis, make_consumer):
    fill(kinesis, A, 2)
    events = []
    consumer = make_consumer(processor=lambda: Log(events))

    consumer.run(until="tip")

    assert [event for event in events if event[1] == A] == [
        ("initialize", A),
        ("process", A, [b"0", b"1"]),
        ("shutdown", A),
    ]
    assert consumer.leases()[A].checkpoint == After(kinesis[A].records[-1]["SequenceNumber"])


def test_shutting_down_after_a_failure_checkpoints_only_what_was_processed(kinesis, make_consumer):
    sequences = fill(kinesis, A, 4)

    def fail(records):
        if records and records[0].data == b"2":
            raise ValueError

    consumer = make_consumer(processor=lambda: Log([], fail), max_records=2)
    consumer.step()
    consumer.step()

    consumer.close()

    reopened = make_consumer(lambda records: None)
    assert reopened.leases()[A].checkpoint in (TrimHorizon(), After(sequences[1]))


def test_a_retry_leaves_out_what_was_checkpointed_before_the_failure(kinesis, make_consumer):
    fill(kinesis, A, 4)
    calls = []

    class OneByOne(Log):
        def process_records(self, records, checkpointer, millis_behind_latest):
            calls.append([record.data for record in records])
            for record in records:
                if record.data == b"2" and len(calls) == 1:
                    raise ValueError
                checkpointer.checkpoint(record.sequence_number, record.sub_sequence_number)

    make_consumer(processor=lambda: OneByOne([])).run(until="tip")

    assert [call for call in calls if call] == [[b"0", b"1", b"2", b"3"], [b"2", b"3"]]


@pytest.mark.parametrize("sequence", ["0", "5" * 56, "nonsense", ""])
def test_a_checkpoint_outside_of_what_was_delivered_is_refused(kinesis, make_consumer, sequence):
    fill(kinesis, A, 2)

    class Wrong(Log):
        def process_records(self, records, checkpointer, millis_behind_latest):
            if records:
                checkpointer.checkpoint(records[0].sequence_number)
                checkpointer.checkpoint(sequence)

    with pytest.raises(KitError) as caught:
        make_consumer(processor=lambda: Wrong([]), attempts=1).run(until="tip")

    assert caught.value.code == "InvalidArgumentException"


def test_a_second_worker_takes_its_share_by_a_hand_over_and_nothing_is_processed_twice(
    readable_kinesis, make_consumer, clock
):
    kinesis = readable_kinesis(4, clock)
    seen = defaultdict(list)
    workers = [
        make_consumer(lambda records, name=name: seen[name].extend(records), client=kinesis, worker=name, seed=seed)
        for seed, name in enumerate("ab")
    ]
    number = 0
    for _ in range(60):
        for worker in workers:
            for _ in range(5):
                kinesis.put(f"k{number % 50}", b"%d" % number)
                number += 1
            worker.step()
        clock.advance(1)
    for _ in range(3):
        clock.advance(1)
        for worker in workers:
            worker.step()

    assert [len(worker.shards) for worker in workers] == [2, 2]
    assert sorted(int(record.data) for records in seen.values() for record in records) == list(range(number))
    assert len(seen["b"]) > 0


def test_a_dead_workers_leases_are_taken_over_behind_its_last_checkpoint(kinesis, make_consumer, clock):
    fill(kinesis, A, 4)
    dead_saw, heir_saw = [], []

    class Dies(Log):
        def process_records(self, records, checkpointer, millis_behind_latest):
            dead_saw.extend(records)
            if records:
                checkpointer.checkpoint(records[1].sequence_number)

    dead = make_consumer(processor=lambda: Dies([]), worker="dead")
    dead.step()
    heir = make_consumer(heir_saw.extend, worker="heir")

    for _ in range(9):
        heir.step()
        clock.advance(1)
    assert heir.shards == []
    for _ in range(9):
        heir.step()
        clock.advance(1)

    assert heir.shards == [A, B]
    assert [record.data for record in heir_saw] == [b"2", b"3"]


def test_a_worker_that_was_suspended_finds_its_leases_lost_and_cannot_checkpoint(kinesis, make_consumer, clock):
    fill(kinesis, A, 2)
    events = []
    suspended = make_consumer(processor=lambda: Log(events), worker="suspended", idle_ms=0)
    suspended.step()
    old = suspended._worker._runs[A].intake._checkpointer
    heir = make_consumer(lambda records: None, worker="heir")
    for _ in range(20):
        heir.step()
        clock.advance(1)
    fill(kinesis, A, 2, start=2)
    events.clear()

    with pytest.raises(KitError) as caught:
        old.checkpoint()
    suspended.step()

    assert caught.value.code == "ShutdownException"
    assert ("lost", A) in events
    assert not any(event[0] == "process" and event[1] == A for event in events)
    assert suspended.metrics.leases_lost == 2


def test_a_long_call_of_the_function_does_not_cost_the_lease(kinesis, make_consumer, clock):
    fill(kinesis, A, 1)
    entered, leave = threading.Event(), threading.Event()

    def slow(records):
        entered.set()
        leave.wait(30)

    slow_one = make_consumer(slow, worker="slow")
    slow_one.start()
    assert entered.wait(30)
    other = make_consumer(lambda records: None, worker="other")
    for _ in range(20):  # twice the failover time, in steps that leave the second thread time to notice
        other.step()
        before = slow_one.leases()[A].counter
        clock.advance(slow_one.options.beat_ms / 1000)
        while slow_one.leases()[A].counter == before:
            threading.Event().wait(0.001)

    assert other.leases()[A].owner == "slow"
    assert A not in other.shards
    leave.set()
    slow_one.stop()


def test_reset_begins_anew_and_is_refused_while_a_worker_holds_leases(kinesis, make_consumer):
    fill(kinesis, A, 2)
    seen = []
    consumer = make_consumer(seen.extend)
    consumer.step()
    other = make_consumer(seen.extend)
    with pytest.raises(KitError) as caught:
        other.reset()
    assert caught.value.code == "ResourceInUseException"
    consumer.close()

    other.reset()
    other.run(until="tip")

    assert [record.data for record in seen] == [b"0", b"1", b"0", b"1"]


def test_a_stream_that_was_made_anew_is_not_read_with_old_checkpoints(kinesis, make_consumer, clock):
    make_consumer(lambda records: None).run(until="tip")
    kinesis.created += timedelta(seconds=1)
    consumer = make_consumer(lambda records: None)

    with pytest.raises(KitError) as caught:
        consumer.run(until="tip")

    assert "consumer.reset()" in caught.value.hint
    consumer.reset()
    consumer.run(until="tip")


def test_the_lag_of_every_shard_is_known(kinesis, make_consumer):
    fill(kinesis, A, 4)
    consumer = make_consumer(lambda records: None, max_records=2)

    consumer.step()

    assert consumer.metrics.behind_ms == {A: 1_000, B: 0}
    assert consumer.leases()[A].behind_ms == 1_000


@pytest.mark.parametrize("arguments", [{}, {"on_records": print, "processor": Log}])
def test_a_consumer_takes_a_function_or_a_class(make_consumer, arguments):
    with pytest.raises(KitError, match="exactly one"):
        make_consumer(**arguments)


@pytest.mark.parametrize(
    "options",
    [
        {"start": "SOMEWHERE"},
        {"start": datetime(2026, 1, 1)},
        {"max_records": 0},
        {"max_records": 10_001},
        {"failover_ms": 2},
        {"attempts": 0},
        {"idle_ms": -1},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(KitError) as caught:
        ConsumerOptions(**options)

    assert caught.value.code == "InvalidArgumentException"


def test_a_start_in_the_future_holds_for_children_born_before_it(kinesis, make_consumer, clock):
    seen = []
    start = now(clock) + timedelta(seconds=60)
    consumer = make_consumer(seen.extend, start=start)
    consumer.run(until="tip")
    kinesis.split(A)
    child = kinesis.shards[-1].id
    kinesis.put_into(child, "k", b"early")
    consumer.run(until="tip")
    clock.advance(60)
    kinesis.put_into(child, "k", b"late")

    consumer.run(until="tip")

    assert [record.data for record in seen] == [b"late"]
    assert AtTimestamp(int(start.astimezone(UTC).timestamp() * 1000)) not in [
        lease.checkpoint for lease in consumer.leases().values() if lease.shard == child
    ]


def test_a_running_consumer_refuses_to_run_twice_and_a_closed_one_to_run_at_all(make_consumer):
    consumer = make_consumer(lambda records: None)
    consumer.start()
    with pytest.raises(KitError, match="runs already"):
        consumer.run(until="tip")
    consumer.close()

    with pytest.raises(KitError, match="cannot be used"):
        consumer.start()


def test_no_thread_outlives_a_closed_consumer(make_consumer, caplog):
    caplog.set_level(logging.ERROR)
    before = set(threading.enumerate())
    consumer = make_consumer(lambda records: None)
    consumer.start()
    consumer.close()

    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("boathouse-")]
    assert caplog.records == []
