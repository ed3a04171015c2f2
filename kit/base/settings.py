"""What can be set for a workspace, with defaults that suit a laptop."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 8 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sizes are in bytes.

    `threads`: cores that queries may use. `memory_bytes`: what one query engine may hold before it spills.
    `result_bytes`: how large a Result may grow in the kernel's memory before it stays a stream. `page_rows`: rows that
    a display shows.
    """

    threads: int = field(default_factory=_cores)
    memory_bytes: int = field(default_factory=lambda: _memory_bytes() * 6 // 10)
    result_bytes: int = field(default_factory=lambda: min(_memory_bytes() // 8, 2 << 30))
    page_rows: int = 20
