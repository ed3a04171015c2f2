"""Operations on records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kit.base.clock import now_ms
from kit.streams import sequence
from kit.streams.api.addressing import moment, stream_name
from kit.streams.api.shard_operations import described_child
from kit.streams.errors import (
    DryRunOperationException,
    InvalidArgumentException,
    ResourceNotFoundException,
    ValidationException,
)
from kit.streams.limits import ANSWER_RECORDS
from kit.streams.live_shard import LiveShard
from kit.streams.log.reader import Rows
from kit.streams.names import ACCOUNT
from kit.streams.reading import numbers_of, times_of

if TYPE_CHECKING:
    from kit.streams.service import Streams
    from kit.streams.stream import Stream

Request = Mapping[str, Any]
Answer = dict[str, Any]


def put_record(streams: Streams, request: Request) -> Answer:
    name = stream_name(request)
    stream = _stream(streams, name, request)
    order = request.get("SequenceNumberForOrdering")
    if order is not None and sequence.decode(order) is None:
        raise InvalidArgumentException(
            f"ExclusiveMinimumSequenceNumber {order} used in PutRecord on stream {name} under account {ACCOUNT} is "
            "invalid."
        )
    placed = stream.put_record(
        _content(request["Data"]), _key(streams, name, request), explicit_hash_key=request.get("ExplicitHashKey")
    )
    return {"ShardId": placed.shard_id, "SequenceNumber": placed.sequence_number}


def put_records(streams: Streams, request: Request) -> Answer:
    name = stream_name(request)
    stream = _stream(streams, name, request)
    records = request["Records"]
    if not all_plain(records):
        records = [
            (_content(record["Data"]), _key(streams, name, record), record.get("ExplicitHashKey")) for record in records
        ]
    failed = 0
    answers: list[Answer] = []
    for shard_id, number, code, message in stream.put_records(records):
        if code is None:
            answers.append({"SequenceNumber": number, "ShardId": shard_id})
        else:
            failed += 1
            answers.append({"ErrorCode": code, "ErrorMessage": message})
    return {"FailedRecordCount": failed, "Records": answers}


def get_shard_iterator(streams: Streams, request: Request) -> Answer:
    stream = _stream(streams, stream_name(request), request)
    timestamp = request.get("Timestamp")
    iterator = stream.get_shard_iterator(
        request["ShardId"],
        request["ShardIteratorType"],
        sequence_number=request.get("StartingSequenceNumber"),
        timestamp=None if timestamp is None else moment(timestamp),
    )
    return {"ShardIterator": iterator}


def get_records(streams: Streams, request: Request) -> Answer:
    iterator = request["ShardIterator"]
    place = streams.tokens.place(iterator, now_ms(streams.clock))
    owner = next((stream for stream in streams.control.all() if stream.stream_id == place.stream_id), None)
    if owner is None:
        raise ResourceNotFoundException(f"The stream of the iterator is not found under account {ACCOUNT}.")
    if request.get("StreamARN") is not None and stream_name(request) != owner.name:
        raise InvalidArgumentException("The shard iterator is not one of the stream that StreamARN names.")
    page = _stream(streams, owner.name, request).page(iterator, request.get("Limit", ANSWER_RECORDS))
    answer: Answer = {
        "Records": described(page.live, page.rows),
        "MillisBehindLatest": page.millis_behind_latest,
    }
    if page.next_iterator is not None:
        answer["NextShardIterator"] = page.next_iterator
    if page.children:
        answer["ChildShards"] = [described_child(child) for child in page.children]
    return answer


def described(live: LiveShard, rows: Rows) -> list[Answer]:
    """The `Record` structures of the answers."""
    answers: list[Answer] = [
        {"SequenceNumber": number, "ApproximateArrivalTimestamp": time, "Data": data, "PartitionKey": key}
        for number, time, data, key in zip(numbers_of(live, rows), times_of(rows), rows.data, rows.keys, strict=True)
    ]
    if "" in rows.keys:
        for answer in answers:
            if not answer["PartitionKey"]:
                del answer["PartitionKey"]
    return answers


def all_plain(records: Any) -> bool:
    """Whether the entries of PutRecords are what they nearly always are, bytes under a key within its bounds, so that
    they need no second look."""
    return (
        type(records) is list
        and 0 < len(records) <= 500
        and all(
            type(record) is dict
            and len(record) == 2
            and type(record.get("Data")) is bytes
            and type(key := record.get("PartitionKey")) is str
            and 0 < len(key) <= 256
            for record in records
        )
    )


def _stream(streams: Streams, name: str, request: Request) -> Stream:
    stream = streams[name]
    if request.get("DryRun"):
        raise DryRunOperationException("Request would have succeeded, but DryRun flag is set.")
    return stream


def _key(streams: Streams, name: str, request: Request) -> str:
    key = request.get("PartitionKey")
    if key is not None:
        return key
    if streams.control.usable(name).strategy == "AUTO":
        return ""
    raise ValidationException(
        "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: "
        "Member must not be null"
    )


def _content(data: Any) -> Any:
    return data.read() if hasattr(data, "read") else data
