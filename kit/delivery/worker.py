"""One delivery stream at work: looks at what waits, delivers what is due, and remembers how far it is.

A flush is decided on and written down before anything of it happens; positions move in the same transaction that ends
it. So a kill at any moment leaves either nothing, or a flush that is carried out again under the same names.

Of all processes on a workspace the one that holds the stream's lock delivers; the operating system frees the lock of a
process that is gone, and another one takes over.

Faults that it must survive: a destination that refuses, for as long as it likes; a source that is deleted and made
anew, or whose records expire unread; a transformation that raises; a clock that jumps back; a kill anywhere.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from filelock import FileLock, Timeout

from kit.base.backoff import Backoff
from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.delivery import destinations, records
from kit.delivery.buffer import Batch, Buffer
from kit.delivery.configuration import (
    Configuration,
    FunctionTransform,
    StorageDestination,
    StreamDestination,
    WarehouseDestination,
)
from kit.delivery.destinations import Reach, Unsent
from kit.delivery.engine import Engine
from kit.delivery.errors import ResourceNotFoundException
from kit.delivery.journal import Journal
from kit.delivery.limits import MIB
from kit.delivery.naming import Naming
from kit.delivery.pipeline import Prepared, Tables, Tools, prepare
from kit.delivery.progress import Counts, Flush, Position, Range
from kit.delivery.source import Source, lost, waiting
from kit.delivery.store import Kept, Store
from kit.delivery.transform.function import Caller, Function
from kit.streams import Streams
from kit.streams.sequence import FIRST_INDEX

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.05
JOIN_SECONDS = 30.0
LOOK_SECONDS = 0.05
FORGET_BYTES = 16 * MIB
LOCK_MODE = 0o600
BACKOFF = Backoff(base_ms=200.0, cap_ms=30_000.0)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the delivery streams of a workspace share. `functions` are those of this process, by name."""

    folder: Path
    store: Store
    journal: Journal
    streams: Streams
    engine: Engine
    tables: Tables
    reach: Reach
    clock: Clock
    entropy: Entropy
    functions: Mapping[str, Function]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be delivered: records and bytes in the buffer, and for how long the oldest of them waits."""

    records: int
    bytes: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class _InHand:
    """A flush that has been prepared under a version of the configuration, while its destination does not take it."""

    flush_id: str
    version: int
    prepared: Prepared
    unsent: Unsent


class StoppedError(Exception):
    """The work ends before the flush does; it is carried out again."""


class Worker:
    """Delivers one delivery stream: on a thread of its own, or whenever it is asked."""

    def __init__(self, name: str, around: Surroundings) -> None:
        self.name = name
        self._around = around
        self._mutex = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = FileLock(around.folder / f"{name}.lock", mode=LOCK_MODE, thread_local=False)
        self._buffer = Buffer()
        self._position: Position | None = None
        self._prepared: _InHand | None = None
        self._retry: tuple[int, float] | None = None
        self._failures = 0
        self._unforgotten_bytes = 0
        self._seen = Waiting(0, 0, 0)

    @property
    def is_running(self) -> bool:
        """Whether a thread of this process attends to the stream."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def seen(self) -> Waiting:
        """What waited when this process looked last."""
        return self._seen

    def start(self) -> None:
        """Deliver in the background."""
        if self.is_running:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"boathouse-delivery-{self.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the background work, and let another process take over."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)
            if thread.is_alive():
                _LOG.error("The delivery stream '%s' has not ended: its transformation still runs.", self.name)
                return
        with self._mutex:
            self._give_up()

    def step(self) -> bool:
        """Deliver once if it is due; whether anything was delivered. An error is noted, and tried again later."""
        with self._mutex:
            if not self._owns():
                return False
            try:
                kept = self._around.store.find(self.name)
            except ResourceNotFoundException:
                # It was deleted, here or by another process; one of its name may be somebody else's work.
                self._stopping.set()
                self._give_up()
                return False
            try:
                if self._is_resting() or (kept.is_stopped and not self._is_asked()):
                    return False
                return self._attend(kept)
            except StoppedError:
                return False
            except Exception as error:
                self._note(error)
                return False

    def flush(self) -> bool:
        """Deliver all that waits now; False where another process delivers this stream. Raises what it fails of."""
        with self._mutex:
            if not self._owns():
                return False
            kept = self._around.store.find(self.name)
            try:
                self._finish(kept)
                tips = self._source(kept.configuration).tips().next_index
                while self._fill(kept) and self._is_behind(tips):
                    self._deliver(kept, self._begun(kept))
            except StoppedError:
                raise
            except Exception as error:
                self._note(error)
                raise
            return True

    def waiting(self) -> Waiting:
        """What waits, as far as this process can see; while a delivery is under way, as it was before."""
        if self._mutex.acquire(timeout=LOOK_SECONDS):
            try:
                self._seen = self._look()
            finally:
                self._mutex.release()
        return self._seen

    def _look(self) -> Waiting:
        kept = self._around.store.find(self.name)
        buffer = Buffer()
        if self._lock.is_locked:
            self._fill(kept)
            buffer = self._buffer
        else:
            self._fill_from(buffer, self._around.store.position(self.name), kept)
        return Waiting(buffer.records, buffer.bytes, buffer.waited_ms(now_ms(self._around.clock)))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                again = self.step()
            except Exception as error:
                # Noting an error has failed itself: say so where it can still be read, and go on.
                _LOG.exception("The delivery stream '%s' cannot note an error.", self.name, exc_info=error)
                again = False
            if not again:
                # A real wait, even under a moved clock: a thread that slept on that clock would move it for everybody.
                self._stopping.wait(POLL_SECONDS)

    def _attend(self, kept: Kept) -> bool:
        store = self._around.store
        flush = store.flush_in_hand(self.name)
        if flush is not None:
            self._deliver(kept, flush)
            return True
        asked, answered = store.asked(self.name)
        is_waiting = self._fill(kept)
        is_due = self._buffer.is_due(kept.configuration.storage.buffering, now_ms(self._around.clock))
        if is_waiting and (is_due or asked > answered):
            self._deliver(kept, self._begun(kept))
            return True
        if asked > answered:
            store.answer_flush(self.name, asked)
        return False

    def _is_asked(self) -> bool:
        """Whether another process waits for a flush."""
        asked, answered = self._around.store.asked(self.name)
        return asked > answered

    def _finish(self, kept: Kept) -> None:
        """Carry out again what was begun."""
        flush = self._around.store.flush_in_hand(self.name)
        if flush is not None:
            self._deliver(kept, flush)

    def _fill(self, kept: Kept) -> bool:
        """Look at what has come; whether anything waits."""
        store = self._around.store
        source = self._source(kept.configuration)
        position = self._position or store.position(self.name)
        incarnation = source.incarnation()
        if position.source_id != incarnation:
            position = Position(incarnation)
            store.restart(self.name, position)
            self._buffer = Buffer()
        gone = lost(source.held(), position.next_index)
        if gone:
            count = sum(index - position.next_index.get(shard, FIRST_INDEX) for shard, index in gone.items())
            store.note_expired(self.name, gone, count)
            position = replace(position, next_index={**position.next_index, **gone})
            self._buffer = Buffer()
        self._position = position
        self._fill_from(self._buffer, position, kept)
        return self._buffer.records > 0

    def _fill_from(self, buffer: Buffer, position: Position, kept: Kept) -> None:
        source = self._source(kept.configuration)
        buffering = kept.configuration.storage.buffering
        now = now_ms(self._around.clock)
        for part in waiting(source.held(), position.next_index):
            begin = buffer.next_index(part.shard, part.begin)
            if begin >= part.end:
                continue
            for first, sizes, arrivals_ms in source.sizes(Range(part.shard, begin, part.end)):
                if buffer.is_full:
                    return
                buffer.add(Batch(part.shard, first, sizes, arrivals_ms), buffering, now)

    def _is_behind(self, tips: Mapping[int, int]) -> bool:
        """Whether the buffer holds records from before the tips."""
        return any(part.begin < tips.get(part.shard, 0) for part in self._buffer.ranges)

    def _begun(self, kept: Kept) -> Flush:
        """Write the flush down that the buffer makes."""
        assert self._position is not None
        now = now_ms(self._around.clock)
        flush = Flush(
            self._around.entropy.uuid(),
            now,
            self._buffer.oldest_ms if self._buffer.oldest_ms is not None else now,
            self._position.source_id,
            self._buffer.ranges,
        )
        self._around.store.begin(kept.name, flush)
        return flush

    def _deliver(self, kept: Kept, flush: Flush) -> None:
        """Carry a flush out, and move behind it."""
        around = self._around
        source = self._source(kept.configuration)
        if flush.source_id != source.incarnation():
            around.store.restart(self.name, Position(source.incarnation()))
            self._reset()
            return
        table, expired = source.read(flush.ranges)
        naming = Naming(self.name, kept.version, flush, kept.configuration.storage)
        in_hand = self._prepared
        if in_hand is None or (in_hand.flush_id, in_hand.version) != (flush.flush_id, kept.version):
            tools = self._tools(kept.configuration)
            as_objects = not isinstance(kept.configuration.destination, StreamDestination)
            prepared = prepare(table, naming, source.numbers(), tools, as_objects=as_objects)
            unsent = Unsent(prepared.records, has_keys=kept.configuration.source is not None)
            in_hand = self._prepared = _InHand(flush.flush_id, kept.version, prepared, unsent)
        counts = self._handed_over(kept.configuration, naming, in_hand.prepared, in_hand.unsent)
        around.store.commit(self.name, flush, replace(counts, expired=expired), now_ms(around.clock))
        self._forget(kept.configuration, table)
        self._reset()

    def _handed_over(self, configuration: Configuration, naming: Naming, prepared: Prepared, unsent: Unsent) -> Counts:
        reach = self._around.reach
        match configuration.destination:
            case StorageDestination() as storage:
                return destinations.to_storage(prepared, storage, reach)
            case WarehouseDestination() as warehouse:
                return destinations.to_warehouse(prepared, warehouse, naming, reach)
            case StreamDestination() as stream:
                return destinations.to_stream(prepared, stream, unsent, reach)
            case _:
                assert_never(configuration.destination)

    def _tools(self, configuration: Configuration) -> Tools:
        around = self._around
        transform = configuration.storage.transform
        function = around.functions.get(transform.function) if isinstance(transform, FunctionTransform) else None
        caller = Caller(self.name, configuration.source, around.clock, around.entropy, self._pause)
        return Tools(around.engine, around.tables, around.clock, function, caller)

    def _source(self, configuration: Configuration) -> Source:
        around = self._around
        if configuration.source is None:
            return around.journal.source(self.name)
        return Source(around.streams, configuration.source, around.clock)

    def _forget(self, configuration: Configuration, table: records.pa.Table) -> None:
        """Free the journal of what is delivered, once that is worth it."""
        if configuration.source is not None or not table.num_rows:
            return
        self._unforgotten_bytes += records.total_bytes(table.column("data"))
        if self._unforgotten_bytes >= FORGET_BYTES:
            self._around.journal.forget(self.name, records.newest_ms(table))
            self._unforgotten_bytes = 0

    def _reset(self) -> None:
        self._buffer = Buffer()
        self._position = None
        self._prepared = None
        self._retry = None
        self._failures = 0

    def _owns(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        self._reset()  # another process may have delivered since
        return True

    def _give_up(self) -> None:
        if self._lock.is_locked:
            self._lock.release()

    def _is_resting(self) -> bool:
        """Whether the pause after a failure goes on; one that a clock set back would prolong is over."""
        if self._retry is None:
            return False
        failed_ms, delay_ms = self._retry
        return 0 <= now_ms(self._around.clock) - failed_ms < delay_ms

    def _note(self, error: Exception) -> None:
        self._failures += 1
        delay_ms = BACKOFF.delay_ms(self._failures, self._around.entropy)
        self._retry = (now_ms(self._around.clock), delay_ms)
        shown = f"{error.code}: {error.message}" if isinstance(error, KitError) else f"{type(error).__name__}: {error}"
        if self._failures == 1:
            _LOG.error("The delivery stream '%s' cannot deliver, and tries again.", self.name, exc_info=error)
        self._around.store.note_error(self.name, shown)

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StoppedError
