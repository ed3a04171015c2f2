"""How long work tells where it stands. The magics show a bar; everywhere else nobody listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    def update(self, fraction: float | None, message: str = "") -> None:
        """`fraction` is in [0, 1], or None where the end is not known. Cheap to call often: listeners throttle."""
        ...


class Latest:
    """Takes updates on the thread that works, and hands the last of them on from the thread that watches."""

    def __init__(self, message: str = "") -> None:
        self._last: tuple[float | None, str] = None, message

    def update(self, fraction: float | None, message: str = "") -> None:
        self._last = fraction, message

    def tell(self, progress: Progress) -> None:
        """Hand on how far the work has come."""
        progress.update(*self._last)


class Silent:
    """Nobody listens."""

    def update(self, fraction: float | None, message: str = "") -> None:
        del fraction, message
