"""Where an agent's records go: a stream, under random or content's keys; or a delivery stream."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kit.base.ids import Entropy
from kit.delivery.agent.agent import Send
from kit.delivery.agent.flow import Flow
from kit.streams import Streams

if TYPE_CHECKING:
    from kit.delivery.service import Deliveries


def sender(flow: Flow, deliveries: Deliveries, streams: Streams, entropy: Entropy) -> Send:
    """What sends a flow's records. Raises `ResourceNotFoundException` where the target is not there."""
    if flow.delivery is not None:
        return _to_delivery(flow.delivery, deliveries)
    assert flow.stream is not None, "one of the two is named"
    return _to_stream(flow.stream, streams, entropy, random_keys=flow.random_keys)


def _to_delivery(name: str, deliveries: Deliveries) -> Send:
    deliveries.require_direct(name)

    def send(records: Sequence[bytes]) -> list[str | None]:
        return [result.error_message for result in deliveries[name].put_record_batch(records)]

    return send


def _to_stream(name: str, streams: Streams, entropy: Entropy, *, random_keys: bool) -> Send:
    streams.control.find(name)

    def key(data: bytes) -> str:
        return entropy.uuid() if random_keys else hashlib.md5(data, usedforsecurity=False).hexdigest()

    def send(records: Sequence[bytes]) -> list[str | None]:
        return [result.error_message for result in streams[name].put_records([(each, key(each)) for each in records])]

    return send
