"""One stream: records in, records out, shards split and merged.

What the public API limits is limited here as well (`put_record`, `put_records`, `append`, `get_shard_iterator`,
`get_records`); what reads the log as a whole (`table`, `batches`, iteration) is the workspace's own and is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kit.base.clock import Clock, now_ms
from kit.base.ids import Entropy
from kit.streams import applications, faults, scan
from kit.streams.appending import Appending
from kit.streams.entries import Data, Puttable
from kit.streams.faults import Faults
from kit.streams.limits import ANSWER_RECORDS
from kit.streams.names import stream_arn
from kit.streams.putting import Putting
from kit.streams.reading import Reading, RowsPage, records_of
from kit.streams.records import Appended, Page, PutResult, Record, Shard
from kit.streams.scan import Span, Start

if TYPE_CHECKING:
    import pyarrow as pa

    from kit.base.progress import Progress
    from kit.streams.consume.consumer import Consumer
    from kit.streams.consume.processor import RecordProcessor
    from kit.streams.consume.records import ConsumedRecord
    from kit.streams.produce.producer import Producer
    from kit.streams.produce.replay import Replayed
    from kit.streams.queue import Queue
    from kit.streams.service import Streams
    from kit.streams.trigger.invoker import Function
    from kit.streams.trigger.mapping import Destination, EventSourceMapping


class Stream:
    """A stream of a workspace. Safe among threads."""

    def __init__(self, streams: Streams, name: str) -> None:
        self.name = name
        self.arn = stream_arn(name)
        self._streams = streams
        self._put = Putting(streams, name)
        self._get = Reading(streams, name)
        self._faults = Faults()

    @property
    def clock(self) -> Clock:
        """The clock that stamps the records."""
        return self._streams.clock

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
        return Appending(self._streams, self.name, self._faults).append(rows)

    def producer(self, *, background: bool = True, **options: Any) -> Producer:
        """Batches, aggregates and retries records as the Kinesis Producer Library does; options: `ProducerOptions`.

        Without `background` nothing is sent by time alone, which makes a run under a moved clock repeatable.
        """
        return applications.producer(self._streams, self.name, background=background, options=options)

    def replay(
        self,
        source: Any,
        *,
        key: str | Sequence[str] | None = None,
        time: str | None = None,
        columns: Sequence[str] | None = None,
        rate: float | None = None,
        speedup: float | None = None,
        progress: Progress | None = None,
    ) -> Replayed:
        """Send the rows of a file, table, frame or Result as JSON, in the order of the column `time`.

        At once; or `rate` records a second; or at the events' own distances, `speedup` times faster. `key` names the
        column, or columns, of the partition key.
        """
        return applications.replay(
            self._streams,
            self.name,
            source,
            key=key,
            time=time,
            columns=columns,
            rate=rate,
            speedup=speedup,
            progress=progress,
        )

    def consumer(
        self,
        application: str,
        on_records: Callable[[Sequence[ConsumedRecord]], object] | None = None,
        *,
        processor: Callable[[], RecordProcessor] | None = None,
        worker: str = "worker",
        **options: Any,
    ) -> Consumer:
        """A worker of an application, as the Kinesis Client Library has it; options: `ConsumerOptions`.

        Shards are leased and balanced among all workers of the application, progress is kept in checkpoints.
        """
        return applications.consumer(self._streams, self.name, application, on_records, processor, worker, options)

    def trigger(
        self,
        function: Function,
        *,
        name: str | None = None,
        on_failure: Stream | Queue | Destination | None = None,
        worker: str = "mapping",
        **options: Any,
    ) -> EventSourceMapping:
        """Call a function with batches of records, as a Kinesis trigger of AWS Lambda does; options: `MappingOptions`.

        What is given up goes to `on_failure`: a stream, a queue or a function.
        """
        return applications.trigger(self._streams, self.name, function, name, on_failure, worker, options)

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
        return self._get.iterator(shard_id, kind, sequence_number, timestamp)

    def get_records(self, iterator: str, limit: int = ANSWER_RECORDS) -> Page:
        """Up to `limit` records and 10 MiB from the iterator on.

        Raises `ExpiredIteratorException`, `InvalidArgumentException` for an iterator of another stream or none at all,
        and `ProvisionedThroughputExceededException` over the shard's limits.
        """
        page = self.page(iterator, limit)
        records = records_of(page.live, page.rows)
        return Page(records, page.next_iterator, page.millis_behind_latest, page.children)

    def page(self, iterator: str, limit: int) -> RowsPage:
        """`get_records` for those who make their own answer of it."""
        return self._get.page(self._faults, iterator, limit)

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
        return scan.table(self.spans(start, end, shards), self._streams.pool, columns)

    def batches(
        self,
        start: Start = "TRIM_HORIZON",
        *,
        end: datetime | None = None,
        shards: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """The same rows as record batches, without holding more than one."""
        return scan.batches(self.spans(start, end, shards), columns)

    def records(self, start: Start = "TRIM_HORIZON", *, end: datetime | None = None) -> Iterator[Record]:
        """The records that the log holds now, as they arrived; each shard's in its order, after its parents'."""
        return scan.records(self.spans(start, end, None))

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    def shards(self) -> tuple[Shard, ...]:
        """The shards, open and closed, by index; expired ones are left out."""
        return tuple(shard.described() for shard in self._streams.control.find(self.name).shards)

    def describe(self) -> dict[str, Any]:
        """The `StreamDescriptionSummary` of DescribeStreamSummary."""
        from kit.streams.api.stream_operations import describe_stream_summary

        return describe_stream_summary(self._streams, {"StreamName": self.name})["StreamDescriptionSummary"]

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
        self._streams.configuration.set_enforced(self.name, enforced)

    def inject(
        self, *, throttle: float = 0.0, failure: float = 0.0, delay_ms: float = 0.0, seed: int | None = None
    ) -> None:
        """Make this process's puts and reads of the stream fail or wait; without arguments, stop that.

        `throttle` and `failure` are shares of the records put, of the shards' parts of a table that is appended, and of
        the calls that read; `delay_ms` is added to every call.
        """
        entropy = self._streams.entropy if seed is None else Entropy(seed)
        self._faults = faults.faults(throttle, failure, delay_ms, entropy)

    def __repr__(self) -> str:
        return f"Stream({self.name!r})"

    def _now_ms(self) -> int:
        return now_ms(self._streams.clock)

    def spans(
        self, start: Start = "TRIM_HORIZON", end: datetime | None = None, shards: Sequence[str] | None = None
    ) -> list[Span]:
        """Where in the log the records lie, shard by shard; for the parts of this package."""
        stream = self._streams.control.usable(self.name)
        return scan.plan(
            stream,
            lambda shard: self._streams.live(stream, shard),
            self._now_ms(),
            start=start,
            end=end,
            shards=shards,
        )
