"""The way of single records into a stream: to the shard that holds their key, past its limits, into its log.

A shard that was closed meanwhile, by whatever process, takes nothing, and its records are placed anew. Nothing is
acknowledged before the log has it in the durability that the stream promises.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

from kit.streams import entries, sequence
from kit.streams.entries import Data, Parcel, Puttable
from kit.streams.errors import StreamsError
from kit.streams.faults import Faults
from kit.streams.live_shard import LiveShard
from kit.streams.log.writer import Written
from kit.streams.model import StreamState
from kit.streams.records import PutResult

if TYPE_CHECKING:
    from kit.streams.service import Streams

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
            shard = stream.open_shards[self._position(stream, parcel)]
            live = self._streams.live(stream, shard)
            taken = live.put(stream, parcel[0], parcel[1])
            if taken is None:
                continue
            if taken.written is None:
                self._streams.control.note_throttling(stream)
                raise live.throttled(stream)
            return PutResult(shard.shard_id, live.number(taken.written.first_index, taken.written.arrival_ms))

    def many(self, faults: Faults, records: Sequence[Puttable]) -> list[PutResult]:
        """PutRecords."""
        faults.delay(self._streams.clock)
        parcels = entries.parcels(self._streams.control.usable(self._name), records)
        results: list[PutResult | None] = [None] * len(parcels)
        if faults.are_on:
            results = [None if (fault := faults.draw()) is None else _failed(fault) for _ in parcels]
        waiting = [place for place, result in enumerate(results) if result is None]
        while waiting:
            stream = self._streams.control.usable(self._name)
            by_shard: dict[int, list[int]] = {}
            for place in waiting:
                by_shard.setdefault(self._position(stream, parcels[place]), []).append(place)
            waiting = self._store(stream, by_shard, parcels, results)
        return [result for result in results if result is not None]

    def _store(
        self,
        stream: StreamState,
        by_shard: dict[int, list[int]],
        parcels: Sequence[Parcel],
        results: list[PutResult | None],
    ) -> list[int]:
        """Store what goes to each shard, by its position among the open ones, and note what became of it; the records
        whose shard is closed."""
        moved: list[int] = []
        stored: list[tuple[LiveShard, Written, list[int]]] = []
        for position, places in by_shard.items():
            live = self._streams.live(stream, stream.open_shards[position])
            try:
                taken = live.put_many(stream, [parcels[place] for place in places])
            except StreamsError as error:
                _fail(results, places, error)
                continue
            if taken is None:
                moved += places
                continue
            if taken.written is not None:
                stored.append((live, taken.written, places[: taken.count]))
            if taken.count < len(places):
                self._streams.control.note_throttling(stream)
                _fail(results, places[taken.count :], live.throttled(stream))
        errors = self._commit(stream, [(live, written) for live, written, _ in stored])
        for (live, written, places), error in zip(stored, errors, strict=True):
            if error is not None:
                _fail(results, places, error)
            else:
                _succeed(results, places, live, written)
        return moved

    def _commit(self, stream: StreamState, stored: Sequence[tuple[LiveShard, Written]]) -> list[StreamsError | None]:
        """Commit what several shards took; each one's error, if it had one. Disks are waited for side by side."""
        calls = [partial(_outcome, live, stream, written) for live, written in stored]
        if stream.durability == "fsync" and len(calls) > 1:
            return [waiting.result() for waiting in [self._streams.pool.submit(call) for call in calls]]
        return [call() for call in calls]

    def _position(self, stream: StreamState, parcel: Parcel) -> int:
        """The position of the record's shard among the open ones."""
        if stream.strategy == "AUTO":
            return self._streams.entropy.below(len(stream.open_shards))
        return bisect_right(stream.starts, parcel[2]) - 1


def _outcome(live: LiveShard, stream: StreamState, written: Written) -> StreamsError | None:
    try:
        live.commit(stream, written)
    except StreamsError as error:
        return error
    return None


def _succeed(results: list[PutResult | None], places: Sequence[int], live: LiveShard, written: Written) -> None:
    first = int(live.number(written.first_index, written.arrival_ms))
    numbers = map(str, range(first, first + written.records * _INDEX_STEP, _INDEX_STEP))
    values = zip(repeat(live.shard_id), numbers, repeat(None), repeat(None), strict=False)
    for place, result in zip(places, map(PutResult._make, values), strict=True):
        results[place] = result


def _fail(results: list[PutResult | None], places: Sequence[int], error: StreamsError) -> None:
    failed = _failed(error)
    for place in places:
        results[place] = failed


def _failed(error: StreamsError) -> PutResult:
    # In the answer of PutRecords the service shortens the one name of the two that a record can fail with.
    code = "InternalFailure" if error.code == "InternalFailureException" else error.code
    return PutResult(None, None, code, error.message)
