"""One stream: records in, records out, shards split and merged.

What the public API limits is limited here as well (`put_record`, `put_records`, `append`, `get_shard_iterator`,
`get_records`); what reads the log as a whole (`table`, `batches`, iteration) is the workspace's own and is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kit.base.clock import instant, now_ms
from kit.base.errors import did_you_mean
from kit.base.ids import Entropy
from kit.streams import faults, scan, sequence
from kit.streams.entries import Data, Puttable
from kit.streams.errors import InvalidArgumentException, ResourceNotFoundException, ValidationException
from kit.streams.faults import Faults
from kit.streams.limits import ANSWER_RECORDS
from kit.streams.live_shard import LiveShard
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ACCOUNT, shard_id, stream_arn
from kit.streams.putting import Putting
from kit.streams.records import Appended, Page, PutResult, Record, Shard
from kit.streams.scan import Span, Start
from kit.streams.tokens import Place

if TYPE_CHECKING:
    import pyarrow as pa

    from kit.streams.service import Streams

ITERATOR_TYPES = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")


class Stream:
    """A stream of a workspace. Safe among threads."""

    def __init__(self, streams: Streams, name: str) -> None:
        self.name = name
        self.arn = stream_arn(name)
        self._streams = streams
        self._put = Putting(streams, name)
        self._faults = Faults()

    # In.

    def put_record(self, data: Data, partition_key: str, *, explicit_hash_key: str | int | None = None) -> PutResult:
        """Store one record: bytes as they are, text as UTF-8, anything else as JSON.

        Raises `ProvisionedThroughputExceededException` over the shard's limits, and what PutRecord raises.
        """
        return self._put.one(self._faults, data, partition_key, explicit_hash_key)

    def put_records(self, records: Sequence[Puttable]) -> list[PutResult]:
        """Store up to 500 records; one result a record, in order. A record that fails is a result, not an error.

        Takes entries, tuples (data, partition key[, explicit hash key]) or the public API's dicts.
        """
        return self._put.many(self._faults, records)

    def append(self, rows: Any) -> Appended:
        """Store the rows of a table in order: any number, of columns `data` (binary or text) and `partition_key`, and
        `explicit_hash_key` if wanted.

        Where limits are enforced, each shard takes of its rows as many as it has budget for; the others are named in
        the answer. A disk that fails in the middle raises, and leaves the rows that were stored before.
        """
        return self._put.table(self._faults, rows)

    # Out.

    def get_shard_iterator(
        self,
        shard_id: str,
        kind: str = "TRIM_HORIZON",
        *,
        sequence_number: str | None = None,
        timestamp: datetime | None = None,
    ) -> str:
        """An opaque position in a shard, good for five minutes: TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER,
        AFTER_SEQUENCE_NUMBER or AT_TIMESTAMP."""
        stream = self._readable()
        shard = self._streams.control.shard(stream, shard_id)
        live = self._streams.live(stream, shard)
        live.spend_iterator(stream)
        index = self._index_for(stream, shard, live, kind, sequence_number, timestamp)
        return self._streams.tokens.iterator(Place(stream.stream_id, shard.index, index), self._now_ms())

    def get_records(self, iterator: str, limit: int = ANSWER_RECORDS) -> Page:
        """Up to `limit` records and 10 MiB from the iterator on.

        Raises `ExpiredIteratorException`, `InvalidArgumentException` for an iterator of another stream or none at all,
        and `ProvisionedThroughputExceededException` over the shard's limits.
        """
        self._faults.delay(self._streams.clock)
        if (fault := self._faults.draw()) is not None:
            raise fault
        now = self._now_ms()
        place = self._streams.tokens.place(iterator, now)
        stream = self._readable()
        shard = stream.by_index.get(place.shard)
        if place.stream_id != stream.stream_id:
            raise InvalidArgumentException(f"The shard iterator is not one of stream {self.name}.")
        if shard is None or stream.is_expired(shard, now):
            raise ResourceNotFoundException(
                f"The shard of the iterator has expired from stream {self.name} under account {ACCOUNT}."
            )
        live = self._streams.live(stream, shard)
        rows = live.rows(stream, max(place.index, live.first_index(stream, now)), limit)
        records = [
            Record(data, key, live.number(index, arrival_ms), shard.shard_id, _time(arrival_ms))
            for index, (data, key, arrival_ms) in enumerate(
                zip(rows.data, rows.keys, rows.arrivals_ms, strict=True), rows.first_index
            )
        ]
        after = rows.first_index + len(records)
        at_tip = after >= live.end_index()
        if at_tip and not shard.is_open:
            return Page(records, None, 0, stream.children(shard))
        behind_ms = 0 if at_tip else max(now - rows.arrivals_ms[-1], 1) if records else 1
        return Page(records, self._streams.tokens.iterator(place._replace(index=after), now), behind_ms)

    def table(
        self,
        start: Start = "TRIM_HORIZON",
        *,
        end: datetime | None = None,
        shards: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """What the log holds, shard after shard: partition_key, data, sequence_number, shard_id, arrival_time.

        `start` is TRIM_HORIZON, LATEST, a time, or by shard the last sequence number that is not wanted any more;
        `end` is a time up to which records arrived. Columns that are not asked for cost nothing.
        """
        return scan.table(self._plan(start, end, shards), self._streams.pool, columns)

    def batches(
        self,
        start: Start = "TRIM_HORIZON",
        *,
        end: datetime | None = None,
        shards: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """The same rows as record batches, without holding more than one."""
        return scan.batches(self._plan(start, end, shards), columns)

    def records(self, start: Start = "TRIM_HORIZON", *, end: datetime | None = None) -> Iterator[Record]:
        """The records that the log holds now, in the order of arrival; each shard's in its order, after its parents'."""
        return scan.records(self._plan(start, end, None))

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    # About.

    def shards(self) -> tuple[Shard, ...]:
        """The shards, open and closed, by index; expired ones are left out."""
        return tuple(shard.described() for shard in self._streams.control.find(self.name).live_shards(self._now_ms()))

    def describe(self) -> dict[str, Any]:
        """The `StreamDescriptionSummary` of DescribeStreamSummary."""
        return self._streams.client().describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]

    def split(self, shard_id: str, new_starting_hash_key: int | str | None = None) -> tuple[Shard, Shard]:
        """Split an open shard, in the middle where no key is given; the two children."""
        key = None if new_starting_hash_key is None else int(new_starting_hash_key)
        first, second = self._streams.control.split(self.name, shard_id, key).made
        return first.described(), second.described()

    def merge(self, shard_id: str, adjacent_shard_id: str) -> Shard:
        """Merge two open shards whose ranges touch; the child."""
        return self._streams.control.merge(self.name, shard_id, adjacent_shard_id).made[-1].described()

    def limits(self, *, enforced: bool) -> None:
        """Turn the shards' limits on, as a new stream has them, or off; for all processes."""
        self._streams.control.set_enforced(self.name, enforced)

    def inject(
        self, *, throttle: float = 0.0, failure: float = 0.0, delay_ms: float = 0.0, seed: int | None = None
    ) -> None:
        """Make this process's puts and reads of the stream fail or wait; without arguments, stop that.

        `throttle` and `failure` are shares of the records put (of the calls, where records are read); `delay_ms` is
        added to every call.
        """
        entropy = self._streams.entropy if seed is None else Entropy(seed)
        self._faults = faults.faults(throttle, failure, delay_ms, entropy)

    def __repr__(self) -> str:
        return f"Stream({self.name!r})"

    # How it is done.

    def _now_ms(self) -> int:
        return now_ms(self._streams.clock)

    def _readable(self) -> StreamState:
        return self._streams.usable(self.name)

    def _plan(self, start: Start, end: datetime | None, shards: Sequence[str] | None) -> list[Span]:
        stream = self._readable()
        return scan.plan(
            stream,
            lambda shard: self._streams.live(stream, shard),
            self._now_ms(),
            start=start,
            end=end,
            shards=shards,
        )

    def _index_for(
        self,
        stream: StreamState,
        shard: ShardState,
        live: LiveShard,
        kind: str,
        sequence_number: str | None,
        timestamp: datetime | None,
    ) -> int:
        """The index that a new iterator points to; 0 stands for the trim horizon, wherever it will be."""
        match kind:
            case "TRIM_HORIZON":
                return 0
            case "LATEST":
                return live.end_index()
            case "AT_TIMESTAMP":
                return self._index_at(live, timestamp)
            case "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER":
                index = self._index_of(stream, shard, live, sequence_number)
                return index if kind == "AT_SEQUENCE_NUMBER" else index + 1
            case _:
                raise ValidationException(
                    f"1 validation error detected: Value '{kind}' at 'shardIteratorType' failed to satisfy constraint: "
                    f"Member must satisfy enum value set: [{', '.join(ITERATOR_TYPES)}]",
                    did_you_mean(kind, ITERATOR_TYPES),
                )

    def _index_at(self, live: LiveShard, timestamp: datetime | None) -> int:
        if timestamp is None:
            raise InvalidArgumentException("Must specify timestamp parameter for an iterator of type AT_TIMESTAMP.")
        wanted_ms = scan.milliseconds(timestamp)
        now = self._now_ms()
        if wanted_ms > now:
            raise InvalidArgumentException(
                f"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                f"timestampInMillis: {wanted_ms}, currentTimestampInMillis: {now}"
            )
        return live.reader.index_at(wanted_ms)

    def _index_of(self, stream: StreamState, shard: ShardState, live: LiveShard, number: str | None) -> int:
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
