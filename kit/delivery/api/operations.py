"""The operations by their names: the request's shape, and what carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kit.delivery.api.descriptions import described
from kit.delivery.api.requests import created, updated
from kit.delivery.api.shapes import REQUESTS
from kit.delivery.errors import InvalidArgumentException
from kit.delivery.names import DESTINATION_ID, delivery_arn
from kit.streams.api.operations import snake_case
from kit.streams.api.shapes import Structure

if TYPE_CHECKING:
    from kit.delivery.service import Deliveries

Request = Mapping[str, Any]
Answer = dict[str, Any]

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Operation:
    """`carry_out` takes a valid request and gives the answer, without its metadata."""

    name: str
    request: Structure
    carry_out: Callable[[Deliveries, Request], Answer]


def create_delivery_stream(deliveries: Deliveries, request: Request) -> Answer:
    name = request["DeliveryStreamName"]
    deliveries.add(name, created(request), tags=_tags(request))
    return {"DeliveryStreamARN": delivery_arn(name)}


def delete_delivery_stream(deliveries: Deliveries, request: Request) -> Answer:
    deliveries.delete(request["DeliveryStreamName"], force=bool(request.get("AllowForceDelete")))
    return {}


def describe_delivery_stream(deliveries: Deliveries, request: Request) -> Answer:
    return {"DeliveryStreamDescription": described(deliveries.store.find(request["DeliveryStreamName"]))}


def list_delivery_streams(deliveries: Deliveries, request: Request) -> Answer:
    wanted, after = request.get("DeliveryStreamType"), request.get("ExclusiveStartDeliveryStreamName", "")
    names = [
        kept.name
        for kept in deliveries.store.all()
        if kept.name > after
        and wanted in {None, "DirectPut" if kept.configuration.source is None else "KinesisStreamAsSource"}
    ]
    limit = request.get("Limit", _LISTED)
    return {"DeliveryStreamNames": names[:limit], "HasMoreDeliveryStreams": len(names) > limit}


def update_destination(deliveries: Deliveries, request: Request) -> Answer:
    name = request["DeliveryStreamName"]
    kept = deliveries.store.find(name)
    if request["DestinationId"] != DESTINATION_ID:
        raise InvalidArgumentException(f"Destination Id {request['DestinationId']} not found", DESTINATION_ID)
    destination = updated(kept.configuration.destination, request)
    version = int(request["CurrentDeliveryStreamVersionId"])
    deliveries.replace(name, version, replace(kept.configuration, destination=destination))
    return {}


def put_record(deliveries: Deliveries, request: Request) -> Answer:
    record_id = deliveries[request["DeliveryStreamName"]].put_record(_content(request["Record"]["Data"]))
    return {"RecordId": record_id, "Encrypted": False}


def put_record_batch(deliveries: Deliveries, request: Request) -> Answer:
    contents = [_content(record["Data"]) for record in request["Records"]]
    answers: list[Answer] = []
    for result in deliveries[request["DeliveryStreamName"]].put_record_batch(contents):
        if result.error_code is None:
            answers.append({"RecordId": result.record_id})
        else:
            answers.append({"ErrorCode": result.error_code, "ErrorMessage": result.error_message})
    failed = sum("ErrorCode" in answer for answer in answers)
    return {"FailedPutCount": failed, "Encrypted": False, "RequestResponses": answers}


def tag_delivery_stream(deliveries: Deliveries, request: Request) -> Answer:
    deliveries.store.find(request["DeliveryStreamName"])
    deliveries.store.tag(request["DeliveryStreamName"], _tags(request))
    return {}


def untag_delivery_stream(deliveries: Deliveries, request: Request) -> Answer:
    deliveries.store.find(request["DeliveryStreamName"])
    deliveries.store.untag(request["DeliveryStreamName"], request["TagKeys"])
    return {}


def list_tags_for_delivery_stream(deliveries: Deliveries, request: Request) -> Answer:
    deliveries.store.find(request["DeliveryStreamName"])
    after, limit = request.get("ExclusiveStartTagKey", ""), request.get("Limit", 50)
    tags = [
        {"Key": key, "Value": value}
        for key, value in deliveries.store.tags(request["DeliveryStreamName"]).items()
        if key > after
    ]
    return {"Tags": tags[:limit], "HasMoreTags": len(tags) > limit}


def _tags(request: Request) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags") or ()}


def _content(data: Any) -> Any:
    return data.read() if hasattr(data, "read") else data


OPERATIONS: Mapping[str, Operation] = {
    snake_case(name): Operation(name, request, globals()[snake_case(name)]) for name, request in REQUESTS.items()
}
"""By the name of the client's method."""
