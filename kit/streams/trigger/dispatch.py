"""The records of one shard on their way through a function: dealt to lanes, called, checkpointed. Pure.

The checkpoint follows the slowest lane: everything up to it is done in every lane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from kit.base.backoff import Backoff
from kit.base.ids import Entropy
from kit.streams.hashing import hash_key
from kit.streams.trigger.lane import Call, Discard, Item, Lane, Verdict
from kit.streams.trigger.options import MappingOptions
from kit.streams.trigger.window import TumblingWindow


class Dispatch:
    """`retention_ms` bounds the age of records where the mapping sets no bound of its own."""

    def __init__(self, options: MappingOptions, retention_ms: int, backoff: Backoff, entropy: Entropy) -> None:
        age_s = options.maximum_record_age_in_seconds
        lifetime_ms = retention_ms if age_s == -1 else min(age_s * 1000, retention_ms)
        window_ms = options.tumbling_window_in_seconds * 1000
        self._options = options
        self._lanes = [
            Lane(options, lifetime_ms, backoff, entropy, TumblingWindow(window_ms) if window_ms else None)
            for _ in range(options.parallelization_factor)
        ]
        self._pending: deque[Item] = deque()
        self._read_ms = 0
        self._ended = False

    def has_room(self) -> bool:
        """Whether every lane may be brought a further batch; a lane that is stuck fills up and holds the shard."""
        return all(lane.waiting < 2 * self._options.batch_size for lane in self._lanes)

    def is_idle(self) -> bool:
        """Whether no record waits for a call; at the end of the shard, no window for its last one either."""
        if any(not lane.is_idle() for lane in self._lanes):
            return False
        return not (self._ended and any(lane.window and lane.window.start_ms is not None for lane in self._lanes))

    def accept(self, answers: Sequence[Mapping[str, Any]], read_ms: int, *, behind_ms: int, ended: bool) -> None:
        """Take over the records of one read, made at `read_ms`."""
        for answer in answers:
            item = Item.of(answer)
            self._pending.append(item)
            self._lane_of(answer["PartitionKey"]).offer(item, read_ms)
        if behind_ms == 0:
            self._read_ms = read_ms
        self._ended = ended

    def expire(self, now_ms: int) -> list[Discard]:
        return [discard for lane in self._lanes for discard in lane.expire(now_ms)]

    def due(self, now_ms: int) -> list[tuple[Lane, Call]]:
        """The calls that are due, at most one of each lane; they may run beside each other."""
        calls = [(lane, lane.next(now_ms, self._read_ms, ended=self._ended)) for lane in self._lanes]
        return [(lane, call) for lane, call in calls if call is not None]

    def settle(self, lane: Lane, call: Call, verdict: Verdict, now_ms: int) -> list[Discard]:
        return lane.settle(call, verdict, now_ms)

    def done_up_to(self) -> str | None:
        """The sequence number up to which everything is done since the last time it was asked; None: nothing more."""
        last: Item | None = None
        while self._pending and self._pending[0].done:
            last = self._pending.popleft()
        return None if last is None else str(last.answer["SequenceNumber"])

    def due_ms(self, now_ms: int) -> float | None:
        dues = [lane.due_ms(now_ms, self._read_ms, ended=self._ended) for lane in self._lanes]
        return min((due for due in dues if due is not None), default=None)

    def _lane_of(self, partition_key: str) -> Lane:
        if len(self._lanes) == 1:
            return self._lanes[0]
        return self._lanes[hash_key(partition_key) % len(self._lanes)]
