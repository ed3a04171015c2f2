"""How long to wait before trying again: exponential, capped, with full jitter. Pure: the caller sleeps.

Full jitter spreads clients that failed together over the whole interval, which empties a contended resource fastest.
Source: AWS Architecture Blog, Exponential Backoff And Jitter, read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass

from kit.base.ids import Entropy

_DOUBLINGS = 30  # beyond it every cap is reached; keeps 2 ** attempt small


@dataclass(frozen=True, slots=True)
class Backoff:
    """`base_ms` bounds the first wait; each further failure doubles the bound, up to `cap_ms`."""

    base_ms: float = 100.0
    cap_ms: float = 10_000.0

    def delay_ms(self, failures: int, entropy: Entropy) -> float:
        """A wait after the `failures`-th failure in a row (from 1), between one millisecond and the bound."""
        bound = min(self.cap_ms, self.base_ms * 2.0 ** min(max(failures - 1, 0), _DOUBLINGS))
        return max(1.0, bound * entropy.fraction())
