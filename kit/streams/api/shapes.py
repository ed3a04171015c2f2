"""The requests of the public API as values: which members, which of them required, within which bounds.

Facts of the service's model, in its names; what an operation does with a valid request is not known here.

Source: botocore's service model of Kinesis 2013-12-02 (botocore 1.44), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Lengths are in characters; a pattern covers the whole text."""

    least: int | None = None
    most: int | None = None
    pattern: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Integer:
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Boolean:
    pass


@dataclass(frozen=True, slots=True)
class Blob:
    """Lengths are in bytes."""

    most: int


@dataclass(frozen=True, slots=True)
class Timestamp:
    pass


@dataclass(frozen=True, slots=True)
class ListOf:
    member: Shape
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class MapOf:
    key: Text
    value: Text
    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Structure:
    required: tuple[str, ...] = ()
    members: Mapping[str, Shape] = field(default_factory=dict)


Shape: TypeAlias = Text | Integer | Boolean | Blob | Timestamp | ListOf | MapOf | Structure

_NAME = r"[a-zA-Z0-9_.-]+"
BOOLEAN = Boolean()
TIMESTAMP = Timestamp()
STREAM_NAME = Text(1, 128, _NAME)
STREAM_ARN = Text(1, 2048, r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+")
STREAM_ID = Text(1, 24, r"[a-z0-9]{20}-[a-z0-9]{3}")
RESOURCE_ARN = Text(1, 2048, r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+")
SHARD_ID = Text(1, 128, _NAME)
CONSUMER_NAME = Text(1, 128, _NAME)
CONSUMER_ARN = Text(
    1, 2048, r"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+"
)
PARTITION_KEY = Text(1, 256)
HASH_KEY = Text(pattern=r"^(0|([1-9]\d{0,38}))$")
SEQUENCE_NUMBER = Text(pattern=r"^(0|([1-9]\d{0,128}))$")
DATA = Blob(10_485_760)
NEXT_TOKEN = Text(1, 1_048_576)
TAG_KEY = Text(1, 128)
TAG_VALUE = Text(0, 256)
TAG_MAP = MapOf(TAG_KEY, TAG_VALUE, 1, 200)
TAG_KEYS = ListOf(TAG_KEY, 1, 50)
POSITIVE = Integer(1)
NATURAL = Integer(0)
RECORD_KIB = Integer(1_024, 10_240)
ITERATOR_TYPE = Text(options=("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"))
STREAM_MODE = Structure(("StreamMode",), {"StreamMode": Text(options=("PROVISIONED", "ON_DEMAND"))})
STRATEGY = Text(options=("AUTO", "USER_PARTITION_KEY"))
METRICS = ListOf(
    Text(
        options=(
            "IncomingBytes",
            "IncomingRecords",
            "OutgoingBytes",
            "OutgoingRecords",
            "WriteProvisionedThroughputExceeded",
            "ReadProvisionedThroughputExceeded",
            "IteratorAgeMilliseconds",
            "ALL",
        )
    ),
    1,
    7,
)
ENTRY = Structure(("Data",), {"Data": DATA, "ExplicitHashKey": HASH_KEY, "PartitionKey": PARTITION_KEY})
SHARD_FILTER = Structure(
    ("Type",),
    {
        "Type": Text(
            options=(
                "AFTER_SHARD_ID",
                "AT_TRIM_HORIZON",
                "FROM_TRIM_HORIZON",
                "AT_LATEST",
                "AT_TIMESTAMP",
                "FROM_TIMESTAMP",
            )
        ),
        "ShardId": SHARD_ID,
        "Timestamp": TIMESTAMP,
    },
)
STARTING_POSITION = Structure(
    ("Type",), {"Type": ITERATOR_TYPE, "SequenceNumber": SEQUENCE_NUMBER, "Timestamp": TIMESTAMP}
)
_NAMED: Mapping[str, Shape] = {"StreamName": STREAM_NAME, "StreamARN": STREAM_ARN, "StreamId": STREAM_ID}
_BY_ARN: Mapping[str, Shape] = {"StreamARN": STREAM_ARN, "StreamId": STREAM_ID}
_TAGGED: Mapping[str, Shape] = {"ResourceARN": RESOURCE_ARN, "StreamId": STREAM_ID}
_CONSUMER: Mapping[str, Shape] = {
    "StreamARN": STREAM_ARN,
    "ConsumerName": CONSUMER_NAME,
    "ConsumerARN": CONSUMER_ARN,
    "StreamId": STREAM_ID,
}
_ENCRYPTION: Mapping[str, Shape] = {
    **_NAMED,
    "EncryptionType": Text(options=("NONE", "KMS")),
    "KeyId": Text(1, 2048),
}
_RETENTION = Structure(("RetentionPeriodHours",), {**_NAMED, "RetentionPeriodHours": Integer()})
_MONITORING = Structure(("ShardLevelMetrics",), {**_NAMED, "ShardLevelMetrics": METRICS})

REQUESTS: Mapping[str, Structure] = {
    "AddTagsToStream": Structure(("Tags",), {**_NAMED, "Tags": TAG_MAP}),
    "CreateStream": Structure(
        ("StreamName",),
        {
            "StreamName": STREAM_NAME,
            "ShardCount": POSITIVE,
            "StreamModeDetails": STREAM_MODE,
            "Tags": TAG_MAP,
            "WarmThroughputMiBps": NATURAL,
            "MaxRecordSizeInKiB": RECORD_KIB,
            "RecordDistributionStrategy": STRATEGY,
        },
    ),
    "DecreaseStreamRetentionPeriod": _RETENTION,
    "DeleteStream": Structure((), {**_NAMED, "EnforceConsumerDeletion": BOOLEAN}),
    "DeregisterStreamConsumer": Structure((), _CONSUMER),
    "DescribeAccountSettings": Structure(),
    "DescribeLimits": Structure(),
    "DescribeStream": Structure((), {**_NAMED, "Limit": Integer(1, 10_000), "ExclusiveStartShardId": SHARD_ID}),
    "DescribeStreamConsumer": Structure((), _CONSUMER),
    "DescribeStreamSummary": Structure((), _NAMED),
    "DisableEnhancedMonitoring": _MONITORING,
    "EnableEnhancedMonitoring": _MONITORING,
    "GetRecords": Structure(
        ("ShardIterator",),
        {**_BY_ARN, "ShardIterator": Text(1, 512), "Limit": Integer(1, 10_000), "DryRun": BOOLEAN},
    ),
    "GetShardIterator": Structure(
        ("ShardId", "ShardIteratorType"),
        {
            **_NAMED,
            "ShardId": SHARD_ID,
            "ShardIteratorType": ITERATOR_TYPE,
            "StartingSequenceNumber": SEQUENCE_NUMBER,
            "Timestamp": TIMESTAMP,
            "DryRun": BOOLEAN,
        },
    ),
    "IncreaseStreamRetentionPeriod": _RETENTION,
    "ListShards": Structure(
        (),
        {
            **_NAMED,
            "NextToken": NEXT_TOKEN,
            "ExclusiveStartShardId": SHARD_ID,
            "MaxResults": Integer(1, 10_000),
            "StreamCreationTimestamp": TIMESTAMP,
            "ShardFilter": SHARD_FILTER,
        },
    ),
    "ListStreamConsumers": Structure(
        ("StreamARN",),
        {
            **_BY_ARN,
            "NextToken": NEXT_TOKEN,
            "MaxResults": Integer(1, 10_000),
            "StreamCreationTimestamp": TIMESTAMP,
        },
    ),
    "ListStreams": Structure(
        (),
        {"Limit": Integer(1, 10_000), "ExclusiveStartStreamName": STREAM_NAME, "NextToken": NEXT_TOKEN},
    ),
    "ListTagsForResource": Structure(("ResourceARN",), _TAGGED),
    "ListTagsForStream": Structure((), {**_NAMED, "ExclusiveStartTagKey": TAG_KEY, "Limit": Integer(1, 50)}),
    "MergeShards": Structure(
        ("ShardToMerge", "AdjacentShardToMerge"),
        {**_NAMED, "ShardToMerge": SHARD_ID, "AdjacentShardToMerge": SHARD_ID},
    ),
    "PutRecord": Structure(
        ("Data",),
        {
            **_NAMED,
            "Data": DATA,
            "PartitionKey": PARTITION_KEY,
            "ExplicitHashKey": HASH_KEY,
            "SequenceNumberForOrdering": SEQUENCE_NUMBER,
            "DryRun": BOOLEAN,
        },
    ),
    "PutRecords": Structure(("Records",), {**_NAMED, "Records": ListOf(ENTRY, 1, 500), "DryRun": BOOLEAN}),
    "RegisterStreamConsumer": Structure(
        ("StreamARN", "ConsumerName"), {**_BY_ARN, "ConsumerName": CONSUMER_NAME, "Tags": TAG_MAP}
    ),
    "RemoveTagsFromStream": Structure(("TagKeys",), {**_NAMED, "TagKeys": TAG_KEYS}),
    "SplitShard": Structure(
        ("ShardToSplit", "NewStartingHashKey"),
        {**_NAMED, "ShardToSplit": SHARD_ID, "NewStartingHashKey": HASH_KEY},
    ),
    "StartStreamEncryption": Structure(("EncryptionType", "KeyId"), _ENCRYPTION),
    "StopStreamEncryption": Structure(("EncryptionType", "KeyId"), _ENCRYPTION),
    "SubscribeToShard": Structure(
        ("ConsumerARN", "ShardId", "StartingPosition"),
        {
            "ConsumerARN": CONSUMER_ARN,
            "StreamId": STREAM_ID,
            "ShardId": SHARD_ID,
            "StartingPosition": STARTING_POSITION,
            "DryRun": BOOLEAN,
        },
    ),
    "TagResource": Structure(("Tags", "ResourceARN"), {**_TAGGED, "Tags": TAG_MAP}),
    "UntagResource": Structure(("TagKeys", "ResourceARN"), {**_TAGGED, "TagKeys": TAG_KEYS}),
    "UpdateMaxRecordSize": Structure(("MaxRecordSizeInKiB",), {**_BY_ARN, "MaxRecordSizeInKiB": RECORD_KIB}),
    "UpdateShardCount": Structure(
        ("TargetShardCount", "ScalingType"),
        {**_NAMED, "TargetShardCount": POSITIVE, "ScalingType": Text(options=("UNIFORM_SCALING",))},
    ),
    "UpdateStreamMode": Structure(
        ("StreamARN", "StreamModeDetails"),
        {**_BY_ARN, "StreamModeDetails": STREAM_MODE, "WarmThroughputMiBps": NATURAL},
    ),
    "UpdateStreamRecordDistributionStrategy": Structure(
        ("StreamARN", "RecordDistributionStrategy"), {**_BY_ARN, "RecordDistributionStrategy": STRATEGY}
    ),
    "UpdateStreamWarmThroughput": Structure(("WarmThroughputMiBps",), {**_NAMED, "WarmThroughputMiBps": NATURAL}),
}
"""The operations that are offered, each with its request."""

NOT_OFFERED = (
    "AcknowledgeDeadLetterQueueRecords",
    "AcknowledgeQueueRecords",
    "CreateChannel",
    "CreateQueue",
    "DeleteChannel",
    "DeleteQueue",
    "DeleteResourcePolicy",
    "DescribeChannel",
    "DescribeQueue",
    "GetResourcePolicy",
    "ListChannels",
    "ListQueues",
    "PutResourcePolicy",
    "ReceiveDeadLetterQueueRecords",
    "ReceiveQueueRecords",
    "RestoreDeadLetterQueueRecords",
    "UpdateAccountSettings",
    "UpdateChannel",
    "UpdateDeadLetterQueueRecordsVisibility",
    "UpdateQueue",
    "UpdateQueueRecordsVisibility",
)
"""Operations of the service that are refused by name."""
