"""One worker of an application: holds leases, reads their shards in turn, hands them over, step by step.

Decides nothing about balance (`lease.plan` does) and runs no thread; a step does what is due and says when more is.

Faults that it must survive: a lease that is lost between any two statements; another worker that asks for a shard; a
shard that ends, and one that has expired altogether; a suspension of this process for longer than the failover time.

Invariants: records are processed only under a lease that was renewed within the failover time before the step began;
a shard is given away only between two batches; no shard begins before all of its parents are processed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeAlias, assert_never

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.calls import code_of
from kit.streams.consume.lease import Ask, Lease, Take, Watch, is_ready, plan
from kit.streams.consume.metrics import ConsumerMetrics, Counts
from kit.streams.consume.options import ConsumerOptions
from kit.streams.consume.processor import LEASE_LOST, Checkpointer, Intake
from kit.streams.consume.reader import Reader
from kit.streams.consume.shards import ShardDirectory
from kit.streams.consume.store import LeaseStore

MakeReader: TypeAlias = Callable[[Lease], Reader]
MakeIntake: TypeAlias = Callable[[Lease, Checkpointer], Intake]


class _ShardRun:
    """One lease at work. `wanted_ms` is since when another worker has asked for it."""

    def __init__(self, lease: Lease, reader: Reader, intake: Intake) -> None:
        self.lease = lease
        self.reader = reader
        self.intake = intake
        self.behind_ms: int | None = None
        self.read_out = False
        self.lost = False
        self.wanted_ms: int | None = None

    @property
    def at_tip(self) -> bool:
        return self.behind_ms == 0 and not self.read_out and self.intake.is_idle()

    @property
    def is_finished(self) -> bool:
        return self.read_out and self.intake.is_idle()

    @property
    def takes_records(self) -> bool:
        return not self.read_out and self.wanted_ms is None and self.intake.has_room()

    def step(self, now: int) -> float:
        """Read and process what is due; when the next thing is."""
        if self.takes_records and self.reader.due_ms <= now:
            batch = self.reader.read(now)
            if batch is not None:
                self.behind_ms = batch.behind_ms
                self.read_out = batch.ended
                self.intake.accept(batch)
        due_ms = self.intake.advance(now)
        waits = [] if due_ms is None else [due_ms]
        if self.takes_records:
            waits.append(self.reader.due_ms)
        return min(waits, default=float(now))


class Worker:
    """A worker named `name` in the application's lease table. `renew` may come from another thread."""

    def __init__(
        self,
        name: str,
        store: LeaseStore,
        directory: ShardDirectory,
        make_reader: MakeReader,
        make_intake: MakeIntake,
        clock: Clock,
        entropy: Entropy,
        options: ConsumerOptions,
        counts: Counts,
    ) -> None:
        self.name = name
        self._store = store
        self._directory = directory
        self._make_reader = make_reader
        self._make_intake = make_intake
        self._clock = clock
        self._entropy = entropy
        self._options = options
        self._counts = counts
        self._watch = Watch(options.failover_ms)
        self._lock = threading.Lock()
        self._runs: dict[str, _ShardRun] = {}
        self._begun = False
        self._renewed_ms: int | None = None
        self._scanned_ms: int | None = None

    @property
    def shards(self) -> list[str]:
        with self._lock:
            return sorted(self._runs)

    @property
    def metrics(self) -> ConsumerMetrics:
        with self._lock:
            behind_ms = {shard: run.behind_ms for shard, run in sorted(self._runs.items())}
        return ConsumerMetrics(**asdict(self._counts), behind_ms=behind_ms)

    def at_tip(self) -> bool:
        """Whether all of this worker's shards are read to their tips, and no shard waits for an owner."""
        if not self._begun or not all(run.at_tip for run in self._snapshot()):
            return False
        leases = self._store.leases()
        return all(lease.owner is not None for lease in leases.values() if is_ready(lease, leases))

    def step(self) -> float:
        """Do what is due; the instant in ms at which more will be. Raises what the application's code raises."""
        now = now_ms(self._clock)
        if not self._begun:
            self._begin()
        self.renew()
        if self._scanned_ms is None or now - self._scanned_ms >= self._options.beat_ms:
            self._scan(now)
        due_ms = float(min(self._renewed_ms or now, self._scanned_ms or now) + self._options.beat_ms)
        for run in self._snapshot():
            due_ms = min(due_ms, self._attend(run))
        return due_ms

    def renew(self) -> None:
        """Renew the leases if it is time, and learn which are lost or wanted by another worker."""
        with self._lock:
            now = now_ms(self._clock)
            if self._renewed_ms is not None and now - self._renewed_ms < self._options.beat_ms:
                return
            held = self._store.renew(self.name, {shard: run.behind_ms for shard, run in self._runs.items()})
            self._renewed_ms = now
            for shard, run in self._runs.items():
                lease = held.get(shard)
                if lease is None or lease.tenure != run.lease.tenure:
                    run.lost = True
                elif lease.successor is not None and run.wanted_ms is None:
                    run.wanted_ms = now

    def shutdown(self) -> None:
        """Tell the application, and give the leases back so that others take them at once."""
        self._scanned_ms = None  # a later step looks for leases at once
        for run in self._snapshot():
            self._hand_over(run)

    def abandon(self) -> None:
        """Give the leases back without a word to the application: its code has failed."""
        self._scanned_ms = None
        for run in self._snapshot():
            self._forget(run)
            self._store.release(run.lease)

    def restart(self) -> None:
        """Look at the lease table anew."""
        self._begun = False
        self._scanned_ms = None

    def _snapshot(self) -> list[_ShardRun]:
        with self._lock:
            return [run for _, run in sorted(self._runs.items())]

    def _begin(self) -> None:
        incarnation = self._directory.incarnation()
        self._store.begin(incarnation, [] if self._store.is_begun() else self._directory.first_leases())
        self._begun = True

    def _scan(self, now: int) -> None:
        """Start what was handed over, and take or ask for what is this worker's share."""
        leases = self._store.leases()
        for lease in leases.values():
            if lease.owner == self.name and lease.shard not in self._runs:
                self._start(lease)
        for move in plan(leases, self.name, self._watch.stalled(leases, now), self._entropy):
            match move:
                case Take(lease):
                    taken = self._store.take(lease, self.name)
                    if taken is not None:
                        self._start(taken)
                case Ask(lease):
                    self._store.ask(lease, self.name)
                case _:
                    assert_never(move)
        self._scanned_ms = now

    def _start(self, lease: Lease) -> None:
        try:
            intake = self._make_intake(lease, Checkpointer(self._store, lease))
            run = _ShardRun(lease, self._make_reader(lease), intake)
        except BaseException:
            self._store.release(lease)
            raise
        with self._lock:
            self._runs[lease.shard] = run
        self._counts.leases_taken += 1
        run.intake.initialize()

    def _attend(self, run: _ShardRun) -> float:
        """One shard's turn; when its next one is due."""
        now = now_ms(self._clock)
        if run.lost:
            self._drop(run)
            return now
        if run.wanted_ms is not None and (run.intake.is_idle() or now - run.wanted_ms >= self._options.failover_ms):
            self._hand_over(run)
            return now
        try:
            due_ms = run.step(now)
            if run.is_finished:
                self._end(run)
                return now
        except Exception as error:
            code = code_of(error)
            if code == LEASE_LOST:
                run.lost = True
            elif code == "ResourceNotFoundException" and not self._directory.lists(run.lease.shard):
                run.read_out = True  # the shard has expired, with all of its records
            else:
                raise
            return now
        return due_ms

    def _end(self, run: _ShardRun) -> None:
        run.intake.shard_ended()
        following = self._directory.following(run.lease.shard, self._store.leases())
        self._forget(run)
        if not self._store.end(run.lease, following):
            run.intake.lease_lost()
        self._scanned_ms = None  # the children may begin

    def _hand_over(self, run: _ShardRun) -> None:
        try:
            run.intake.shutdown_requested()
        except KitError as error:
            if error.code != LEASE_LOST:
                raise
        finally:
            self._forget(run)
            self._store.release(run.lease)

    def _drop(self, run: _ShardRun) -> None:
        self._forget(run)
        self._counts.leases_lost += 1
        run.intake.lease_lost()

    def _forget(self, run: _ShardRun) -> None:
        with self._lock:
            self._runs.pop(run.lease.shard, None)
        run.reader.close()
