"""What code written for boto3's client relies on."""

from datetime import datetime
from typing import Any

import botocore.exceptions
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.streams import Streams


@pytest.fixture
def many(client: Any, clock: ManualClock) -> Any:
    """Twelve streams, the first one of eleven shards and with seven consumers."""
    for place in range(12):
        client.create_stream(StreamName=f"s{place:02d}", ShardCount=11 if place == 0 else 1)
    arn = client.describe_stream(StreamName="s00")["StreamDescription"]["StreamARN"]
    for place in range(7):
        client.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{place}")
    return client


def test_errors_are_caught_as_boto3_code_does(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as by_name:
        client.describe_stream(StreamName="nothing")
    with pytest.raises(client.exceptions.ClientError):
        client.describe_stream(StreamName="nothing")
    with pytest.raises(botocore.exceptions.ClientError) as by_botocore:
        client.describe_stream(StreamName="nothing")
    with pytest.raises(KitError):
        client.describe_stream(StreamName="nothing")

    for caught in (by_name, by_botocore):
        error = caught.value.response["Error"]
        assert error["Code"] == "ResourceNotFoundException"
        assert error["Message"].startswith("Stream nothing under account")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert caught.value.operation_name == "DescribeStream"
    assert client.exceptions.from_code("ResourceInUseException") is client.exceptions.ResourceInUseException


def test_an_exception_that_there_is_not_is_named(client: Any) -> None:
    with pytest.raises(AttributeError, match="Did you mean 'LimitExceededException'"):
        client.exceptions.LimitExceedException  # noqa: B018


def test_positional_arguments_are_refused(client: Any) -> None:
    with pytest.raises(TypeError, match="only accepts keyword arguments"):
        client.describe_stream("clicks")


def test_each_answer_has_an_id_of_its_own(client: Any) -> None:
    ids = [client.list_streams()["ResponseMetadata"]["RequestId"] for _ in range(3)]

    assert len(set(ids)) == 3
    assert all(len(each) == 36 for each in ids)


def test_operations_are_listed_and_described(client: Any) -> None:
    assert {"put_record", "put_records", "subscribe_to_shard", "get_paginator"} <= set(dir(client))
    assert "Required: Data" in client.put_record.__doc__
    assert client.put_record.__name__ == "put_record"


@pytest.mark.parametrize(
    ("operation", "key", "request_", "count"),
    [
        ("list_streams", "StreamNames", {}, 12),
        ("list_shards", "Shards", {"StreamName": "s00"}, 11),
        ("list_stream_consumers", "Consumers", {"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s00"}, 7),
    ],
)
def test_pages_make_up_the_whole(many: Any, operation: str, key: str, request_: Any, count: int) -> None:
    assert many.can_paginate(operation)
    paginator = many.get_paginator(operation)

    pages = list(paginator.paginate(**request_, PaginationConfig={"PageSize": 5}))
    whole = paginator.paginate(**request_, PaginationConfig={"PageSize": 5}).build_full_result()
    part = paginator.paginate(**request_, PaginationConfig={"PageSize": 5, "MaxItems": 6}).build_full_result()

    assert [len(page[key]) for page in pages] == [5] * (count // 5) + [count % 5]
    assert whole[key] == getattr(many, operation)(**request_)[key]
    assert part[key] == whole[key][:6]


def test_pages_of_a_description_are_put_together(many: Any) -> None:
    pages = many.get_paginator("describe_stream").paginate(StreamName="s00", PaginationConfig={"PageSize": 4})

    assert [len(page["StreamDescription"]["Shards"]) for page in pages] == [4, 4, 3]
    assert len(pages.build_full_result()["StreamDescription"]["Shards"]) == 11


def test_pages_are_searched_with_jmespath(many: Any) -> None:
    found = many.get_paginator("list_shards").paginate(StreamName="s00").search("Shards[].ShardId")

    assert list(found) == [f"shardId-{index:012d}" for index in range(11)]


def test_what_cannot_be_paginated_is_refused(client: Any) -> None:
    assert not client.can_paginate("put_record")
    with pytest.raises(KitError, match="cannot be paginated"):
        client.get_paginator("put_record")


def test_a_forged_or_old_page_token_is_refused(many: Any, clock: ManualClock) -> None:
    token = many.list_streams(Limit=5)["NextToken"]

    assert many.list_streams(NextToken=token)["StreamNames"][0] == "s05"
    with pytest.raises(many.exceptions.InvalidArgumentException):
        many.list_streams(NextToken=token[:-2] + "AA")
    with pytest.raises(many.exceptions.InvalidArgumentException, match="together"):
        many.list_shards(StreamName="s00", NextToken=token)
    clock.advance(301)
    with pytest.raises(many.exceptions.ExpiredNextTokenException):
        many.list_streams(NextToken=token)


def test_waiters_wait_on_the_workspaces_clock(client: Any, streams: Streams, clock: ManualClock) -> None:
    streams.transitions(25)
    client.create_stream(StreamName="clicks", ShardCount=1)
    before = clock.now_ns()

    client.get_waiter("stream_exists").wait(StreamName="clicks")
    assert clock.now_ns() - before == 30_000_000_000
    client.delete_stream(StreamName="clicks")
    client.get_waiter("stream_not_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 5})
    assert clock.now_ns() - before == 55_000_000_000


def test_a_waiter_gives_up(client: Any, streams: Streams) -> None:
    streams.transitions(1_000)
    client.create_stream(StreamName="clicks", ShardCount=1)

    with pytest.raises(KitError, match="Max attempts exceeded") as caught:
        client.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    assert caught.value.code == "WaiterError"
    with pytest.raises(KitError, match="does not exist"):
        client.get_waiter("stream_is_blue")


def test_shards_are_filtered_as_the_service_does(client: Any, clock: ManualClock) -> None:
    client.create_stream(StreamName="clicks", ShardCount=2)
    clock.advance(60)
    client.split_shard(StreamName="clicks", ShardToSplit="0", NewStartingHashKey="1000")
    split_at = clock.now_ns() / 1e9
    clock.advance(60)

    def listed(**chosen: Any) -> list[int]:
        shards = client.list_shards(StreamName="clicks", **({"ShardFilter": chosen} if chosen else {}))["Shards"]
        return [int(shard["ShardId"][-3:]) for shard in shards]

    assert listed() == [0, 1, 2, 3]
    assert listed(Type="AT_LATEST") == [1, 2, 3]
    assert listed(Type="AT_TRIM_HORIZON") == [0, 1]
    assert listed(Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert listed(Type="AFTER_SHARD_ID", ShardId="shardId-000000000001") == [2, 3]
    assert listed(Type="AT_TIMESTAMP", Timestamp=split_at - 30) == [0, 1]
    assert listed(Type="AT_TIMESTAMP", Timestamp=split_at + 30) == [1, 2, 3]
    assert listed(Type="FROM_TIMESTAMP", Timestamp=split_at - 30) == [0, 1, 2, 3]
    assert listed(Type="FROM_TIMESTAMP", Timestamp=split_at + 30) == [1, 2, 3]
    with pytest.raises(client.exceptions.InvalidArgumentException, match="must specify ShardId"):
        listed(Type="AFTER_SHARD_ID")


def test_times_are_taken_as_boto3_takes_them(client: Any, clock: ManualClock) -> None:
    client.create_stream(StreamName="clicks", ShardCount=1)
    clock.advance(10)
    client.put_record(StreamName="clicks", Data=b"x", PartitionKey="k")
    moment = clock.now_ns() / 1e9

    def found(timestamp: Any) -> int:
        clock.advance(1)
        iterator = client.get_shard_iterator(
            StreamName="clicks",
            ShardId="shardId-000000000000",
            ShardIteratorType="AT_TIMESTAMP",
            Timestamp=timestamp,
        )["ShardIterator"]
        return len(client.get_records(ShardIterator=iterator)["Records"])

    assert found(moment) == found(int(moment)) == found(datetime.fromtimestamp(moment)) == 1
    assert found(datetime.fromtimestamp(moment).astimezone().isoformat()) == 1
    assert found(moment + 0.5) == 0


def test_data_may_be_text_or_a_file(client: Any, tmp_path: Any) -> None:
    client.create_stream(StreamName="clicks", ShardCount=1)
    (tmp_path / "data").write_bytes(b"from a file")
    with (tmp_path / "data").open("rb") as file:
        client.put_record(StreamName="clicks", Data=file, PartitionKey="k")
    client.put_record(StreamName="clicks", Data="grün", PartitionKey="k")
    client.put_records(StreamName="clicks", Records=[{"Data": bytearray(b"ab"), "PartitionKey": "k"}])

    iterator = client.get_shard_iterator(
        StreamName="clicks", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = client.get_records(ShardIterator=iterator)["Records"]
    assert [record["Data"] for record in records] == [b"from a file", "grün".encode(), b"ab"]


def test_tags_are_kept_by_stream_and_by_consumer(client: Any) -> None:
    client.create_stream(StreamName="clicks", ShardCount=1, Tags={"b": "2", "a": "1"})
    arn = client.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]

    client.add_tags_to_stream(StreamName="clicks", Tags={"b": "3", "c": ""})
    client.tag_resource(ResourceARN=consumer, Tags={"d": "4"})

    first = client.list_tags_for_stream(StreamName="clicks", Limit=2)
    rest = client.list_tags_for_stream(StreamName="clicks", ExclusiveStartTagKey="b")
    assert (first["Tags"], first["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}], True)
    assert (rest["Tags"], rest["HasMoreTags"]) == ([{"Key": "c", "Value": ""}], False)
    assert client.list_tags_for_resource(ResourceARN=consumer)["Tags"] == [{"Key": "d", "Value": "4"}]
    client.untag_resource(ResourceARN=consumer, TagKeys=["d"])
    assert client.list_tags_for_resource(ResourceARN=consumer)["Tags"] == []


def test_metrics_are_switched_on_and_off(client: Any) -> None:
    client.create_stream(StreamName="clicks", ShardCount=1)

    on = client.enable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
    off = client.disable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["IncomingBytes"])

    assert (on["CurrentShardLevelMetrics"], len(on["DesiredShardLevelMetrics"])) == ([], 2)
    assert off["DesiredShardLevelMetrics"] == ["OutgoingBytes"]
    description = client.describe_stream(StreamName="clicks")["StreamDescription"]
    assert description["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["OutgoingBytes"]}]
    client.disable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["ALL"])
    assert client.describe_stream(StreamName="clicks")["StreamDescription"]["EnhancedMonitoring"] == [
        {"ShardLevelMetrics": []}
    ]
