"""Answers that come in pages, as boto3's paginators give them.

Source: botocore's paginators of Kinesis 2013-12-02, read 2026-11. Differs: `ListShards` is asked for its next pages
with the token alone, as the service demands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError
from kit.streams.errors import ValidationException


@dataclass(frozen=True, slots=True)
class Pagination:
    """How an operation pages: `following` gives the members that ask for the page after an answer, or None."""

    limit: str
    results: tuple[str, ...]
    following: Callable[[Mapping[str, Any]], dict[str, Any] | None]
    token_alone: bool = False
    inside: str = ""


def _by_token(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    token = answer.get("NextToken")
    return None if token is None else {"NextToken": token}


def _by_last_shard(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    described = answer["StreamDescription"]
    return {"ExclusiveStartShardId": described["Shards"][-1]["ShardId"]} if described["HasMoreShards"] else None


PAGINATIONS: Mapping[str, Pagination] = {
    "describe_stream": Pagination("Limit", ("Shards",), _by_last_shard, inside="StreamDescription"),
    "list_streams": Pagination("Limit", ("StreamNames", "StreamSummaries"), _by_token),
    "list_shards": Pagination("MaxResults", ("Shards",), _by_token, token_alone=True),
    "list_stream_consumers": Pagination("MaxResults", ("Consumers",), _by_token),
}


class Paginator:
    """Asks page after page."""

    def __init__(self, operation: Callable[..., dict[str, Any]], pagination: Pagination) -> None:
        self._operation = operation
        self._pagination = pagination

    def paginate(self, PaginationConfig: Mapping[str, Any] | None = None, **request: Any) -> Pages:  # noqa: N803
        """The pages; `PaginationConfig` takes MaxItems and PageSize."""
        config = dict(PaginationConfig or {})
        unknown = sorted(config.keys() - {"MaxItems", "PageSize"})
        if unknown:
            raise ValidationException(f"PaginationConfig does not take {', '.join(unknown)}.", "MaxItems, PageSize.")
        if config.get("PageSize") is not None:
            request[self._pagination.limit] = int(config["PageSize"])
        most = config.get("MaxItems")
        return Pages(self._operation, self._pagination, request, None if most is None else int(most))


class Pages:
    """One answer after the other; may be iterated again, which asks again."""

    def __init__(
        self,
        operation: Callable[..., dict[str, Any]],
        pagination: Pagination,
        request: Mapping[str, Any],
        most: int | None,
    ) -> None:
        self._operation = operation
        self._pagination = pagination
        self._request = request
        self._most = most

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pagination = self._pagination
        request: dict[str, Any] = dict(self._request)
        left = self._most
        while True:
            answer = self._operation(**request)
            following = pagination.following(answer)
            held = answer[pagination.inside] if pagination.inside else answer
            if left is not None:
                for name in pagination.results:
                    held[name] = held[name][:left]
                left -= len(held[pagination.results[0]])
            yield answer
            if following is None or (left is not None and left <= 0):
                return
            size = {pagination.limit: request[pagination.limit]} if pagination.limit in request else {}
            request = {**size, **following} if pagination.token_alone else {**request, **following}

    def build_full_result(self) -> dict[str, Any]:
        """All pages as one answer."""
        pagination = self._pagination
        whole: dict[str, Any] = {}
        for answer in self:
            if not whole:
                whole = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
                continue
            into, out = (each[pagination.inside] if pagination.inside else each for each in (whole, answer))
            for name in pagination.results:
                into[name] = [*into[name], *out[name]]
        whole.pop("NextToken", None)
        return whole

    def search(self, expression: str) -> Iterator[Any]:
        """What a JMESPath expression finds in each page; jmespath must be installed."""
        try:
            import jmespath
        except ImportError as error:
            raise KitError("PACKAGE_MISSING", "This needs jmespath.", "pip install jmespath") from error
        for answer in self:
            found = jmespath.search(expression, answer)
            yield from found if isinstance(found, list) else [found]
