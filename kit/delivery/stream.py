"""One delivery stream: records in, what becomes of them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kit.base.errors import KitError
from kit.delivery import limits
from kit.delivery.configuration import Configuration
from kit.delivery.errors import InvalidArgumentException, ServiceUnavailableException
from kit.delivery.names import delivery_arn
from kit.delivery.progress import Figures
from kit.streams.entries import Data, payload

if TYPE_CHECKING:
    from kit.delivery.service import Deliveries


class PutRecordResult(NamedTuple):
    """What became of one record of a batch; `record_id` is None where it failed."""

    record_id: str | None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeliveryStatus:
    """How a delivery stream is doing. `is_running` tells of this process; `error` is that of the last attempt, if it
    failed, and of looking at the source."""

    name: str
    status: str
    configuration: Configuration
    is_stopped: bool
    is_running: bool
    waiting_records: int
    waiting_bytes: int
    oldest_ms: int
    figures: Figures
    error: str

    def __repr__(self) -> str:
        counts = self.figures.counts
        parts = [
            "stopped" if self.is_stopped else self.status,
            f"{self.waiting_records:,} waiting",
            *(f"{count:,} {what}" for what, count in counts.outcomes().items() if count or what == "delivered"),
            *([self.error] if self.error else []),
        ]
        return f"<{self.name!r}: {', '.join(parts)}>"


class DeliveryStream:
    """A delivery stream of a workspace. Safe among threads."""

    def __init__(self, deliveries: Deliveries, name: str) -> None:
        self.name = name
        self.arn = delivery_arn(name)
        self._deliveries = deliveries

    def put_record(self, data: Data) -> str:
        """Take one record (bytes as they are, text as UTF-8, anything else as JSON); its id.

        What is taken is delivered, also after a kill. Raises `InvalidArgumentException` where the delivery stream reads
        a stream, `ServiceUnavailableException` where the disk refuses.
        """
        result = self.put_record_batch([data])[0]
        if result.record_id is None:
            raise ServiceUnavailableException(result.error_message or "Slow down.")
        return result.record_id

    def put_record_batch(self, records: Sequence[Data]) -> list[PutRecordResult]:
        """Take up to 500 records of 4 MiB together; one result a record, in order."""
        self._deliveries.require_direct(self.name)
        if not 1 <= len(records) <= limits.BATCH_RECORDS:
            raise InvalidArgumentException(
                f"A batch has 1 to {limits.BATCH_RECORDS} records, not {len(records):,}.", "Split it."
            )
        contents = [payload(each) for each in records]
        for each in contents:
            if len(each) > limits.RECORD_BYTES:
                raise InvalidArgumentException(
                    f"A record of {len(each):,} bytes is larger than {limits.RECORD_BYTES:,}.", "Split it."
                )
        if sum(map(len, contents)) > limits.BATCH_BYTES:
            raise InvalidArgumentException("Records size exceeds 4 MB limit", "Put fewer at a time.")
        try:
            results = self._deliveries.journal.put_many(self.name, contents)
        except KitError as error:
            raise ServiceUnavailableException(error.message, error.hint) from error
        return [
            PutRecordResult(result.sequence_number)
            if result.error_code is None
            else PutRecordResult(None, "ServiceUnavailableException", result.error_message)
            for result in results
        ]

    def flush(self) -> None:
        """Deliver all that waits now. Raises what that fails of; what waits is tried again then."""
        self._deliveries.flush(self.name)

    def stop(self) -> None:
        """Deliver no more, in any process, until `start`; records are still taken. Goes beyond the service."""
        self._deliveries.set_stopped(self.name, stopped=True)

    def start(self) -> None:
        """Deliver again."""
        self._deliveries.set_stopped(self.name, stopped=False)

    def update(self, to: str, **options: Any) -> None:
        """Configure its destination anew, with the options of `create`; the source stays. What waits goes there."""
        self._deliveries.update(self.name, to, options)

    def status(self) -> DeliveryStatus:
        """What waits, what has been delivered, and what went wrong."""
        return self._deliveries.status(self.name)

    def describe(self) -> dict[str, Any]:
        """The `DeliveryStreamDescription` of DescribeDeliveryStream."""
        answer = self._deliveries.client().describe_delivery_stream(DeliveryStreamName=self.name)
        return answer["DeliveryStreamDescription"]

    def __repr__(self) -> str:
        return f"DeliveryStream({self.name!r})"
