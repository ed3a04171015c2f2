"""The model of the browser widget: questions of the script in, answers out, each with the number of its question.

Questions are answered on one thread of their own, so that neither the kernel nor a change of the catalog waits for a
slow one. The first page is state, so it is there before anything is asked. While somebody looks, the thread that
watches tells when the catalog has changed, by whichever process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kit.base.errors import KitError

STATIC = Path(__file__).parents[1] / "static"
WATCH_SECONDS = 1.0

Answer = Callable[[Mapping[str, Any]], Any]


class BrowserView(anywidget.AnyWidget):
    """One model, any number of views."""

    _esm = STATIC / "catalog_browser.js"
    _css = STATIC / "catalog_browser.css"
    roots = traitlets.Dict().tag(sync=True)

    def __init__(self, answer: Answer, state: Callable[[], object], known: object, **first: Any) -> None:
        """`known` is the state as it was before `first` was read: a change since then is told."""
        self._answer = answer
        self._state = state
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="boathouse-browser")
        super().__init__(**first)
        self.on_msg(self._heard)
        self._watcher = threading.Thread(target=self._watch, args=(known,), name="boathouse-browser-watch", daemon=True)
        self._watcher.start()

    def end(self) -> None:
        """Answer no more; what is shown stays."""
        self._ended.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._watcher.join(WATCH_SECONDS * 5)

    def _heard(self, widget: object, content: Any, buffers: object) -> None:
        del widget, buffers
        if isinstance(content, dict) and not self._ended.is_set():
            self._pool.submit(self._reply, content)

    def _reply(self, question: Mapping[str, Any]) -> None:
        reply: dict[str, Any] = {"kind": "answer", "number": question.get("number")}
        try:
            reply["value"] = plain(self._answer(question))
        except Exception as error:
            reply["error"] = str(error) if isinstance(error, KitError) else repr(error)
        if not self._ended.is_set():
            self.send(reply)

    def _watch(self, known: object) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            try:
                now = self._state()
            except Exception as error:
                self.send({"kind": "failed", "error": f"The catalog is no longer watched: {error}"})
                return
            if now != known:
                self.send({"kind": "changed"})
            known = now


def plain(value: Any) -> Any:
    """A frozen value as JSON has it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
