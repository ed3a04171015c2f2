"""The thread behind a live chart: it follows the source, keeps the window and sends a picture when one is wanted.

Owns all that changes while a chart lives. Paced by those who draw: the next picture is made when one has been drawn, of
what is newest then. Where nobody tells of one it slows down, since nobody looks; but while a cell runs nobody can be
heard, and time alone sets the pace. An error ends the thread, is kept, and is sent as its last word.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

from kit.base.clock import Stopwatch, now_ms
from kit.base.errors import KitError
from kit.widgets.stream_chart.decode import Decoder
from kit.widgets.stream_chart.loading import Loaded, load
from kit.widgets.stream_chart.packet import Places, pack
from kit.widgets.stream_chart.plan import Plan
from kit.widgets.stream_chart.source import ARRIVAL, Tail
from kit.widgets.stream_chart.window import PIXELS

State = Literal["loading", "live", "paused", "stopped", "failed"]
Publish = Callable[[Mapping[str, Any], list[memoryview]], None]

TICK_MS = 33.0
STATUS_MS = 500.0
UNHEARD_MS = 250.0
"""Without a word of a picture drawn, the next one goes out after this time."""
DEAF_MS = 66.0
"""While nothing can be heard, the next one goes out after this time."""
UNSEEN_MS = 5_000.0
"""Without a word for this long, nobody looks."""
UNSEEN_TICK_MS = 1_000.0
RATE_MS = 2_000.0


class Feed:
    """Feeds one chart. Its methods may be called from any thread."""

    def __init__(
        self,
        source: Tail,
        plan: Plan,
        length_ms: float | None,
        publish: Publish,
        *,
        is_deaf: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._plan = plan
        self._publish = publish
        self._is_deaf = is_deaf
        self._watch = Stopwatch()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        # Below: what was asked for, changed under the condition.
        self._length_ms = length_ms
        self._pinned_end_ms: float | None = None
        self._wants_pause = False
        self._wants_stop = False
        self._wants_load = True
        self._wants_picture = True
        self._acknowledged = 0
        self._heard_ms = 0.0
        # Below: the thread's own.
        self._decoder = Decoder(plan)
        self._loaded: Loaded | None = None
        self._places = Places()
        self._counts: deque[tuple[float, Mapping[str, int]]] = deque()
        self._waiting: Mapping[str, int] = {}  # records that were counted while paused, by part
        self._parts: list[str] = []
        self._sequence = 0
        self._sent_ms = 0.0
        self._status_ms = 0.0
        self._behind_ms = 0
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin, if it has not begun."""
        with self._changed:
            if self._thread is None and not self._wants_stop:
                self._thread = threading.Thread(
                    target=self._run, name=f"boathouse-chart-{self._source.name}", daemon=True
                )
                self._thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """End the thread and wait for it; the picture stays as it is."""
        self._ask(_wants_stop=True)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_seconds)

    def pause(self) -> None:
        self._ask(_wants_pause=True)

    def resume(self) -> None:
        self._ask(_wants_pause=False)

    def follow(self) -> None:
        """Let the window end at the tip."""
        with self._changed:
            was_pinned, self._pinned_end_ms = self._pinned_end_ms is not None, None
            self._wants_load = self._wants_load or was_pinned
            self._changed.notify_all()

    def pin(self, shift: float = 0.0) -> None:
        """Let the window stay where it is, or move by so many of its lengths and stay there."""
        with self._changed:
            loaded = self._loaded
            end = self._pinned_end_ms
            if end is None and loaded is not None:
                end = loaded.window.end_ms
            if end is None or end == float("-inf"):
                return
            self._pinned_end_ms = end + shift * (self._length_ms or 0.0)
            self._wants_load = self._wants_load or bool(shift)
            self._wants_picture = True
            self._changed.notify_all()

    def lengthen(self, length_ms: float | None) -> None:
        """Show another length of time, read anew from the source."""
        self._ask(_length_ms=length_ms, _wants_load=True)

    def acknowledge(self, sequence: int) -> None:
        """A picture has been drawn somewhere."""
        with self._changed:
            self._acknowledged = max(self._acknowledged, sequence)
            self._heard_ms = self._watch.ms
            self._changed.notify_all()

    def show_again(self) -> None:
        """Somebody new looks: send what there is."""
        with self._changed:
            self._heard_ms = self._watch.ms
            self._wants_picture = True
            self._changed.notify_all()

    @property
    def state(self) -> State:
        if self.error is not None:
            return "failed"
        if self._wants_stop:
            return "stopped"
        if self._wants_pause:
            return "paused"
        return "loading" if self._loaded is None else "live"

    @property
    def length_ms(self) -> float | None:
        return self._length_ms

    @property
    def is_following(self) -> bool:
        return self._pinned_end_ms is None

    def _ask(self, **wanted: Any) -> None:
        with self._changed:
            for name, value in wanted.items():
                setattr(self, name, value)
            self._wants_picture = True
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while not self._wants_stop:
                self._turn()
        except Exception as error:
            self.error = error
        self._send(with_rows=False)

    def _turn(self) -> None:
        with self._changed:
            self._changed.wait(self._pause_seconds())
            if self._wants_stop:
                return
            wants_load, self._wants_load = self._wants_load, False
            pinned_end_ms, length_ms, is_paused = self._pinned_end_ms, self._length_ms, self._wants_pause
        if wants_load:
            self._load(length_ms, pinned_end_ms)
        elif is_paused:
            self._look()
        else:
            self._follow(pinned_end_ms)

    def _load(self, length_ms: float | None, pinned_end_ms: float | None) -> None:
        self._loaded = load(
            self._source,
            self._plan,
            self._decoder,
            length_ms,
            pinned_end_ms=pinned_end_ms,
            going_on=lambda: not self._wants_stop and not self._wants_load,
        )
        self._behind_ms = 0
        self._send_picture(pinned_end_ms)

    def _look(self) -> None:
        """While paused: only see how far the tip has gone."""
        assert self._loaded is not None
        if self._wants_picture:
            self._send_picture(self._pinned_end_ms)
        elif self._watch.ms - self._status_ms >= STATUS_MS:
            tailed = self._source.tail(self._loaded.position, self._plan.names)
            self._behind_ms = tailed.behind_ms
            self._count({part: count - self._waiting.get(part, 0) for part, count in tailed.counts.items()})
            self._waiting = tailed.counts
            self._send(with_rows=False)

    def _follow(self, pinned_end_ms: float | None) -> None:
        assert self._loaded is not None
        before = self._loaded.read
        tailed = self._loaded.take(self._source, self._decoder, self._plan.names, pinned_end_ms)
        self._behind_ms = tailed.behind_ms
        counts = tailed.counts or {"": self._loaded.read - before}
        self._count({part: count - self._waiting.get(part, 0) for part, count in counts.items()})
        self._waiting = {}
        moves = self._loaded.read > before or self._idle_step_is_over(pinned_end_ms)
        self._wants_picture = self._wants_picture or moves
        if self._wants_picture and self._may_send():
            self._send_picture(pinned_end_ms)
        elif self._watch.ms - self._status_ms >= STATUS_MS:
            self._send(with_rows=False)

    def _idle_step_is_over(self, pinned_end_ms: float | None) -> bool:
        """Whether a window that moves with the clock has moved by a pixel since the last picture."""
        if self._plan.time != ARRIVAL or pinned_end_ms is not None:
            return False
        return self._watch.ms - self._sent_ms >= max((self._length_ms or 0.0) / PIXELS, TICK_MS * 2)

    def _may_send(self) -> bool:
        patience_ms = UNHEARD_MS
        if self._is_deaf():
            patience_ms = DEAF_MS
            self._heard_ms = self._watch.ms
        return self._sequence <= self._acknowledged or self._watch.ms - self._sent_ms >= patience_ms

    def _pause_seconds(self) -> float:
        if self._wants_load or self._wants_stop:
            return 0.0
        if self._watch.ms - self._heard_ms > UNSEEN_MS:
            return UNSEEN_TICK_MS / 1000
        return max(TICK_MS - (self._watch.ms - self._sent_ms), TICK_MS / 4) / 1000

    def _count(self, counts: Mapping[str, int]) -> None:
        now = self._watch.ms
        self._counts.append((now, counts))
        self._parts = sorted({*self._parts, *counts} - {""})
        while self._counts and self._counts[0][0] < now - RATE_MS:
            self._counts.popleft()

    def _send_picture(self, pinned_end_ms: float | None) -> None:
        assert self._loaded is not None
        window = self._loaded.window
        if self._plan.time == ARRIVAL and not self._wants_pause:
            window.add(self._decoder.empty(), float(now_ms(self._source.clock)), pinned_end_ms)
        self._wants_picture = False
        self._sequence += 1
        self._sent_ms = self._watch.ms
        self._send(with_rows=True, end_ms=window.end_ms if pinned_end_ms is None else pinned_end_ms)

    def _send(self, *, with_rows: bool, end_ms: float = 0.0) -> None:
        self._status_ms = self._watch.ms
        figures = self._figures()
        buffers: list[memoryview] = []
        if with_rows and self._loaded is not None:
            window = self._loaded.window
            if "shard_id" in self._plan.series and self._parts:
                self._places.settle("shard_id", self._parts)
            described, buffers = pack(window.table, self._plan.columns, self._places)
            begin = window.begin_ms(end_ms)
            figures |= {
                "kind": "picture",
                "sequence": self._sequence,
                "columns": described,
                "marks": window.table.num_rows,
                "newest": window.newest_ms if window.table.num_rows else None,
                "begin": begin if begin < end_ms else end_ms - 1,
                "end": end_ms,
            }
        self._publish(figures, buffers)

    def _figures(self) -> dict[str, Any]:
        loaded = self._loaded
        elapsed_ms = max(self._watch.ms - self._counts[0][0], 250.0) if self._counts else RATE_MS
        rates = dict.fromkeys(self._parts, 0.0)
        total = 0
        for _, counts in self._counts:
            total += sum(counts.values())
            for part in counts.keys() & rates.keys():
                rates[part] += counts[part] * 1000 / elapsed_ms
        figures: dict[str, Any] = {
            "kind": "status",
            "state": self.state,
            "following": self.is_following,
            "window_ms": self._length_ms,
            "rate": total * 1000 / elapsed_ms,
            "parts": list(rates.items()),
            "behind_ms": self._behind_ms,
            "read": loaded.read if loaded else 0,
            "left_out": loaded.left_out if loaded else 0,
            "reason": loaded.reason if loaded else "",
        }
        if self.error is not None:
            figures["error"] = str(self.error) if isinstance(self.error, KitError) else repr(self.error)
        return figures
