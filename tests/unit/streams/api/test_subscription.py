from itertools import islice
from typing import Any

import pytest

from kit.base.clock import ManualClock
from kit.streams import Streams

FIRST = "shardId-000000000000"
MIB = 1 << 20


@pytest.fixture
def consumer(client: Any) -> str:
    """The address of a consumer of a stream of one shard."""
    client.create_stream(StreamName="clicks", ShardCount=1)
    arn = client.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    return client.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]


def subscribe(client: Any, consumer: str, kind: str = "TRIM_HORIZON", **position: Any) -> Any:
    request = {"ConsumerARN": consumer, "ShardId": FIRST, "StartingPosition": {"Type": kind, **position}}
    return client.subscribe_to_shard(**request)["EventStream"]


def put(client: Any, *data: str) -> list[str]:
    return [client.put_record(StreamName="clicks", Data=each, PartitionKey="k")["SequenceNumber"] for each in data]


def records(event: Any) -> list[bytes]:
    return [record["Data"] for record in event["SubscribeToShardEvent"]["Records"]]


def test_events_carry_records_and_where_to_go_on(client: Any, consumer: str) -> None:
    numbers = put(client, "a", "b")

    event = next(iter(subscribe(client, consumer)))

    assert records(event) == [b"a", b"b"]
    assert event["SubscribeToShardEvent"]["ContinuationSequenceNumber"] == numbers[-1]
    assert event["SubscribeToShardEvent"]["MillisBehindLatest"] == 0


def test_a_subscription_pushes_what_is_put_while_it_lasts(client: Any, consumer: str) -> None:
    events = iter(subscribe(client, consumer, "LATEST"))
    seen: list[bytes] = []

    for place in range(3):
        put(client, str(place))
        seen += next(each for each in map(records, events) if each)

    assert seen == [b"0", b"1", b"2"]


def test_a_subscription_goes_on_after_a_sequence_number(client: Any, consumer: str) -> None:
    numbers = put(client, "a", "b", "c")

    event = next(iter(subscribe(client, consumer, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[0])))

    assert records(event) == [b"b", b"c"]


def test_a_subscription_lasts_five_minutes(client: Any, consumer: str, clock: ManualClock) -> None:
    before = clock.now_ns()

    events = list(subscribe(client, consumer))

    assert 300 <= (clock.now_ns() - before) / 1e9 < 301
    assert 250 < len(events) <= 300
    assert all(records(event) == [] for event in events)


def test_a_subscription_has_two_mebibytes_a_second_of_its_own(
    client: Any, consumer: str, streams: Streams, clock: ManualClock
) -> None:
    streams["clicks"].limits(enforced=False)
    for _ in range(6):
        client.put_records(StreamName="clicks", Records=[{"Data": b"x" * (MIB // 2), "PartitionKey": "k"}] * 2)
    streams["clicks"].limits(enforced=True)
    iterator = client.get_shard_iterator(StreamName="clicks", ShardId=FIRST, ShardIteratorType="LATEST")
    before = clock.now_ns()

    sizes = [len(records(event)) for event in islice(subscribe(client, consumer), 4)]

    assert sizes == [3, 3, 3, 3]
    assert (clock.now_ns() - before) / 1e9 == pytest.approx(3 * 1.5 / 2, abs=0.01)
    assert client.get_records(ShardIterator=iterator["ShardIterator"])["Records"] == []


def test_a_subscription_ends_with_the_shard_and_names_its_children(client: Any, consumer: str) -> None:
    put(client, "a")
    client.split_shard(StreamName="clicks", ShardToSplit=FIRST, NewStartingHashKey="1000")

    *_, last = subscribe(client, consumer)

    children = last["SubscribeToShardEvent"]["ChildShards"]
    assert [child["ShardId"] for child in children] == ["shardId-000000000001", "shardId-000000000002"]


def test_subscribing_again_within_five_seconds_is_refused(client: Any, consumer: str, clock: ManualClock) -> None:
    subscribe(client, consumer)
    clock.advance(4.9)

    with pytest.raises(client.exceptions.ResourceInUseException):
        subscribe(client, consumer)


def test_subscribing_again_later_takes_over(client: Any, consumer: str, clock: ManualClock) -> None:
    put(client, "a")
    first = iter(subscribe(client, consumer))
    assert records(next(first)) == [b"a"]
    clock.advance(5)

    second = iter(subscribe(client, consumer))

    assert records(next(second)) == [b"a"]
    with pytest.raises(client.exceptions.ResourceInUseException, match="took shard"):
        next(first)


def test_two_consumers_read_side_by_side(client: Any, consumer: str) -> None:
    arn = client.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    other = client.register_stream_consumer(StreamARN=arn, ConsumerName="other")["Consumer"]["ConsumerARN"]
    put(client, "a")

    assert [records(next(iter(subscribe(client, each)))) for each in (consumer, other)] == [[b"a"], [b"a"]]


def test_a_closed_subscription_ends(client: Any, consumer: str) -> None:
    put(client, "a")
    events = subscribe(client, consumer)

    seen = []
    for event in events:
        seen += records(event)
        events.close()

    assert seen == [b"a"]


def test_an_unknown_consumer_is_not_found(client: Any, consumer: str) -> None:
    client.deregister_stream_consumer(ConsumerARN=consumer)

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        subscribe(client, consumer)


def test_a_twenty_first_consumer_is_refused(client: Any, consumer: str) -> None:
    arn = client.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    for place in range(19):
        client.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{place}")

    with pytest.raises(client.exceptions.LimitExceededException):
        client.register_stream_consumer(StreamARN=arn, ConsumerName="one-more")
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.register_stream_consumer(StreamARN=arn, ConsumerName="reader")
