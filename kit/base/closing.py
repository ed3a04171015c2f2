"""Closing at the end of a `with` body, so that neither of two errors is lost."""

from __future__ import annotations

from collections.abc import Callable


def close_behind(error: BaseException | None, close: Callable[[], None], what: str) -> None:
    """Close `what` when a body has ended with `error`, or without one.

    An error of closing is raised; behind an error of the body it becomes a note of that one.
    """
    try:
        close()
    except Exception as late:
        if error is None:
            raise
        error.add_note(f"{what} had failed as well: {late!r}")
