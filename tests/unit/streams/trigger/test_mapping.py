import base64
import json
import threading
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from kit.base.backoff import Backoff
from kit.base.clock import instant, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.consume.checkpoint import After, order
from kit.streams.queue import Queues
from kit.streams.trigger.destinations import to_queue, to_stream
from kit.streams.trigger.options import MappingOptions

SHARD = "shardId-000000000000"


def put(stream, *data, key="k"):
    return [stream.put_record(item.encode(), key).sequence_number for item in data]


def data_of(event):
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]


class Calls:
    """A function whose calls are kept; `respond` may raise or answer."""

    def __init__(self, respond=lambda event: None):
        self.batches = []
        self.events = []
        self.respond = respond
        self.__name__ = "calls"

    def __call__(self, event, context):
        self.events.append((event, context))
        self.batches.append(data_of(event))
        return self.respond(event)


def poison(*bad):
    def respond(event):
        if set(bad) & set(data_of(event)):
            raise ValueError("poison")

    return respond


def test_the_event_has_lambdas_shape(stream, make_mapping, clock):
    clock.advance(0.987)
    [sequence] = put(stream, "hello", key="key")
    calls = Calls()

    make_mapping(calls).run(until="tip")

    [(event, context)] = calls.events
    assert event == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "key",
                    "sequenceNumber": sequence,
                    "data": "aGVsbG8=",
                    "approximateArrivalTimestamp": pytest.approx(now_ms(clock) / 1000, abs=2),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{SHARD}:{sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/lambda-role",
                "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
            }
        ]
    }
    assert event["Records"][0]["kinesis"]["approximateArrivalTimestamp"] % 1 == pytest.approx(0.987)
    assert context.function_name == "calls"
    assert context.invoked_function_arn.endswith(":function:calls")
    json.dumps(event)


def test_records_come_in_batches_of_at_most_the_batch_size_in_order(stream, make_mapping):
    put(stream, *"abcdefg")
    calls = Calls()

    make_mapping(calls, batch_size=3).run(until="tip")

    assert calls.batches == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


def test_a_batch_carries_six_megabytes_at_most(stream, make_mapping):
    stream.limits(enforced=False)
    for number in range(9):
        stream.put_record(bytes([number]) * 900_000, "k")
    calls = Calls()

    make_mapping(calls).run(until="tip")

    assert [len(batch) for batch in calls.batches] == [4, 4, 1]


def test_a_batching_window_gathers_records_until_it_is_over_or_the_batch_is_full(stream, make_mapping, clock):
    times = []
    calls = Calls(lambda event: times.append(now_ms(clock)))
    mapping = make_mapping(calls, batch_size=4, maximum_batching_window_in_seconds=10)
    mapping.step()
    start = now_ms(clock)
    for data in "abc":
        put(stream, data)
        clock.advance(2)
        mapping.step()
    assert calls.batches == []

    while not calls.batches:
        clock.advance(1)
        mapping.step()
    put(stream, *"defg")
    clock.advance(1)
    mapping.step()

    assert calls.batches == [["a", "b", "c"], ["d", "e", "f", "g"]]
    assert 10_000 <= times[0] - start <= 13_000


def test_a_failing_batch_blocks_its_shard_until_it_succeeds(stream, make_mapping):
    put(stream, *"abc")
    failures = iter([True, True])
    calls = Calls(lambda event: 1 / 0 if next(failures, False) else None)
    mapping = make_mapping(calls, batch_size=2)

    mapping.run(until="tip")

    assert calls.batches == [["a", "b"], ["a", "b"], ["a", "b"], ["c"]]
    assert isinstance(mapping.last_error, ZeroDivisionError)
    assert (mapping.metrics.invocations, mapping.metrics.errors, mapping.metrics.records) == (4, 2, 3)


def test_retries_wait_longer_each_time(stream, make_mapping, clock):
    put(stream, "a")
    times = []

    def respond(event):
        times.append(now_ms(clock))
        if len(times) < 5:
            raise ValueError

    make_mapping(Calls(respond)).run(until="tip")

    waits = [later - earlier for earlier, later in pairwise(times)]
    assert all(0 < wait <= bound + 200 for wait, bound in zip(waits, (100, 200, 400, 800), strict=True))


