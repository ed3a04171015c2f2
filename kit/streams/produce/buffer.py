"""What a producer holds back, and what it sends next: a lane of waiting records a shard. No I/O, no threads, no clock.

The caller takes a request, sends it and settles it with the answer; at most one request is out at a time. Faults that
it must survive: a request of which any part fails, a request that fails as a whole, a stream that is resharded between
the taking and the answer.

Invariants:
- Records of one partition key leave in the order in which they were offered, and none leaves before the outcome of
  the one before it is known: PutRecords promises no order inside a call and may fail any part of it, so two Kinesis
  records of one request never share a key.
- A record is in exactly one lane, or in the request that is out, or settled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.aggregate import AggregateBuilder, looks_aggregated
from kit.streams.produce.delivery import Delivery, Receipt
from kit.streams.produce.options import ProducerOptions
from kit.streams.produce.shard_map import ShardMap


@dataclass(frozen=True, slots=True)
class Parcel:
    """One Kinesis record of a request: an aggregate of `deliveries`, or a single one as it is."""

    shard: str
    deliveries: tuple[Delivery, ...]
    entry: Mapping[str, Any]
    size_bytes: int
    aggregated: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One PutRecords call; parcels and the answer's results correspond by position."""

    parcels: tuple[Parcel, ...]

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        return [parcel.entry for parcel in self.parcels]

    @property
    def size_bytes(self) -> int:
        return sum(parcel.size_bytes for parcel in self.parcels)

    def landed_elsewhere(self, results: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a record landed on another shard than the one predicted: the shard map is stale."""
        return any(
            not result.get("ErrorCode") and result["ShardId"] != parcel.shard
            for parcel, result in zip(self.parcels, results, strict=True)
        )


class _Lane:
    """The records that wait for one shard, oldest first."""

    __slots__ = ("failures", "last_error", "not_before_ms", "queue", "size_bytes")

    def __init__(self) -> None:
        self.queue: deque[Delivery] = deque()
        self.size_bytes = 0
        self.failures = 0
        self.not_before_ms = 0.0
        self.last_error = ""

    def append(self, delivery: Delivery) -> None:
        self.queue.append(delivery)
        self.size_bytes += delivery.size_bytes

    def pop(self) -> Delivery:
        delivery = self.queue.popleft()
        self.size_bytes -= delivery.size_bytes
        return delivery

    def push_back(self, deliveries: Sequence[Delivery]) -> None:
        self.queue.extendleft(reversed(deliveries))
        self.size_bytes += sum(delivery.size_bytes for delivery in deliveries)


class Buffer:
    """The waiting records of one stream. Not safe among threads: whoever owns it locks it.

    `waiting` records are in lanes; `pending` ones, of `held_bytes`, are in lanes or out.
    """

    def __init__(self, options: ProducerOptions, entropy: Entropy, shards: ShardMap) -> None:
        self._options = options
        self._entropy = entropy
        self._shards = shards
        self._lanes: dict[str, _Lane] = {}
        self._ordinal = 0
        self._turn = 0
        self.waiting = 0
        self.pending = 0
        self.held_bytes = 0

    def offer(self, delivery: Delivery, now_ms: int) -> bool:
        """Take a record in; whether its lane has now something worth a request."""
        delivery.ordinal = self._ordinal
        self._ordinal += 1
        self.pending += 1
        self.held_bytes += delivery.size_bytes
        lane = self._lane_of(delivery)
        lane.append(delivery)
        self.waiting += 1
        return self._is_ripe(lane, now_ms, flush=False)

    def take(self, now_ms: int, *, flush: bool = False) -> Request | None:
        """The next request, or None where nothing is due; with `flush`, whatever no back-off holds is due."""
        due = self._due(now_ms, flush=flush)
        if not due:
            return None
        # The first lanes of a full request would starve the others if the turn did not go round.
        self._turn = (self._turn + 1) % len(due)
        everything = flush or not self._options.aggregates
        parcels: list[Parcel] = []
        keys: set[str] = set()
        space_bytes = self._options.request_max_bytes
        for shard in (*due[self._turn :], *due[: self._turn]):
            lane = self._lanes[shard]
            # What is left of a lane behind its full aggregates waits for company.
            while len(parcels) < self._options.request_max_records and self._is_ripe(lane, now_ms, flush=everything):
                parcel = self._parcel(shard, lane, keys, space_bytes)
                if parcel is None:
                    break
                parcels.append(parcel)
                keys.update([delivery.partition_key for delivery in parcel.deliveries])
                space_bytes -= parcel.size_bytes
        return Request(tuple(parcels)) if parcels else None

    def settle(self, request: Request, results: Sequence[Mapping[str, Any]], now_ms: int) -> list[Delivery]:
        """Note the answer: the delivered records; those that failed wait again, at the head of their lanes.

        A user record of an aggregate counts as delivered only where the shard that took the aggregate also holds the
        record's own hash key: consumers pass over the others, which are sent again.
        """
        settled: list[Delivery] = []
        again: list[Delivery] = []
        failed: dict[str, str] = {}
        succeeded: set[str] = set()
        for parcel, result in zip(request.parcels, results, strict=True):
            code = result.get("ErrorCode")
            if code:
                failed[parcel.shard] = str(code)
                again.extend(parcel.deliveries)
                continue
            succeeded.add(parcel.shard)
            self._receive(parcel, result, settled, again)
        for shard in succeeded - failed.keys():
            if shard in self._lanes:
                self._lanes[shard].failures = 0
        self._return(again)
        for shard, code in failed.items():
            self._hold(shard, code, now_ms)
        return settled

    def retry(self, request: Request, code: str, now_ms: int) -> None:
        """The request failed as a whole and may be repeated."""
        self._return([delivery for parcel in request.parcels for delivery in parcel.deliveries])
        for shard in {parcel.shard for parcel in request.parcels}:
            self._hold(shard, code, now_ms)

    def abandon(self, request: Request, error: KitError) -> list[Delivery]:
        """The request failed as a whole for good: its records, failed."""
        return self._fail([delivery for parcel in request.parcels for delivery in parcel.deliveries], error)

    def abandon_all(self, error: KitError) -> list[Delivery]:
        """Fail whatever waits."""
        waiting: list[Delivery] = []
        for lane in self._lanes.values():
            while lane.queue:
                waiting.append(self._pop(lane))
        return self._fail(sorted(waiting, key=_ordinal), error)

    def expire(self, now_ms: int) -> list[Delivery]:
        """The records that have waited longer than their time to live, failed."""
        ttl_ms = self._options.record_ttl_ms
        if ttl_ms is None:
            return []
        expired: list[Delivery] = []
        for lane in self._lanes.values():
            late: list[Delivery] = []
            while lane.queue and now_ms - lane.queue[0].offered_ms >= ttl_ms:
                late.append(self._pop(lane))
            if late:
                cause = f" The last refusal was {lane.last_error}." if lane.last_error else ""
                error = KitError(
                    "Expired",
                    f"The record was not delivered within {ttl_ms:,} ms.{cause}",
                    "Add shards, spread the keys, or raise record_ttl_ms.",
                )
                expired.extend(self._fail(late, error))
        return expired

    def reroute(self, shards: ShardMap) -> None:
        """Sort the waiting records into the lanes of another shard map, each key's in the order offered."""
        lanes = dict(self._lanes)
        self._lanes.clear()
        self._shards = shards
        for delivery in sorted((delivery for lane in lanes.values() for delivery in lane.queue), key=_ordinal):
            self._lane_of(delivery).append(delivery)
        for shard, lane in self._lanes.items():
            if shard in lanes:
                old = lanes[shard]
                lane.failures, lane.not_before_ms, lane.last_error = old.failures, old.not_before_ms, old.last_error

    def due_ms(self, now_ms: int, *, flush: bool = False) -> float | None:
        """When something can next be taken or expires; not before `now_ms`; None where nothing waits."""
        due: float | None = None
        for lane in self._lanes.values():
            if not lane.queue:
                continue
            offered_ms = lane.queue[0].offered_ms
            at = max(
                now_ms if flush or self._is_full(lane) else offered_ms + self._options.linger_ms, lane.not_before_ms
            )
            if self._options.record_ttl_ms is not None:
                at = min(at, offered_ms + self._options.record_ttl_ms)
            due = at if due is None else min(due, at)
        return None if due is None else max(due, now_ms)

    def _due(self, now_ms: int, *, flush: bool) -> list[str]:
        """The shards whose lanes go into a request. Records that are sent as they are take all others along."""
        ripe = [shard for shard, lane in self._lanes.items() if self._is_ripe(lane, now_ms, flush=flush)]
        if not ripe or flush or self._options.aggregates:
            return ripe
        return [shard for shard, lane in self._lanes.items() if self._is_ripe(lane, now_ms, flush=True)]

    def _lane_of(self, delivery: Delivery) -> _Lane:
        shard = self._shards.shard_of(delivery.hash_key)
        lane = self._lanes.get(shard)
        if lane is None:
            lane = self._lanes[shard] = _Lane()
        return lane

    def _is_ripe(self, lane: _Lane, now_ms: int, *, flush: bool) -> bool:
        if not lane.queue or lane.not_before_ms > now_ms:
            return False
        return flush or self._is_full(lane) or now_ms - lane.queue[0].offered_ms >= self._options.linger_ms

    def _is_full(self, lane: _Lane) -> bool:
        options = self._options
        if options.aggregates:
            return lane.size_bytes >= options.aggregation_max_bytes or len(lane.queue) >= options.aggregation_max_count
        share = max(1, len(self._shards.shards))
        return (
            len(lane.queue) * share >= options.request_max_records
            or lane.size_bytes * share >= options.request_max_bytes
        )

    def _parcel(self, shard: str, lane: _Lane, keys: set[str], space_bytes: int) -> Parcel | None:
        """The next Kinesis record of a lane; None where its key is in the request already, or does not fit in it."""
        first = lane.queue[0]
        if first.partition_key in keys:
            return None
        key_bytes = len(first.partition_key.encode())
        builder = AggregateBuilder()
        taken = self._pack(lane, keys, builder, space_bytes - key_bytes) if self._options.aggregates else []
        if not taken:
            if first.size_bytes > space_bytes:
                return None
            taken = [self._pop(lane)]
        for delivery in taken:
            delivery.attempts += 1
        # A lone record goes as it is, unless its data would be taken for an aggregate by whoever reads it.
        aggregated = len(taken) > 1 or looks_aggregated(first.data)
        if aggregated and builder.count == 0:
            builder.add(first.partition_key, first.data, first.explicit_hash_key, self._options.max_record_bytes)
        data = builder.to_bytes() if aggregated else first.data
        entry: dict[str, Any] = {"Data": data, "PartitionKey": first.partition_key}
        if first.explicit_hash_key is not None:
            entry["ExplicitHashKey"] = first.explicit_hash_key
        return Parcel(shard, tuple(taken), entry, len(data) + key_bytes, aggregated)

    def _pack(self, lane: _Lane, keys: set[str], builder: AggregateBuilder, space_bytes: int) -> list[Delivery]:
        """Fill an aggregate from the head of a lane; nothing where the first record is too large for one."""
        limit_bytes = min(self._options.aggregation_max_bytes, space_bytes)
        taken: list[Delivery] = []
        while lane.queue and len(taken) < self._options.aggregation_max_count:
            delivery = lane.queue[0]
            if delivery.partition_key in keys or not builder.add(
                delivery.partition_key, delivery.data, delivery.explicit_hash_key, limit_bytes
            ):
                break
            taken.append(self._pop(lane))
        return taken

    def _receive(
        self, parcel: Parcel, result: Mapping[str, Any], settled: list[Delivery], again: list[Delivery]
    ) -> None:
        shard, sequence = str(result["ShardId"]), str(result["SequenceNumber"])
        predicted = shard == parcel.shard
        for index, delivery in enumerate(parcel.deliveries):
            if predicted or not parcel.aggregated or self._shards.holds(shard, delivery.hash_key):
                delivery.receipt = Receipt(shard, sequence, index if parcel.aggregated else None, delivery.attempts)
                self.pending -= 1
                self.held_bytes -= delivery.size_bytes
                settled.append(delivery)
            else:
                again.append(delivery)

    def _return(self, deliveries: Iterable[Delivery]) -> None:
        """Put records that were out back to the heads of their lanes."""
        by_lane: dict[int, tuple[_Lane, list[Delivery]]] = {}
        for delivery in sorted(deliveries, key=_ordinal):
            lane = self._lane_of(delivery)
            by_lane.setdefault(id(lane), (lane, []))[1].append(delivery)
            self.waiting += 1
        for lane, returned in by_lane.values():
            lane.push_back(returned)

    def _hold(self, shard: str, code: str, now_ms: int) -> None:
        lane = self._lanes.get(shard)
        if lane is not None:
            lane.failures += 1
            lane.last_error = code
            lane.not_before_ms = now_ms + self._options.backoff.delay_ms(lane.failures, self._entropy)

    def _pop(self, lane: _Lane) -> Delivery:
        delivery = lane.pop()
        self.waiting -= 1
        return delivery

    def _fail(self, deliveries: list[Delivery], error: KitError) -> list[Delivery]:
        for delivery in deliveries:
            delivery.error = error
            self.pending -= 1
            self.held_bytes -= delivery.size_bytes
        return deliveries


def _ordinal(delivery: Delivery) -> int:
    return delivery.ordinal
