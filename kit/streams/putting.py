"""The way of records into a stream: to the shard that holds their key, past its limits, into its log, acknowledged.

A shard that was closed meanwhile, by whatever process, takes nothing, and its records are placed anew. Nothing is
acknowledged before the log has it in the durability that the stream promises.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from kit.streams import entries, hashing, sequence
from kit.streams.entries import Data, Puttable
from kit.streams.errors import StreamsError
from kit.streams.faults import Faults
from kit.streams.live_shard import LiveShard
from kit.streams.log.writer import Written
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ShardId
from kit.streams.records import Appended, PutResult, Run

if TYPE_CHECKING:
    from kit.streams.service import Streams

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

_INDEX_STEP = 1 << sequence.INDEX_SHIFT


class Putting:
    """Puts records into one stream."""

    def __init__(self, streams: Streams, name: str) -> None:
        self._streams = streams
        self._name = name

    def one(self, faults: Faults, data: Data, key: str, explicit: str | int | None) -> PutResult:
        """PutRecord."""
        faults.delay(self._streams.clock)
        if (fault := faults.draw()) is not None:
            raise fault
        while True:
            stream = self._streams.control.usable(self._name)
            parcel = entries.parcel(stream, data, key, explicit)
            shard = self._place(stream, parcel.digest)
            live = self._streams.live(stream, shard)
            taken = live.put(stream, parcel.key, parcel.data)
            if taken is None:
                continue
            if taken.written is None:
                self._note_throttling(stream)
                raise live.throttled(stream)
            return PutResult(shard.shard_id, live.number(taken.written.first_index, taken.written.arrival_ms))

    def many(self, faults: Faults, records: Sequence[Puttable]) -> list[PutResult]:
        """PutRecords."""
        faults.delay(self._streams.clock)
        parcels = entries.parcels(self._streams.control.usable(self._name), records)
        results: list[PutResult | None] = [_injected(faults) for _ in parcels]
        waiting = [place for place, result in enumerate(results) if result is None]
        while waiting:
            stream = self._streams.control.usable(self._name)
            by_shard: dict[int, list[int]] = {}
            for place in waiting:
                by_shard.setdefault(self._place(stream, parcels[place].digest).index, []).append(place)
            waiting.clear()
            stored: list[tuple[LiveShard, Written, list[int]]] = []
            for index, places in by_shard.items():
                live = self._streams.live(stream, stream.by_index[index])
                try:
                    taken = live.put_many(stream, [parcels[place][:2] for place in places])
                except StreamsError as error:
                    _fail(results, places, error)
                    continue
                if taken is None:
                    waiting += places
                    continue
                if taken.written is not None:
                    stored.append((live, taken.written, places[: taken.count]))
                if taken.count < len(places):
                    self._note_throttling(stream)
                    _fail(results, places[taken.count :], live.throttled(stream))
            errors = self._commit(stream, [(live, written) for live, written, _ in stored])
            for (live, written, places), error in zip(stored, errors, strict=True):
                if error is not None:
                    _fail(results, places, error)
                else:
                    _succeed(results, places, live, written)
        return [result for result in results if result is not None]

    def table(self, faults: Faults, rows: Any) -> Appended:
        """A table's rows, piece by piece."""
        faults.delay(self._streams.clock)
        runs: dict[ShardId, list[tuple[LiveShard, Written]]] = {}
        throttled: list[Any] = []
        begin = 0
        for keys, data, explicit in entries.columns(self._streams.control.usable(self._name), rows):
            refused = self._piece(keys, data, explicit, runs)
            throttled += (_compute.add(places, begin) for places in refused)
            begin += len(keys)
        positions = pa.concat_arrays(throttled).sort() if throttled else pa.array([], pa.int64())
        return Appended(begin - len(positions), {shard_id: _run(parts) for shard_id, parts in runs.items()}, positions)

    def _piece(
        self, keys: Any, data: Any, explicit: Any | None, runs: dict[ShardId, list[tuple[LiveShard, Written]]]
    ) -> list[Any]:
        """Store a piece of a table; the positions of the rows that were throttled."""
        throttled: list[Any] = []
        waiting: Any | None = None
        while waiting is None or len(waiting):
            stream = self._streams.control.usable(self._name)
            moved: list[Any] = [pa.array([], pa.int64())]
            stored: list[tuple[LiveShard, Written]] = []
            for shard, places in _by_shard(stream, self._targets(stream, keys, explicit), waiting):
                live = self._streams.live(stream, shard)
                # A row's place is taken out of the table only where not all of them go to the same shard.
                whole = len(places) == len(keys)
                taken = live.append(stream, keys if whole else keys.take(places), data if whole else data.take(places))
                if taken is None:
                    moved.append(places)
                    continue
                if taken.written is not None:
                    stored.append((live, taken.written))
                    runs.setdefault(shard.shard_id, []).append((live, taken.written))
                if taken.count < len(places):
                    self._note_throttling(stream)
                    throttled.append(places.slice(taken.count))
            for error in self._commit(stream, stored):
                if error is not None:
                    raise error
            waiting = pa.concat_arrays(moved).sort()
        return throttled

    def _commit(self, stream: StreamState, stored: Sequence[tuple[LiveShard, Written]]) -> list[StreamsError | None]:
        """Commit what several shards took; each one's error, if it had one. Disks are waited for side by side."""
        calls = [partial(_outcome, live, stream, written) for live, written in stored]
        if stream.durability == "fsync" and len(calls) > 1:
            return [waiting.result() for waiting in [self._streams.pool.submit(call) for call in calls]]
        return [call() for call in calls]

    def _place(self, stream: StreamState, digest: bytes) -> ShardState:
        if stream.strategy == "AUTO":
            return stream.open_shards[self._streams.entropy.below(len(stream.open_shards))]
        return stream.place(digest)

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

    def _note_throttling(self, stream: StreamState) -> None:
        if stream.mode == "ON_DEMAND":
            self._streams.control.grow_on_demand(stream.name)


