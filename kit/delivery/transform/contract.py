"""Lambda's event and answer for a transformation: built and judged. Pure, and calls nothing.

Source: Amazon Data Firehose Developer Guide, Transform source data; Troubleshooting, Lambda errors; read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from kit.delivery.names import delivery_arn
from kit.streams.names import REGION, stream_arn

MISSING = "Lambda.MissingRecordId"
DUPLICATED = "Lambda.DuplicatedRecordId"
MALFORMED = "Lambda.JsonProcessingException"
PROCESSING_FAILED = "Lambda.ProcessingFailedStatus"
_MESSAGES = {
    MISSING: "One or more record IDs were not returned. Ensure that the Lambda function returns all received record "
    "IDs.",
    DUPLICATED: "Multiple records were returned with the same record ID. Ensure that the Lambda function returns a "
    "unique record ID for each record.",
    MALFORMED: "There was an error parsing returned records from the Lambda function. Ensure that the returned records "
    "follow the status model required by Amazon Data Firehose.",
    PROCESSING_FAILED: "ProcessingFailed status set for record.",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """The record goes on with this data."""

    data: bytes
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """The function wants it gone."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The record fails."""

    code: str
    message: str


Verdict: TypeAlias = Kept | Dropped | Refused


class InvalidAnswerError(Exception):
    """The answer says nothing of the records; the call counts as failed."""


def event(
    delivery: str, source: str | None, invocation: str, records: Sequence[Mapping[str, Any]], numbers: Sequence[str]
) -> dict[str, Any]:
    """What the function is called with; records as rows of `records.SCHEMA`, each with a sequence number."""
    made: dict[str, Any] = {
        "invocationId": invocation,
        "deliveryStreamArn": delivery_arn(delivery),
        "region": REGION,
        "records": [
            {
                "recordId": record_id(number, place),
                "approximateArrivalTimestamp": record["arrival_ms"],
                "data": base64.b64encode(record["data"]).decode(),
            }
            for place, (record, number) in enumerate(zip(records, numbers, strict=True))
        ],
    }
    if source is not None:
        made["sourceKinesisStreamArn"] = stream_arn(source)
        for told, record, number in zip(made["records"], records, numbers, strict=True):
            told["kinesisRecordMetadata"] = {
                "sequenceNumber": number,
                "subsequenceNumber": 0,
                "partitionKey": record["partition_key"],
                "shardId": f"shardId-{record['shard']:012d}",
                "approximateArrivalTimestamp": record["arrival_ms"],
            }
    return made


def record_id(number: str, place: int) -> str:
    """Unique in a call, also among the parts of an aggregated record."""
    return f"{number}{place:06d}"


def verdicts(answer: Any, ids: Sequence[str]) -> list[Verdict]:
    """What becomes of each record. Raises `InvalidAnswerError` where the answer as a whole is none."""
    told = answer.get("records") if isinstance(answer, Mapping) else None
    if not isinstance(told, Sequence) or isinstance(told, (str, bytes)):
        raise InvalidAnswerError("The function must return a dict with a list under 'records'.")
    known = set(ids)
    by_id: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for each in told:
        found = each.get("recordId") if isinstance(each, Mapping) else None
        if not isinstance(found, str) or found not in known:
            raise InvalidAnswerError(
                f"The function returned a record with the recordId {found!r}, which it was not given."
            )
        by_id[found] = each
        counts[found] += 1
    return [_verdict(by_id.get(each), counts[each]) for each in ids]


def _verdict(told: Any, count: int) -> Verdict:
    if count == 0:
        return _refused(MISSING)
    if count > 1:
        return _refused(DUPLICATED)
    match told.get("result"):
        case "Ok":
            return _kept(told)
        case "Dropped":
            return Dropped()
        case "ProcessingFailed":
            return _refused(PROCESSING_FAILED)
        case other:
            return _malformed(f"The result is {other!r}.")


def _kept(told: Mapping[str, Any]) -> Kept | Refused:
    data = told.get("data")
    if not isinstance(data, (str, bytes)):
        return _malformed(f"The data is {type(data).__name__}, not base64 text.")
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        return _malformed(f"The data is not base64: {error}.")
    metadata = told.get("metadata") or {}
    keys = metadata.get("partitionKeys") if isinstance(metadata, Mapping) else None
    if keys is None:
        return Kept(decoded)
    if not isinstance(keys, Mapping):
        return _malformed("The partitionKeys are no mapping.")
    return Kept(decoded, {str(name): str(value) for name, value in keys.items() if value is not None})


def _refused(code: str) -> Refused:
    return Refused(code, _MESSAGES[code])


def _malformed(reason: str) -> Refused:
    return Refused(MALFORMED, f"{_MESSAGES[MALFORMED]} {reason}")
