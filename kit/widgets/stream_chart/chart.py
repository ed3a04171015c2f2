"""A live chart as the user holds it: shown where a browser listens, a still picture everywhere else."""

from __future__ import annotations

import atexit
import re
import weakref
from collections.abc import Mapping
from typing import Any

from kit.base.clock import now_ms
from kit.base.errors import KitError, did_you_mean
from kit.streams import Stream
from kit.widgets import cells
from kit.widgets.charts import Chart
from kit.widgets.charts import chart as still_chart
from kit.widgets.stream_chart import plan as plans
from kit.widgets.stream_chart.decode import Decoder
from kit.widgets.stream_chart.feed import Feed
from kit.widgets.stream_chart.loading import load
from kit.widgets.stream_chart.plan import DATASET, WINDOW_BEGIN, WINDOW_END, Kind, Plan
from kit.widgets.stream_chart.source import ARRIVAL, StreamTail, Tail
from kit.widgets.stream_chart.view import ChartView
from kit.widgets.theme import CATEGORIES, THEMES, ThemeName, config

MARKS = ("line", "point", "area", "bar", "tick", "circle", "square")
DEFAULT_WINDOW = "1m"
WINDOWS = ("10s", "1m", "5m", "1h", "6h", "1d", "7d")
STILL_WIDTH = 600
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)\s*\Z")
_UNIT_MS = {"ms": 1.0, "s": 1_000.0, "m": 60_000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
_SHORTHAND: dict[str, Kind] = {"T": "time", "Q": "number", "N": "text", "O": "text"}
_TIME_TYPES = ("timestamp", "date")
_NUMBER_TYPES = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")


class StreamChart:
    """A chart over a moving window of a stream, or of anything that is a `Tail`.

    Either of columns (`x`, `y`, `color`: names, with Altair's `:T`, `:Q` or `:N` where a type is to be told), or of an
    Altair chart or Vega-Lite specification over the window's rows. Columns are the fields of the records' JSON and the
    columns of the log. `window` is a length of time (`30s`, `5m`, `2h`), or None for all that there is; it moves along
    x where that is a time, else along `time`, by default the time of arrival.

    It begins when it is first shown in a browser. It stops when its cell runs again, when `stop` is called, and with
    the kernel. Raises `INVALID_CHART`.
    """

    def __init__(
        self,
        source: Stream | Tail,
        spec: Any = None,
        *,
        x: str = ARRIVAL,
        y: str = "",
        color: str | None = None,
        mark: str = "line",
        title: str = "",
        window: str | float | None = DEFAULT_WINDOW,
        time: str | None = None,
    ) -> None:
        self._tail: Tail = StreamTail(source) if isinstance(source, Stream) else source
        self._length_ms = milliseconds(window)
        self._title = title
        kinds = self._tail.kinds()
        if spec is None:
            spec = _simple(kinds, x, y, color, mark, title)
        arrival = ARRIVAL if ARRIVAL in kinds else None
        self.plan: Plan = plans.of_specification(spec, time=time, arrival=arrival)
        self._view: ChartView | None = None
        self._feed: Feed | None = None
        self._cell = cells.current()
        _ALL.add(self)
        cells.when_run_again(self._cell, self)

    def pause(self) -> None:
        """Keep the picture as it is; the lag behind the tip goes on being shown."""
        self._running().pause()

    def resume(self) -> None:
        self._running().resume()

    def follow(self) -> None:
        """Let the window end at the tip again."""
        self._running().follow()

    def pin(self, shift: float = 0.0) -> None:
        """Let the window stay where it is; or move it by so many of its lengths (back, if negative) and let it stay."""
        self._running().pin(shift)

    @property
    def window(self) -> float | None:
        """The window's length in seconds."""
        length_ms = self._length_ms if self._feed is None else self._feed.length_ms
        return None if length_ms is None else length_ms / 1000

    @window.setter
    def window(self, length: str | float | None) -> None:
        self._length_ms = milliseconds(length)
        if self._feed is not None:
            self._running().lengthen(self._length_ms)

    @property
    def state(self) -> str:
        """`loading`, `live`, `paused`, `stopped`, `failed`; `still` while no browser has shown it."""
        return "still" if self._feed is None else self._feed.state

    def stop(self) -> None:
        """End it for good; views keep their last picture."""
        if self._feed is not None:
            self._feed.stop()

    def still(self) -> Chart:
        """The window as it is now, as a picture of its own."""
        self._raise_error()
        loaded = load(self._tail, self.plan, Decoder(self.plan), self._length_ms)
        window = loaded.window
        if self.plan.time == ARRIVAL:
            window.add(window.table.slice(0, 0), float(now_ms(self._tail.clock)))
        spec: dict[str, Any] = dict(self.plan.spec)
        spec["width"] = STILL_WIDTH
        spec.pop("autosize", None)
        spec["data"] = {"name": DATASET, "values": window.table.to_pylist()}
        if self.plan.moves_along_x and window.table.num_rows:
            ends = {WINDOW_BEGIN: window.begin_ms(window.end_ms), WINDOW_END: window.end_ms}
            spec["params"] = [
                {**param, "value": ends[param["name"]]} if param.get("name") in ends else param
                for param in spec["params"]
            ]
        return still_chart(spec)

    def __repr__(self) -> str:
        drawn = " and ".join(filter(None, [", ".join(self.plan.y), self.plan.x and f"over {self.plan.x}"]))
        return f"StreamChart of {self._tail.name}: {drawn.replace(' and over', ' over')}, {self.state}"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]] | dict[str, Any]:
        del include, exclude
        self._raise_error()
        bundle: dict[str, Any] = {"image/svg+xml": self.still().svg(), "text/plain": repr(self)}
        if cells.front_end_shows_widgets():
            bundle["application/vnd.jupyter.widget-view+json"] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.view().model_id,
            }
        return bundle

    def view(self) -> ChartView:
        """The widget; made, and fed from then on, when it is first asked for."""
        if self._view is None:
            label = self._title or f"{', '.join(self.plan.y)} of {self._tail.name}"
            self._view = ChartView(
                self._heard,
                spec={**self.plan.spec, "description": label},
                configs={name: _live_config(name) for name in ("light", "dark")},
                palette=list(CATEGORIES),
                color=self.plan.color or "",
                label=label,
                windows=_windows(self._length_ms),
            )
            self._feed = Feed(self._tail, self.plan, self._length_ms, self._view.publish, is_deaf=cells.is_running)
            self._feed.start()
        return self._view

    def _heard(self, content: Mapping[str, Any]) -> None:
        """What a view says or its reader does."""
        feed = self._feed
        assert feed is not None
        match content:
            case {"do": "ready"}:
                feed.show_again()
            case {"do": "drawn", "sequence": int(sequence)}:
                feed.acknowledge(sequence)
            case {"do": "pause"}:
                feed.pause()
            case {"do": "resume"}:
                feed.resume()
            case {"do": "follow"}:
                feed.follow()
            case {"do": "pin", "shift": int(shift) | float(shift)}:
                feed.pin(shift)
            case {"do": "window", "ms": (int() | float() | None) as length_ms}:
                feed.lengthen(length_ms)
            case _:
                pass

    def _running(self) -> Feed:
        self._raise_error()
        if self._feed is None or self._feed.state == "stopped":
            raise KitError(
                "CHART_NOT_RUNNING",
                "The chart is not running.",
                "It begins when a browser first shows it, and ends when its cell runs again or stop() is called.",
            )
        return self._feed

    def _raise_error(self) -> None:
        if self._feed is not None and self._feed.error is not None:
            raise self._feed.error