def _by_shard(stream: StreamState, targets: Any, rows: Any | None) -> Iterator[tuple[ShardState, Any]]:
    """The rows (all, or those given) that go to each open shard, in order."""
    if rows is not None:
        targets = targets.take(rows)
    if len(stream.open_shards) == 1:
        order, bounds = None, [(0, len(targets))]
        positions = [0]
    else:
        order = _compute.array_sort_indices(targets)
        runs = _compute.run_end_encode(targets.take(order))
        ends = runs.run_ends.to_pylist()
        bounds = list(zip([0, *ends], ends, strict=False))
        positions = runs.values.to_pylist()
    for position, (begin, end) in zip(positions, bounds, strict=True):
        if order is None:
            chosen = pa.array(range(begin, end), pa.int64()) if rows is None else rows
        else:
            chosen = order.slice(begin, end - begin).cast(pa.int64())
            chosen = chosen if rows is None else rows.take(chosen)
        yield stream.open_shards[position], chosen


def _outcome(live: LiveShard, stream: StreamState, written: Written) -> StreamsError | None:
    try:
        live.commit(stream, written)
    except StreamsError as error:
        return error
    return None


def _run(parts: Sequence[tuple[LiveShard, Written]]) -> Run:
    (live, first), (_, last) = parts[0], parts[-1]
    return Run(
        sum(written.records for _, written in parts),
        live.number(first.first_index, first.arrival_ms),
        live.number(last.first_index + last.records - 1, last.arrival_ms),
    )


def _succeed(results: list[PutResult | None], places: Sequence[int], live: LiveShard, written: Written) -> None:
    first = int(live.number(written.first_index, written.arrival_ms))
    shard_id = live.shard_id
    for order, place in enumerate(places):
        results[place] = PutResult(shard_id, str(first + order * _INDEX_STEP))


def _fail(results: list[PutResult | None], places: Sequence[int], error: StreamsError) -> None:
    failed = _failed(error)
    for place in places:
        results[place] = failed


def _injected(faults: Faults) -> PutResult | None:
    fault = faults.draw()
    return None if fault is None else _failed(fault)


def _failed(error: StreamsError) -> PutResult:
    # In the answer of PutRecords the service shortens the one name of the two that a record can fail with.
    code = "InternalFailure" if error.code == "InternalFailureException" else error.code
    return PutResult(None, None, code, error.message)
