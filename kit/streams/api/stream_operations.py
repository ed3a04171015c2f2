"""Operations on streams as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kit.base.clock import now_ms
from kit.streams.api.addressing import at, stream_name
from kit.streams.api.shapes import METRICS, ListOf, Text
from kit.streams.api.shard_operations import described
from kit.streams.control import (
    ON_DEMAND_STREAM_LIMIT,
    RECORD_KIB,
    RETENTION_MAX_HOURS,
    RETENTION_MIN_HOURS,
    SHARD_LIMIT,
)
from kit.streams.errors import (
    InvalidArgumentException,
    KMSNotFoundException,
    LimitExceededException,
    ValidationException,
)
from kit.streams.model import StreamState

if TYPE_CHECKING:
    from kit.streams.service import Streams

Request = Mapping[str, Any]
Answer = dict[str, Any]

PAGE = 100


def create_stream(streams: Streams, request: Request) -> Answer:
    _refuse_warm_throughput(request)
    mode = request.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    if mode == "PROVISIONED" and request.get("ShardCount") is None:
        raise ValidationException(
            "ShardCount is required for a stream in PROVISIONED mode.", "ShardCount=1, or StreamMode ON_DEMAND."
        )
    streams.control.create(
        request["StreamName"],
        request.get("ShardCount"),
        mode=mode,
        record_max_kib=request.get("MaxRecordSizeInKiB", RECORD_KIB),
        strategy=request.get("RecordDistributionStrategy", "USER_PARTITION_KEY"),
        tags=request.get("Tags"),
    )
    return {}


def delete_stream(streams: Streams, request: Request) -> Answer:
    enforce = request.get("EnforceConsumerDeletion", False)
    streams.control.delete(stream_name(request), enforce_consumer_deletion=enforce)
    return {}


def describe_stream(streams: Streams, request: Request) -> Answer:
    stream = streams.control.find(stream_name(request))
    now = now_ms(streams.clock)
    shards = [shard for shard in stream.shards if shard.shard_id > request.get("ExclusiveStartShardId", "")]
    limit = request.get("Limit", PAGE)
    return {
        "StreamDescription": {
            **_about(stream, now),
            "Shards": [described(shard) for shard in shards[:limit]],
            "HasMoreShards": len(shards) > limit,
            "RetentionPeriodHours": stream.retention_hours,
            "EnhancedMonitoring": [{"ShardLevelMetrics": list(stream.monitoring)}],
            "EncryptionType": "NONE",
        }
    }


def describe_stream_summary(streams: Streams, request: Request) -> Answer:
    stream = streams.control.find(stream_name(request))
    return {
        "StreamDescriptionSummary": {
            **_about(stream, now_ms(streams.clock)),
            "StreamId": stream.stream_id,
            "RetentionPeriodHours": stream.retention_hours,
            "EnhancedMonitoring": [{"ShardLevelMetrics": list(stream.monitoring)}],
            "EncryptionType": "NONE",
            "OpenShardCount": len(stream.open_shards),
            "ConsumerCount": len(stream.consumers),
            "MaxRecordSizeInKiB": stream.record_max_kib,
            "RecordDistributionStrategy": stream.strategy,
        }
    }


def list_streams(streams: Streams, request: Request) -> Answer:
    now = now_ms(streams.clock)
    after = request.get("ExclusiveStartStreamName", "")
    if request.get("NextToken") is not None:
        after = json.loads(streams.tokens.page_content(request["NextToken"], now))
    found = [stream for stream in streams.control.all() if stream.name > after]
    limit = request.get("Limit", PAGE)
    page = found[:limit]
    answer: Answer = {
        "StreamNames": [stream.name for stream in page],
        "HasMoreStreams": len(found) > limit,
        "StreamSummaries": [_about(stream, now) for stream in page],
    }
    if len(found) > limit:
        answer["NextToken"] = streams.tokens.page(json.dumps(page[-1].name), now)
    return answer


def increase_stream_retention_period(streams: Streams, request: Request) -> Answer:
    stream = streams.control.find(stream_name(request))
    hours = request["RetentionPeriodHours"]
    if hours < stream.retention_hours:
        raise InvalidArgumentException(
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be shorter than existing "
            f"retention period ({stream.retention_hours} hours). Use DecreaseRetentionPeriod API."
        )
    if hours > RETENTION_MAX_HOURS:
        raise InvalidArgumentException(
            f"Maximum allowed retention period is {RETENTION_MAX_HOURS} hours. Requested retention period ({hours} "
            "hours) is too long."
        )
    streams.configuration.set_retention(stream.name, hours)
    return {}


def decrease_stream_retention_period(streams: Streams, request: Request) -> Answer:
    stream = streams.control.find(stream_name(request))
    hours = request["RetentionPeriodHours"]
    if hours > stream.retention_hours:
        raise InvalidArgumentException(
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be longer than existing "
            f"retention period ({stream.retention_hours} hours). Use IncreaseRetentionPeriod API."
        )
    if hours < RETENTION_MIN_HOURS:
        raise InvalidArgumentException(
            f"Minimum allowed retention period is {RETENTION_MIN_HOURS} hours. Requested retention period ({hours} "
            "hours) is too short."
        )
    streams.configuration.set_retention(stream.name, hours)
    return {}


def update_stream_mode(streams: Streams, request: Request) -> Answer:
    _refuse_warm_throughput(request)
    streams.configuration.set_mode(stream_name(request), request["StreamModeDetails"]["StreamMode"])
    return {}


def update_max_record_size(streams: Streams, request: Request) -> Answer:
    streams.configuration.set_record_size(stream_name(request), request["MaxRecordSizeInKiB"])
    return {}


def update_stream_record_distribution_strategy(streams: Streams, request: Request) -> Answer:
    streams.configuration.set_strategy(stream_name(request), request["RecordDistributionStrategy"])
    return {}


def update_stream_warm_throughput(streams: Streams, request: Request) -> Answer:
    streams.control.find(stream_name(request))
    _refuse_warm_throughput(request)
    return {}


def enable_enhanced_monitoring(streams: Streams, request: Request) -> Answer:
    return _monitor(streams, request, lambda current, named: current | named)


def disable_enhanced_monitoring(streams: Streams, request: Request) -> Answer:
    return _monitor(streams, request, lambda current, named: current - named)


def describe_limits(streams: Streams, request: Request) -> Answer:
    del request
    found = streams.control.all()
    return {
        "ShardLimit": SHARD_LIMIT,
        "OpenShardCount": sum(len(stream.open_shards) for stream in found),
        "OnDemandStreamCount": sum(stream.mode == "ON_DEMAND" for stream in found),
        "OnDemandStreamCountLimit": ON_DEMAND_STREAM_LIMIT,
    }


def describe_account_settings(streams: Streams, request: Request) -> Answer:
    del streams, request
    return {"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}}


def start_stream_encryption(streams: Streams, request: Request) -> Answer:
    """Refused: there are no keys in a workspace, and a stream that says it is encrypted would have to be."""
    streams.control.find(stream_name(request))
    raise KMSNotFoundException(
        f"Key '{request['KeyId']}' does not exist.", "A workspace has no key management; encrypt the disk it is on."
    )


def stop_stream_encryption(streams: Streams, request: Request) -> Answer:
    stream = streams.control.find(stream_name(request))
    raise InvalidArgumentException(f"Stream {stream.name} is not encrypted.")


def _about(stream: StreamState, now: int) -> Answer:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": stream.status_at(now),
        "StreamModeDetails": {"StreamMode": stream.mode},
        "StreamCreationTimestamp": at(stream.created_ms),
    }


def _monitor(
    streams: Streams, request: Request, change: Callable[[frozenset[str], frozenset[str]], frozenset[str]]
) -> Answer:
    stream = streams.control.find(stream_name(request))
    assert isinstance(METRICS, ListOf)
    assert isinstance(METRICS.member, Text)
    every = METRICS.member.options[:-1]
    named = frozenset(every if "ALL" in request["ShardLevelMetrics"] else request["ShardLevelMetrics"])
    desired = sorted(change(frozenset(stream.monitoring), named))
    streams.configuration.set_monitoring(stream.name, desired)
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "CurrentShardLevelMetrics": list(stream.monitoring),
        "DesiredShardLevelMetrics": desired,
    }


def _refuse_warm_throughput(request: Request) -> None:
    if request.get("WarmThroughputMiBps") is not None:
        raise LimitExceededException(
            "Warm throughput needs the account's MinimumThroughputBillingCommitment, which is DISABLED."
        )
