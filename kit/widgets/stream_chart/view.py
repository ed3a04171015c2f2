"""The model of a live chart in the browser: what the script is given at first, and the messages between the two.

Messages that were sent before a view listens are lost, and while a cell runs none from the browser is heard. So what
a view needs at first is state, which is kept for it, and nothing waits for an answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kit.widgets import vega

STATIC = Path(__file__).parents[1] / "static"

Handle = Callable[[Mapping[str, Any]], None]


class VegaScript(anywidget.AnyWidget):
    """Vega's text, sent to a page once for all charts of a kernel; empty until it is there."""

    _esm = "export default {}"
    text = traitlets.Bytes(b"").tag(sync=True)
    error: Exception | None = None

    def fill(self) -> None:
        try:
            self.text = vega.javascript()
        except Exception as error:
            self.error = error


class ChartView(anywidget.AnyWidget):
    """One model, any number of views."""

    _esm = STATIC / "stream_chart.js"
    _css = STATIC / "stream_chart.css"
    spec = traitlets.Dict().tag(sync=True)
    configs = traitlets.Dict().tag(sync=True)
    palette = traitlets.List().tag(sync=True)
    color = traitlets.Unicode("").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    windows = traitlets.List().tag(sync=True)
    script = traitlets.Unicode("").tag(sync=True)

    def __init__(self, handle: Handle, **state: Any) -> None:
        self._handle = handle
        super().__init__(script=_script().model_id, **state)
        self.on_msg(self._heard)

    def publish(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """Send figures, or a picture, to all views."""
        error = _script().error
        failed = {} if error is None else {"state": "failed", "error": f"Vega could not be made: {error!r}"}
        self.send({**content, **failed}, buffers)

    def _heard(self, widget: object, content: Any, buffers: object) -> None:
        del widget, buffers
        if isinstance(content, dict):
            self._handle(content)


_SCRIPTS: list[VegaScript] = []


def _script() -> VegaScript:
    """The one of this kernel. Filled on a thread of its own: making it takes seconds on a new machine."""
    if not _SCRIPTS:
        _SCRIPTS.append(VegaScript())
        threading.Thread(target=_SCRIPTS[0].fill, name="boathouse-vega", daemon=True).start()
    return _SCRIPTS[0]
