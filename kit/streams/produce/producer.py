"""`Producer`: puts records into a stream as the Kinesis Producer Library does. It acts; `Buffer` decides.

Records are packed into aggregates and requests, sent again with back-off where the stream refuses them, and kept in
order per partition key through partial failures and reshardings. Sending happens on the thread that calls `put` (when
a request is full), `flush` or `close`, and on a background thread for what has lingered long enough.

Invariants: one request is out at a time; callbacks run outside of the buffer's lock, and may put; what `put` accepted
is delivered or its failure is told: by the delivery's future, by its callback, or else by `flush` and `close`.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from kit.base.clock import Clock, Stopwatch, now_ms
from kit.base.closing import close_behind
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.calls import Operation, as_kit_error, code_of, is_retryable
from kit.streams.entries import Data, payload
from kit.streams.hashing import hash_key as hash_key_of
from kit.streams.produce.admission import admitted_bytes
from kit.streams.produce.buffer import Buffer, Request
from kit.streams.produce.columnar import Append, TableSender
from kit.streams.produce.delivery import Delivery
from kit.streams.produce.metrics import ProducerMetrics, Tally
from kit.streams.produce.options import ProducerOptions
from kit.streams.produce.shard_map import ShardMap

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

HASH_CACHE_KEYS = 65_536
UNTOLD_KEPT = 1_000
STEP_SECONDS = 0.05


class PutClient(Protocol):
    """The operations of a Kinesis client that producing needs."""

    @property
    def put_records(self) -> Operation: ...
    @property
    def list_shards(self) -> Operation: ...


class Producer:
    """Puts user records into one stream. Safe among threads; use as a context manager, or `close` it.

    `client` is `ws.streams.client()` or boto3's. With `background`, what has waited `linger_ms` is sent by a thread;
    without, by the next `put` or `flush`, which makes a run under a moved clock repeatable. `append` is the stream's
    own, for tables.
    """

    def __init__(
        self,
        client: PutClient,
        stream: str,
        *,
        clock: Clock,
        entropy: Entropy,
        options: ProducerOptions | None = None,
        background: bool = True,
        append: Append | None = None,
    ) -> None:
        self.stream = stream
        self._append = append
        self.options = options or ProducerOptions()
        self._client = client
        self._clock = clock
        self._entropy = entropy
        self._hash_keys: dict[str, int] = {}
        self._state = threading.Lock()
        self._sending = threading.RLock()
        self._tally = Tally()
        self._untold: list[Delivery] = []
        self._untold_more = 0
        self._broken: Exception | None = None
        self._closed = False
        self._stop = threading.Event()
        self._waiting = threading.Event()
        self._buffer = Buffer(self.options, entropy, self._look())
        self._thread: threading.Thread | None = None
        if background:
            self._thread = threading.Thread(target=self._linger, name=f"boathouse-producer-{stream}", daemon=True)
            self._thread.start()
        atexit.register(self.close)

    def put(
        self,
        data: Data,
        partition_key: str,
        *,
        explicit_hash_key: str | None = None,
        on_settled: Callable[[Delivery], object] | None = None,
    ) -> Delivery:
        """Accept a record: a future of its receipt. Text is sent as UTF-8, anything but bytes and text as JSON.

        Blocks while the buffer is full. `on_settled` is called once, on whichever thread sends. Raises what the stream
        would refuse of the record itself (a key of no or more than 256 characters, a hash key out of range, too large).
        """
        body = payload(data)
        size_bytes = admitted_bytes(body, partition_key, explicit_hash_key, self.options.max_record_bytes)
        hash_key = self._hash_key(partition_key) if explicit_hash_key is None else int(explicit_hash_key)
        if self._buffer.held_bytes + size_bytes > self.options.buffer_bytes:
            self._make_room(size_bytes)
        offered_ms = now_ms(self._clock)
        delivery = Delivery(self, partition_key, body, explicit_hash_key, hash_key, offered_ms, size_bytes, on_settled)
        with self._state:
            self._require_usable()
            ripe = self._buffer.offer(delivery, offered_ms)
            if not self._waiting.is_set():
                self._waiting.set()
        # If somebody sends already, that thread will find this record too.
        if ripe and self._sending.acquire(blocking=False):
            try:
                self._pump()
            finally:
                self._sending.release()
        return delivery

    def put_many(self, records: Iterable[tuple[Data, str]]) -> list[Delivery]:
        """Accept pairs of data and partition key, in order."""
        return [self.put(data, partition_key) for data, partition_key in records]

    def put_table(self, rows: pa.Table) -> int:
        """Send the rows of a table with columns `partition_key` and `data`, after all that was put before; their count.

        The columnar way: returns once all rows are in the stream, millions a second where the limits allow it. Through
        a client alone, without the stream's `append`, rows are put one by one.
        """
        if self._append is None:
            pairs = zip(rows["data"].to_pylist(), rows["partition_key"].to_pylist(), strict=True)
            self.put_many(pairs)
            return rows.num_rows
        with self._sending:
            with self._state:
                self._require_usable()
            self._drain(lambda: self._buffer.waiting > 0)
            sender = TableSender(self._append, self._clock)
            sender.send(rows)
            sender.drain()
            with self._state:
                self._tally.appended(rows.num_rows, rows.nbytes, sender.refused)
        return rows.num_rows

    def flush(self) -> ProducerMetrics:
        """Send all that was accepted, waiting out every back-off on the workspace's clock.

        Raises the first failure that nobody was told of (RecordsNotDelivered), and errors of callbacks.
        """
        with self._sending:
            self._drain(lambda: self._buffer.waiting > 0)
        self._raise_untold()
        return self.metrics

    def close(self) -> None:
        """Refuse further records and send those that were accepted; raises as `flush` does. May be called again."""
        with self._state:
            self._closed = True
        try:
            with self._sending:
                self._drain(lambda: self._buffer.waiting > 0)
        finally:
            atexit.unregister(self.close)
            self._stop.set()
            self._waiting.set()
            if self._thread is not None and self._thread is not threading.current_thread():
                self._thread.join()
        self._raise_untold()

    @property
    def metrics(self) -> ProducerMetrics:
        with self._state:
            return self._tally.snapshot(self._buffer.pending)

    def hurry(self, delivery: Delivery) -> None:
        """Send until `delivery` is settled; records before it go first."""
        with self._sending:
            self._drain(lambda: not delivery.done())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close_behind(error, self.close, f"The producer of '{self.stream}'")

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{self._buffer.pending:,} pending"
        return f"<Producer of {self.stream!r}: {state}>"

    # What sends. The caller holds `_sending`.

    def _drain(self, unfinished: Callable[[], bool]) -> None:
        while unfinished():
            self._pump(flush=True)
            with self._state:
                now = now_ms(self._clock)
                due_ms = self._buffer.due_ms(now, flush=True)
            if unfinished() and due_ms is not None and due_ms > now:
                self._clock.sleep((due_ms - now) / 1000)

    def _pump(self, *, flush: bool = False) -> None:
        """Send what is due."""
        while True:
            with self._state:
                now = now_ms(self._clock)
                expired = self._buffer.expire(now)
            self._announce(expired, now)  # before the taking: a callback may put, and so send
            with self._state:
                request = self._buffer.take(now, flush=flush)
            if request is None:
                return
            self._send(request)

    def _send(self, request: Request) -> None:
        watch = Stopwatch()
        try:
            answer = self._client.put_records(StreamName=self.stream, Records=request.entries)
            results: Sequence[Mapping[str, Any]] = answer["Records"]
            if request.landed_elsewhere(results):
                shards = self._look()
                with self._state:
                    self._buffer.reroute(shards)
        except Exception as error:
            self._send_failed(request, error, watch.ms)
            return
        except BaseException:
            # Interrupted: whether the stream took the records is not known, so they are sent again.
            with self._state:
                self._buffer.retry(request, "Interrupted", now_ms(self._clock))
            raise
        now = now_ms(self._clock)
        with self._state:
            self._tally.called(watch.ms)
            for parcel, result in zip(request.parcels, results, strict=True):
                if result.get("ErrorCode"):
                    self._tally.refused(str(result["ErrorCode"]), 1)
                else:
                    self._tally.taken(1, parcel.size_bytes)
            settled = self._buffer.settle(request, results, now)
        self._announce(settled, now)

    def _send_failed(self, request: Request, error: Exception, elapsed_ms: float) -> None:
        code = code_of(error) or type(error).__name__
        now = now_ms(self._clock)
        failed: list[Delivery] = []
        with self._state:
            self._tally.called(elapsed_ms)
            self._tally.refused(code, len(request.parcels))
            if is_retryable(error):
                self._buffer.retry(request, code, now)
            else:
                failed = self._buffer.abandon(request, as_kit_error(error))
        self._announce(failed, now)

    def _announce(self, settled: list[Delivery], now: int) -> None:
        if not settled:
            return
        with self._state:
            self._tally.settled(settled, now)
        first_error: Exception | None = None
        for delivery in settled:
            if delivery.on_settled is not None:
                try:
                    delivery.on_settled(delivery)
                except Exception as error:
                    first_error = first_error or error
            elif delivery.error is not None:
                self._remember(delivery)
        if first_error is not None:
            raise first_error

    def _look(self) -> ShardMap:
        """The stream's shards as they are now."""
        listing: list[Mapping[str, Any]] = []
        parameters: dict[str, Any] = {"StreamName": self.stream}
        failures = 0
        while True:
            try:
                answer = self._client.list_shards(**parameters)
            except Exception as error:
                if not is_retryable(error):
                    raise
                failures += 1
                self._clock.sleep(self.options.backoff.delay_ms(failures, self._entropy) / 1000)
                continue
            listing.extend(answer["Shards"])
            if not answer.get("NextToken"):
                return ShardMap.of_listing(listing)
            parameters = {"NextToken": answer["NextToken"]}

    # The thread for what has lingered.

    def _linger(self) -> None:
        step_seconds = min(STEP_SECONDS, max(self.options.linger_ms, 1) / 1000)
        while not self._stop.is_set():
            self._waiting.wait()
            if self._stop.wait(step_seconds):
                return
            try:
                # Not for ever: a callback of the thread that sends may close the producer, which waits for this one.
                if not self._sending.acquire(timeout=step_seconds):
                    continue
                try:
                    self._pump()
                finally:
                    self._sending.release()
                with self._state:
                    if self._buffer.waiting == 0:
                        self._waiting.clear()
            except Exception as error:
                with self._state:
                    self._broken = self._broken or error

    # What `put` and the caller need.

    def _make_room(self, size_bytes: int) -> None:
        with self._sending:
            self._drain(lambda: self._buffer.held_bytes + size_bytes > self.options.buffer_bytes)

    def _hash_key(self, partition_key: str) -> int:
        hash_key = self._hash_keys.get(partition_key)
        if hash_key is None:
            if len(self._hash_keys) >= HASH_CACHE_KEYS:
                self._hash_keys = {}
            hash_key = self._hash_keys[partition_key] = hash_key_of(partition_key)
        return hash_key

    def _require_usable(self) -> None:
        if self._closed:
            raise KitError("ProducerClosed", f"The producer of '{self.stream}' is closed.", "Make a new one.")
        if self._broken is not None:
            broken, self._broken = self._broken, None
            raise broken

    def _remember(self, delivery: Delivery) -> None:
        with self._state:
            if len(self._untold) < UNTOLD_KEPT:
                self._untold.append(delivery)
            else:
                self._untold_more += 1

    def _raise_untold(self) -> None:
        with self._state:
            broken, self._broken = self._broken, None
            untold = [delivery for delivery in self._untold if not delivery.told]
            more = self._untold_more
            self._untold.clear()
            self._untold_more = 0
        if broken is not None:
            raise broken
        if untold:
            first = untold[0].error
            raise KitError(
                "RecordsNotDelivered",
                f"{len(untold) + more:,} records were not delivered to '{self.stream}'. The first: {first}",
                "put() returns a future of each record; give on_settled to be told of failures as they happen.",
            ) from first
