"""Tables into a stream, whole at a time: what the shards refuse for now is held, and goes first the next time.

Order: each shard takes of a table a run from its first row on, and what it refused is offered again ahead of newer
rows, so no row overtakes another of its shard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from kit.base.clock import Clock

if TYPE_CHECKING:
    import pyarrow as pa

    from kit.streams.records import Appended

Append: TypeAlias = "Callable[[Any], Appended]"
"""`Stream.append`."""

PAUSE_SECONDS = 0.1
LONG_PAUSE_SECONDS = 0.5
MANY_ROWS = 1_000
HELD_ROWS = 100_000


class TableSender:
    """Sends tables with columns `partition_key` and `data` by `append`.

    `sent` rows are in the stream, `waiting` ones were refused so far; `refused` rows did not go in at the first try.
    """

    def __init__(self, append: Append, clock: Clock) -> None:
        self._append = append
        self._clock = clock
        self._held: pa.Table | None = None
        self.sent = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        return 0 if self._held is None else self._held.num_rows

    def send(self, rows: pa.Table) -> None:
        """Offer rows behind those that wait. Blocks while too many wait for shards that are over their limits."""
        import pyarrow as pa

        while self.waiting >= HELD_ROWS:
            self._wait()
        held = self.waiting
        self._offer(rows if self._held is None else pa.concat_tables([self._held, rows]), held)

    @property
    def pause_seconds(self) -> float:
        """How long to wait before a retry: a shard saves up its budget of a second, so it loses nothing meanwhile."""
        return LONG_PAUSE_SECONDS if self.waiting >= MANY_ROWS else PAUSE_SECONDS

    def retry(self) -> None:
        """Offer again what waits."""
        if self._held is not None:
            self._offer(self._held, self.waiting)

    def drain(self) -> None:
        """Return once all rows are in the stream, waiting on the workspace's clock."""
        while self.waiting:
            self._wait()

    def _wait(self) -> None:
        self._clock.sleep(self.pause_seconds)
        self.retry()

    def _offer(self, rows: pa.Table, offered_before: int) -> None:
        """Offer rows, of which the first ones were offered before."""
        # Held before the call: an error in its middle must not lose them.
        self._held = rows
        appended = self._append(rows)
        self.sent += appended.records
        throttled = appended.throttled
        if len(throttled):
            self.refused += sum(position >= offered_before for position in throttled.to_pylist())
            self._held = rows.take(throttled)
        else:
            self._held = None
