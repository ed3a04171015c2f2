"""One shard as this process uses it: what it takes within its limits, where it has expired, what it gives.

Joins the log, which knows no stream, with the stream's state: whether the shard is still open is looked up under the
lock, so that no record is acknowledged behind the end that a resharding gave it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

from kit.base.clock import Clock
from kit.streams import limits, sequence
from kit.streams.entries import Parcel
from kit.streams.errors import InternalFailureException, ProvisionedThroughputExceededException
from kit.streams.limits import ReadBudget, WriteBudget
from kit.streams.log import frame, state
from kit.streams.log.reader import Reader, Rows
from kit.streams.log.shard_log import Files, ShardLog
from kit.streams.log.writer import Written
from kit.streams.metadata import Metadata
from kit.streams.model import ShardState, StreamState
from kit.streams.names import ACCOUNT

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

FRAME_RECORDS = 8_192
FRAME_BYTES = 4 << 20
FEW_RECORDS = 8
_ARRIVAL = frame.SCHEMA.field("arrival_time").type


class Taken(NamedTuple):
    """What a shard took of some records: so many of the first ones."""

    count: int
    written: Written | None


class LiveShard:
    """Puts into and reads from one shard. Safe among threads.

    What puts answers None where the shard is not open any more, and the records belong elsewhere.
    """

    def __init__(self, log: ShardLog, shard: ShardState, metadata: Metadata, clock: Clock) -> None:
        self._log = log
        self._shard = shard
        self.shard_id = shard.shard_id
        self._base = shard.sequence_base
        self._metadata = metadata
        self._clock = clock
        self._horizon_known: tuple[int, int] | None = None

    def put(self, stream: StreamState, key: bytes, data: bytes) -> Taken | None:
        """Take one record, if there is budget for it."""
        files = self._log.files()
        with _reported():
            with files.lock:
                if files.state.unsettled and not self._is_open(stream, files):
                    return None
                now_ns = self._clock.now_ns()
                if stream.enforced and not _spend(files, now_ns, [len(key) + len(data)]):
                    return Taken(0, None)
                files.writer.begin()
                written = files.writer.append_row(now_ns // 1_000_000, key, data)
            self._finish(stream, files, written)
        return Taken(1, written)

    def put_many(self, stream: StreamState, rows: Sequence[Parcel]) -> Taken | None:
        """Take as many of the records as there is budget for, from the first one on."""
        files = self._log.files()
        with _reported(), files.lock:
            if files.state.unsettled and not self._is_open(stream, files):
                return None
            now_ns = self._clock.now_ns()
            count = len(rows)
            if stream.enforced:
                count = _spend(files, now_ns, [len(key) + len(data) for key, data, _ in rows])
                rows = rows[:count]
            if not count:
                return Taken(0, None)
            tail = files.writer.begin()
            now_ms = max(now_ns // 1_000_000, tail.last_arrival_ms)
            if count <= FEW_RECORDS:
                written = files.writer.append_rows(now_ms, rows)
            else:
                # The keys were text when they came, so their bytes need no second look.
                keys = pa.array([row[0] for row in rows], pa.binary()).view(pa.string())
                data = pa.array([row[1] for row in rows], pa.binary())
                written = files.writer.append_bodies(_bodies(keys, data, now_ms))
        return Taken(count, written)

    def append(self, stream: StreamState, keys: Any, data: Any) -> Taken | None:
        """Take as many of the rows of two Arrow arrays as there is budget for; frames are made outside of the lock."""
        files = self._log.files()
        count = len(keys)
        with _reported():
            now_ns = self._clock.now_ns()
            if stream.enforced:
                with files.lock:
                    if files.state.unsettled and not self._is_open(stream, files):
                        return None
                    # No more than a second's worth is ever taken, so no more has to be measured.
                    sizes = _sizes(keys.slice(0, limits.WRITE_RECORDS), data.slice(0, limits.WRITE_RECORDS))
                    count = _spend(files, now_ns, sizes)
            if not count:
                return Taken(0, None)
            keys, data = keys.slice(0, count), data.slice(0, count)
            now_ms = now_ns // 1_000_000
            bodies = _bodies(keys, data, now_ms)
            with files.lock:
                if files.state.unsettled and not self._is_open(stream, files):
                    return None
                last_ms = files.writer.begin().last_arrival_ms
                if last_ms > now_ms:
                    bodies = _bodies(keys, data, last_ms)
                written = files.writer.append_bodies(bodies)
        return Taken(count, written)

    def commit(self, stream: StreamState, written: Written) -> None:
        """Return once what was taken may be acknowledged. `put` does so itself; after the others it is the caller's to
        call, so that the shards of one call are synced side by side."""
        with _reported():
            self._finish(stream, self._log.files(), written)

    @contextmanager
    def closing(self) -> Iterator[int]:
        """Holds the shard while the metadata close it, and marks it: whoever comes next looks there first. Gives the
        last record's arrival."""
        files = self._log.files()
        with _reported(), files.lock:
            last_arrival_ms = files.writer.begin().last_arrival_ms
            files.state.unsettled = True
            yield last_arrival_ms

    def number(self, index: int, arrival_ms: int) -> str:
        """The sequence number of a record."""
        return str(self._base + (index << sequence.INDEX_SHIFT) + (arrival_ms // 1000 << sequence.TIME_SHIFT))

    @property
    def reader(self) -> Reader:
        return self._log.files().reader

    def end_index(self) -> int:
        """What the next record will get, as far as readers know."""
        return self.reader.tail().committed_index

    def first_index(self, stream: StreamState, now_ms: int) -> int:
        """The index of the oldest record that has not expired. What has expired once stays so, also if the clock is
        moved back or the retention raised."""
        files = self._log.files()
        horizon_ms = stream.horizon_ms(now_ms)
        known = self._horizon_known
        if known is None or horizon_ms >= known[0] or files.state.horizon > known[1]:
            found = max(files.reader.index_at(horizon_ms + 1), files.state.horizon)
            if found > files.state.horizon:
                files.state.horizon = found
            self._horizon_known = self._expires_next(files.reader, found)
        return max(files.state.horizon, files.reader.first_index())

    def rows(self, stream: StreamState, index: int, limit: int) -> Rows:
        """Up to `limit` records and 10 MiB from `index` on, within the read budget. Raises
        `ProvisionedThroughputExceededException`."""
        files = self._log.files()
        if not stream.enforced:
            return files.reader.rows(index, limit, limits.ANSWER_BYTES)
        now_ns = self._clock.now_ns()
        with files.read_lock:
            budget = ReadBudget.at(files.state.read_budget(ReadBudget.LAYOUT, state.READ_BUDGET), now_ns).call()
            if budget is None:
                raise self.throttled(stream)
            found = files.reader.rows(index, limit, limits.ANSWER_BYTES)
            size = sum(map(len, found.data)) + sum(len(key.encode()) for key in found.keys)
            more = found.first_index + len(found.keys) < self.end_index()
            budget = budget.answer(size, full=more and len(found.keys) < limit)
            files.state.write_budget(ReadBudget.LAYOUT, state.READ_BUDGET, *budget)
        return found

    def spend_iterator(self, stream: StreamState) -> None:
        """Count one GetShardIterator. Raises `ProvisionedThroughputExceededException`."""
        if not stream.enforced:
            return
        files = self._log.files()
        with files.read_lock:
            kept = files.state.read_budget(ReadBudget.LAYOUT, state.READ_BUDGET)
            budget = ReadBudget.at(kept, self._clock.now_ns()).iterator()
            if budget is None:
                raise self.throttled(stream)
            files.state.write_budget(ReadBudget.LAYOUT, state.READ_BUDGET, *budget)

    def throttled(self, stream: StreamState) -> ProvisionedThroughputExceededException:
        return ProvisionedThroughputExceededException(
            f"Rate exceeded for shard {self._shard.shard_id} in stream {stream.name} under account {ACCOUNT}.",
            "Back off and try again, reshard, or turn the limits off: stream.limits(enforced=False).",
        )

    def close(self) -> None:
        self._log.close()

    def _is_open(self, stream: StreamState, files: Files) -> bool:
        """Called under the lock. A resharding holds it from before its change until after, so what the metadata say now
        is final; where they say open, whoever was about to close the shard died before the change."""
        now = self._metadata.fresh().get(stream.name)
        shard = None if now is None or now.stream_id != stream.stream_id else now.by_index.get(self._shard.index)
        if shard is None or not shard.is_open:
            return False
        files.state.unsettled = False
        return True

    def _finish(self, stream: StreamState, files: Files, written: Written) -> None:
        if self._log.durable:
            files.writer.sync(written)
        if files.writer.finished:
            self._log.settle(stream.horizon_ms(self._clock.now_ns() // 1_000_000))

    def _expires_next(self, reader: Reader, index: int) -> tuple[int, int] | None:
        """Arrival and index of the record that expires next, if there is one."""
        found = reader.rows(index, 1, 0)
        return (found.arrivals_ms[0], found.first_index) if found.keys else None


def _spend(files: Files, now_ns: int, sizes: Sequence[int]) -> int:
    kept = files.state.read_budget(WriteBudget.LAYOUT, state.WRITE_BUDGET)
    count, budget = WriteBudget.at(kept, now_ns).admit(sizes)
    files.state.write_budget(WriteBudget.LAYOUT, state.WRITE_BUDGET, *budget)
    return count


def _sizes(keys: Any, data: Any) -> list[int]:
    return _compute.add(_compute.binary_length(keys), _compute.binary_length(data)).to_pylist()


def _bodies(keys: Any, data: Any, arrival_ms: int) -> list[frame.Body]:
    """Keys and data of records that arrive together as frames of a size that suits readers."""
    count = len(keys)
    step = min(count, FRAME_RECORDS)
    if count > FEW_RECORDS and (size := data.nbytes) > FRAME_BYTES:
        step = max(min(step, count * FRAME_BYTES // size), 1)
    arrivals = pa.repeat(pa.scalar(arrival_ms, _ARRIVAL), step)
    return [
        frame.batch(
            pa.record_batch(
                [keys.slice(begin, step), data.slice(begin, step), arrivals.slice(0, min(step, count - begin))],
                schema=frame.SCHEMA,
            ),
            (arrival_ms, arrival_ms),
        )
        for begin in range(0, count, step)
    ]


@contextmanager
def _reported() -> Iterator[None]:
    """A disk that fails is an internal failure of the service, as its clients know it."""
    try:
        yield
    except OSError as error:
        hint = (
            "Free some space: what was acknowledged is unharmed, and the next put goes on."
            if error.errno in _FULL
            else ""
        )
        raise InternalFailureException(f"The log cannot be written: {error.strerror or error}.", hint) from error


_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
