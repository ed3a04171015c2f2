"""What the planner says when it cannot distribute a query block: never the user's error, always a fallback."""

from __future__ import annotations


class Undistributable(Exception):  # noqa: N818
    """This block has no distributed form here; the block that holds it runs on the leader over the slice views."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
