"""What can be set for an event-source mapping, under the names of Lambda's API."""

from __future__ import annotations

from dataclasses import dataclass

from kit.base.errors import KitError
from kit.streams.consume.options import Start

PAYLOAD_BYTES = 6 * 1000 * 1000
STATE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingOptions:
    """Ages, windows and retries: -1 is without limit, which for records means their retention.

    `batch_size`: records of one call at most. `maximum_batching_window_in_seconds`: how long records are gathered.
    `bisect_batch_on_function_error`: halve a batch that fails, which costs no retry. `parallelization_factor`: batches
    of one shard at a time; records of one partition key never run beside each other. `report_batch_item_failures`: the
    function answers which records failed. `tumbling_window_in_seconds`: the function carries a state through windows of
    arrival time.
    Source: Lambda API Reference, CreateEventSourceMapping, read 2026-11.
    """

    starting_position: Start = "TRIM_HORIZON"
    batch_size: int = 100
    maximum_batching_window_in_seconds: int = 0
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = -1
    maximum_record_age_in_seconds: int = -1
    parallelization_factor: int = 1
    report_batch_item_failures: bool = False
    tumbling_window_in_seconds: int = 0

    def __post_init__(self) -> None:
        _within("batch_size", self.batch_size, 1, 10_000)
        _within("maximum_batching_window_in_seconds", self.maximum_batching_window_in_seconds, 0, 300)
        _within("maximum_retry_attempts", self.maximum_retry_attempts, -1, 10_000)
        _within("parallelization_factor", self.parallelization_factor, 1, 10)
        _within("tumbling_window_in_seconds", self.tumbling_window_in_seconds, 0, 900)
        if self.maximum_record_age_in_seconds != -1:
            _within("maximum_record_age_in_seconds", self.maximum_record_age_in_seconds, 60, 604_800)
        if self.tumbling_window_in_seconds and self.parallelization_factor > 1:
            raise KitError(
                "InvalidParameterValueException",
                "A tumbling window has one state a shard, so its batches cannot run in parallel.",
                "Set parallelization_factor to 1, or the window to 0.",
            )


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise KitError("InvalidParameterValueException", f"{name} is {value:,}; it must be {least:,} to {most:,}.")
