"""One stage at work: rows in, rows of closed windows out, rows of open windows kept as Arrow.

An operator is handed rows and a watermark: no row that is not late comes later with a time before it. It gives the
answer over the windows that this closes, each once. What it keeps are the rows of open windows, and nothing else.
"""

from __future__ import annotations

from typing import Protocol, assert_never

import pyarrow as pa

from kit.analytics.engine import Engine
from kit.analytics.fixed import FixedWindows
from kit.analytics.keyed import KeyedWindows
from kit.analytics.scoring import ScoredRows
from kit.analytics.sliding import SlidingRange
from kit.analytics.stepping import Asked, Held, References, Step, none_late
from kit.sql.streaming.plan import Plain, Stage
from kit.sql.streaming.windows import Cumulate, Forest, Hop, Session, Sliding, Stagger, Tumble


class Operator(Protocol):
    @property
    def held(self) -> Held:
        """What is kept, to begin again from."""
        ...

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        """Take rows in and move the watermark up."""
        ...


def empty(stage: Stage, references: References, engine: Engine) -> pa.Table:
    """The answer of a stage over no rows: its columns, and whether it can be answered at all."""
    return Asked(stage, references).empty(engine)


def operator(stage: Stage, references: References, held: Held) -> Operator:
    """The operator of a stage, as it was when it kept `held`."""
    asked = Asked(stage, references)
    match stage.shape:
        case Tumble() | Hop() | Cumulate() as window:
            return FixedWindows(asked, window, held)
        case Session() | Stagger() as window:
            return KeyedWindows(asked, window, held)
        case Sliding(range_ms):
            return SlidingRange(asked, range_ms, held)
        case Forest() as forest:
            return ScoredRows(asked, forest, held)
        case Plain():
            return Passing(asked)
    assert_never(stage.shape)


class Passing:
    """No window: rows pass, late or not."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.held = Held(None)

    def step(self, engine: Engine, rows: pa.Table | None, watermark_ms: int) -> Step:
        if rows is None or not rows.num_rows:
            return Step(None, none_late(), watermark_ms)
        return Step(self._asked.answer(engine, rows), none_late(), watermark_ms)
