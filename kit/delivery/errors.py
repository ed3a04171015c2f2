"""The errors of the public API, by the names that the service gives them.

Those that Kinesis Data Streams has under the same name are the same classes. As those, each carries `response` as
botocore's `ClientError` does.

Source: Amazon Data Firehose API Reference, Errors of each action, read 2026-11.
"""

# ruff: noqa: N818
from __future__ import annotations

from kit.streams.errors import (
    InvalidArgumentException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    StreamsError,
    UnknownOperationException,
    ValidationException,
)


class ConcurrentModificationException(StreamsError):
    """Another process has updated the delivery stream since it was described."""

    wire_code = "ConcurrentModificationException"


class InvalidKMSResourceException(StreamsError):
    """No such key: a workspace has no key management service."""

    wire_code = "InvalidKMSResourceException"


class InvalidSourceException(StreamsError):
    """Only the delivery stream's own source may put records into it."""

    wire_code = "InvalidSourceException"


class ServiceUnavailableException(StreamsError):
    """The records cannot be taken at the moment: a full disk. What was acknowledged is unharmed."""

    wire_code = "ServiceUnavailableException"
    http_status = 503


EXCEPTIONS: dict[str, type[StreamsError]] = {
    kind.wire_code: kind
    for kind in (
        ConcurrentModificationException,
        InvalidArgumentException,
        InvalidKMSResourceException,
        InvalidSourceException,
        LimitExceededException,
        ResourceInUseException,
        ResourceNotFoundException,
        ServiceUnavailableException,
        UnknownOperationException,
        ValidationException,
    )
}
