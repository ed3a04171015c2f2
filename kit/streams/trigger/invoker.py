"""Calls the function and judges what comes back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

from kit.base.ids import Entropy
from kit.streams.trigger.event import Context, event_record, first_failure, window_fields
from kit.streams.trigger.lane import Call, Verdict
from kit.streams.trigger.options import STATE_BYTES, MappingOptions

_LOG = logging.getLogger(__name__)

Function: TypeAlias = Callable[[dict[str, Any], Context], Any]
"""A handler of Lambda's: event and context in; its answer matters for reports of failures and for states."""


@dataclass(slots=True)
class MappingMetrics:
    """`invocations` of the function, of which `errors` raised or reported failures.

    `records` were processed, `discarded` ones were given up.
    """

    invocations: int = 0
    errors: int = 0
    records: int = 0
    discarded: int = 0


class Invoker:
    """The function of one mapping. `last_error` is what it raised last."""

    def __init__(self, function: Function, name: str, arn: str, options: MappingOptions, entropy: Entropy) -> None:
        self.name = name
        self.metrics = MappingMetrics()
        self.last_error: Exception | None = None
        self._function = function
        self._arn = arn
        self._options = options
        self._entropy = entropy
        self._pool: ThreadPoolExecutor | None = None

    def invoke(self, shard: str, calls: Sequence[Call]) -> list[Verdict]:
        """Run calls beside each other; their verdicts in the same order."""
        # Drawn here, so that a run under a seed does not depend on how threads take turns.
        request_ids = [self._entropy.uuid() for _ in calls]
        if len(calls) == 1:
            verdicts = [self._call(shard, calls[0], request_ids[0])]
        else:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(
                    self._options.parallelization_factor, thread_name_prefix=f"boathouse-function-{self.name}"
                )
            verdicts = list(self._pool.map(self._call, repeat(shard), calls, request_ids))
        for call, verdict in zip(calls, verdicts, strict=True):
            self.metrics.invocations += 1
            self.metrics.errors += verdict.failed_from is not None
            self.metrics.records += len(call.items) if verdict.failed_from is None else verdict.failed_from
        return verdicts

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _call(self, shard: str, call: Call, request_id: str) -> Verdict:
        event: dict[str, Any] = {"Records": [event_record(shard, self._arn, item.answer) for item in call.items]}
        part = call.window
        if part is not None:
            event |= window_fields(
                shard, self._arn, part.start_ms, part.end_ms, part.state, final=part.final, early=part.early
            )
        try:
            return self._judge(call, self._function(event, Context(self.name, request_id)), request_id)
        except Exception as error:
            # Told once with its trace, not at every retry.
            again = repr(error) == repr(self.last_error)
            self.last_error = error
            _LOG.log(
                logging.DEBUG if again else logging.WARNING,
                "'%s' failed on %d records of %s.",
                self.name,
                len(call.items),
                shard,
                exc_info=error,
            )
            return Verdict(request_id, failed_from=0, unhandled=True)

    def _judge(self, call: Call, answer: object, request_id: str) -> Verdict:
        """What an answer means; raises where it breaks the contract of the mapping's options."""
        failed_from: int | None = None
        if self._options.report_batch_item_failures and call.items:
            failed_from = first_failure(answer, [item.answer["SequenceNumber"] for item in call.items])
        if call.window is None or call.window.final:
            return Verdict(request_id, failed_from)
        state = answer.get("state") if isinstance(answer, Mapping) else None
        if not isinstance(state, Mapping):
            raise TypeError("With a tumbling window the function's answer is a dict that holds the next 'state'.")
        overgrown = len(json.dumps(state).encode()) > STATE_BYTES
        return Verdict(request_id, failed_from, state=state, overgrown=overgrown)
