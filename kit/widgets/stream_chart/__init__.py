"""A chart over a moving window of a stream, drawn as the records arrive.

A piece of the log becomes rows (`decode`), rows become the window (`window`), the window becomes buffers (`packet`),
and a script draws them (`static/stream_chart.js`). `plan` decides from a Vega-Lite specification what has to be read
and what may be thinned; `feed` is the one thread that turns the wheel; `chart` is what the user holds. All but `feed`,
`chart` and `view` is free of threads, of Jupyter and of time.

Whatever speaks `source.Tail` can be shown: a stream, or anything that can say which rows lie behind a position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.widgets.stream_chart.chart import StreamChart as StreamChart
    from kit.widgets.stream_chart.source import Tail as Tail
    from kit.widgets.stream_chart.source import Tailed as Tailed

__all__ = ["StreamChart", "Tail", "Tailed"]

_HOMES = {
    "StreamChart": "kit.widgets.stream_chart.chart",
    "Tail": "kit.widgets.stream_chart.source",
    "Tailed": "kit.widgets.stream_chart.source",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kit.widgets.stream_chart' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
