"""The kinds of windows, as values.

All lengths are whole milliseconds; windows begin at `offset_ms` after the epoch, in UTC.

A window holds the times from its start up to its end, the end not included. Days are 24 hours: windows know no zone and
no daylight-saving time, so one that follows a zone's midnight has to be given that zone's offset.

Source: Apache Flink documentation, Windowing table-valued functions, read 2026-11; Amazon Kinesis Data Analytics for
SQL Applications Developer Guide, Windowed Queries, read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Tumble:
    """Windows of one size, one after the other."""

    size_ms: int
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Hop:
    """Windows of one size, one begun every slide: a time lies in `size / slide` of them."""

    slide_ms: int
    size_ms: int
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Cumulate:
    """Windows that begin together every `size` and end one step after the other."""

    step_ms: int
    size_ms: int
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """Windows of one key that end where nothing came for longer than the gap: at the last time plus the gap.

    `keys` are SQL expressions of the stage's own text, as the binder wrote them. Two times exactly a gap apart belong
    together, as in Flink.
    """

    gap_ms: int


@dataclass(frozen=True, slots=True)
class Stagger:
    """Windows of one key, each begun by the first record that none holds yet.

    Differs: first by event time, not by arrival, so that the answer does not depend on the order of arrival.
    """

    size_ms: int


@dataclass(frozen=True, slots=True)
class Sliding:
    """Each row with what came before it, `range_ms` back; rows of the same time see each other."""

    range_ms: int


@dataclass(frozen=True, slots=True)
class Forest:
    """RANDOM_CUT_FOREST: each row, in the order of time, with how much it stands out among those before it.

    A forest has so many `trees` over the last `sample` points; a point is the `features` of `shingle` rows together.
    """

    features: tuple[str, ...]
    trees: int = 100
    sample: int = 256
    shingle: int = 1


Fixed: TypeAlias = Tumble | Hop | Cumulate
Keyed: TypeAlias = Session | Stagger
Window: TypeAlias = Fixed | Keyed | Sliding | Forest


def span_ms(window: Fixed) -> int:
    """How long a record stays needed after its own time, at most."""
    return window.size_ms


def step_ms(window: Fixed) -> int:
    """The distance of one possible end to the next."""
    match window:
        case Tumble():
            return window.size_ms
        case Hop():
            return window.slide_ms
        case Cumulate():
            return window.step_ms
