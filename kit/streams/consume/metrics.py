"""What a consumer has done so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """The running counts of one worker."""

    records: int = 0
    batches: int = 0
    reads: int = 0
    refused_reads: int = 0
    foreign_records: int = 0
    retries: int = 0
    leases_taken: int = 0
    leases_lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerMetrics:
    """Counts of one worker since it was made.

    `records` were processed, in `batches`. `refused_reads` met the stream's limits or a passing failure.
    `foreign_records` were passed over inside of aggregates, as they belong to another shard and come again there.
    `retries` counts batches that were given to the application again. `behind_ms` is MillisBehindLatest of each shard
    that the worker holds, None before its first read.
    """

    records: int
    batches: int
    reads: int
    refused_reads: int
    foreign_records: int
    retries: int
    leases_taken: int
    leases_lost: int
    behind_ms: Mapping[str, int | None]
