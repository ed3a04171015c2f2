"""Records that could not be delivered as they should: as values, and as the service writes them to the error prefix.

One JSON document a line. Failures of conversion name the code `lastErrorCode`, the others `errorCode`.

Source: Amazon Data Firehose Developer Guide, Handle failure in data transformation, and Handling errors for data format
conversion; read 2026-11.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from kit.delivery.prefix import FailureKind
from kit.streams.names import ACCOUNT, REGION

Numbers: TypeAlias = Callable[[int, int, int], str]


@dataclass(frozen=True, slots=True)
class Failed:
    """Rows of `records.SCHEMA` that failed alike; `messages` has one text a row, or one for all.

    `attempts` were made until `ended_ms`. `details` are members of the documents beyond those of all kinds.
    """

    kind: FailureKind
    records: pa.Table
    code: str
    messages: tuple[str, ...]
    attempts: int
    ended_ms: int
    details: dict[str, Any] = field(default_factory=dict)

    def message(self, row: int) -> str:
        return self.messages[0] if len(self.messages) == 1 else self.messages[row]


def table_details(database: str, table: str, version: int) -> dict[str, Any]:
    """What a failure of conversion says of its schema."""
    return {
        "dataCatalogTable": {
            "catalogId": ACCOUNT,
            "databaseName": database,
            "tableName": table,
            "region": REGION,
            "versionId": str(version),
            "catalogArn": f"arn:aws:glue:{REGION}:{ACCOUNT}:catalog",
        }
    }


def documents(failures: Iterable[Failed], numbers: Numbers) -> bytes:
    """The content of an error object."""
    return b"".join(line for failed in failures for line in _lines(failed, numbers))


def _lines(failed: Failed, numbers: Numbers) -> Iterable[bytes]:
    is_conversion = failed.kind == "format-conversion-failed"
    code, message = ("lastErrorCode", "lastErrorMessage") if is_conversion else ("errorCode", "errorMessage")
    for row, record in enumerate(failed.records.to_pylist()):
        document = {
            "attemptsMade": failed.attempts,
            "arrivalTimestamp": record["arrival_ms"],
            code: failed.code,
            message: failed.message(row),
            "attemptEndingTimestamp": failed.ended_ms,
            "rawData": base64.b64encode(record["data"]).decode(),
            **failed.details,
        }
        if is_conversion:
            document["sequenceNumber"] = numbers(record["shard"], record["index"], record["arrival_ms"])
            document["subSequenceNumber"] = 0
        yield json.dumps(document, separators=(",", ":")).encode() + b"\n"
