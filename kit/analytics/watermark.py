"""How far event time has come, decided from the log alone: the same for a run that follows and for one that looks back.

Each shard has a watermark: the highest event time of its records so far, less the allowed lateness. A record is judged
by its own shard's watermark before it, so whether it is late is a property of the log, not of the moment in which
somebody reads it. Windows close by the lowest watermark among the shards, which is never above any shard's own; so no
record that is not late finds its window closed.

Two rules make that hold when shards are silent or change:

- A shard that has been silent for longer than the idle time does not hold the others back. Its next record *wakes* it:
  the shard's watermark is then at least the common one of that instant. Instants are those of arrival, in the order
  (arrival, shard), so a run that follows has to have read what arrived before; it waits for the clock to be past.
- A child shard begins with its first record, as a shard that wakes. Until all children have begun, the closed parent
  stands for them.

Pure: integers and arrays in, integers and arrays out. All times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

NEVER: Final = -(1 << 62)
"""Before all time: the watermark of a shard without records."""
ALWAYS: Final = 1 << 62
"""After all time: the watermark once nothing more will come."""


@dataclass(slots=True)
class Progress:
    """One shard: the next index to read, its watermark, and when its last record arrived.

    `last_ms` of a shard without records is when it was made. `begun` shards take part, `done` ones are closed and read.
    """

    index: int
    watermark_ms: int
    last_ms: int
    begun: bool = False
    done: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring records of one shard: times of arrival, and event times with `NEVER` for what has none.

    `more` says that the log holds records behind them already.
    """

    arrivals_ms: Any
    events_ms: Any
    more: bool


@dataclass(slots=True)
class Admitted:
    """What of a chunk was taken: so many records, and the watermark before each of them."""

    count: int = 0
    watermarks_ms: list[Any] = field(default_factory=list)

    def watermarks(self) -> Any:
        return np.concatenate(self.watermarks_ms) if self.watermarks_ms else np.empty(0, np.int64)


class Watermarks:
    """The progress of all shards of a stream, by shard index."""

    def __init__(self, lateness_ms: int, idle_ms: int | None, shards: Mapping[int, Progress] | None = None) -> None:
        self._lateness_ms = lateness_ms
        self._idle_ms = idle_ms
        self.shards: dict[int, Progress] = dict(shards or {})
        self._parents: dict[int, tuple[int, ...]] = {}

    def know(
        self, parents: Mapping[int, tuple[int, ...]], made_ms: Mapping[int, int], *, at: Mapping[int, int]
    ) -> None:
        """Take in shards that are new: by index their parents, when they were made, and where to begin to read."""
        for index in sorted(parents):
            known = tuple(parent for parent in parents[index] if parent in self.shards)
            self._parents[index] = known
            if index not in self.shards:
                self.shards[index] = Progress(at.get(index, 0), NEVER, made_ms[index], begun=not known)

    def readable(self, index: int) -> bool:
        """Whether the shard's parents have been read out."""
        return all(self.shards[parent].done for parent in self._parents.get(index, ()))

    def admit(self, chunks: Mapping[int, Chunk], unread: Collection[int], settled_ms: int) -> dict[int, Admitted]:
        """Take as many of the chunks' records as can be judged.

        `unread` are shards that hold records of which no chunk is given. A shard's waking is judged once all that
        arrived before is there: that has arrived by `settled_ms`.
        """
        walk = _Walk(self, chunks, unread, self._idle_ms)
        while True:
            waking = walk.next_waking()
            if waking is None:
                walk.take_all()
                return walk.admitted
            arrival_ms, shard = waking
            walk.take_before(arrival_ms, shard)
            is_alone = len(self.shards) == 1
            if (arrival_ms > settled_ms and not is_alone) or not walk.complete_before(arrival_ms, shard):
                return walk.admitted
            self._wake(shard, arrival_ms)
            walk.wake(shard)

    def common(self, at_ms: int) -> int:
        """The watermark of the stream at an instant of arrival: the lowest of the shards that are not idle."""
        members = [
            progress
            for index, progress in self.shards.items()
            if progress.begun and not self._is_replaced(index, progress)
        ]
        if not members:
            return NEVER
        awake = members
        if self._idle_ms is not None:
            awake = [each for each in members if each.last_ms + self._idle_ms >= at_ms]
        if not awake:
            # All are silent: what held when the last of them fell silent still does.
            last_ms = max(each.last_ms for each in members)
            awake = [each for each in members if each.last_ms == last_ms]
        return min(each.watermark_ms for each in awake)

    def horizon_ms(self, unread: Collection[int], now_ms: int) -> int:
        """Up to which instant all records have been taken, where only those shards hold more."""
        return min([now_ms, *map(self.floor_ms, unread)])

    def parents(self, index: int) -> tuple[int, ...]:
        """The shards, as far as they are known, that a shard continues."""
        return self._parents.get(index, ())

    def is_waking(self, index: int, gap_ms: int) -> bool:
        progress = self.shards[index]
        return not progress.begun or (self._idle_ms is not None and gap_ms > self._idle_ms)

    def advance(self, index: int, arrivals_ms: Any, events_ms: Any) -> Any:
        """Take records of a shard: the watermark before each."""
        progress = self.shards[index]
        highest = np.maximum.accumulate(np.maximum(events_ms, NEVER + self._lateness_ms)) - self._lateness_ms
        before = np.empty(len(highest), np.int64)
        before[0] = progress.watermark_ms
        np.maximum(highest[:-1], progress.watermark_ms, out=before[1:])
        progress.watermark_ms = max(progress.watermark_ms, int(highest[-1]))
        progress.last_ms = max(progress.last_ms, int(arrivals_ms[-1]))
        progress.index += len(before)
        return before

    def dump(self) -> dict[str, Any]:
        """The state as JSON takes it."""
        return {str(index): asdict(progress) for index, progress in self.shards.items()}

    @staticmethod
    def load(dumped: Mapping[str, Any]) -> dict[int, Progress]:
        return {int(index): Progress(**progress) for index, progress in dumped.items()}

    def _wake(self, index: int, at_ms: int) -> None:
        progress = self.shards[index]
        own = progress.watermark_ms
        if not progress.begun:
            own = min((self.shards[parent].watermark_ms for parent in self._parents[index]), default=NEVER)
        progress.watermark_ms = max(own, self.common(at_ms))
        progress.last_ms = at_ms
        progress.begun = True

    def _is_replaced(self, index: int, progress: Progress) -> bool:
        """Whether a closed shard's children have all begun."""
        if not progress.done:
            return False
        children = [self.shards[child] for child, parents in self._parents.items() if index in parents]
        return bool(children) and all(child.begun for child in children)

    def floor_ms(self, index: int) -> int:
        """The earliest arrival that a shard's next record is taken to have."""
        progress = self.shards[index]
        if progress.begun:
            return progress.last_ms
        return max(map(self.floor_ms, self._parents[index]), default=progress.last_ms)