def milliseconds(length: str | float | None) -> float | None:
    """`90s`, `5m`, `2h` or seconds as a number, in milliseconds. Raises `INVALID_ARGUMENT`."""
    if length is None:
        return None
    if isinstance(length, str):
        found = _DURATION.match(length)
        value = float(found[1]) * _UNIT_MS[found[2]] if found else 0.0
    else:
        value = float(length) * 1000
    if not value > 0:
        raise KitError("INVALID_ARGUMENT", f"'{length}' is no length of a window.", "For example 30s, 5m, 2h or 1d.")
    return value


def _live_config(name: ThemeName) -> dict[str, Any]:
    """A theme without what Vega would compute for every mark of every picture: tooltips and descriptions.

    They take half of the time of a drawing. A canvas shows neither description nor, while it moves, a tooltip.
    """
    found = config(THEMES[name])
    return {**found, "background": "transparent", "aria": False, "mark": {**found["mark"], "tooltip": None}}


def _simple(kinds: Mapping[str, str], x: str, y: str, color: str | None, mark: str, title: str) -> dict[str, Any]:
    if mark not in MARKS:
        raise KitError("INVALID_CHART", f"There is no mark '{mark}'.", did_you_mean(mark, MARKS) or ", ".join(MARKS))
    if not y:
        fields = sorted(kinds.keys() - {"partition_key", "shard_id", "sequence_number", ARRIVAL})
        hint = f"The records have {', '.join(fields)}." if fields else ""
        raise KitError("INVALID_CHART", "Which field is to be drawn? y is missing.", hint)
    across = _column(kinds, x, "time")
    up = _column(kinds, y, "number")
    colored = _column(kinds, color, "text")[0] if color else ("shard_id" if "shard_id" in kinds else None)
    return plans.specification(across, up, colored, mark=mark, title=title)


def _column(kinds: Mapping[str, str], given: str, otherwise: Kind) -> tuple[str, Kind]:
    """A column's name and kind: as told by a shorthand, else as its type says, else as the axis expects."""
    name, colon, shorthand = given.rpartition(":")
    if colon:
        if shorthand not in _SHORTHAND:
            raise KitError("INVALID_CHART", f"'{given}' ends in no type.", "T is a time, Q a number, N a name.")
        return name, _SHORTHAND[shorthand]
    kind = kinds.get(given, "").partition("(")[0]
    if kind in _TIME_TYPES:
        return given, "time"
    if kind in _NUMBER_TYPES:
        return given, "number" if otherwise != "text" else "text"
    return given, otherwise


def _windows(length_ms: float | None) -> list[dict[str, Any]]:
    """What the reader can choose from: the usual lengths, the one that was asked for among them, and all."""
    offered = {milliseconds(name): name for name in WINDOWS}
    if length_ms is not None and length_ms not in offered:
        offered[length_ms] = _named(length_ms)
    ordered = sorted((ms, name) for ms, name in offered.items() if ms is not None)
    return [*({"ms": ms, "name": name} for ms, name in ordered), {"ms": None, "name": "all"}]


def _named(length_ms: float) -> str:
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if length_ms >= _UNIT_MS[unit] or unit == "ms")
    return f"{length_ms / _UNIT_MS[unit]:g}{unit}"


_ALL: weakref.WeakSet[StreamChart] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """End the threads before the interpreter goes."""
    for chart in list(_ALL):
        chart.stop()
