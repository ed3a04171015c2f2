"""The way of records out of a stream by the public API: iterators and the pages that they lead to.

Source: Amazon Kinesis Data Streams API Reference, GetShardIterator, GetRecords, read 2026-11.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from kit.base.clock import instant, now_ms
from kit.base.errors import did_you_mean
from kit.streams import scan, sequence
from kit.streams.errors import InvalidArgumentException, ResourceNotFoundException, ValidationException
from kit.streams.faults import Faults
from kit.streams.live_shard import LiveShard
from kit.streams.log.reader import Rows
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ACCOUNT, shard_id
from kit.streams.records import ChildShard, Record
from kit.streams.tokens import Place

if TYPE_CHECKING:
    from kit.streams.service import Streams

ITERATOR_TYPES = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")


class RowsPage(NamedTuple):
    """A page whose records are still columns: each caller makes of them what it answers with."""

    live: LiveShard
    rows: Rows
    next_iterator: str | None
    millis_behind_latest: int
    children: tuple[ChildShard, ...] = ()


class Reading:
    """Reads one stream."""

    def __init__(self, streams: Streams, name: str) -> None:
        self._streams = streams
        self._name = name

    def iterator(self, shard: str, kind: str, sequence_number: str | None, timestamp: datetime | None) -> str:
        """GetShardIterator."""
        now = now_ms(self._streams.clock)
        stream = self._streams.control.usable(self._name)
        found = self._streams.control.shard(stream, shard)
        live = self._streams.live(stream, found)
        live.spend_iterator(stream)
        index = index_for(stream, found, live, kind, sequence_number, timestamp, now)
        return self._streams.tokens.iterator(Place(stream.stream_id, found.index, index), now)

    def page(self, faults: Faults, iterator: str, limit: int) -> RowsPage:
        """GetRecords."""
        faults.delay(self._streams.clock)
        if (fault := faults.draw()) is not None:
            raise fault
        now = now_ms(self._streams.clock)
        place = self._streams.tokens.place(iterator, now)
        stream = self._streams.control.usable(self._name)
        shard = stream.by_index.get(place.shard)
        if place.stream_id != stream.stream_id:
            raise InvalidArgumentException(f"The shard iterator is not one of stream {self._name}.")
        if shard is None:
            raise ResourceNotFoundException(
                f"The shard of the iterator has expired from stream {self._name} under account {ACCOUNT}."
            )
        live = self._streams.live(stream, shard)
        rows = live.rows(stream, max(place.index, live.first_index(stream, now)), limit)
        after = rows.first_index + len(rows.keys)
        at_tip = after >= live.end_index()
        if at_tip and not shard.is_open:
            return RowsPage(live, rows, None, 0, stream.children(shard))
        behind_ms = behind(rows, now, at_tip=at_tip)
        return RowsPage(live, rows, self._streams.tokens.iterator(place._replace(index=after), now), behind_ms)


def records_of(live: LiveShard, rows: Rows) -> list[Record]:
    """The rows as records."""
    values = zip(rows.data, rows.keys, numbers_of(live, rows), repeat(live.shard_id), times_of(rows), strict=False)
    return list(map(Record._make, values))


def numbers_of(live: LiveShard, rows: Rows) -> list[str]:
    """The rows' sequence numbers."""
    number = live.number
    return [number(index, arrival_ms) for index, arrival_ms in enumerate(rows.arrivals_ms, rows.first_index)]


def times_of(rows: Rows) -> list[datetime]:
    """The rows' times of arrival."""
    return [_time(arrival_ms) for arrival_ms in rows.arrivals_ms]


def behind(rows: Rows, now: int, *, at_tip: bool) -> int:
    """MillisBehindLatest after these rows: 0 at the tip, and nowhere else."""
    if at_tip:
        return 0
    return max(now - rows.arrivals_ms[-1], 1) if rows.arrivals_ms else 1


def index_for(
    stream: StreamState,
    shard: ShardState,
    live: LiveShard,
    kind: str,
    sequence_number: str | None,
    timestamp: datetime | None,
    now: int,
) -> int:
    """The index that a new iterator points to; 0 stands for the trim horizon, wherever it will be."""
    match kind:
        case "TRIM_HORIZON":
            return 0
        case "LATEST":
            return live.end_index()
        case "AT_TIMESTAMP":
            return _index_at(live, timestamp, now)
        case "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER":
            index = _index_of(stream, shard, live, sequence_number)
            return index if kind == "AT_SEQUENCE_NUMBER" else index + 1
        case _:
            raise ValidationException(
                f"1 validation error detected: Value '{kind}' at 'shardIteratorType' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(ITERATOR_TYPES)}]",
                did_you_mean(kind, ITERATOR_TYPES),
            )


def _index_at(live: LiveShard, timestamp: datetime | None, now: int) -> int:
    if timestamp is None:
        raise InvalidArgumentException("Must specify timestamp parameter for an iterator of type AT_TIMESTAMP.")
    wanted_ms = scan.milliseconds(timestamp)
    if wanted_ms > now:
        raise InvalidArgumentException(
            f"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
            f"timestampInMillis: {wanted_ms}, currentTimestampInMillis: {now}"
        )
    return live.reader.index_at(wanted_ms)


def _index_of(stream: StreamState, shard: ShardState, live: LiveShard, number: str | None) -> int:
    """The index that a sequence number stands for. Raises `InvalidArgumentException` where it is not the shard's."""
    if number is None:
        raise InvalidArgumentException(
            "Must specify startingSequenceNumber parameter for an iterator of type AT_SEQUENCE_NUMBER or "
            "AFTER_SEQUENCE_NUMBER."
        )
    position = sequence.decode(number)
    used = f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.shard_id} in stream"
    if position is None:
        raise InvalidArgumentException(
            f"{used} {stream.name} under account {ACCOUNT} is invalid because it is no sequence number."
        )
    if position.shard != shard.index:
        raise InvalidArgumentException(
            f"Invalid StartingSequenceNumber. It encodes {shard_id(position.shard)}, while it was used in a call to a "
            f"shard with {shard.shard_id}"
        )
    foreign = InvalidArgumentException(
        f"{used} {stream.name} under account {ACCOUNT} is invalid because it did not come from this stream."
    )
    if number == shard.ending_sequence_number:
        return live.end_index()
    if position.created_s != shard.created_s or position.index >= live.end_index():
        raise foreign
    found = live.reader.rows(position.index, 1, 0)
    held = found.keys and found.first_index == position.index
    if held and live.number(position.index, found.arrivals_ms[0]) != number:
        raise foreign
    return position.index


@lru_cache(maxsize=1_024)
def _time(arrival_ms: int) -> datetime:
    """Records that arrive together share their time."""
    return instant(arrival_ms * 1_000_000)
