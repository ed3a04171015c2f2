"""One stream: records in, records out. (Skeleton: holds its records in memory.)"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kit.base.clock import instant
from kit.streams import hashing, names, sequence
from kit.streams.errors import InvalidArgumentException
from kit.streams.records import Appended, Entry, Page, PutResult, Record, Run, Shard

if TYPE_CHECKING:
    import pyarrow as pa

    from kit.streams.service import Streams


class Stream:
    """A stream. `data` is bytes; text is taken as UTF-8 and anything else as JSON."""

    def __init__(self, streams: Streams, name: str, shards: int) -> None:
        self.name = name
        self.arn = names.stream_arn(name)
        self._streams = streams
        self._lock = threading.RLock()
        self._created_s = streams.clock.now_ns() // 10**9
        self._shards = [
            Shard(names.shard_id(i), i, low, high, self._number(i, 0))
            for i, (low, high) in enumerate(hashing.even_ranges(shards))
        ]
        self._records: dict[int, list[Record]] = {shard.index: [] for shard in self._shards}

    def _number(self, shard: int, index: int) -> str:
        now_s = self._streams.clock.now_ns() // 10**9
        return sequence.encode(sequence.Position(shard, self._created_s, index, now_s))

    # -- in

    def put_record(
        self, data: bytes | str | Any, partition_key: str, *, explicit_hash_key: str | None = None
    ) -> PutResult:
        """Store one record; raises what PutRecord raises."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            import json

            data = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        key = int(explicit_hash_key) if explicit_hash_key is not None else hashing.hash_key(partition_key)
        with self._lock:
            shard = next(s for s in self._shards if s.is_open and s.starting_hash_key <= key <= s.ending_hash_key)
            held = self._records[shard.index]
            number = self._number(shard.index, len(held) + 1)
            held.append(
                Record(bytes(data), partition_key, number, shard.shard_id, instant(self._streams.clock.now_ns()))
            )
        return PutResult(shard.shard_id, number)

    def put_records(self, records: Sequence[Entry | tuple[bytes, str] | dict[str, Any]]) -> list[PutResult]:
        """Store up to 500 records; one result a record, in order. Takes entries, pairs of data and key, or the API's dicts."""
        results = []
        for record in records:
            if isinstance(record, dict):
                entry = Entry(record["Data"], record["PartitionKey"], record.get("ExplicitHashKey"))
            else:
                entry = Entry(*record)
            results.append(self.put_record(entry.data, entry.partition_key, explicit_hash_key=entry.explicit_hash_key))
        return results

    def append(self, rows: pa.Table | pa.RecordBatch) -> Appended:
        """Store the rows of a table with columns `data` (binary or text) and `partition_key`, in order, at any size."""
        import pyarrow as pa

        placed: dict[Any, list[str]] = {}
        for data, key in zip(rows["data"].to_pylist(), rows["partition_key"].to_pylist(), strict=True):
            result = self.put_record(data, key)
            placed.setdefault(result.shard_id, []).append(result.sequence_number or "")
        runs = {shard: Run(len(held), held[0], held[-1]) for shard, held in placed.items()}
        return Appended(rows.num_rows, runs, pa.array([], pa.int64()))

    # -- out

    def get_shard_iterator(
        self,
        shard_id: str,
        kind: str = "TRIM_HORIZON",
        *,
        sequence_number: str | None = None,
        timestamp: datetime | float | None = None,
    ) -> str:
        """An opaque position in a shard: TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, AT_TIMESTAMP."""
        index = names.shard_index(shard_id) or 0
        held = self._records[index]
        match kind:
            case "TRIM_HORIZON":
                position = 0
            case "LATEST":
                position = len(held)
            case "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER":
                found = sequence.decode(sequence_number or "")
                if found is None:
                    raise InvalidArgumentException("Invalid sequence number.")
                position = max(found.index - (kind == "AT_SEQUENCE_NUMBER"), 0)
            case _:
                position = next((i for i, r in enumerate(held) if r.arrival_time >= timestamp), len(held))  # type: ignore[operator]
        return f"{index}:{position}"

    def get_records(self, iterator: str, limit: int = 10_000) -> Page:
        """Up to `limit` records and 10 MiB from the iterator on."""
        shard, position = map(int, iterator.split(":"))
        records = self._records[shard][position : position + limit]
        after = position + len(records)
        behind = after < len(self._records[shard])
        return Page(records, f"{shard}:{after}", int(behind))

    def table(self, start: str | datetime = "TRIM_HORIZON", **selection: Any) -> pa.Table:
        """What the log holds: columns partition_key, data, sequence_number, shard_id, arrival_time."""
        import pyarrow as pa

        del start, selection
        records = list(self)
        return pa.table(
            {
                "partition_key": pa.array([r.partition_key for r in records], pa.string()),
                "data": pa.array([r.data for r in records], pa.binary()),
                "sequence_number": pa.array([r.sequence_number for r in records], pa.string()),
                "shard_id": pa.array([r.shard_id for r in records], pa.string()).dictionary_encode(),
                "arrival_time": pa.array([r.arrival_time for r in records], pa.timestamp("ms", "UTC")),
            }
        )

    def batches(self, start: str | datetime = "TRIM_HORIZON", **selection: Any) -> Iterator[pa.RecordBatch]:
        """The same rows as record batches, without holding more than one."""
        yield from self.table(start, **selection).to_batches()

    def __iter__(self) -> Iterator[Record]:
        """The records that the log holds now, shard by shard, each shard in order."""
        for shard in self._shards:
            yield from list(self._records[shard.index])

    # -- about

    def shards(self) -> tuple[Shard, ...]:
        """All shards that are not expired, open and closed, by index."""
        return tuple(self._shards)

    def describe(self) -> dict[str, Any]:
        """The `StreamDescriptionSummary` of DescribeStreamSummary."""
        return self._streams.client().describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]

    def split(self, shard_id: str, new_starting_hash_key: int | str | None = None) -> tuple[Shard, Shard]:
        """Split an open shard, in the middle where no key is given; the two children."""
        raise NotImplementedError

    def merge(self, shard_id: str, adjacent_shard_id: str) -> Shard:
        """Merge two adjacent open shards; the child."""
        raise NotImplementedError

    def limits(self, *, enforced: bool) -> None:
        """Turn the shards' limits on (as a new stream has them) or off, for all processes."""

    def inject(
        self, *, throttle: float = 0.0, failure: float = 0.0, delay_ms: float = 0.0, seed: int | None = None
    ) -> None:
        """Make this process's calls fail or wait: a share of records throttled, a share failing, a delay a call."""
