"""The JSON shapes between a stream and a function: the event, the context, the answer, the record of a failure. Pure.

Source: Lambda Developer Guide, Using Lambda with Kinesis: example event, partial batch responses, tumbling windows,
on-failure destinations, read 2026-11.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kit.base.clock import instant
from kit.streams.names import ACCOUNT, REGION

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]

ENVELOPE_BYTES = 512
"""What a record's JSON takes beside its data and key, generously."""


@dataclass(frozen=True, slots=True)
class Context:
    """The second argument of a handler, as far as it means something without a function service."""

    function_name: str
    aws_request_id: str
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        return function_arn(self.function_name)


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def event_record(shard: str, stream_arn: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """A record of GetRecords as the function sees it: aggregates are left for the function to take apart."""
    arrival: datetime = answer["ApproximateArrivalTimestamp"]
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": answer["PartitionKey"],
            "sequenceNumber": answer["SequenceNumber"],
            "data": base64.b64encode(answer["Data"]).decode(),
            "approximateArrivalTimestamp": round(arrival.timestamp(), 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{answer['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
        "awsRegion": REGION,
        "eventSourceARN": stream_arn,
    }


def payload_bytes(answer: Mapping[str, Any]) -> int:
    """About how large a record is in an event."""
    return len(answer["Data"]) * 4 // 3 + len(answer["PartitionKey"]) + ENVELOPE_BYTES


def iso(ms: int) -> str:
    """`2026-01-01T00:00:00.000Z`."""
    return instant(ms * 1_000_000).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def window_fields(
    shard: str, stream_arn: str, start_ms: int, end_ms: int, state: Mapping[str, Any], *, final: bool, early: bool
) -> dict[str, Any]:
    """What an event carries besides its records where the mapping has a tumbling window."""
    return {
        "window": {"start": _seconds(start_ms), "end": _seconds(end_ms)},
        "state": dict(state),
        "shardId": shard,
        "eventSourceARN": stream_arn,
        "isFinalInvokeForWindow": final,
        "isWindowTerminatedEarly": early,
    }


def first_failure(answer: object, sequences: Sequence[str]) -> int | None:
    """The position of the first record that the function reports as failed; None where all went well.

    An answer that is no such report, or names a record that was not in the batch, means that all failed.
    """
    if answer is None:
        return None
    if not isinstance(answer, Mapping):
        return 0
    failures = answer.get("batchItemFailures")
    if failures is None:
        return None
    if not isinstance(failures, Sequence) or isinstance(failures, str | bytes):
        return 0
    positions = {sequence: position for position, sequence in enumerate(sequences)}
    first: int | None = None
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, Mapping) else None
        position = positions.get(identifier) if isinstance(identifier, str) else None
        if position is None:
            return 0
        first = position if first is None else min(first, position)
    return first


def failure_record(
    *,
    request_id: str,
    function: str,
    condition: Condition,
    invocations: int,
    unhandled: bool,
    at_ms: int,
    shard: str,
    stream_arn: str,
    answers: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What an on-failure destination is told of a batch that was given up. The records stay in the stream."""
    return {
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn(function),
            "condition": condition,
            "approximateInvokeCount": invocations,
        },
        **_response_context(invocations, unhandled=unhandled),
        "version": "1.0",
        "timestamp": iso(at_ms),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": answers[0]["SequenceNumber"],
            "endSequenceNumber": answers[-1]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _arrival(answers[0]),
            "approximateArrivalOfLastRecord": _arrival(answers[-1]),
            "batchSize": len(answers),
            "streamArn": stream_arn,
        },
    }


def _response_context(invocations: int, *, unhandled: bool) -> dict[str, Any]:
    if not invocations:
        return {}
    failure = {"functionError": "Unhandled"} if unhandled else {}
    return {"responseContext": {"statusCode": 200, "executedVersion": "$LATEST", **failure}}


def arrival_ms(answer: Mapping[str, Any]) -> int:
    """When a record arrived, in milliseconds."""
    arrival: datetime = answer["ApproximateArrivalTimestamp"]
    return round(arrival.timestamp() * 1000)


def _arrival(answer: Mapping[str, Any]) -> str:
    return iso(arrival_ms(answer))


def _seconds(ms: int) -> str:
    return instant(ms * 1_000_000).strftime("%Y-%m-%dT%H:%M:%SZ")
