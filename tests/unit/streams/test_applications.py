"""What a stream offers to applications, through the workspace."""

import json

import pyarrow as pa
import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.streams.applications import leases_of


@pytest.fixture
def ws(tmp_path):
    with kit.open(tmp_path / "ws", clock=ManualClock(), seed=1) as workspace:
        yield workspace


@pytest.fixture
def clicks(ws):
    return ws.streams.create("clicks", shards=2)


def test_what_a_producer_puts_a_consumer_gets(clicks):
    seen = []
    with clicks.producer(background=False) as producer:
        for number in range(100):
            producer.put(str(number), f"k{number % 7}")

    with clicks.consumer("app", seen.extend) as consumer:
        consumer.run(until="tip")

    assert sorted(int(record.data) for record in seen) == list(range(100))
    assert producer.metrics.user_records_per_kinesis_record > 10


def test_options_reach_producer_consumer_and_trigger(clicks):
    with clicks.producer(background=False, linger_ms=7) as producer:
        assert producer.options.linger_ms == 7
    with clicks.consumer("app", print, worker="me", max_records=5) as consumer:
        assert (consumer.worker, consumer.options.max_records) == ("me", 5)
    with clicks.trigger(print, batch_size=3) as mapping:
        assert (mapping.function_name, mapping.options.batch_size) == ("print", 3)


def test_a_replay_goes_into_the_stream(clicks):
    replayed = clicks.replay(pa.table({"n": [1, 2], "k": ["a", "b"]}), key="k")

    assert replayed.records == 2
    assert sorted(json.loads(record.data)["n"] for record in clicks) == [1, 2]


@pytest.mark.parametrize("kind", ["stream", "queue", "function"])
def test_failures_go_to_a_stream_a_queue_or_a_function(ws, clicks, kind):
    told = []
    dead_stream, dead_queue = ws.streams.create("dead"), ws.streams.queues.create("dead")
    clicks.put_record("x", "k")

    def fail(event, context):
        raise ValueError

    destination = {"stream": dead_stream, "queue": dead_queue, "function": told.append}[kind]
    with clicks.trigger(fail, on_failure=destination, maximum_retry_attempts=0) as mapping:
        mapping.run(until="tip")

    records = [
        *told,
        *(json.loads(message.body) for message in dead_queue.receive(10)),
        *(json.loads(record.data) for record in dead_stream),
    ]
    assert [record["KinesisBatchInfo"]["batchSize"] for record in records] == [1]
    assert "responseContext" in records[0]


def test_the_leases_of_all_applications_can_be_listed(clicks):
    for application in ("two", "one"):
        with clicks.consumer(application, lambda records: None) as consumer:
            consumer.run(until="tip")

    assert [(held.application, held.lease.shard[-1]) for held in leases_of(clicks._streams, "clicks")] == [
        ("one", "0"),
        ("one", "1"),
        ("two", "0"),
        ("two", "1"),
    ]


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "x" * 129])
def test_an_application_needs_a_name_that_can_be_a_files(clicks, name):
    with pytest.raises(KitError) as caught:
        clicks.consumer(name, print)

    assert caught.value.code == "InvalidArgumentException"


def test_applications_of_a_stream_that_is_not_there_are_refused(ws, clicks):
    ws.streams.delete("clicks")

    for make in (clicks.producer, lambda: clicks.consumer("app", print), lambda: clicks.trigger(print)):
        with pytest.raises(KitError) as caught:
            make()
        assert caught.value.code == "ResourceNotFoundException"


def test_consumers_survive_opening_the_workspace_again(tmp_path):
    clock = ManualClock()
    seen = []
    for number in range(2):
        with kit.open(tmp_path / "ws", clock=clock, seed=number) as workspace:
            stream = workspace.streams.create("s", if_not_exists=True)
            stream.put_record(str(number), "k")
            with stream.consumer("app", seen.extend) as consumer:
                consumer.run(until="tip")

    assert [record.data for record in seen] == [b"0", b"1"]


def test_a_stream_of_the_same_name_is_read_from_its_start_whatever_was_read_of_the_former(tmp_path):
    seen = []
    for data in ("old", "new"):
        # The same clock and seed: the two streams cannot be told apart by when they were made or by their ids.
        with kit.open(tmp_path / "ws", clock=ManualClock(), seed=1) as workspace:
            stream = workspace.streams.create("s")
            stream.put_record(data, "k")
            with stream.consumer("app", seen.extend) as consumer:
                consumer.run(until="tip")
            workspace.streams.delete("s")

    assert [record.data for record in seen] == [b"old", b"new"]
