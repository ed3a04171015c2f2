"""One lane of a shard: records in order, cut into batches, tried until they are done or given up. Pure.

A shard has as many lanes as its mapping's parallelization factor; a partition key always has the same one, so that its
records never run beside each other. At most one call of a lane is out at a time.

Invariants: a record leaves a lane exactly once, either processed or discarded; calls carry records in their order, and
none carries a record before the outcome of those before it is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kit.base.backoff import Backoff
from kit.base.ids import Entropy
from kit.streams.trigger.event import Condition, arrival_ms, payload_bytes
from kit.streams.trigger.options import PAYLOAD_BYTES, MappingOptions
from kit.streams.trigger.window import TumblingWindow, WindowPart


@dataclass(slots=True)
class Item:
    """A record in a lane; `done` once nothing more will come of it."""

    answer: Mapping[str, Any]
    arrival_ms: int
    payload_bytes: int
    done: bool = False

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Item:
        return cls(answer, arrival_ms(answer), payload_bytes(answer))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the function. Without a tumbling window `window` is None; a window's final call has no items."""

    items: tuple[Item, ...]
    window: WindowPart | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a call: `failed_from` is the position of the first record that failed, None where all went well.

    `unhandled`: the function raised, or answered nonsense. `state` replaces the window's where it is given;
    `overgrown`: it is too large to be carried further.
    """

    request_id: str
    failed_from: int | None = None
    unhandled: bool = False
    state: Mapping[str, Any] | None = None
    overgrown: bool = False


@dataclass(frozen=True, slots=True)
class Discard:
    """Records that were given up after so many calls, the last of them under `request_id`; empty without a call."""

    items: tuple[Item, ...]
    condition: Condition
    invocations: int = 0
    unhandled: bool = False
    request_id: str = ""


@dataclass(slots=True)
class _Work:
    """A batch that was cut and is not done. `retries` counts calls beyond the first that were not a halving."""

    items: tuple[Item, ...]
    retries: int = 0
    invocations: int = 0
    unhandled: bool = False
    request_id: str = ""
    not_before_ms: float = 0.0


@dataclass(slots=True)
class Lane:
    """`lifetime_ms`: the age at which a record is discarded."""

    options: MappingOptions
    lifetime_ms: int
    backoff: Backoff
    entropy: Entropy
    window: TumblingWindow | None = None
    _queue: deque[Item] = field(default_factory=deque)
    _work: deque[_Work] = field(default_factory=deque)
    _queued_bytes: int = 0
    _gathering_since_ms: int = 0
    _failures: int = 0

    @property
    def waiting(self) -> int:
        """Records that no call has carried yet."""
        return len(self._queue)

    def is_idle(self) -> bool:
        return not self._queue and not self._work

    def offer(self, item: Item, now_ms: int) -> None:
        if not self._queue:
            self._gathering_since_ms = now_ms
        self._queue.append(item)
        self._queued_bytes += item.payload_bytes

    def expire(self, now_ms: int) -> list[Discard]:
        """Give up what is too old. Records arrive in the order of their age, so these are the first ones."""
        discards: list[Discard] = []
        while self._work:
            work = self._work[0]
            late = self._late(work.items, now_ms)
            if late:
                discards.append(self._give_up(work, late, "RecordAgeExceeded"))
            if late < len(work.items):
                break
        late = self._late(self._queue, now_ms)
        if late:
            aged = tuple(self._pop() for _ in range(late))
            self._finish(aged)
            discards.append(Discard(aged, "RecordAgeExceeded"))
        return discards

    def next(self, now_ms: int, read_ms: int, *, ended: bool) -> Call | None:
        """The call that is due. What arrived before `read_ms` is in the lane; once `ended`, nothing follows."""
        if self._work:
            work = self._work[0]
            return Call(work.items, self._part()) if work.not_before_ms <= now_ms else None
        if self.window is not None:
            following = self._queue[0].arrival_ms if self._queue else None
            final = self.window.closing(now_ms, following, read_ms, ended=ended)
            if final is not None:
                return Call((), final)
            if self.window.is_waiting(now_ms):
                return None
            if following is not None:
                self.window.open_at(following)
        if not self._is_ripe(now_ms, ended=ended):
            return None
        items = self._cut()
        self._gathering_since_ms = now_ms
        self._work.append(_Work(items))
        return Call(items, self._part())

    def settle(self, call: Call, verdict: Verdict, now_ms: int) -> list[Discard]:
        """Note what came of a call; what was given up because of it."""
        if self.window is not None and not call.items:
            if verdict.failed_from is None:
                self._failures = 0
                self.window.closed()
            else:
                self._failures += 1
                self.window.hold_until(now_ms + self.backoff.delay_ms(self._failures, self.entropy))
            return []
        work = self._work[0]
        work.invocations += 1
        work.unhandled = verdict.unhandled
        work.request_id = verdict.request_id
        if self.window is not None and verdict.state is not None:
            self.window.carry(verdict.state, overgrown=verdict.overgrown)
        if verdict.failed_from is None:
            self._work.popleft()
            self._finish(work.items)
            self._failures = 0
            return []
        self._finish(work.items[: verdict.failed_from])
        return self._fail(work, verdict.failed_from, now_ms)

    def due_ms(self, now_ms: int, read_ms: int, *, ended: bool) -> float | None:
        """When the next call or discard is due; None where only new records bring one."""
        if self._work:
            work = self._work[0]
            return min(max(work.not_before_ms, now_ms), work.items[0].arrival_ms + self.lifetime_ms)
        dues: list[float] = []
        if self.window is not None:
            window_due_ms = self.window.due_ms(now_ms, read_ms, ended=ended)
            if self.window.is_waiting(now_ms):
                return window_due_ms
            if window_due_ms is not None:
                dues.append(window_due_ms)
        if self._queue:
            dues.append(now_ms if self._is_ripe(now_ms, ended=ended) else self._gathering_since_ms + self._gather_ms)
        return min(dues, default=None)

    @property
    def _gather_ms(self) -> int:
        return self.options.maximum_batching_window_in_seconds * 1000

    def _part(self) -> WindowPart | None:
        return None if self.window is None else self.window.part()

    def _is_ripe(self, now_ms: int, *, ended: bool) -> bool:
        if not self._queue:
            return False
        if ended or now_ms - self._gathering_since_ms >= self._gather_ms or len(self._queue) >= self.options.batch_size:
            return True
        if self.window is not None and self.window.start_of(self._queue[-1].arrival_ms) != self.window.start_ms:
            return True
        return self._queued_bytes >= PAYLOAD_BYTES

    def _cut(self) -> tuple[Item, ...]:
        """The next batch: as many as fit into one call and, where there is one, into the window."""
        items = [self._pop()]
        size_bytes = items[0].payload_bytes
        while self._queue and len(items) < self.options.batch_size:
            item = self._queue[0]
            size_bytes += item.payload_bytes
            if size_bytes > PAYLOAD_BYTES:
                break
            if self.window is not None and self.window.start_of(item.arrival_ms) != self.window.start_ms:
                break
            items.append(self._pop())
        return tuple(items)

    def _pop(self) -> Item:
        item = self._queue.popleft()
        self._queued_bytes -= item.payload_bytes
        return item

    def _fail(self, work: _Work, failed_from: int, now_ms: int) -> list[Discard]:
        options = self.options
        work.items = work.items[failed_from:]
        self._failures += 1
        not_before_ms = now_ms + self.backoff.delay_ms(self._failures, self.entropy)
        if options.bisect_batch_on_function_error and len(work.items) > 1:
            # A report says already where the batch is to be cut; without one it is halved.
            work.not_before_ms = not_before_ms
            if failed_from == 0:
                middle = len(work.items) // 2
                second = replace(work, items=work.items[middle:])
                work.items = work.items[:middle]
                self._work.insert(1, second)
            return []
        if 0 <= options.maximum_retry_attempts <= work.retries:
            return [self._give_up(work, len(work.items), "RetryAttemptsExhausted")]
        work.retries += 1
        work.not_before_ms = not_before_ms
        return []

    def _late(self, items: Sequence[Item], now_ms: int) -> int:
        late = 0
        for item in items:
            if now_ms - item.arrival_ms < self.lifetime_ms:
                break
            late += 1
        return late

    def _give_up(self, work: _Work, count: int, condition: Condition) -> Discard:
        """Discard the first records of the work in hand."""
        given_up, work.items = work.items[:count], work.items[count:]
        if not work.items:
            self._work.popleft()
            self._failures = 0
        self._finish(given_up)
        return Discard(given_up, condition, work.invocations, work.unhandled, work.request_id)

    def _finish(self, items: Sequence[Item]) -> None:
        if self.window is not None:
            self.window.keep(items)
            return
        for item in items:
            item.done = True