def test_what_fails_too_often_goes_to_the_destination_in_lambdas_shape(stream, make_mapping, clock):
    first, last = put(stream, "a", "b")
    put(stream, "c")
    told = []

    mapping = make_mapping(Calls(poison("a")), on_failure=told.append, batch_size=2, maximum_retry_attempts=2)
    mapping.run(until="tip")

    [record] = told
    arrival = datetime.fromisoformat(record["KinesisBatchInfo"]["approximateArrivalOfFirstRecord"])
    assert record == {
        "requestContext": {
            "requestId": record["requestContext"]["requestId"],
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:calls",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": record["timestamp"],
        "KinesisBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": first,
            "endSequenceNumber": last,
            "approximateArrivalOfFirstRecord": arrival.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "approximateArrivalOfLastRecord": arrival.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "batchSize": 2,
            "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
        },
    }
    assert record["requestContext"]["requestId"] == mapping._invoker._function.events[2][1].aws_request_id
    assert datetime.fromisoformat(record["timestamp"]) <= instant(clock.now_ns())
    assert mapping.metrics.discarded == 2
    assert mapping._invoker._function.batches[-1] == ["c"]


def test_without_a_destination_a_discard_is_logged(stream, make_mapping, caplog):
    put(stream, "a")

    make_mapping(Calls(poison("a")), maximum_retry_attempts=0).run(until="tip")

    assert "gives up 1 records" in caplog.text


def test_halving_isolates_the_poison_without_using_up_retries(stream, make_mapping):
    put(stream, *"abcdefgh")
    told = []
    calls = Calls(poison("f"))
    mapping = make_mapping(
        calls,
        on_failure=told.append,
        batch_size=8,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=0,
    )

    mapping.run(until="tip")

    [record] = told
    assert record["KinesisBatchInfo"]["batchSize"] == 1
    assert calls.batches == [
        list("abcdefgh"),
        list("abcd"),
        list("efgh"),
        list("ef"),
        list("e"),
        list("f"),
        list("gh"),
    ]
    assert mapping.metrics.records == 7


def test_a_report_of_failures_brings_back_the_first_failed_record_and_what_follows(stream, make_mapping):
    put(stream, *"abcde")
    reported = iter([["d", "c"], ["c"]])

    def respond(event):
        failed = next(reported, [])
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["kinesis"]["sequenceNumber"]}
                for record, data in zip(event["Records"], data_of(event), strict=True)
                if data in failed
            ]
        }

    calls = Calls(respond)
    make_mapping(calls, report_batch_item_failures=True).run(until="tip")

    assert calls.batches == [list("abcde"), list("cde"), list("cde")]


def test_a_report_with_halving_cuts_the_batch_where_it_says(stream, make_mapping):
    put(stream, *"abcdef")
    told = []

    def respond(event):
        failed = [
            {"itemIdentifier": record["kinesis"]["sequenceNumber"]}
            for record, data in zip(event["Records"], data_of(event), strict=True)
            if data == "d"
        ]
        return {"batchItemFailures": failed}

    calls = Calls(respond)
    make_mapping(
        calls,
        on_failure=told.append,
        report_batch_item_failures=True,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=0,
    ).run(until="tip")

    assert calls.batches == [list("abcdef"), list("def"), ["d"], list("ef")]
    assert [record["KinesisBatchInfo"]["batchSize"] for record in told] == [1]
    assert "functionError" not in told[0]["responseContext"]


@pytest.mark.parametrize(
    ("answer", "succeeds"),
    [
        (None, True),
        ({}, True),
        ({"batchItemFailures": []}, True),
        ({"batchItemFailures": None}, True),
        ({"batchItemFailures": [{}]}, False),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, False),
        ({"batchItemFailures": [{"itemIdentifier": "77"}]}, False),
        ({"batchItemFailures": [{"wrong": "77"}]}, False),
        ({"batchItemFailures": "77"}, False),
        ("nonsense", False),
    ],
)
def test_what_the_answers_of_a_reporting_function_mean(stream, make_mapping, answer, succeeds):
    put(stream, "a")
    told = []

    make_mapping(
        Calls(lambda event: answer),
        on_failure=told.append,
        report_batch_item_failures=True,
        maximum_retry_attempts=0,
    ).run(until="tip")

    assert (told == []) is succeeds


