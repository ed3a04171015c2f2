"""The columnar way into a stream: the rows of a table, placed, split by shard and framed in bulk.

Shards take their rows side by side: hashing, copying, summing and writing all run outside of the interpreter. Order is
that of the rows, shard by shard: where a shard throttles, none of its later rows in the call is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

from kit.streams import entries, hashing
from kit.streams.errors import StreamsError
from kit.streams.faults import Faults
from kit.streams.live_shard import LiveShard
from kit.streams.log.writer import Written
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ShardId
from kit.streams.records import Appended, Run

if TYPE_CHECKING:
    from kit.streams.service import Streams

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

SIDE_BY_SIDE_BYTES = 1 << 20
"""Below this a piece is stored by the caller's thread alone, unless a disk is waited for."""


class _Stored(NamedTuple):
    """What became of a shard's rows; `written` is None where none was taken, `count` None where it is closed."""

    shard: ShardState
    live: LiveShard
    places: Any
    count: int | None
    written: Written | None


class Appending:
    """One call of `append`."""

    def __init__(self, streams: Streams, name: str, faults: Faults) -> None:
        self._streams = streams
        self._name = name
        self._faults = faults
        self._runs: dict[ShardId, list[tuple[LiveShard, Written]]] = {}
        self._throttled: list[Any] = []
        self._full: list[tuple[int, int]] = []

    def append(self, rows: Any) -> Appended:
        """Store the rows, piece by piece."""
        self._faults.delay(self._streams.clock)
        begin = 0
        for keys, data, explicit in entries.columns(self._streams.control.usable(self._name), rows):
            self._piece(begin, keys, data, explicit)
            begin += len(keys)
        throttled = pa.concat_arrays(self._throttled).sort() if self._throttled else pa.array([], pa.int64())
        runs = {shard_id: _run(parts) for shard_id, parts in self._runs.items()}
        return Appended(begin - len(throttled), runs, throttled)

    def _piece(self, begin: int, keys: Any, data: Any, explicit: Any | None) -> None:
        waiting: Any | None = None
        while waiting is None or len(waiting):
            stream = self._streams.control.usable(self._name)
            chosen = list(_by_shard(stream, self._targets(stream, keys, explicit), waiting))
            moved: list[Any] = [pa.array([], pa.int64())]
            for stored in self._store(stream, chosen, keys, data):
                if stored.count is None:
                    moved.append(stored.places)
                    continue
                if stored.written is not None:
                    self._runs.setdefault(stored.shard.shard_id, []).append((stored.live, stored.written))
                if stored.count < len(stored.places):
                    self._full.append((stored.shard.low, stored.shard.high))
                    self._throttled.append(_compute.add(stored.places.slice(stored.count), begin))
                    self._streams.control.note_throttling(stream)
            waiting = pa.concat_arrays(moved).sort()

    def _store(self, stream: StreamState, chosen: list[tuple[ShardState, Any]], keys: Any, data: Any) -> list[_Stored]:
        """Store the rows shard by shard. Raises the first shard's error, after all have come to an end."""

        def store(shard: ShardState, places: Any) -> _Stored | StreamsError:
            live = self._streams.live(stream, shard)
            is_full = any(low <= shard.high and shard.low <= high for low, high in self._full)
            # A shard's part of the rows fails as one, so that what follows it keeps its order.
            if is_full or self._faults.draw() is not None:
                return _Stored(shard, live, places, 0, None)
            # Rows are taken out of the table only where not all of them go to the same shard.
            whole = len(places) == len(keys)
            try:
                taken = live.append(stream, keys if whole else keys.take(places), data if whole else data.take(places))
                if taken is None:
                    return _Stored(shard, live, places, None, None)
                if taken.written is not None:
                    live.commit(stream, taken.written)
            except StreamsError as error:
                return error
            return _Stored(shard, live, places, *taken)

        alone = len(chosen) == 1 or (stream.durability == "os" and data.nbytes < SIDE_BY_SIDE_BYTES)
        outcomes = (
            [store(*each) for each in chosen]
            if alone
            else [waiting.result() for waiting in [self._streams.pool.submit(store, *each) for each in chosen]]
        )
        stored: list[_Stored] = []
        for outcome in outcomes:
            if isinstance(outcome, StreamsError):
                raise outcome
            stored.append(outcome)
        return stored

    def _targets(self, stream: StreamState, keys: Any, explicit: Any | None) -> Any:
        """For each row the position of its shard among the open ones."""
        count = len(stream.open_shards)
        if stream.strategy == "AUTO":
            turn = self._streams.entropy.below(count)
            return pa.array([(turn + row) % count for row in range(len(keys))], pa.int32())
        targets = hashing.places(keys, stream.starts)
        if explicit is None or explicit.null_count == len(explicit):
            return targets
        wanted = [
            None if key is None else bisect_right(stream.starts, entries.explicit_digest(key)) - 1
            for key in explicit.to_pylist()
        ]
        return _compute.coalesce(pa.array(wanted, pa.int32()), targets)


def _by_shard(stream: StreamState, targets: Any, rows: Any | None) -> Iterator[tuple[ShardState, Any]]:
    """The rows (all, or those given) that go to each open shard, in order."""
    if rows is None:
        rows = pa.array(range(len(targets)), pa.int64()) if len(stream.open_shards) == 1 else None
    else:
        targets = targets.take(rows)
    if len(stream.open_shards) == 1:
        yield stream.open_shards[0], rows
        return
    order = _compute.array_sort_indices(targets)
    runs = _compute.run_end_encode(targets.take(order))
    begin = 0
    for position, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        chosen = order.slice(begin, end - begin).cast(pa.int64())
        yield stream.open_shards[position], chosen if rows is None else rows.take(chosen)
        begin = end


def _run(parts: list[tuple[LiveShard, Written]]) -> Run:
    (live, first), (_, last) = parts[0], parts[-1]
    return Run(
        sum(written.records for _, written in parts),
        live.number(first.first_index, first.arrival_ms),
        live.number(last.first_index + last.records - 1, last.arrival_ms),
    )
