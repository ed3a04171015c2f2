"""Operations on shards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kit.base.clock import now_ms
from kit.streams.api.addressing import moment, stream_name
from kit.streams.errors import InvalidArgumentException, ResourceNotFoundException
from kit.streams.hashing import LAST_HASH_KEY
from kit.streams.model import ShardState, StreamState
from kit.streams.names import shard_id
from kit.streams.records import ChildShard
from kit.streams.scan import milliseconds

if TYPE_CHECKING:
    from kit.streams.service import Streams

Request = Mapping[str, Any]
Answer = dict[str, Any]

PAGE = 1_000


def list_shards(streams: Streams, request: Request) -> Answer:
    now = now_ms(streams.clock)
    token = request.get("NextToken")
    if token is not None:
        for other in ("StreamName", "ExclusiveStartShardId", "StreamCreationTimestamp"):
            if request.get(other) is not None:
                raise InvalidArgumentException(f"NextToken and {other} cannot be provided together.")
        name, stream_id, after, chosen = json.loads(streams.tokens.page_content(token, now))
        stream = streams.control.find(name)
        if stream.stream_id != stream_id:
            raise ResourceNotFoundException(f"The stream {name} that the token belongs to is deleted.")
    else:
        stream = streams.control.find(stream_name(request))
        require_creation(stream, request)
        after = request.get("ExclusiveStartShardId", "")
        chosen = _filter(request.get("ShardFilter"))
    kept = [shard for shard in stream.shards if shard.shard_id > after and _passes(stream, shard, chosen)]
    limit = request.get("MaxResults", PAGE)
    answer: Answer = {"Shards": [described(shard) for shard in kept[:limit]]}
    if len(kept) > limit:
        page = [stream.name, stream.stream_id, kept[limit - 1].shard_id, chosen]
        answer["NextToken"] = streams.tokens.page(json.dumps(page), now)
    return answer


def split_shard(streams: Streams, request: Request) -> Answer:
    key = int(request["NewStartingHashKey"])
    if key > LAST_HASH_KEY:
        raise InvalidArgumentException(
            f"Invalid NewStartingHashKey. It must be in the range: [0, 2^128-1]. Specified value was {key}"
        )
    streams.control.split(stream_name(request), request["ShardToSplit"], key)
    return {}


def merge_shards(streams: Streams, request: Request) -> Answer:
    streams.control.merge(stream_name(request), request["ShardToMerge"], request["AdjacentShardToMerge"])
    return {}


def update_shard_count(streams: Streams, request: Request) -> Answer:
    before = streams.control.scale(stream_name(request), request["TargetShardCount"])
    return {
        "StreamName": before.name,
        "CurrentShardCount": len(before.open_shards),
        "TargetShardCount": request["TargetShardCount"],
        "StreamARN": before.arn,
    }


def described(shard: ShardState) -> Answer:
    """The `Shard` structure of the answers."""
    found: Answer = {
        "ShardId": shard.shard_id,
        "HashKeyRange": _range(shard.low, shard.high),
        "SequenceNumberRange": {"StartingSequenceNumber": shard.starting_sequence_number},
    }
    if shard.ending_sequence_number is not None:
        found["SequenceNumberRange"]["EndingSequenceNumber"] = shard.ending_sequence_number
    if shard.parent is not None:
        found["ParentShardId"] = shard_id(shard.parent)
    if shard.adjacent_parent is not None:
        found["AdjacentParentShardId"] = shard_id(shard.adjacent_parent)
    return found


def described_child(child: ChildShard) -> Answer:
    """The `ChildShard` structure of the answers."""
    return {
        "ShardId": child.shard_id,
        "ParentShards": list(child.parents),
        "HashKeyRange": _range(child.starting_hash_key, child.ending_hash_key),
    }


def require_creation(stream: StreamState, request: Request) -> None:
    """Raises `ResourceNotFoundException` where the request means an earlier stream of the same name."""
    wanted = request.get("StreamCreationTimestamp")
    if wanted is not None and milliseconds(moment(wanted)) // 1000 != stream.created_ms // 1000:
        raise ResourceNotFoundException(f"There is no stream {stream.name} that was created at {wanted}.")


def _range(low: int, high: int) -> Answer:
    return {"StartingHashKey": str(low), "EndingHashKey": str(high)}


def _filter(wanted: Request | None) -> list[Any]:
    """The filter as it is kept in a token: type and what it refers to."""
    if wanted is None:
        return ["FROM_TRIM_HORIZON", None]
    kind = wanted["Type"]
    if kind == "AFTER_SHARD_ID":
        return [kind, _named(wanted, "ShardId")]
    if kind in {"AT_TIMESTAMP", "FROM_TIMESTAMP"}:
        return [kind, milliseconds(moment(_named(wanted, "Timestamp")))]
    return [kind, None]


def _named(wanted: Request, member: str) -> Any:
    if wanted.get(member) is None:
        raise InvalidArgumentException(f"A shard filter of type {wanted['Type']} must specify {member}.")
    return wanted[member]


def _passes(stream: StreamState, shard: ShardState, chosen: list[Any]) -> bool:
    kind, value = chosen
    match kind:
        case "AT_LATEST":
            return shard.is_open
        case "AT_TRIM_HORIZON":
            return not _continues(stream, shard)
        case "AFTER_SHARD_ID":
            return shard.shard_id > value
        case "AT_TIMESTAMP":
            return _began_ms(stream, shard) <= value and _ends_after(shard, value)
        case "FROM_TIMESTAMP":
            return _ends_after(shard, value)
        case _:
            return True


def _began_ms(stream: StreamState, shard: ShardState) -> int:
    """When the shard began to take records: when its parents ended, where that is known."""
    ends = [stream.by_index[parent].closed_ms or 0 for parent in shard.parents if parent in stream.by_index]
    return max(ends, default=shard.created_s * 1000)


def _continues(stream: StreamState, shard: ShardState) -> bool:
    """Whether a parent of the shard has not expired yet."""
    return any(parent in stream.by_index for parent in shard.parents)


def _ends_after(shard: ShardState, time_ms: int) -> bool:
    return shard.closed_ms is None or shard.closed_ms >= time_ms
