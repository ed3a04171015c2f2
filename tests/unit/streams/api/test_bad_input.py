"""What the service refuses, each with its code."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.streams import Streams

NAME = "clicks"
FIRST = "shardId-000000000000"
SECOND = "shardId-000000000001"
HASH_KEYS = 1 << 128
MIB = 1 << 20


@pytest.fixture
def stream(client: Any) -> Any:
    """A stream of three shards, of which the first has been split."""
    client.create_stream(StreamName=NAME, ShardCount=3)
    client.put_records(StreamName=NAME, Records=[{"Data": b"x", "PartitionKey": str(place)} for place in range(20)])
    client.split_shard(StreamName=NAME, ShardToSplit=FIRST, NewStartingHashKey="1000")
    return client


def entry(size: int = 1, key: str = "k", **more: Any) -> dict[str, Any]:
    return {"Data": b"x" * size, "PartitionKey": key, **more}


CASES: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "empty key": ("ValidationException", "put_record", entry(key="")),
    "key of 257 characters": ("ValidationException", "put_record", entry(key="ü" * 257)),
    "no key": ("ValidationException", "put_record", {"Data": b"x"}),
    "no data": ("ValidationException", "put_record", {"PartitionKey": "k"}),
    "hash key out of range": ("InvalidArgumentException", "put_record", entry(ExplicitHashKey=str(HASH_KEYS))),
    "hash key that is no number": ("ValidationException", "put_record", entry(ExplicitHashKey="12a")),
    "hash key with a leading zero": ("ValidationException", "put_record", entry(ExplicitHashKey="01")),
    "record of more than 1 MiB": ("InvalidArgumentException", "put_record", entry(MIB + 1)),
    "record of more than 10 MiB": ("ValidationException", "put_record", entry(10 * MIB + 1)),
    "order after no sequence number": (
        "InvalidArgumentException",
        "put_record",
        entry(SequenceNumberForOrdering="123"),
    ),
    "no records": ("ValidationException", "put_records", {"Records": []}),
    "501 records": ("ValidationException", "put_records", {"Records": [entry()] * 501}),
    "one empty key among records": ("ValidationException", "put_records", {"Records": [entry(), entry(key="")]}),
    "one bad hash key among records": (
        "InvalidArgumentException",
        "put_records",
        {"Records": [entry(), entry(ExplicitHashKey=str(HASH_KEYS))]},
    ),
    "one record too large": ("InvalidArgumentException", "put_records", {"Records": [entry(), entry(MIB + 1)]}),
    "request of more than 10 MiB": ("InvalidArgumentException", "put_records", {"Records": [entry(MIB)] * 10}),
    "splitting a closed shard": (
        "InvalidArgumentException",
        "split_shard",
        {"ShardToSplit": FIRST, "NewStartingHashKey": "2000"},
    ),
    "splitting at the begin": (
        "InvalidArgumentException",
        "split_shard",
        {"ShardToSplit": SECOND, "NewStartingHashKey": str(HASH_KEYS // 3)},
    ),
    "splitting behind the end": (
        "InvalidArgumentException",
        "split_shard",
        {"ShardToSplit": SECOND, "NewStartingHashKey": str(HASH_KEYS - 1)},
    ),
    "splitting beyond all keys": (
        "InvalidArgumentException",
        "split_shard",
        {"ShardToSplit": SECOND, "NewStartingHashKey": str(HASH_KEYS)},
    ),
    "splitting an unknown shard": (
        "ResourceNotFoundException",
        "split_shard",
        {"ShardToSplit": "shardId-000000000099", "NewStartingHashKey": "2000"},
    ),
    "merging shards that are not adjacent": (
        "InvalidArgumentException",
        "merge_shards",
        {"ShardToMerge": "shardId-000000000003", "AdjacentShardToMerge": "shardId-000000000002"},
    ),
    "merging a closed shard": (
        "InvalidArgumentException",
        "merge_shards",
        {"ShardToMerge": FIRST, "AdjacentShardToMerge": SECOND},
    ),
    "merging a shard with itself": (
        "InvalidArgumentException",
        "merge_shards",
        {"ShardToMerge": SECOND, "AdjacentShardToMerge": SECOND},
    ),
    "scaling to more than double": (
        "LimitExceededException",
        "update_shard_count",
        {"TargetShardCount": 9, "ScalingType": "UNIFORM_SCALING"},
    ),
    "scaling to less than half": (
        "LimitExceededException",
        "update_shard_count",
        {"TargetShardCount": 1, "ScalingType": "UNIFORM_SCALING"},
    ),
    "scaling by another type": (
        "ValidationException",
        "update_shard_count",
        {"TargetShardCount": 4, "ScalingType": "RANDOM"},
    ),
    "too short a retention": (
        "InvalidArgumentException",
        "decrease_stream_retention_period",
        {"RetentionPeriodHours": 23},
    ),
    "too long a retention": (
        "InvalidArgumentException",
        "increase_stream_retention_period",
        {"RetentionPeriodHours": 8_761},
    ),
    "decreasing the retention upwards": (
        "InvalidArgumentException",
        "decrease_stream_retention_period",
        {"RetentionPeriodHours": 48},
    ),
    "iterator of an unknown shard": (
        "ResourceNotFoundException",
        "get_shard_iterator",
        {"ShardId": "shardId-000000000099", "ShardIteratorType": "LATEST"},
    ),
    "iterator of an unknown type": (
        "ValidationException",
        "get_shard_iterator",
        {"ShardId": SECOND, "ShardIteratorType": "NEWEST"},
    ),
    "iterator at no sequence number": (
        "InvalidArgumentException",
        "get_shard_iterator",
        {"ShardId": SECOND, "ShardIteratorType": "AT_SEQUENCE_NUMBER"},
    ),
    "iterator at a number that is none": (
        "InvalidArgumentException",
        "get_shard_iterator",
        {"ShardId": SECOND, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "17"},
    ),
    "iterator at no time": (
        "InvalidArgumentException",
        "get_shard_iterator",
        {"ShardId": SECOND, "ShardIteratorType": "AT_TIMESTAMP"},
    ),
    "iterator at a time to come": (
        "InvalidArgumentException",
        "get_shard_iterator",
        {"ShardId": SECOND, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime(2030, 1, 1, tzinfo=UTC)},
    ),
    "an existing stream": ("ResourceInUseException", "create_stream", {"ShardCount": 1}),
    "tags with a forbidden character": ("InvalidArgumentException", "add_tags_to_stream", {"Tags": {"a<b": "c"}}),
    "too many tags": (
        "InvalidArgumentException",
        "add_tags_to_stream",
        {"Tags": {str(place): "" for place in range(51)}},
    ),
    "encryption with a key that there is not": (
        "KMSNotFoundException",
        "start_stream_encryption",
        {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    ),
    "ending an encryption that there is not": (
        "InvalidArgumentException",
        "stop_stream_encryption",
        {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    ),
    "warm throughput": ("LimitExceededException", "update_stream_warm_throughput", {"WarmThroughputMiBps": 5}),
    "a member that there is not": ("ValidationException", "describe_stream", {"Colour": "blue"}),
    "a member of another type": ("ValidationException", "describe_stream", {"Limit": "many"}),
    "two streams in one request": (
        "InvalidArgumentException",
        "describe_stream",
        {"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/other"},
    ),
}


@pytest.mark.parametrize(("code", "operation", "request_"), CASES.values(), ids=CASES.keys())
def test_refused(stream: Any, code: str, operation: str, request_: dict[str, Any]) -> None:
    before = stream.describe_stream(StreamName=NAME)["StreamDescription"]

    with pytest.raises(getattr(stream.exceptions, code)) as caught:
        getattr(stream, operation)(StreamName=NAME, **request_)

    assert isinstance(caught.value, KitError)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
    assert caught.value.operation_name == stream.meta.method_to_api_mapping[operation]
    assert stream.describe_stream(StreamName=NAME)["StreamDescription"] == before


UNKNOWN = [
    ("put_record", entry()),
    ("put_records", {"Records": [entry()]}),
    ("describe_stream", {}),
    ("describe_stream_summary", {}),
    ("list_shards", {}),
    ("delete_stream", {}),
    ("get_shard_iterator", {"ShardId": FIRST, "ShardIteratorType": "LATEST"}),
    ("split_shard", {"ShardToSplit": FIRST, "NewStartingHashKey": "5"}),
    ("increase_stream_retention_period", {"RetentionPeriodHours": 48}),
    ("add_tags_to_stream", {"Tags": {"a": "b"}}),
    ("list_tags_for_stream", {}),
]


@pytest.mark.parametrize(("operation", "request_"), UNKNOWN, ids=[name for name, _ in UNKNOWN])
def test_an_unknown_stream_is_not_found(client: Any, operation: str, request_: dict[str, Any]) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="not found"):
        getattr(client, operation)(StreamName="nothing", **request_)


@pytest.mark.parametrize("name", ["a/b", "../a", "a b", "", "ü", "a" * 129, "a\\b", "a\0b"])
def test_a_name_with_characters_of_a_path_is_refused(client: Any, streams: Streams, name: str) -> None:
    with pytest.raises(client.exceptions.ValidationException):
        client.create_stream(StreamName=name, ShardCount=1)
    with pytest.raises(client.exceptions.ValidationException):
        streams.create(name)

    assert list(streams) == []


@pytest.mark.parametrize("name", [".", "..", "...", "CON", "a" * 128])
def test_a_name_that_would_be_odd_as_a_folder_is_as_good_as_any(client: Any, streams: Streams, name: str) -> None:
    client.create_stream(StreamName=name, ShardCount=1)
    client.put_record(StreamName=name, Data=b"x", PartitionKey="k")

    assert streams[name].table().num_rows == 1
    assert all(path.is_relative_to(streams.folder) for path in streams.folder.rglob("*"))
    client.delete_stream(StreamName=name)
    assert list(streams) == []


def test_a_sequence_number_of_another_shard_is_refused(stream: Any) -> None:
    other = stream.put_record(StreamName=NAME, Data=b"x", PartitionKey="k", ExplicitHashKey=str(HASH_KEYS - 1))

    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        with pytest.raises(stream.exceptions.InvalidArgumentException, match="encodes shardId-000000000002"):
            stream.get_shard_iterator(
                StreamName=NAME,
                ShardId=SECOND,
                ShardIteratorType=kind,
                StartingSequenceNumber=other["SequenceNumber"],
            )


def test_a_sequence_number_of_an_earlier_stream_of_that_name_is_refused(client: Any, clock: ManualClock) -> None:
    client.create_stream(StreamName=NAME, ShardCount=1)
    old = client.put_record(StreamName=NAME, Data=b"x", PartitionKey="k")["SequenceNumber"]
    client.delete_stream(StreamName=NAME)
    clock.advance(5)
    client.create_stream(StreamName=NAME, ShardCount=1)
    client.put_record(StreamName=NAME, Data=b"x", PartitionKey="k")

    with pytest.raises(client.exceptions.InvalidArgumentException, match="did not come from this stream"):
        client.get_shard_iterator(
            StreamName=NAME, ShardId=FIRST, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=old
        )


def test_a_sequence_number_that_was_never_given_is_refused(stream: Any) -> None:
    given = stream.put_record(StreamName=NAME, Data=b"x", PartitionKey="k", ExplicitHashKey=str(HASH_KEYS // 2))
    number = int(given["SequenceNumber"])

    for made_up in (number + (1 << 80), number + (1 << 36), number + 1):
        with pytest.raises(stream.exceptions.InvalidArgumentException):
            stream.get_shard_iterator(
                StreamName=NAME,
                ShardId=given["ShardId"],
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                StartingSequenceNumber=str(made_up),
            )


def test_an_eleventh_scaling_in_a_day_is_refused(client: Any, clock: ManualClock) -> None:
    client.create_stream(StreamName=NAME, ShardCount=1)

    def scale(target: int) -> None:
        client.update_shard_count(StreamName=NAME, TargetShardCount=target, ScalingType="UNIFORM_SCALING")

    for turn in range(10):
        clock.advance(3_600)
        scale(1 + turn % 2)
    with pytest.raises(client.exceptions.LimitExceededException, match="10 times in the last 24 hours"):
        scale(1)

    clock.advance(15 * 3_600 + 1)
    scale(1)


def test_a_stream_being_made_or_deleted_takes_no_records(client: Any, streams: Streams, clock: ManualClock) -> None:
    streams.transitions(10)
    client.create_stream(StreamName=NAME, ShardCount=1)
    for status, begin in (("CREATING", lambda: None), ("DELETING", lambda: client.delete_stream(StreamName=NAME))):
        begin()
        assert client.describe_stream(StreamName=NAME)["StreamDescription"]["StreamStatus"] == status
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.put_record(StreamName=NAME, Data=b"x", PartitionKey="k")
        with pytest.raises(client.exceptions.ResourceInUseException, match=status):
            client.split_shard(StreamName=NAME, ShardToSplit=FIRST, NewStartingHashKey="5")
        clock.advance(11)

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_stream(StreamName=NAME)
    client.create_stream(StreamName=NAME, ShardCount=1)


def test_resharding_a_stream_on_demand_is_refused(client: Any) -> None:
    client.create_stream(StreamName=NAME, StreamModeDetails={"StreamMode": "ON_DEMAND"})

    for call in (
        lambda: client.split_shard(StreamName=NAME, ShardToSplit=FIRST, NewStartingHashKey="5"),
        lambda: client.merge_shards(StreamName=NAME, ShardToMerge=FIRST, AdjacentShardToMerge=SECOND),
        lambda: client.update_shard_count(StreamName=NAME, TargetShardCount=5, ScalingType="UNIFORM_SCALING"),
    ):
        with pytest.raises(client.exceptions.ValidationException, match="On-Demand mode"):
            call()


def test_quotas_of_the_account_are_kept(client: Any, streams: Streams) -> None:
    with pytest.raises(client.exceptions.LimitExceededException, match="shard limit"):
        client.create_stream(StreamName="wide", ShardCount=1_001)
    streams.transitions(60)
    for place in range(5):
        client.create_stream(StreamName=f"s{place}", ShardCount=1)
    with pytest.raises(client.exceptions.LimitExceededException, match="CREATING"):
        client.create_stream(StreamName="one-more", ShardCount=1)


@pytest.mark.parametrize("operation", ["create_queue", "create_channel", "put_resource_policy"])
def test_what_is_not_offered_is_refused_by_name(client: Any, operation: str) -> None:
    with pytest.raises(client.exceptions.UnknownOperationException, match="not offered"):
        getattr(client, operation)(Anything=1)


def test_a_misspelt_operation_is_named(client: Any) -> None:
    with pytest.raises(AttributeError, match="Did you mean 'put_records'"):
        client.put_recrods()


def test_a_dry_run_does_nothing(stream: Any) -> None:
    count = count_records(stream)

    with pytest.raises(stream.exceptions.DryRunOperationException):
        stream.put_record(StreamName=NAME, DryRun=True, **entry())
    with pytest.raises(stream.exceptions.DryRunOperationException):
        stream.put_records(StreamName=NAME, DryRun=True, Records=[entry()])

    assert count_records(stream) == count


def count_records(client: Any) -> int:
    found = 0
    for shard in client.list_shards(StreamName=NAME)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=NAME, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += len(client.get_records(ShardIterator=iterator)["Records"])
    return found


def test_several_violations_are_all_named(client: Any) -> None:
    with pytest.raises(client.exceptions.ValidationException) as caught:
        client.put_record(StreamName="a/b", Data=b"x", PartitionKey="")

    assert caught.value.message.startswith(
        "2 validation errors detected: Value 'a/b' at 'streamName' failed to satisfy"
    )
    assert "at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1" in (
        caught.value.message
    )


@pytest.mark.parametrize(
    "rows", [{"data": ["x"], "partition_key": [""]}, {"data": ["x"], "partition_key": ["ü" * 257]}]
)
def test_append_refuses_a_table_with_a_bad_key_as_a_whole(
    streams: Streams, rows: dict[str, list[str]], open_streams: Callable[..., Streams]
) -> None:
    import pyarrow as pa

    stream = streams.create(NAME)
    good = {"data": ["y"], "partition_key": ["k"]}

    with pytest.raises(KitError) as caught:
        stream.append(pa.concat_tables([pa.table(good), pa.table(rows)]))

    assert caught.value.code == "ValidationException"
    assert stream.table().num_rows == 0
