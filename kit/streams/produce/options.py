"""What can be set for a producer; defaults are those of the Kinesis Producer Library."""

from __future__ import annotations

from dataclasses import dataclass, field

from kit.base.backoff import Backoff
from kit.base.errors import KitError

MAX_REQUEST_RECORDS = 500
MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_RECORD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerOptions:
    """Sizes in bytes, times in milliseconds of the workspace's clock.

    `aggregation_max_count`: user records in one Kinesis record at most; 1 sends each as it is.
    `aggregation_max_bytes`: the size at which an aggregate is closed. `linger_ms`: how long a record may wait for
    company (the KPL's RecordMaxBufferedTime). `record_ttl_ms`: how long delivery is tried before the record fails as
    Expired; None is for ever. `buffer_bytes`: what may be waiting or in flight before `put` blocks.
    `max_record_bytes`: the stream's own limit of data and key.
    Source: amazon-kinesis-producer, default_config.properties, read 2026-11.
    """

    aggregation_max_count: int = 1 << 32
    aggregation_max_bytes: int = 51_200
    request_max_records: int = MAX_REQUEST_RECORDS
    request_max_bytes: int = MAX_REQUEST_BYTES
    linger_ms: int = 100
    record_ttl_ms: int | None = 30_000
    buffer_bytes: int = 64 << 20
    max_record_bytes: int = MAX_RECORD_BYTES
    backoff: Backoff = field(default_factory=lambda: Backoff(base_ms=50, cap_ms=2_000))

    def __post_init__(self) -> None:
        _within("aggregation_max_count", self.aggregation_max_count, 1, 1 << 62)
        _within("aggregation_max_bytes", self.aggregation_max_bytes, 64, self.max_record_bytes)
        _within("request_max_records", self.request_max_records, 1, MAX_REQUEST_RECORDS)
        _within("request_max_bytes", self.request_max_bytes, self.max_record_bytes, MAX_REQUEST_BYTES)
        _within("linger_ms", self.linger_ms, 0, 1 << 62)
        _within("buffer_bytes", self.buffer_bytes, self.max_record_bytes, 1 << 62)
        if self.record_ttl_ms is not None:
            _within("record_ttl_ms", self.record_ttl_ms, 1, 1 << 62)

    @property
    def aggregates(self) -> bool:
        return self.aggregation_max_count > 1


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise KitError("InvalidArgumentException", f"{name} is {value:,}; it must be {least:,} to {most:,}.")
