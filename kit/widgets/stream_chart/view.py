"""The model of a live chart in the browser: what the script is given at first, and the messages between the two.

From the browser: `ready`, `drawn`, `vega` and what its controls do. To it: pictures, figures, and Vega itself when it
is asked for. Messages that were sent before a view listens are lost, so nothing is sent before one has said `ready`.
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

    def __init__(self, handle: Handle, **state: Any) -> None:
        self._handle = handle
        super().__init__(**state)
        self.on_msg(self._heard)

    def publish(self, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """Send figures, or a picture, to all views."""
        self.send(dict(content), buffers)

    def _heard(self, widget: object, content: Any, buffers: object) -> None:
        del widget, buffers
        if not isinstance(content, dict):
            return
        if content.get("do") == "vega":
            # Made on a thread of its own: the kernel must not wait for it.
            threading.Thread(target=self._send_vega, name="boathouse-vega", daemon=True).start()
        else:
            self._handle(content)

    def _send_vega(self) -> None:
        try:
            self.send({"kind": "vega"}, [vega.javascript()])
        except Exception as error:
            self.send({"kind": "status", "state": "failed", "error": f"Vega could not be made: {error!r}"})
