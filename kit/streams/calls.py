"""How a Kinesis client is called and how its calls fail, whether it is a workspace's or boto3's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kit.base.errors import KitError

Operation: TypeAlias = Callable[..., Mapping[str, Any]]
"""An operation of the public API: the members of the request as keywords, the answer as a dict."""

RETRYABLE = frozenset(
    {
        "InternalFailure",
        "InternalFailureException",
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


def code_of(error: BaseException) -> str:
    """The service's code of an error: of a `KitError`, or of botocore's ClientError by its answer; else empty."""
    if isinstance(error, KitError):
        return error.code
    answer = getattr(error, "response", None)
    if isinstance(answer, Mapping):
        return str(answer.get("Error", {}).get("Code", ""))
    return ""


def is_retryable(error: BaseException) -> bool:
    """Whether the same call may succeed a little later."""
    return code_of(error) in RETRYABLE


def as_kit_error(error: Exception) -> KitError:
    """The error itself, or one of ours that it causes."""
    if isinstance(error, KitError):
        return error
    wrapped = KitError(code_of(error) or type(error).__name__, str(error))
    wrapped.__cause__ = error
    return wrapped