def test_records_that_are_too_old_are_never_called_for(stream, make_mapping, clock):
    put(stream, "old")
    clock.advance(120)
    put(stream, "young")
    told = []
    calls = Calls()

    make_mapping(calls, on_failure=told.append, maximum_record_age_in_seconds=60).run(until="tip")

    assert calls.batches == [["young"]]
    assert told[0]["requestContext"]["condition"] == "RecordAgeExceeded"
    assert told[0]["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in told[0]


def test_a_failing_batch_is_given_up_at_its_age(stream, make_mapping, clock):
    put(stream, "a")
    clock.advance(30)
    put(stream, "b")
    told = []
    calls = Calls(poison("a"))

    make_mapping(calls, on_failure=told.append, maximum_record_age_in_seconds=60).run(until="tip")

    assert [record["KinesisBatchInfo"]["batchSize"] for record in told] == [1]
    assert told[0]["requestContext"]["condition"] == "RecordAgeExceeded"
    assert told[0]["requestContext"]["approximateInvokeCount"] > 1
    assert calls.batches[-1] == ["b"]


def test_without_a_bound_records_are_tried_until_the_stream_lets_them_go(stream, make_mapping, clock):
    put(stream, "a")
    before = now_ms(clock)
    told = []

    mapping = make_mapping(Calls(poison("a")), on_failure=told.append, backoff=Backoff(base_ms=100, cap_ms=600_000))
    while not told:
        mapping.step()
        clock.advance(300)

    assert now_ms(clock) - before >= 24 * 3_600_000
    assert told[0]["requestContext"]["condition"] == "RecordAgeExceeded"


def test_lanes_run_beside_each_other_and_keep_the_order_of_every_key(stream, make_mapping):
    for number in range(200):
        put(stream, str(number), key=f"k{number % 16}")
    running = defaultdict(int)
    beside, seen = set(), defaultdict(list)
    lock, together = threading.Lock(), threading.Barrier(4, timeout=5)
    rounds = iter(range(1 << 30))

    def function(event, context):
        with lock:
            keys = {record["kinesis"]["partitionKey"] for record in event["Records"]}
            for key in keys:
                running[key] += 1
                assert running[key] == 1
            first = next(rounds) < 4
        if first:
            together.wait()
            beside.add(threading.current_thread().name)
        with lock:
            for record in event["Records"]:
                seen[record["kinesis"]["partitionKey"]].append(int(base64.b64decode(record["kinesis"]["data"])))
            for key in keys:
                running[key] -= 1

    mapping = make_mapping(function, batch_size=5, parallelization_factor=4)
    mapping.run(until="tip")

    assert mapping.last_error is None
    assert len(beside) == 4
    assert seen == {f"k{rest}": list(range(rest, 200, 16)) for rest in range(16)}


def test_a_stuck_lane_does_not_hold_the_others_and_the_checkpoint_waits_for_it(stream, make_mapping):
    sequences = [put(stream, str(number), key=f"k{number % 8}")[0] for number in range(40)]
    healthy = []

    def respond(event):
        keys = [record["kinesis"]["partitionKey"] for record in event["Records"]]
        if "k3" in keys:
            raise ValueError
        healthy.extend(data_of(event))

    mapping = make_mapping(Calls(respond), batch_size=2, parallelization_factor=4)
    for _ in range(60):
        mapping.step()

    assert len(healthy) >= 20
    [lease] = mapping.consumer.leases().values()
    assert order(lease.checkpoint) < order(After(sequences[3]))
    assert not mapping.consumer.at_tip()


def test_a_window_carries_a_state_and_ends_with_a_final_call(stream, make_mapping, clock):
    finals = []

    def respond(event):
        if event["isFinalInvokeForWindow"]:
            finals.append((event["window"], event["state"], event["Records"]))
            return None
        total = event["state"].get("total", 0) + sum(map(int, data_of(event)))
        return {"state": {"total": total}}

    calls = Calls(respond)
    mapping = make_mapping(calls, tumbling_window_in_seconds=60, batch_size=2)
    put(stream, "1", "2", "3")
    mapping.step()
    clock.advance(30)
    put(stream, "4")
    for _ in range(3):
        mapping.step()
    clock.advance(31)
    put(stream, "10")
    mapping.run(until=lambda: len(finals) == 2)

    assert finals == [
        ({"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:01:00Z"}, {"total": 10}, []),
        ({"start": "2026-01-01T00:01:00Z", "end": "2026-01-01T00:02:00Z"}, {"total": 10}, []),
    ]
    event, _ = calls.events[0]
    assert (event["shardId"], event["isWindowTerminatedEarly"]) == (SHARD, False)
    assert event["eventSourceARN"] == "arn:aws:kinesis:us-east-1:000000000000:stream/s"


def test_a_window_is_begun_anew_after_a_stop_in_its_middle(stream, make_mapping, clock):
    finals = []

    def respond(event):
        if event["isFinalInvokeForWindow"]:
            finals.append(event["state"])
            return None
        return {"state": {"seen": event["state"].get("seen", []) + data_of(event)}}

    put(stream, "a", "b")
    make_mapping(Calls(respond), tumbling_window_in_seconds=60).run(until="tip")
    put(stream, "c")

    make_mapping(Calls(respond), tumbling_window_in_seconds=60).run(until=lambda: bool(finals))

    assert finals == [{"seen": ["a", "b", "c"]}]


def test_the_final_call_is_repeated_until_it_succeeds_and_nothing_overtakes_it(stream, make_mapping, clock):
    failures = iter([True, True])
    called = []

    def respond(event):
        called.append((event["isFinalInvokeForWindow"], data_of(event)))
        if event["isFinalInvokeForWindow"] and next(failures, False):
            raise ValueError
        return {"state": {}}

    put(stream, "a")
    clock.advance(60)
    put(stream, "b")

    make_mapping(Calls(respond), tumbling_window_in_seconds=60).run(until="tip")

    assert called[:5] == [(False, ["a"]), (True, []), (True, []), (True, []), (False, ["b"])]


def test_a_window_whose_state_grows_too_large_ends_early_and_goes_on_with_a_new_one(stream, make_mapping, clock):
    events = []

    def respond(event):
        flags = event["isFinalInvokeForWindow"], event["isWindowTerminatedEarly"]
        events.append((data_of(event), *flags, len(event["state"])))
        large = {str(number): "x" * 1024 for number in range(1100)}
        return {"state": large if data_of(event) == ["a"] else {"small": 1}}

    put(stream, "a", "b")
    clock.advance(60)

    make_mapping(Calls(respond), tumbling_window_in_seconds=60, batch_size=1).run(until=lambda: len(events) == 4)

    assert events == [
        (["a"], False, False, 0),
        ([], True, True, 1100),
        (["b"], False, False, 0),
        ([], True, False, 1),
    ]


@pytest.mark.parametrize("answer", [None, {}, {"state": 3}, {"state": {"x": object()}}])
def test_a_function_with_a_window_must_answer_with_a_state(stream, make_mapping, answer):
    put(stream, "a")
    told = []

    mapping = make_mapping(
        Calls(lambda event: answer),
        on_failure=told.append,
        tumbling_window_in_seconds=60,
        maximum_retry_attempts=0,
    )
    mapping.run(until=lambda: bool(told))

    assert told[0]["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert isinstance(mapping.last_error, TypeError)


def test_failures_reach_a_queue_and_a_stream(streams, stream, make_mapping, tmp_path, clock):
    queues = Queues(tmp_path / "queues.sqlite", clock=clock, entropy=Entropy(1))
    dead_queue, dead_stream = queues.create("dead"), streams.create("dead", shards=1)
    put(stream, "a")
    send_to_queue = to_queue(dead_queue)
    send_to_stream = to_stream(streams.client(), "dead", clock=clock, entropy=Entropy(1))

    def both(record):
        send_to_queue(record)
        send_to_stream(record)

    make_mapping(Calls(poison("a")), on_failure=both, maximum_retry_attempts=0).run(until="tip")

    [message] = dead_queue.receive()
    [record] = list(dead_stream)
    assert json.loads(message.body) == json.loads(record.data)
    assert record.partition_key == SHARD
    queues.close()


def test_a_destination_that_refuses_for_a_while_is_tried_again(streams, stream, make_mapping, clock):
    class Refusing:
        def __init__(self):
            self.calls = 0

        def put_record(self, **parameters):
            self.calls += 1
            if self.calls < 4:
                raise KitError("ProvisionedThroughputExceededException", "Slow down.")
            return {}

    client = Refusing()
    put(stream, "a")

    make_mapping(
        Calls(poison("a")),
        on_failure=to_stream(client, "dead", clock=clock, entropy=Entropy(1)),
        maximum_retry_attempts=0,
    ).run(until="tip")

    assert client.calls == 4


def test_a_destination_that_fails_stops_the_mapping_and_nothing_is_checkpointed(stream, make_mapping):
    put(stream, "a")

    def broken(record):
        raise ConnectionError("no queue")

    mapping = make_mapping(Calls(poison("a")), on_failure=broken, maximum_retry_attempts=0)
    with pytest.raises(ConnectionError):
        mapping.run(until="tip")

    told = []
    make_mapping(Calls(poison("a")), on_failure=told.append, maximum_retry_attempts=0).run(until="tip")
    assert len(told) == 1


def test_a_mapping_says_whether_it_is_enabled(stream, make_mapping):
    mapping = make_mapping(Calls())
    assert mapping.state == "Disabled"

    mapping.start()
    assert mapping.state == "Enabled"
    mapping.stop()

    assert mapping.state == "Disabled"


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 0},
        {"batch_size": 10_001},
        {"maximum_batching_window_in_seconds": 301},
        {"maximum_retry_attempts": -2},
        {"maximum_record_age_in_seconds": 59},
        {"parallelization_factor": 11},
        {"tumbling_window_in_seconds": 901},
        {"tumbling_window_in_seconds": 60, "parallelization_factor": 2},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(KitError) as caught:
        MappingOptions(**options)

    assert caught.value.code == "InvalidParameterValueException"


def test_the_shape_of_times():
    from kit.streams.trigger.event import iso

    moment = datetime(2026, 1, 2, 3, 4, 5, 6_000, UTC)
    assert iso(round(moment.timestamp() * 1000)) == "2026-01-02T03:04:05.006Z"
