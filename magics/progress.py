"""How long work shows where it stands: one bar in a notebook, one line in a terminal, nothing where nobody watches.

A bar appears only once work has taken a while, is redrawn a few times a second, and is gone at the end: a saved
notebook holds nothing of it. A notebook can only take back all of a cell's outputs at once, so there is a bar only
where the magic is all that its cell does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, TextIO

from kit.base.clock import Stopwatch
from kit.base.display import duration
from kit.base.progress import Progress, Silent

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

FIRST_SHOWN_MS = 400.0
REDRAWN_MS = 150.0
BAR_CHARACTERS = 30
_ONLY_A_MAGIC = re.compile(r"\s*(?:%%.*|(?:[^\W\d]\w*\s*=\s*)?%[^\n]*\s*)\Z", re.DOTALL)


@contextmanager
def shown(shell: InteractiveShell, cell: str) -> Iterator[Progress]:
    """Show progress while the body runs; `cell` is the source of the running cell."""
    if hasattr(shell, "kernel") and _ONLY_A_MAGIC.match(cell):
        bar = _Throttled(_NotebookBar(shell).draw)
        try:
            yield bar
        finally:
            if bar.drawn:
                shell.display_pub.clear_output(wait=False)
    elif not hasattr(shell, "kernel") and sys.stderr.isatty():
        line = _TerminalLine(sys.stderr)
        try:
            yield _Throttled(line.draw)
        finally:
            line.erase()
    else:
        yield Silent()


def bar_text(fraction: float | None, message: str, ms: float) -> str:
    """`[######----] 60 % · reading · 1.20 s`; without a fraction, the message and the time."""
    parts = [message or "running", duration(ms)]
    if fraction is not None:
        fraction = min(max(fraction, 0.0), 1.0)
        filled = int(fraction * BAR_CHARACTERS)
        parts.insert(0, f"[{'#' * filled}{'-' * (BAR_CHARACTERS - filled)}] {fraction:.0%}")
    return " · ".join(parts)


class _Throttled:
    """Passes on what is worth drawing. The wait for the first drawing begins with the first update, all loaded."""

    def __init__(self, draw: Callable[[float | None, str, float], None]) -> None:
        self._draw = draw
        self._watch = Stopwatch()
        self._next_ms: float | None = None
        self.drawn = False

    def update(self, fraction: float | None, message: str = "") -> None:
        ms = self._watch.ms
        if self._next_ms is None:
            self._next_ms = ms + FIRST_SHOWN_MS
        if ms >= self._next_ms:
            self._next_ms = ms + REDRAWN_MS
            self.drawn = True
            self._draw(fraction, message, ms)


class _NotebookBar:
    def __init__(self, shell: InteractiveShell) -> None:
        self._publisher = shell.display_pub
        self._display_id = f"boathouse-progress-{shell.execution_count}"
        self._drawn = False

    def draw(self, fraction: float | None, message: str, ms: float) -> None:
        value = "" if fraction is None else f' value="{min(max(fraction, 0.0), 1.0):.3f}"'
        caption = escape(f"{message or 'running'} · {duration(ms)}")
        self._publisher.publish(
            {
                "text/plain": bar_text(fraction, message, ms),
                "text/html": f'<progress max="1"{value}></progress> <small>{caption}</small>',
            },
            transient={"display_id": self._display_id},
            update=self._drawn,
        )
        self._drawn = True


class _TerminalLine:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def draw(self, fraction: float | None, message: str, ms: float) -> None:
        text = bar_text(fraction, message, ms)
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)

    def erase(self) -> None:
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
