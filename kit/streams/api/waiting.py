"""Waiters: asking until a stream is there, or gone, on the workspace's clock.

Source: botocore's waiters of Kinesis 2013-12-02, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kit.base.clock import Clock
from kit.base.errors import KitError
from kit.streams.errors import ResourceNotFoundException

DELAY_SECONDS = 10
ATTEMPTS = 18


def _exists(describe: Callable[[], dict[str, Any]]) -> bool:
    return describe()["StreamDescription"]["StreamStatus"] == "ACTIVE"


def _is_gone(describe: Callable[[], dict[str, Any]]) -> bool:
    try:
        describe()
    except ResourceNotFoundException:
        return True
    return False


WAITERS: Mapping[str, Callable[[Callable[[], dict[str, Any]]], bool]] = {
    "stream_exists": _exists,
    "stream_not_exists": _is_gone,
}


class Waiter:
    """Waits for one thing."""

    def __init__(self, name: str, describe_stream: Callable[..., dict[str, Any]], clock: Clock) -> None:
        self.name = name
        self._describe_stream = describe_stream
        self._clock = clock

    def wait(self, WaiterConfig: Mapping[str, Any] | None = None, **request: Any) -> None:  # noqa: N803
        """Raises `WaiterError` when it has not come true in time; `WaiterConfig` takes Delay and MaxAttempts."""
        config = WaiterConfig or {}
        attempts = int(config.get("MaxAttempts", ATTEMPTS))
        for attempt in range(attempts):
            if attempt:
                self._clock.sleep(float(config.get("Delay", DELAY_SECONDS)))
            if WAITERS[self.name](lambda: self._describe_stream(**request)):
                return
        raise KitError("WaiterError", f"Waiter {self.name} failed: Max attempts exceeded.")
