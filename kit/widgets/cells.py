"""Which cell of a notebook runs, when it runs again, and whether somebody looks who can show widgets.

The one place that asks IPython's kernel. Outside of a kernel there is no cell, and nobody looks.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any, NewType, Protocol

CellId = NewType("CellId", str)


class Stoppable(Protocol):
    def stop(self) -> None: ...


_OF_CELL: dict[CellId, weakref.WeakSet[Any]] = {}
_WATCHED: weakref.WeakSet[Any] = weakref.WeakSet()
_RUNNING = threading.Event()


def current() -> CellId | None:
    """The cell that runs; None where front ends do not tell, as papermill and terminals do not."""
    metadata = _request().get("metadata") or {}
    cell = metadata.get("cellId")
    return CellId(cell) if isinstance(cell, str) else None


def front_end_shows_widgets() -> bool:
    """Whether the running cell belongs to a document that somebody has open.

    Notebook front ends name the cell in their requests; programs that run notebooks (papermill, nbval, nbclient) do
    not, and would keep a dead widget in place of a picture.
    """
    return current() is not None


def when_run_again(cell: CellId | None, thing: Stoppable) -> None:
    """Stop a thing when its cell runs again."""
    shell = _shell()
    if cell is None or shell is None:
        return
    _watch(shell)
    _OF_CELL.setdefault(cell, weakref.WeakSet()).add(thing)


def is_running() -> bool:
    """Whether a cell runs, as far as it is watched: then the kernel hears nothing from its front ends."""
    return _RUNNING.is_set()


def _watch(shell: Any) -> None:
    """Called while a cell runs."""
    if shell not in _WATCHED:
        shell.events.register("pre_run_cell", _before_cell)
        shell.events.register("post_run_cell", _after_cell)
        _WATCHED.add(shell)
        _RUNNING.set()


def _before_cell(info: Any) -> None:
    _RUNNING.set()
    cell = getattr(info, "cell_id", None)
    for thing in _OF_CELL.pop(cell, ()) if cell is not None else ():
        thing.stop()


def _after_cell(result: Any) -> None:
    del result
    _RUNNING.clear()


def _request() -> dict[str, Any]:
    kernel = getattr(_shell(), "kernel", None)
    if kernel is None:
        return {}
    return kernel.get_parent("shell") or {}


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()
