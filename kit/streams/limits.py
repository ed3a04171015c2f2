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
ANSWER_PENALTY_SECONDS = 5.0
OVERDRAFT_PENALTY_SECONDS = 1.0

PUT_RECORDS = 500
PUT_BYTES = 10 << 20


class WriteBudget(NamedTuple):
    """Records and bytes that the shard still takes, as of `at_s`; never used is full."""

    records: float
    size_bytes: float
    at_s: float

    LAYOUT = struct.Struct("<ddd")

    @classmethod
    def at(cls, kept: tuple[float, ...], now_s: float) -> Self:
        """The budget now, from what was kept of it."""
        records, size_bytes, at_s = kept
        if at_s == 0:
            return cls(WRITE_RECORDS, WRITE_BYTES, now_s)
        passed = min(max(now_s - at_s, 0.0), 1.0)
        return cls(
            min(records + passed * WRITE_RECORDS, WRITE_RECORDS),
            min(size_bytes + passed * WRITE_BYTES, WRITE_BYTES),
            now_s,
        )

    def admit(self, sizes: Iterable[int]) -> tuple[int, WriteBudget]:
        """How many of the records are taken, from the first one on, and the budget after that.

        A record that is larger than a second's bytes is taken when the budget is full, and is paid off later.
        """
        records, size_bytes = self.records, self.size_bytes
        taken = 0
        for size in sizes:
            if records < 1 or size_bytes < min(size, WRITE_BYTES):
                break
            records -= 1
            size_bytes -= size
            taken += 1
        return taken, WriteBudget(records, size_bytes, self.at_s)


class ReadBudget(NamedTuple):
    """Calls, bytes and iterators that the shard still gives, as of `at_s`; nothing before `blocked_until_s`."""

    calls: float
    size_bytes: float
    iterators: float
    at_s: float
    blocked_until_s: float

    LAYOUT = struct.Struct("<ddddd")

    @classmethod
    def at(cls, kept: tuple[float, ...], now_s: float) -> Self:
        """The budget now, from what was kept of it."""
        calls, size_bytes, iterators, at_s, blocked_until_s = kept
        if at_s == 0:
            return cls(READ_CALLS, READ_BYTES, READ_CALLS, now_s, 0.0)
        passed = max(now_s - at_s, 0.0)
        # A clock that was moved back must not leave the shard blocked for as long as it was moved.
        blocked_until_s = min(blocked_until_s, now_s + ANSWER_PENALTY_SECONDS)
        return cls(
            min(calls + passed * READ_CALLS, READ_CALLS),
            min(size_bytes + passed * READ_BYTES, READ_BYTES),
            min(iterators + passed * READ_CALLS, READ_CALLS),
            now_s,
            blocked_until_s,
        )

    def call(self) -> ReadBudget | None:
        """The budget after one GetRecords begins, or None where it is over the limit."""
        if self.calls < 1 or self.at_s < self.blocked_until_s:
            return None
        return self._replace(calls=self.calls - 1)

    def iterator(self) -> ReadBudget | None:
        """The budget after one GetShardIterator, or None where it is over the limit."""
        return self._replace(iterators=self.iterators - 1) if self.iterators >= 1 else None

    def answer(self, size_bytes: int, *, full: bool) -> ReadBudget:
        """The budget after an answer of so many bytes; `full`: it ended because it reached the largest size."""
        left = self.size_bytes - size_bytes
        if full:
            return self._replace(size_bytes=0.0, blocked_until_s=self.at_s + ANSWER_PENALTY_SECONDS)
        if left < 0:
            penalty_s = max(OVERDRAFT_PENALTY_SECONDS, -left / READ_BYTES)
            return self._replace(size_bytes=0.0, blocked_until_s=self.at_s + penalty_s)
        return self._replace(size_bytes=left)
