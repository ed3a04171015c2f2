"""`Consumer`: one worker of an application, as the Kinesis Client Library has it, and the ways to run it.

The workers of an application share its lease table and balance the shards among themselves, in one process or in
many. Every record is processed at least once, each shard in order, parents before children; after a take-over
processing repeats from the last checkpoint. What the application's code raises reaches whoever runs the consumer.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from kit.base.clock import Clock, WallClock, now, now_ms
from kit.base.closing import close_behind
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.consume.fan_out import FanOutReader, registered_consumer
from kit.streams.consume.lease import Lease
from kit.streams.consume.metrics import ConsumerMetrics, Counts
from kit.streams.consume.options import ConsumerOptions
from kit.streams.consume.processor import (
    Checkpointer,
    FunctionProcessor,
    Intake,
    ProcessorIntake,
    RecordProcessor,
)
from kit.streams.consume.reader import PollingReader, ReadClient, Reader
from kit.streams.consume.records import ConsumedRecord
from kit.streams.consume.shards import ShardDirectory
from kit.streams.consume.store import LeaseStore
from kit.streams.consume.worker import MakeIntake, Worker

if TYPE_CHECKING:
    from types import TracebackType

_LOG = logging.getLogger(__name__)

STEP_SECONDS = 0.02
PAUSE_SECONDS = 0.1
Until: TypeAlias = Literal["tip"] | datetime | Callable[[], bool] | None


class Consumer:
    """One worker of `application` on a stream. Run it in the foreground, in the background, or step by step.

    Give either `on_records`, a function that is called with the records of one shard in order and whose return is the
    checkpoint; or `processor`, which makes a `RecordProcessor` for each lease; or `intake`, where records are wanted
    before those before them are done. `client` is `ws.streams.client()` or boto3's; `leases` is the file of the
    application's lease table, by which its workers find each other; `worker` names this one in it (made unique where
    the name has been used).
    """

    def __init__(
        self,
        client: ReadClient,
        stream: str,
        application: str,
        on_records: Callable[[Sequence[ConsumedRecord]], object] | None = None,
        *,
        processor: Callable[[], RecordProcessor] | None = None,
        intake: MakeIntake | None = None,
        leases: Path,
        clock: Clock,
        entropy: Entropy,
        worker: str = "worker",
        options: ConsumerOptions | None = None,
    ) -> None:
        if sum(given is not None for given in (on_records, processor, intake)) != 1:
            raise KitError(
                "InvalidArgumentException",
                "A consumer takes a function of records or a maker of record processors: exactly one of the two.",
            )
        self.stream = stream
        self.application = application
        self.options = options or ConsumerOptions()
        self.error: BaseException | None = None
        self._client = client
        self._clock = clock
        self._entropy = entropy
        self._on_records = on_records
        self._processor = processor
        self._counts = Counts()
        self._store = LeaseStore(leases, stream)
        self._worker = Worker(
            self._store.enrol(worker),
            self._store,
            ShardDirectory(client, stream, clock, entropy, self.options),
            self._make_reader,
            intake or self._make_intake,
            clock,
            entropy,
            self.options,
            self._counts,
        )
        self._fan_out_arn: str | None = None
        self._is_open = True
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self, until: Until = None) -> None:
        """Consume on this thread until `until` is met or `stop` is called, then give the leases back.

        `"tip"`: all shards of this worker are read to their tips and none waits for an owner. A datetime: that instant
        of the workspace's clock. A function: once it says so, asked between batches. None: until stopped. Raises what
        the application's code raised, after its last attempt.
        """
        self._require_free()
        self._stopping.clear()
        self._loop(lambda: self._is_met(until), lambda seconds: self._rest(seconds, until))

    def start(self) -> None:
        """Consume on a background thread; `stop`, `join` and leaving the context raise the error that ended it."""
        self._require_free()
        self._stopping.clear()
        self.error = None
        self._thread = threading.Thread(
            target=self._run_in_background, name=f"boathouse-consumer-{self.application}", daemon=True
        )
        self._thread.start()
        atexit.register(self.close)

    def stop(self) -> None:
        """End the run after the batch in hand, and give the leases back; raises the error that ended the run before."""
        self._stopping.set()
        self.join()

    def join(self) -> None:
        """Wait for the background run to end; raises the error that ended it."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
            self._thread = None
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def step(self) -> float:
        """Do everything that is due, once; the instant (in ms) at which more will be.

        For programs that drive several workers themselves, under a moved clock. An error gives the leases up.
        """
        self._require_free()
        try:
            return self._worker.step()
        except BaseException:
            self._worker.abandon()
            raise

    def close(self) -> None:
        """Stop, give the leases back and let go of the lease table."""
        atexit.unregister(self.close)
        try:
            self.stop()
        finally:
            if self._is_open:
                self._is_open = False
                self._worker.shutdown()
                self._store.leave(self.worker)
                self._store.close()

    def reset(self) -> None:
        """Forget all checkpoints of the application on this stream: it begins anew at `options.start`.

        Refused while any worker holds a lease.
        """
        self._require_free()
        owners = sorted({lease.owner for lease in self.leases().values() if lease.owner})
        if owners:
            raise KitError(
                "ResourceInUseException", f"Leases are held by {', '.join(owners)}.", "Stop these workers first."
            )
        self._store.reset()
        self._worker.restart()

    @property
    def worker(self) -> str:
        """The name of this worker in the lease table."""
        return self._worker.name

    @property
    def shards(self) -> list[str]:
        """The shards that this worker processes now."""
        return self._worker.shards

    @property
    def metrics(self) -> ConsumerMetrics:
        return self._worker.metrics

    @property
    def is_running(self) -> bool:
        """Whether the background run goes on."""
        return self._thread is not None and self._thread.is_alive()

    def leases(self) -> dict[str, Lease]:
        """The application's leases by shard, of all workers."""
        return self._store.leases()

    def at_tip(self) -> bool:
        """Whether the shards of this worker are read to their tips, and no shard waits for an owner."""
        return self._worker.at_tip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close_behind(error, self.close, f"The consumer '{self.application}'")

    def __repr__(self) -> str:
        state = "failed" if self.error else "running" if self.is_running else "idle" if self._is_open else "closed"
        return f"<Consumer {self.worker!r} of {self.application!r} on {self.stream!r}: {state}>"

    def _make_reader(self, lease: Lease) -> Reader:
        name = self.options.fan_out
        if name is None:
            return PollingReader(self._client, self.stream, lease, self.options, self._entropy, self._counts)
        if self._fan_out_arn is None:
            self._fan_out_arn = registered_consumer(self._client, self.stream, name, self._clock)
        return FanOutReader(
            self._client, self._fan_out_arn, lease, self.options, self._clock, self._entropy, self._counts
        )

    def _make_intake(self, lease: Lease, checkpointer: Checkpointer) -> Intake:
        if self._processor is not None:
            processor = self._processor()
        else:
            assert self._on_records is not None, "exactly one is given"
            processor = FunctionProcessor(self._on_records)
        return ProcessorIntake(processor, lease, checkpointer, self.options, self._entropy, self._counts)

    def _run_in_background(self) -> None:
        try:
            # A real wait, even under a moved clock: a thread that slept on that clock would move it for everybody.
            self._loop(lambda: False, lambda seconds: self._stopping.wait(min(seconds, STEP_SECONDS)))
        except BaseException as error:
            self.error = error
            _LOG.error("The consumer '%s' of stream '%s' has stopped.", self.application, self.stream, exc_info=error)

    def _loop(self, is_met: Callable[[], bool], pause: Callable[[float], object]) -> None:
        try:
            with self._heartbeat() as check:
                while not self._stopping.is_set() and not is_met():
                    check()
                    wait_ms = self._worker.step() - now_ms(self._clock)
                    if wait_ms > 0 and not is_met():
                        pause(wait_ms / 1000)
        except BaseException:
            self._worker.abandon()
            raise
        self._worker.shutdown()

    def _rest(self, seconds: float, until: Until) -> None:
        """Sleep on the workspace's clock; in short steps where that takes real time, so that `stop` is heard."""
        if isinstance(until, datetime):
            seconds = min(seconds, (until - now(self._clock)).total_seconds())
        if isinstance(self._clock, WallClock):
            seconds = min(seconds, PAUSE_SECONDS)
        self._clock.sleep(max(seconds, 0.0))

    @contextmanager
    def _heartbeat(self) -> Iterator[Callable[[], None]]:
        """Renew the leases from a second thread, for as long as the application's code may keep this one.

        Yields a check that raises what has gone wrong there.
        """
        done = threading.Event()
        errors: list[Exception] = []

        def beat() -> None:
            while not done.wait(STEP_SECONDS) and not errors:
                try:
                    self._worker.renew()
                except Exception as error:
                    errors.append(error)

        def check() -> None:
            if errors:
                raise errors[0]

        thread = threading.Thread(target=beat, name=f"boathouse-heartbeat-{self.application}", daemon=True)
        thread.start()
        try:
            yield check
        finally:
            done.set()
            thread.join()

    def _is_met(self, until: Until) -> bool:
        if until is None:
            return False
        if until == "tip":
            return self.at_tip()
        if isinstance(until, datetime):
            return now(self._clock) >= until
        assert not isinstance(until, str), "the only word is 'tip'"
        return until()

    def _require_free(self) -> None:
        if not self._is_open:
            raise KitError("InvalidStateException", f"{self!r} cannot be used any more.", "Make a new one.")
        if self.is_running:
            raise KitError("InvalidStateException", f"{self!r} runs already.", "stop() it first.")
