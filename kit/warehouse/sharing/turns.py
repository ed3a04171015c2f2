"""How soon a server's threads get their turn while the notebook's own Python is busy.

CPython lets a thread that computes keep the interpreter for 5 ms whenever another one wants it, and a query hands it
over some hundred times: beside a busy loop a query of 8 ms took 526. While clients are connected the turn is short, and
the same query takes 20 to 30. A turn is only cut where another thread waits for it, so idle clients cost nothing. What
holds the interpreter inside of one call of C code still holds it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SHORT_SECONDS: Final = 0.0002

_lock = threading.Lock()
_wanting = 0
_before = 0.0


@contextmanager
def short_turns() -> Iterator[None]:
    """Short turns while the body runs, in any thread; the last one to leave puts back what was set before."""
    global _wanting, _before  # noqa: PLW0603  # the interval is the interpreter's, so its count is too
    with _lock:
        _wanting += 1
        if _wanting == 1:
            _before = sys.getswitchinterval()
            sys.setswitchinterval(min(_before, SHORT_SECONDS))
    try:
        yield
    finally:
        with _lock:
            _wanting -= 1
            if _wanting == 0:
                sys.setswitchinterval(_before)
