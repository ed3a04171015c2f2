"""The operations by their names: the request's shape, and what carries it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.streams.api import (
    consumer_operations,
    record_operations,
    shard_operations,
    stream_operations,
    tag_operations,
)
from kit.streams.api.shapes import REQUESTS, Structure

if TYPE_CHECKING:
    from kit.streams.service import Streams

_MODULES = (stream_operations, shard_operations, record_operations, consumer_operations, tag_operations)


@dataclass(frozen=True, slots=True)
class Operation:
    """`carry_out` takes a valid request and gives the answer, without its metadata."""

    name: str
    request: Structure
    carry_out: Callable[[Streams, Mapping[str, Any]], dict[str, Any]]


def snake_case(name: str) -> str:
    """`DescribeStreamSummary` as `describe_stream_summary`, as boto3 names its methods."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _implementation(name: str) -> Callable[[Streams, Mapping[str, Any]], dict[str, Any]]:
    return next(found for module in _MODULES if (found := getattr(module, snake_case(name), None)) is not None)


OPERATIONS: Mapping[str, Operation] = {
    snake_case(name): Operation(name, request, _implementation(name)) for name, request in REQUESTS.items()
}
"""By the name of the client's method."""
