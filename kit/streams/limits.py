"""What a shard takes and gives: budgets that refill with the workspace's clock and are shared by all processes.

Pure: a budget is a value, spending it makes another one. Where it is kept (the shard's page) and under which lock it is
spent is the caller's business. A clock that moves back refills nothing until it has caught up.

Source: Amazon Kinesis Data Streams Developer Guide, Quotas and limits; API Reference, GetRecords, read 2026-11.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple, Self

WRITE_RECORDS = 1_000
WRITE_BYTES = 1 << 20
READ_BYTES = 2 << 20
READ_CALLS = 5
ANSWER_BYTES = 10 << 20
ANSWER_RECORDS = 10_000
ANSWER_PENALTY_NS = 5_000_000_000
OVERDRAFT_PENALTY_NS = 1_000_000_000

PUT_RECORDS = 500
PUT_BYTES = 10 << 20


SECOND_NS = 1_000_000_000
"""Budgets are kept in billionths, so that any number of nanoseconds refills them exactly."""


class WriteBudget(NamedTuple):
    """Records and bytes, in billionths, that the shard still takes, as of `at_ns`; never used is full."""

    records: int
    size_bytes: int
    at_ns: int

    LAYOUT = struct.Struct("<qqq")

    @classmethod
    def at(cls, kept: tuple[int, ...], now_ns: int) -> Self:
        """The budget now, from what was kept of it."""
        records, size_bytes, at_ns = kept
        if at_ns == 0:
            return cls(WRITE_RECORDS * SECOND_NS, WRITE_BYTES * SECOND_NS, now_ns)
        passed_ns = max(now_ns - at_ns, 0)
        return cls(
            min(records + passed_ns * WRITE_RECORDS, WRITE_RECORDS * SECOND_NS),
            min(size_bytes + passed_ns * WRITE_BYTES, WRITE_BYTES * SECOND_NS),
            now_ns,
        )

    def admit(self, sizes: Iterable[int]) -> tuple[int, WriteBudget]:
        """How many of the records are taken, from the first one on, and the budget after that.

        A record that is larger than a second's bytes is taken when the budget is full, and is paid off later.
        """
        records, size_bytes = self.records, self.size_bytes
        taken = 0
        for size in sizes:
            if records < SECOND_NS or size_bytes < min(size, WRITE_BYTES) * SECOND_NS:
                break
            records -= SECOND_NS
            size_bytes -= size * SECOND_NS
            taken += 1
        return taken, WriteBudget(records, size_bytes, self.at_ns)


class ReadBudget(NamedTuple):
    """Calls, bytes and iterators, in billionths, that the shard still gives, as of `at_ns`; nothing before
    `blocked_until_ns`."""

    calls: int
    size_bytes: int
    iterators: int
    at_ns: int
    blocked_until_ns: int

    LAYOUT = struct.Struct("<qqqqq")

    @classmethod
    def at(cls, kept: tuple[int, ...], now_ns: int) -> Self:
        """The budget now, from what was kept of it."""
        calls, size_bytes, iterators, at_ns, blocked_until_ns = kept
        if at_ns == 0:
            return cls(READ_CALLS * SECOND_NS, READ_BYTES * SECOND_NS, READ_CALLS * SECOND_NS, now_ns, 0)
        passed_ns = max(now_ns - at_ns, 0)
        # A clock that was moved back must not leave the shard blocked for as long as it was moved.
        blocked_until_ns = min(blocked_until_ns, now_ns + ANSWER_PENALTY_NS)
        return cls(
            min(calls + passed_ns * READ_CALLS, READ_CALLS * SECOND_NS),
            min(size_bytes + passed_ns * READ_BYTES, READ_BYTES * SECOND_NS),
            min(iterators + passed_ns * READ_CALLS, READ_CALLS * SECOND_NS),
            now_ns,
            blocked_until_ns,
        )

    def call(self) -> ReadBudget | None:
        """The budget after one GetRecords begins, or None where it is over the limit."""
        if self.calls < SECOND_NS or self.at_ns < self.blocked_until_ns:
            return None
        return self._replace(calls=self.calls - SECOND_NS)

    def iterator(self) -> ReadBudget | None:
        """The budget after one GetShardIterator, or None where it is over the limit."""
        return self._replace(iterators=self.iterators - SECOND_NS) if self.iterators >= SECOND_NS else None

    def answer(self, size_bytes: int, *, full: bool) -> ReadBudget:
        """The budget after an answer of so many bytes; `full`: it ended because it reached the largest size."""
        left = self.size_bytes - size_bytes * SECOND_NS
        if full:
            return self._replace(size_bytes=0, blocked_until_ns=self.at_ns + ANSWER_PENALTY_NS)
        if left < 0:
            penalty_ns = max(OVERDRAFT_PENALTY_NS, -left // READ_BYTES)
            return self._replace(size_bytes=0, blocked_until_ns=self.at_ns + penalty_ns)
        return self._replace(size_bytes=left)
