"""Which stream or consumer a request means: by name, by ARN, or both; and what times in requests mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kit.base.clock import instant
from kit.streams import names
from kit.streams.errors import InvalidArgumentException, ResourceNotFoundException, ValidationException
from kit.streams.model import ConsumerState, StreamState
from kit.streams.names import ACCOUNT

if TYPE_CHECKING:
    from kit.streams.service import Streams


def stream_name(request: Mapping[str, Any]) -> str:
    """Raises `InvalidArgumentException` where the request names no stream, or two."""
    name, arn = request.get("StreamName"), request.get("StreamARN")
    if arn is None:
        if name is None:
            raise InvalidArgumentException("Either StreamName or StreamARN must be specified.")
        return name
    found = names.stream_of_arn(arn)
    if found is None:
        raise ResourceNotFoundException(f"Stream {arn} is not one of account {ACCOUNT} in {names.REGION}.")
    if name not in {None, found}:
        raise InvalidArgumentException(f"StreamName {name} and StreamARN {arn} name different streams.")
    return found


def consumer(streams: Streams, request: Mapping[str, Any]) -> tuple[StreamState, ConsumerState]:
    """The stream and its consumer, by ConsumerARN or by StreamARN and ConsumerName. Raises
    `ResourceNotFoundException`."""
    arn = request.get("ConsumerARN")
    if arn is None:
        if request.get("StreamARN") is None or request.get("ConsumerName") is None:
            raise InvalidArgumentException("Either ConsumerARN, or StreamARN and ConsumerName must be specified.")
        stream = streams.control.find(stream_name(request))
        found = stream.consumers.get(request["ConsumerName"])
        shown = request["ConsumerName"]
    else:
        parts = names.consumer_of_arn(arn)
        if parts is None:
            raise ResourceNotFoundException(f"Consumer {arn} is not one of account {ACCOUNT} in {names.REGION}.")
        stream = streams.control.find(parts[0])
        found = stream.consumers.get(parts[1])
        if found is not None and found.created_ms // 1000 != parts[2]:
            found = None
        shown = arn
    if found is None:
        raise ResourceNotFoundException(f"Consumer {shown} under stream {stream.name}, account {ACCOUNT} not found.")
    return stream, found


def tagged(streams: Streams, request: Mapping[str, Any]) -> tuple[StreamState, str]:
    """The stream, and the consumer's name or nothing, that ResourceARN means."""
    arn = request["ResourceARN"]
    if names.consumer_of_arn(arn) is not None:
        stream, found = consumer(streams, {"ConsumerARN": arn})
        return stream, found.name
    return streams.control.find(stream_name({"StreamARN": arn})), ""


def consumer_arn(stream: StreamState, found: ConsumerState) -> str:
    return names.consumer_arn(stream.name, found.name, found.created_ms // 1000)


def moment(value: datetime | float | str) -> datetime:
    """A time as requests may give it: a datetime (local where it has no zone), seconds since the epoch, ISO 8601."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError as error:
            raise ValidationException(f"Invalid timestamp '{value}'.", "ISO 8601, as 2026-01-31T12:00:00Z.") from error
    return instant(round(value * 1_000) * 1_000_000)


def at(ms: int) -> datetime:
    """Milliseconds since the epoch as the answers give times."""
    return instant(ms * 1_000_000)
