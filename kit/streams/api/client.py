"""boto3's Kinesis client on a workspace's streams: the same calls, the same answers, the same errors.

`ws.streams.client()` takes the place of `boto3.client("kinesis")` in code that was written for it. Errors are caught as
`client.exceptions.ResourceNotFoundException`; where botocore is loaded, they are its `ClientError`s as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from kit.base.errors import did_you_mean
from kit.streams import names
from kit.streams.api.operations import OPERATIONS, Operation, snake_case
from kit.streams.api.pagination import PAGINATIONS, Paginator
from kit.streams.api.record_operations import all_plain
from kit.streams.api.shapes import NOT_OFFERED
from kit.streams.api.validation import validate
from kit.streams.api.waiting import WAITERS, Waiter
from kit.streams.errors import EXCEPTIONS, StreamsError, UnknownOperationException, ValidationException

if TYPE_CHECKING:
    from kit.streams.service import Streams

_NOT_OFFERED = {snake_case(name): name for name in NOT_OFFERED}
_RECORDS = frozenset({"Records"})


class Exceptions:
    """The errors by name, as `client.exceptions` has them; `ClientError` is what they have in common."""

    ClientError = StreamsError

    def __init__(self, kinds: Mapping[str, type[StreamsError]] = EXCEPTIONS) -> None:
        self._kinds = kinds

    def __getattr__(self, name: str) -> type[StreamsError]:
        kinds: Mapping[str, type[StreamsError]] = self.__dict__.get("_kinds", {})
        if name not in kinds:
            raise AttributeError(f"There is no exception {name}. {did_you_mean(name, kinds)}".rstrip())
        return kinds[name]

    def from_code(self, code: str) -> type[StreamsError]:
        return self._kinds.get(code, StreamsError)

    def __dir__(self) -> list[str]:
        return ["ClientError", *self._kinds]


class Meta:
    """The little of `client.meta` that does not speak of a network."""

    region_name = names.REGION
    service_name = "kinesis"
    method_to_api_mapping: Mapping[str, str] = {method: operation.name for method, operation in OPERATIONS.items()}


class Client:
    """Every operation is a method that takes the request's members as keywords and answers with a dict."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._prefix = streams.entropy.uuid()[:24]
        self._calls = count(1)
        self.exceptions = Exceptions()
        self.meta = Meta()

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        operation = OPERATIONS.get(name)
        if operation is None:
            if name in _NOT_OFFERED:
                return self._refusing(_NOT_OFFERED[name])
            raise AttributeError(f"The client has no operation '{name}'. {did_you_mean(name, OPERATIONS)}".rstrip())
        method = _method(self, operation)
        # Found here once, and on the instance from then on.
        self.__dict__[name] = method
        return method

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *OPERATIONS})

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry an operation out. Raises the operation's errors, `ValidationException` first."""
        try:
            is_plain = operation.name == "PutRecords" and all_plain(request.get("Records"))
            validate(request, operation.request, trusted=_RECORDS if is_plain else frozenset())
            given = {name: value for name, value in request.items() if value is not None}
            answer = operation.carry_out(self._streams, given)
        except StreamsError as error:
            error.operation_name = operation.name
            error.request_id = self._request_id()
            make_catchable(error)
            raise
        answer["ResponseMetadata"] = metadata(self._request_id())
        return answer

    def can_paginate(self, operation_name: str) -> bool:
        return operation_name in PAGINATIONS

    def get_paginator(self, operation_name: str) -> Paginator:
        """Raises `ValidationException` for an operation whose answers do not come in pages."""
        if operation_name not in PAGINATIONS:
            raise ValidationException(
                f"Operation cannot be paginated: {operation_name}", did_you_mean(operation_name, PAGINATIONS)
            )
        return Paginator(getattr(self, operation_name), PAGINATIONS[operation_name])

    @property
    def waiter_names(self) -> list[str]:
        return list(WAITERS)

    def get_waiter(self, waiter_name: str) -> Waiter:
        """Raises `ValidationException` for a waiter that there is not."""
        if waiter_name not in WAITERS:
            raise ValidationException(f"Waiter does not exist: {waiter_name}", did_you_mean(waiter_name, WAITERS))
        return Waiter(waiter_name, self.describe_stream, self._streams.clock)

    def close(self) -> None:
        """Nothing is held open: files belong to the workspace."""

    def _refusing(self, name: str) -> Callable[..., dict[str, Any]]:
        def refuse(**request: Any) -> dict[str, Any]:
            del request
            raise UnknownOperationException(f"{name} is not offered by Boathouse.")

        return refuse

    def _request_id(self) -> str:
        return f"{self._prefix}{next(self._calls):012x}"


def metadata(request_id: str) -> dict[str, Any]:
    """The `ResponseMetadata` of an answer."""
    return {
        "RequestId": request_id,
        "HTTPStatusCode": 200,
        "HTTPHeaders": {"x-amzn-requestid": request_id},
        "RetryAttempts": 0,
    }


def _method(client: Client, operation: Operation) -> Callable[..., dict[str, Any]]:
    def method(*positional: Any, **request: Any) -> dict[str, Any]:
        if positional:
            raise TypeError(f"{snake_case(operation.name)}() only accepts keyword arguments.")
        return client.call(operation, request)

    method.__name__ = method.__qualname__ = snake_case(operation.name)
    required = ", ".join(operation.request.required) or "none"
    others = ", ".join(name for name in operation.request.members if name not in operation.request.required)
    method.__doc__ = f"{operation.name}. Required: {required}. Optional: {others or 'none'}."
    return method


def make_catchable(error: StreamsError) -> None:
    """Let `except botocore.exceptions.ClientError` catch it: code that names that class has loaded it."""
    botocore = sys.modules.get("botocore.exceptions")
    if botocore is not None and not isinstance(error, botocore.ClientError):
        error.__class__ = _client_error(type(error), botocore.ClientError)


@cache
def _client_error(kind: type[StreamsError], client_error: type[Exception]) -> type[StreamsError]:
    return type(kind.__name__, (kind, client_error), {"__module__": kind.__module__, "__doc__": kind.__doc__})
