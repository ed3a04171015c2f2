"""The errors of the public API, by the names that the service gives them: what every operation on streams raises.

Each carries `response` and `operation_name` as botocore's `ClientError` does, so that code written against boto3 finds
`error.response["Error"]["Code"]`, and is a `KitError` with a hint where one helps. Nothing here needs botocore.

Source: Amazon Kinesis Data Streams API Reference, Errors of each operation, read 2026-11.
"""

# ruff: noqa: N818
from __future__ import annotations

from typing import Any, ClassVar

from kit.base.errors import KitError


class StreamsError(KitError):
    """An error of a stream operation; `code` is the class's own name on the wire."""

    wire_code: ClassVar[str] = "InternalFailureException"
    http_status: ClassVar[int] = 400

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(self.wire_code, message, hint)
        self.operation_name = ""
        self.request_id = ""

    @property
    def response(self) -> dict[str, Any]:
        """The answer as botocore parses it from an error's JSON."""
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "message": self.message,
            "ResponseMetadata": {
                "RequestId": self.request_id,
                "HTTPStatusCode": self.http_status,
                "HTTPHeaders": {"x-amzn-requestid": self.request_id},
                "RetryAttempts": 0,
            },
        }


class ResourceNotFoundException(StreamsError):
    """No such stream, shard or consumer."""

    wire_code = "ResourceNotFoundException"


class ResourceInUseException(StreamsError):
    """The resource exists already, or is not in the state that the operation needs."""

    wire_code = "ResourceInUseException"


class InvalidArgumentException(StreamsError):
    """A parameter is well formed, yet exceeds its restrictions or contradicts the stream."""

    wire_code = "InvalidArgumentException"


class ValidationException(StreamsError):
    """A parameter violates the constraints of its shape: missing, too long, not matching its pattern."""

    wire_code = "ValidationException"


class LimitExceededException(StreamsError):
    """A quota of the account or the stream would be exceeded."""

    wire_code = "LimitExceededException"


class ProvisionedThroughputExceededException(StreamsError):
    """The shard's budget for the second is spent: back off and try again."""

    wire_code = "ProvisionedThroughputExceededException"


class ExpiredIteratorException(StreamsError):
    """The shard iterator is older than five minutes."""

    wire_code = "ExpiredIteratorException"


class ExpiredNextTokenException(StreamsError):
    """The pagination token is older than five minutes."""

    wire_code = "ExpiredNextTokenException"


class InternalFailureException(StreamsError):
    """The service could not do what it should: a full disk, or a failure that was injected."""

    wire_code = "InternalFailureException"
    http_status = 500


class KMSNotFoundException(StreamsError):
    """No such key: a workspace has no key management service."""

    wire_code = "KMSNotFoundException"


class DryRunOperationException(StreamsError):
    """The request would have succeeded, but it asked not to be carried out."""

    wire_code = "DryRunOperationException"


class UnknownOperationException(StreamsError):
    """An operation of the public API that Boathouse does not offer."""

    wire_code = "UnknownOperationException"


EXCEPTIONS: dict[str, type[StreamsError]] = {
    kind.wire_code: kind
    for kind in (
        ResourceNotFoundException,
        ResourceInUseException,
        InvalidArgumentException,
        ValidationException,
        LimitExceededException,
        ProvisionedThroughputExceededException,
        ExpiredIteratorException,
        ExpiredNextTokenException,
        InternalFailureException,
        KMSNotFoundException,
        DryRunOperationException,
        UnknownOperationException,
    )
}
