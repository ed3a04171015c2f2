"""Ordered, durable, replayable logs, as in Kinesis Data Streams: shards of segment files, read as Arrow.

What applications use beside a `Stream` (producers, consumers, triggers, queues) is imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.streams.records import Appended, Entry, Page, PutResult, Record, Shard
from kit.streams.service import Streams
from kit.streams.stream import Stream

if TYPE_CHECKING:
    from kit.streams.consume.consumer import Consumer as Consumer
    from kit.streams.produce.producer import Producer as Producer
    from kit.streams.produce.replay import replay as replay
    from kit.streams.queue import Queues as Queues
    from kit.streams.trigger.mapping import EventSourceMapping as EventSourceMapping

__all__ = [
    "Appended",
    "Consumer",
    "Entry",
    "EventSourceMapping",
    "Page",
    "Producer",
    "PutResult",
    "Queues",
    "Record",
    "Shard",
    "Stream",
    "Streams",
    "replay",
]

_HOMES = {
    "Consumer": "kit.streams.consume.consumer",
    "EventSourceMapping": "kit.streams.trigger.mapping",
    "Producer": "kit.streams.produce.producer",
    "Queues": "kit.streams.queue",
    "replay": "kit.streams.produce.replay",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kit.streams' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
