"""Where windows begin and end, in integer milliseconds: over whole columns, and as SQL for DuckDB. Pure.

Division rounds down, so that times before 1970 fall into windows as those after it do.
"""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np

from kit.sql.streaming.windows import Cumulate, Fixed, Hop, Tumble, step_ms


def last_ends(window: Fixed, times_ms: Any) -> Any:
    """The end of the last window that holds each time."""
    match window:
        case Tumble(size, offset) | Cumulate(_, size, offset):
            return (times_ms - offset) // size * size + offset + size
        case Hop(slide, size, offset):
            return (times_ms - offset) // slide * slide + offset + size
    assert_never(window)


def first_ends(window: Fixed, times_ms: Any) -> Any:
    """The end of the first window that holds each time."""
    step = step_ms(window)
    return (times_ms - window.offset_ms) // step * step + window.offset_ms + step


def assigned_sql(window: Fixed, columns: str, time_ms: str, rows: str) -> str:
    """SQL that gives each row once for each window that holds it, with `start_ms` and `end_ms`."""
    match window:
        case Tumble(size, offset):
            start = _floor(time_ms, size, offset)
            return f"SELECT {columns}, {start} AS start_ms, start_ms + {size} AS end_ms FROM {rows}"
        case Hop(slide, size, offset):
            last = _floor(time_ms, slide, offset)
            starts = f"unnest(range({last} - {size - slide}, {last} + 1, {slide}))"
            return f"SELECT *, start_ms + {size} AS end_ms FROM (SELECT {columns}, {starts} AS start_ms FROM {rows})"
        case Cumulate(step, size, offset):
            base = _floor(time_ms, size, offset)
            ends = f"unnest(range({_floor(time_ms, step, offset)} + {step}, {base} + {size} + 1, {step}))"
            return f"SELECT {columns}, {base} AS start_ms, {ends} AS end_ms FROM {rows}"
    assert_never(window)


def stagger(codes: Any, times_ms: Any, size_ms: int) -> Any:
    """The start of the window of each row: rows sorted by key and time; a window begins at the first row of none.

    One step of Python a window, none a row.
    """
    starts = np.empty(len(times_ms), np.int64)
    place, count = 0, len(times_ms)
    bounds = np.flatnonzero(np.diff(codes)) + 1
    ends = np.append(bounds, count)
    key = 0
    while place < count:
        while ends[key] <= place:
            key += 1
        end = place + int(np.searchsorted(times_ms[place : ends[key]], times_ms[place] + size_ms))
        starts[place:end] = times_ms[place]
        place = end
    return starts


def _floor(time_ms: str, size: int, offset: int) -> str:
    shifted = f"({time_ms} - {offset})" if offset else time_ms
    back = f" + {offset}" if offset else ""
    # `//` cuts towards zero, modulo has the sign of the time.
    return f"({shifted} - (({shifted} % {size}) + {size}) % {size}{back})"
