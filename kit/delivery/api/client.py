"""boto3's Firehose client on a workspace's delivery streams: the same calls, the same answers, the same errors.

`ws.delivery.client()` takes the place of `boto3.client("firehose")` in code that was written for it. Where botocore is
loaded, errors are its `ClientError`s as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from kit.base.errors import did_you_mean
from kit.delivery.api.operations import OPERATIONS, Operation
from kit.delivery.api.shapes import NOT_OFFERED, NOT_OFFERED_MEMBERS
from kit.delivery.errors import EXCEPTIONS, InvalidArgumentException
from kit.streams.api.client import Exceptions, make_catchable, metadata
from kit.streams.api.operations import snake_case
from kit.streams.api.validation import validate
from kit.streams.errors import StreamsError, UnknownOperationException
from kit.streams.names import REGION

if TYPE_CHECKING:
    from kit.delivery.service import Deliveries

_NOT_OFFERED = {snake_case(name): name for name in NOT_OFFERED}


class Meta:
    """The little of `client.meta` that does not speak of a network."""

    region_name = REGION
    service_name = "firehose"
    method_to_api_mapping: Mapping[str, str] = {method: operation.name for method, operation in OPERATIONS.items()}


class Client:
    """Every operation is a method that takes the request's members as keywords and answers with a dict."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._prefix = deliveries.entropy.uuid()[:24]
        self._calls = count(1)
        self.exceptions = Exceptions(EXCEPTIONS)
        self.meta = Meta()

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        operation = OPERATIONS.get(name)
        if operation is None:
            if name in _NOT_OFFERED:
                return self._refusing(_NOT_OFFERED[name])
            raise AttributeError(f"The client has no operation '{name}'. {did_you_mean(name, OPERATIONS)}".rstrip())

        def method(*positional: Any, **request: Any) -> dict[str, Any]:
            if positional:
                raise TypeError(f"{name}() only accepts keyword arguments.")
            return self.call(operation, request)

        method.__name__ = method.__qualname__ = name
        required = ", ".join(operation.request.required) or "none"
        method.__doc__ = f"{operation.name}. Required: {required}."
        return method

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *OPERATIONS})

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry an operation out. Raises the operation's errors, `ValidationException` first."""
        request_id = f"{self._prefix}{next(self._calls):012x}"
        try:
            for member in NOT_OFFERED_MEMBERS.get(operation.name, ()):
                if request.get(member) is not None:
                    raise InvalidArgumentException(f"{member} is not offered by Boathouse.")
            validate(request, operation.request)
            given = {name: value for name, value in request.items() if value is not None}
            answer = operation.carry_out(self._deliveries, given)
        except StreamsError as error:
            error.operation_name = operation.name
            error.request_id = request_id
            make_catchable(error)
            raise
        answer["ResponseMetadata"] = metadata(request_id)
        return answer

    def can_paginate(self, operation_name: str) -> bool:
        """Firehose has no operation whose answers come in pages, as boto3 knows pages."""
        del operation_name
        return False

    def close(self) -> None:
        """Nothing is held open: files belong to the workspace."""

    def _refusing(self, name: str) -> Callable[..., dict[str, Any]]:
        def refuse(**request: Any) -> dict[str, Any]:
            del request
            error = UnknownOperationException(f"{name} is not offered by Boathouse.")
            error.operation_name = name
            make_catchable(error)
            raise error

        return refuse
