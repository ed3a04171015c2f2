"""What an agent is told, with the option names of the Kinesis Agent's `agent.json`. Pure.

Source: Amazon Kinesis Data Streams Developer Guide, Write to Amazon Kinesis Data Streams using Kinesis Agent, read
2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.base.errors import KitError, did_you_mean
from kit.delivery.agent.processing import Processing, processing

OPTIONS = (
    "filePattern",
    "kinesisStream",
    "deliveryStream",
    "initialPosition",
    "partitionKeyOption",
    "multiLineStartPattern",
    "truncatedRecordTerminator",
    "skipHeaderLines",
    "maxBufferSizeRecords",
    "maxBufferSizeBytes",
    "dataProcessingOptions",
)
RECORD_BYTES = 1_024_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Files of a glob pattern, to a stream or a delivery stream: exactly one of the two is named.

    `terminator` stands behind what is left of a record that is too large.
    """

    pattern: str
    stream: str | None = None
    delivery: str | None = None
    from_start: bool = False
    random_keys: bool = True
    record_start: str | None = None
    terminator: str = "\n"
    skip_header_lines: int = 0
    buffer_records: int = 500
    buffer_bytes: int = 4 << 20
    steps: tuple[Processing, ...] = field(default_factory=tuple)

    @property
    def target(self) -> str:
        """Where records go, in one word."""
        return f"stream:{self.stream}" if self.stream is not None else f"delivery:{self.delivery}"


def flow(options: Mapping[str, Any]) -> Flow:
    """A flow of the agent's configuration. Raises `InvalidConfiguration`."""
    for name in options:
        if name not in OPTIONS:
            raise invalid(f"A flow has no option '{name}'.", did_you_mean(name, OPTIONS) or ", ".join(OPTIONS))
    pattern = options.get("filePattern")
    if not isinstance(pattern, str) or not pattern:
        raise invalid("A flow needs a filePattern.", "filePattern='/var/log/app/*.log'")
    stream, delivery = options.get("kinesisStream"), options.get("deliveryStream")
    if (stream is None) == (delivery is None):
        raise invalid("A flow needs a kinesisStream or a deliveryStream: exactly one of the two.")
    start = options.get("multiLineStartPattern")
    if start is not None:
        try:
            re.compile(start)
        except re.error as error:
            raise invalid(f"multiLineStartPattern is no regular expression: {error}.") from error
    return Flow(
        pattern=pattern,
        stream=stream,
        delivery=delivery,
        from_start=_one_of(options, "initialPosition", ("END_OF_FILE", "START_OF_FILE")) == "START_OF_FILE",
        random_keys=_one_of(options, "partitionKeyOption", ("RANDOM", "DETERMINISTIC")) == "RANDOM",
        record_start=start,
        terminator=options.get("truncatedRecordTerminator", "\n"),
        skip_header_lines=_count(options, "skipHeaderLines", 0, 1 << 20),
        buffer_records=_count(options, "maxBufferSizeRecords", 1, 500, 500),
        buffer_bytes=_count(options, "maxBufferSizeBytes", 1, 4 << 20, 4 << 20),
        steps=tuple(map(processing, _list(options.get("dataProcessingOptions")))),
    )


def invalid(message: str, hint: str = "") -> KitError:
    return KitError("InvalidConfiguration", message, hint)


def _one_of(options: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = options.get(name, known[0])
    if value not in known:
        raise invalid(f"{name} '{value}' is not known.", did_you_mean(str(value), known) or " or ".join(known))
    return str(value)


def _count(options: Mapping[str, Any], name: str, least: int, most: int, default: int = 0) -> int:
    value = options.get(name, default)
    if not isinstance(value, int) or not least <= value <= most:
        raise invalid(f"{name} is a whole number from {least:,} to {most:,}, not {value!r}.")
    return value


def _list(given: Any) -> Sequence[Mapping[str, Any]]:
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise invalid("dataProcessingOptions is a list.", "[{'optionName': 'SINGLELINE'}]")
    return given
