"""How long work tells where it stands. The magics show a bar; everywhere else nobody listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    def update(self, fraction: float | None, message: str = "") -> None:
        """`fraction` is in [0, 1], or None where the end is not known. Cheap to call often: listeners throttle."""
        ...


class Silent:
    """Nobody listens."""

    def update(self, fraction: float | None, message: str = "") -> None:
        del fraction, message
