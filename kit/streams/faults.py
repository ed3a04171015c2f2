"""Faults on request: a share of records throttled or failing, a delay in every call. Of this process only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kit.base.clock import Clock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.streams.errors import InternalFailureException, ProvisionedThroughputExceededException, StreamsError


@dataclass(frozen=True, slots=True)
class Faults:
    """`throttle` and `failure` are shares of records put and of calls that read; `delay_ms` is added to every call."""

    throttle: float = 0.0
    failure: float = 0.0
    delay_ms: float = 0.0
    fraction: Callable[[], float] = lambda: 1.0

    @property
    def are_on(self) -> bool:
        """Whether a record or call may be made to fail."""
        return self.throttle > 0 or self.failure > 0

    def delay(self, clock: Clock) -> None:
        if self.delay_ms:
            clock.sleep(self.delay_ms / 1000)

    def draw(self) -> StreamsError | None:
        """The error of the next record or call, if it is to fail."""
        if not self.are_on:
            return None
        drawn = self.fraction()
        if drawn < self.throttle:
            return ProvisionedThroughputExceededException("Rate exceeded (injected).", "stream.inject() ends it.")
        if drawn < self.throttle + self.failure:
            return InternalFailureException("Internal service failure (injected).", "stream.inject() ends it.")
        return None


def faults(throttle: float, failure: float, delay_ms: float, entropy: Entropy) -> Faults:
    """Raises `INVALID_ARGUMENT` where the shares are not in [0, 1] or the delay is negative."""
    if not (0 <= throttle <= 1 and 0 <= failure <= 1 and throttle + failure <= 1 and delay_ms >= 0):
        raise KitError(
            "INVALID_ARGUMENT", "Shares to inject lie between 0 and 1, together at most 1; a delay is not negative."
        )
    return Faults(throttle, failure, delay_ms, entropy.fraction)
