"""Operations on the tags of streams and consumers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kit.streams.api.addressing import stream_name, tagged
from kit.streams.errors import InvalidArgumentException

if TYPE_CHECKING:
    from kit.streams.service import Streams

Request = Mapping[str, Any]
Answer = dict[str, Any]

PAGE = 50
_TEXT = re.compile(r"[\w\s./=+\-%@:]*")


def add_tags_to_stream(streams: Streams, request: Request) -> Answer:
    _require_text(request["Tags"])
    streams.configuration.tag(stream_name(request), request["Tags"])
    return {}


def remove_tags_from_stream(streams: Streams, request: Request) -> Answer:
    streams.configuration.untag(stream_name(request), request["TagKeys"])
    return {}


def list_tags_for_stream(streams: Streams, request: Request) -> Answer:
    tags = _described(streams.configuration.tags(streams.control.find(stream_name(request))))
    found = [tag for tag in tags if tag["Key"] > request.get("ExclusiveStartTagKey", "")]
    limit = request.get("Limit", PAGE)
    return {"Tags": found[:limit], "HasMoreTags": len(found) > limit}


def tag_resource(streams: Streams, request: Request) -> Answer:
    _require_text(request["Tags"])
    stream, consumer = tagged(streams, request)
    streams.configuration.tag(stream.name, request["Tags"], consumer)
    return {}


def untag_resource(streams: Streams, request: Request) -> Answer:
    stream, consumer = tagged(streams, request)
    streams.configuration.untag(stream.name, request["TagKeys"], consumer)
    return {}


def list_tags_for_resource(streams: Streams, request: Request) -> Answer:
    stream, consumer = tagged(streams, request)
    return {"Tags": _described(streams.configuration.tags(stream, consumer))}


def _described(tags: Mapping[str, str]) -> list[Answer]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _require_text(tags: Mapping[str, str]) -> None:
    texts: Iterable[str] = (*tags, *tags.values())
    if not all(_TEXT.fullmatch(text) for text in texts) or any(key.lower().startswith("aws:") for key in tags):
        raise InvalidArgumentException(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
            "_ . / = + - % @ :, and keys do not begin with aws:."
        )
