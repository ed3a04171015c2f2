"""Names and addresses of streams, shards and consumers: how they look, and how an address is taken apart.

A workspace is one account in one region, both made up.
"""

from __future__ import annotations

import re
from typing import NewType

from kit.base.ids import Entropy

StreamId = NewType("StreamId", str)
ShardId = NewType("ShardId", str)

ACCOUNT = "000000000000"
REGION = "us-east-1"

_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_STREAM_ARN = re.compile(r"arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream/([a-zA-Z0-9_.-]{1,128})")
_CONSUMER_ARN = re.compile(
    r"arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream/([a-zA-Z0-9_.-]{1,128})/consumer/([a-zA-Z0-9_.-]{1,128}):(\d+)"
)
_SHARD_ID = re.compile(r"(?:shardId-)?(\d{1,12})")


def stream_arn(name: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def consumer_arn(stream: str, consumer: str, created_s: int) -> str:
    return f"{stream_arn(stream)}/consumer/{consumer}:{created_s}"


def stream_of_arn(arn: str) -> str | None:
    """The stream's name, or None where this is not the address of a stream of this workspace."""
    match = _STREAM_ARN.fullmatch(arn)
    return match[3] if match and (match[1], match[2]) == (REGION, ACCOUNT) else None


def consumer_of_arn(arn: str) -> tuple[str, str, int] | None:
    """Stream, consumer and creation second, or None where this is not the address of a consumer of this workspace."""
    match = _CONSUMER_ARN.fullmatch(arn)
    return (match[3], match[4], int(match[5])) if match and (match[1], match[2]) == (REGION, ACCOUNT) else None


def shard_id(index: int) -> ShardId:
    return ShardId(f"shardId-{index:012d}")


def shard_index(name: str) -> int | None:
    """The index in `shardId-000000000003`, or in its short form `3`; None where it is neither."""
    match = _SHARD_ID.fullmatch(name)
    return int(match[1]) if match else None


def new_stream_id(entropy: Entropy) -> StreamId:
    """Twenty and three characters, as the service's stream ids."""
    drawn = "".join(_ID_ALPHABET[entropy.below(len(_ID_ALPHABET))] for _ in range(23))
    return StreamId(f"{drawn[:20]}-{drawn[20:]}")
