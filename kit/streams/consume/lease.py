"""Leases: which worker processes which shard, and what a worker should do about it. Pure; the store acts.

A lease is a shard's row in the application's table. Its owner keeps adding one to the counter; where the counter
stands still for the failover time, as seen by the observer's own clock, the owner is taken for dead. Clocks of
different processes are never compared.

Invariants: a shard is ready only when all of its parents are processed to their end; the loads of workers that follow
`plan` come to differ by at most one, and then nothing moves.
Source: amazon-kinesis-client, DynamoDBLeaseTaker, read 2026-11. Differs: a lease taken from a living worker is asked
for and handed over between two batches, not snatched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kit.base.ids import Entropy
from kit.streams.consume.checkpoint import Checkpoint, ShardEnd


@dataclass(frozen=True, slots=True)
class Lease:
    """One shard of an application.

    `tenure` counts the owners that the shard has had, and fences off those whose time is over. `successor` is the
    worker that has asked for the shard. `first_hash_key` and `last_hash_key` bound the shard's range, both included.
    `behind_ms` is MillisBehindLatest as the owner last saw it; None before the first read.
    """

    shard: str
    checkpoint: Checkpoint
    parents: tuple[str, ...] = ()
    first_hash_key: int = 0
    last_hash_key: int = (1 << 128) - 1
    owner: str | None = None
    successor: str | None = None
    counter: int = 0
    tenure: int = 0
    behind_ms: int | None = None

    @property
    def ended(self) -> bool:
        return isinstance(self.checkpoint, ShardEnd)


@dataclass(frozen=True, slots=True)
class Take:
    """Become the owner at once: the lease is free, or its owner is dead."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the living owner to hand the lease over."""

    lease: Lease


Move: TypeAlias = Take | Ask


def is_ready(lease: Lease, leases: Mapping[str, Lease]) -> bool:
    """Whether the shard may be processed: it has not ended, and its parents have, as far as the table knows them.

    A parent that is not in the table has expired, or lies before the position where the application began.
    """
    if lease.ended:
        return False
    return all(leases[parent].ended for parent in lease.parents if parent in leases)


def plan(
    leases: Mapping[str, Lease], worker: str, stalled: frozenset[str], entropy: Entropy, most_asked: int = 1
) -> list[Move]:
    """What `worker` should take to carry its share, at random among equals so that workers do not collide.

    `stalled` are the shards whose owner is dead. At most `most_asked` leases at a time are asked of the living.
    """
    shared = [lease for lease in leases.values() if is_ready(lease, leases)]
    free = [lease for lease in shared if lease.owner is None or lease.shard in stalled]
    held = [lease for lease in shared if lease.owner is not None and lease.shard not in stalled]
    loads = Counter(lease.successor or lease.owner for lease in held)
    loads.setdefault(worker, 0)
    target = -(-len(shared) // len(loads))
    missing = target - loads[worker]
    if missing <= 0:
        return []
    if free:
        return [Take(lease) for lease in _drawn(free, missing, entropy)]
    heaviest, load = max(loads.items(), key=lambda item: (item[1], str(item[0])))
    surplus = load - target
    if surplus == 0 and missing > 1:
        surplus = 1  # nobody is above the target, yet this worker is two below it
    asked = sum(lease.successor == worker for lease in held)
    movable = [lease for lease in held if lease.owner == heaviest and lease.successor is None]
    return [Ask(lease) for lease in _drawn(movable, min(surplus, missing, most_asked - asked), entropy)]


class Watch:
    """Notices owners that have stopped: what each counter was, and since when."""

    def __init__(self, failover_ms: int) -> None:
        self._failover_ms = failover_ms
        self._seen: dict[str, tuple[int, int, int]] = {}

    def stalled(self, leases: Mapping[str, Lease], now_ms: int) -> frozenset[str]:
        """The owned shards whose counter has stood still for the failover time."""
        seen: dict[str, tuple[int, int, int]] = {}
        for shard, lease in leases.items():
            if lease.owner is None or lease.ended:
                continue
            before = self._seen.get(shard)
            same = before is not None and before[:2] == (lease.tenure, lease.counter)
            seen[shard] = before if before is not None and same else (lease.tenure, lease.counter, now_ms)
        self._seen = seen
        return frozenset(shard for shard, (_, _, since) in seen.items() if now_ms - since >= self._failover_ms)


def _drawn(leases: list[Lease], count: int, entropy: Entropy) -> list[Lease]:
    pool = sorted(leases, key=lambda lease: lease.shard)
    return [pool.pop(entropy.below(len(pool))) for _ in range(max(0, min(count, len(pool))))]
