"""Producer, consumer and trigger on boto3's own client (against moto): they know a stream by its operations alone."""

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from kit.base.clock import WallClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams import Consumer, EventSourceMapping, Producer


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("kinesis", region_name="us-east-1", config=Config(retries={"max_attempts": 1}))
        client.create_stream(StreamName="s", ShardCount=2)
        yield client


def produce(client, count):
    with Producer(client, "s", clock=WallClock(), entropy=Entropy(1)) as producer:
        for number in range(count):
            producer.put(str(number), f"k{number % 5}")
    return producer


def test_what_a_producer_aggregates_a_consumer_takes_apart_in_order(client, tmp_path):
    producer = produce(client, 300)
    seen = []

    with Consumer(
        client, "s", "app", seen.extend, leases=tmp_path / "app.sqlite", clock=WallClock(), entropy=Entropy(1)
    ) as consumer:
        consumer.run(until="tip")

    assert producer.metrics.kinesis_records_put < 20
    by_key = {}
    for record in seen:
        by_key.setdefault(record.partition_key, []).append(int(record.data))
    assert by_key == {f"k{rest}": list(range(rest, 300, 5)) for rest in range(5)}


def test_a_second_run_resumes_behind_the_checkpoint(client, tmp_path):
    seen = []
    for _ in range(2):
        produce(client, 10)
        with Consumer(
            client, "s", "app", seen.extend, leases=tmp_path / "app.sqlite", clock=WallClock(), entropy=Entropy(1)
        ) as consumer:
            consumer.run(until="tip")

    assert len(seen) == 20


def test_a_function_is_triggered(client, tmp_path):
    client.put_record(StreamName="s", Data=b"x", PartitionKey="k")
    events = []

    with EventSourceMapping(
        client,
        "s",
        lambda event, context: events.append(event),
        leases=tmp_path / "function.sqlite",
        clock=WallClock(),
        entropy=Entropy(1),
    ) as mapping:
        mapping.run(until="tip")

    [event] = events
    assert event["Records"][0]["kinesis"]["partitionKey"] == "k"
    described = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert event["Records"][0]["eventSourceARN"] == described["StreamARN"]


def test_errors_of_botocore_are_named(client, tmp_path):
    producer = Producer(client, "s", clock=WallClock(), entropy=Entropy(1), background=False)
    delivery = producer.put(b"x", "k")
    client.delete_stream(StreamName="s")

    with pytest.raises(KitError) as caught:
        delivery.result()

    assert caught.value.code == "ResourceNotFoundException"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        Producer(client, "none", clock=WallClock(), entropy=Entropy(1))
    producer.close()
