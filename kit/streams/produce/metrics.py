"""What a producer has done so far, in the terms of the Kinesis Producer Library's metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kit.streams.produce.delivery import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerMetrics:
    """Counts since the producer was made.

    `user_records_put` were delivered, `user_records_pending` wait or are in flight, `user_records_failed` were given
    up, of those `user_records_expired` for their age. `retries` counts sendings of a user record beyond its first.
    `kinesis_records_put` and `kinesis_bytes_put` (data and keys) are what the stream took, in `requests` calls.
    `errors` counts refusals of Kinesis records by code. `buffering_ms` is the mean time from put to delivery on the
    workspace's clock, `buffering_max_ms` the longest; `request_ms` the mean wall time of a call.
    """

    user_records_put: int = 0
    user_records_pending: int = 0
    user_records_failed: int = 0
    user_records_expired: int = 0
    retries: int = 0
    kinesis_records_put: int = 0
    kinesis_bytes_put: int = 0
    requests: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    buffering_ms: float = 0.0
    buffering_max_ms: int = 0
    request_ms: float = 0.0

    @property
    def user_records_per_kinesis_record(self) -> float:
        return self.user_records_put / self.kinesis_records_put if self.kinesis_records_put else 0.0


class Tally:
    """The running counts behind `ProducerMetrics`. Not safe among threads."""

    def __init__(self) -> None:
        self._delivered = 0
        self._failed = 0
        self._expired = 0
        self._retries = 0
        self._kinesis_records = 0
        self._kinesis_bytes = 0
        self._requests = 0
        self._errors: Counter[str] = Counter()
        self._buffering_total_ms = 0
        self._buffering_max_ms = 0
        self._request_total_ms = 0.0

    def called(self, elapsed_ms: float) -> None:
        self._requests += 1
        self._request_total_ms += elapsed_ms

    def taken(self, records: int, size_bytes: int) -> None:
        self._kinesis_records += records
        self._kinesis_bytes += size_bytes

    def appended(self, records: int, size_bytes: int, refused: int) -> None:
        """Rows of a table: each is a Kinesis record of its own."""
        self._delivered += records
        self.taken(records, size_bytes)
        self._retries += refused
        if refused:
            self.refused("ProvisionedThroughputExceededException", refused)

    def refused(self, code: str, records: int) -> None:
        self._errors[code] += records

    def settled(self, deliveries: Iterable[Delivery], now_ms: int) -> None:
        for delivery in deliveries:
            self._retries += max(0, delivery.attempts - 1)
            if delivery.error is not None:
                self._failed += 1
                self._expired += delivery.error.code == "Expired"
                continue
            self._delivered += 1
            waited_ms = now_ms - delivery.offered_ms
            self._buffering_total_ms += waited_ms
            self._buffering_max_ms = max(self._buffering_max_ms, waited_ms)

    def snapshot(self, pending: int) -> ProducerMetrics:
        return ProducerMetrics(
            user_records_put=self._delivered,
            user_records_pending=pending,
            user_records_failed=self._failed,
            user_records_expired=self._expired,
            retries=self._retries,
            kinesis_records_put=self._kinesis_records,
            kinesis_bytes_put=self._kinesis_bytes,
            requests=self._requests,
            errors=dict(self._errors),
            buffering_ms=self._buffering_total_ms / self._delivered if self._delivered else 0.0,
            buffering_max_ms=self._buffering_max_ms,
            request_ms=self._request_total_ms / self._requests if self._requests else 0.0,
        )
