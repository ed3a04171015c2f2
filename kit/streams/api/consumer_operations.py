"""Operations on the registered consumers of enhanced fan-out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kit.base.clock import now_ms
from kit.streams.api.addressing import at, consumer, consumer_arn, moment, stream_name
from kit.streams.api.shard_operations import require_creation
from kit.streams.api.subscription import subscribe
from kit.streams.errors import DryRunOperationException
from kit.streams.model import ConsumerState, StreamState

if TYPE_CHECKING:
    from kit.streams.service import Streams

Request = Mapping[str, Any]
Answer = dict[str, Any]

PAGE = 100


def register_stream_consumer(streams: Streams, request: Request) -> Answer:
    name = stream_name(request)
    found = streams.configuration.register_consumer(name, request["ConsumerName"], request.get("Tags") or {})
    return {"Consumer": _described(streams.control.find(name), found)}


def deregister_stream_consumer(streams: Streams, request: Request) -> Answer:
    stream, found = consumer(streams, request)
    streams.configuration.deregister_consumer(stream.name, found.name)
    return {}


def describe_stream_consumer(streams: Streams, request: Request) -> Answer:
    stream, found = consumer(streams, request)
    return {"ConsumerDescription": {**_described(stream, found), "StreamARN": stream.arn}}


def list_stream_consumers(streams: Streams, request: Request) -> Answer:
    now = now_ms(streams.clock)
    stream = streams.control.find(stream_name(request))
    require_creation(stream, request)
    after = ""
    if request.get("NextToken") is not None:
        after = json.loads(streams.tokens.page_content(request["NextToken"], now))
    found = [each for name, each in sorted(stream.consumers.items()) if name > after]
    limit = request.get("MaxResults", PAGE)
    answer: Answer = {"Consumers": [_described(stream, each) for each in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = streams.tokens.page(json.dumps(found[limit - 1].name), now)
    return answer


def subscribe_to_shard(streams: Streams, request: Request) -> Answer:
    stream, found = consumer(streams, request)
    if request.get("DryRun"):
        raise DryRunOperationException("Request would have succeeded, but DryRun flag is set.")
    position = request["StartingPosition"]
    timestamp = position.get("Timestamp")
    events = subscribe(
        streams,
        stream.name,
        found.name,
        request["ShardId"],
        position["Type"],
        sequence_number=position.get("SequenceNumber"),
        timestamp=None if timestamp is None else moment(timestamp),
    )
    return {"EventStream": events}


def _described(stream: StreamState, found: ConsumerState) -> Answer:
    return {
        "ConsumerName": found.name,
        "ConsumerARN": consumer_arn(stream, found),
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": at(found.created_ms),
    }
