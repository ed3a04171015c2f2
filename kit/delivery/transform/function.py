"""Transforming records by a function of the notebook, called as Lambda would be.

A call that raises, or whose answer is none, is repeated; after the last attempt its records fail. Record by record in
Python: this is the slow way, and the one that can do anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from kit.base.backoff import Backoff
from kit.base.clock import Clock, now_ms
from kit.base.ids import Entropy
from kit.delivery import records
from kit.delivery.buffer import chunks
from kit.delivery.configuration import FunctionTransform
from kit.delivery.failures import Failed, Numbers
from kit.delivery.limits import MIB
from kit.delivery.names import function_arn
from kit.delivery.transform.contract import (
    Dropped,
    InvalidAnswerError,
    Kept,
    Refused,
    Verdict,
    event,
    record_id,
    verdicts,
)
from kit.delivery.transform.outcome import Transformed

Function: TypeAlias = Callable[[dict[str, Any], Any], Any]
"""Takes Lambda's event and a context (None here)."""

CALL_RECORDS = 10_000
BACKOFF = Backoff(base_ms=100.0, cap_ms=5_000.0)
FUNCTION_ERROR = "Lambda.FunctionError"


@dataclass(frozen=True, slots=True)
class Caller:
    """What a call needs beside the records. `pause` waits between attempts, and raises where the work is to end."""

    delivery: str
    source: str | None
    clock: Clock
    entropy: Entropy
    pause: Callable[[float], None]
    backoff: Backoff = BACKOFF


@dataclass(frozen=True, slots=True)
class _Judged:
    verdicts: list[Verdict]
    attempts: int


def transform(
    table: pa.Table, function: Function, options: FunctionTransform, numbers: Numbers, caller: Caller
) -> Transformed:
    """What the function makes of the records, in their order."""
    kept: list[int] = []
    data: list[bytes] = []
    keys: list[Mapping[str, str]] = []
    refused: dict[tuple[str, int], list[tuple[int, str]]] = {}
    dropped = 0
    sizes = records.compute.binary_length(table.column("data")).to_pylist()
    for begin, end in chunks(sizes, options.chunk_mb * MIB, CALL_RECORDS):
        judged = _judged(table.slice(begin, end - begin).to_pylist(), function, options, numbers, caller)
        for place, verdict in enumerate(judged.verdicts, begin):
            match verdict:
                case Kept(changed, given):
                    kept.append(place)
                    data.append(changed)
                    keys.append(given)
                case Dropped():
                    dropped += 1
                case Refused(code, message):
                    refused.setdefault((code, judged.attempts), []).append((place, message))
    ended_ms = now_ms(caller.clock)
    failed = tuple(
        Failed(
            "processing-failed",
            table.take(pa.array([place for place, _ in rows], pa.int64())),
            code,
            tuple(message for _, message in rows),
            attempts,
            ended_ms,
            {"lambdaArn": function_arn(options.function)},
        )
        for (code, attempts), rows in refused.items()
    )
    going_on = records.with_data(table.take(pa.array(kept, pa.int64())), pa.array(data, pa.binary()))
    return Transformed(going_on, failed, dropped, keys if any(keys) else ())


def _judged(
    rows: Sequence[dict[str, Any]], function: Function, options: FunctionTransform, numbers: Numbers, caller: Caller
) -> _Judged:
    """The verdicts of one call, repeated while it fails."""
    named = [numbers(row["shard"], row["index"], row["arrival_ms"]) for row in rows]
    ids = [record_id(number, place) for place, number in enumerate(named)]
    attempt = 0
    while True:
        attempt += 1
        made = event(caller.delivery, caller.source, caller.entropy.uuid(), rows, named)
        try:
            return _Judged(verdicts(function(made, None), ids), attempt)
        except InvalidAnswerError as error:
            reason = str(error)
        except Exception as error:
            reason = f"The function raised {type(error).__name__}: {error}"
        if attempt > options.retries:
            refusal = Refused(
                FUNCTION_ERROR, f"The Lambda function was invoked but it returned an error result. {reason}"
            )
            return _Judged([refusal] * len(rows), attempt)
        caller.pause(caller.backoff.delay_ms(attempt, caller.entropy) / 1000)