class _Walk:
    """One pass over chunks, in the order of arrival as far as it matters."""

    def __init__(
        self, marks: Watermarks, chunks: Mapping[int, Chunk], unread: Collection[int], idle_ms: int | None
    ) -> None:
        self._marks = marks
        self._unread = unread
        self._more = {index for index, chunk in chunks.items() if chunk.more}
        self._events = {index: chunk.events_ms for index, chunk in chunks.items()}
        # A child's records come after its parents', whatever the clock did in between.
        self._arrivals = {
            index: np.maximum(chunk.arrivals_ms, marks.floor_ms(index)) for index, chunk in chunks.items()
        }
        self._at = dict.fromkeys(chunks, 0)
        self._awake: set[int] = set()
        self._silences = {index: _silences(arrivals, idle_ms) for index, arrivals in self._arrivals.items()}
        self.admitted = {index: Admitted() for index in chunks}

    def next_waking(self) -> tuple[int, int] | None:
        """Arrival and shard of the first record that wakes its shard."""
        found: list[tuple[int, int]] = []
        for index, arrivals in self._arrivals.items():
            at = self._at[index]
            if at >= len(arrivals):
                continue
            head_gap = int(arrivals[at]) - self._marks.shards[index].last_ms
            if index not in self._awake and self._marks.is_waking(index, head_gap):
                found.append((int(arrivals[at]), index))
            else:
                silences = self._silences[index]
                place = int(np.searchsorted(silences, at + 1))
                if place < len(silences):
                    found.append((int(arrivals[silences[place]]), index))
        return min(found, default=None)

    def take_all(self) -> None:
        for index, arrivals in self._arrivals.items():
            self._take(index, len(arrivals))

    def take_before(self, arrival_ms: int, shard: int) -> None:
        """Take what comes before a record in the order (arrival, shard)."""
        for index, arrivals in self._arrivals.items():
            side = "right" if index < shard else "left"
            self._take(index, int(np.searchsorted(arrivals, arrival_ms, side)))
        # Within its own shard all that stands before it.
        if self._at[shard] < len(self._arrivals[shard]):
            self._take(shard, int(np.searchsorted(self._arrivals[shard], arrival_ms, "left")))

    def complete_before(self, arrival_ms: int, shard: int) -> bool:
        """Whether nothing is left in the log that comes before a record of a shard."""
        for index in self._more:
            if self._at[index] >= len(self._arrivals[index]):
                last_ms = int(self._arrivals[index][-1])
                if last_ms < arrival_ms or (last_ms == arrival_ms and index < shard):
                    return False
        return all((self._floor_ms(index), index) > (arrival_ms, shard) for index in self._unread)

    def wake(self, shard: int) -> None:
        self._awake.add(shard)

    def _floor_ms(self, index: int) -> int:
        """The earliest arrival that the next record of a shard without a chunk is taken to have."""
        arrivals = self._arrivals.get(index)
        if arrivals is not None:
            return int(arrivals[min(self._at[index], len(arrivals) - 1)])
        parents = self._marks.parents(index)
        return max(map(self._floor_ms, parents), default=self._marks.floor_ms(index))

    def _take(self, index: int, end: int) -> None:
        begin = self._at[index]
        if end <= begin:
            return
        part = slice(begin, end)
        before = self._marks.advance(index, self._arrivals[index][part], self._events[index][part])
        self.admitted[index].watermarks_ms.append(before)
        self.admitted[index].count += end - begin
        self._at[index] = end
        self._awake.discard(index)


def _silences(arrivals: Any, idle_ms: int | None) -> Any:
    """Where arrivals are further apart than the idle time."""
    if idle_ms is None:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.diff(arrivals) > idle_ms) + 1
