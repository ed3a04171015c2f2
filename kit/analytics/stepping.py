"""What all operators share: what a step gives, what is kept between steps, a stage's SQL, and columns as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute

from kit.analytics.engine import Engine
from kit.analytics.watermark import NEVER
from kit.sql.athena.types import quote
from kit.sql.streaming.plan import FROM, MARK, ROW, ROWTIME, SCORE, WATERMARK, Plain, Stage
from kit.sql.streaming.windows import Forest, Sliding

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

TIME: Final = f"epoch_ms({quote(ROWTIME)})"
"""A row's time in milliseconds, as SQL."""
WINDOW: Final = (
    "make_timestamp_ms(start_ms) AS window_start, make_timestamp_ms(end_ms) AS window_end, "
    "make_timestamp_ms(end_ms - 1) AS window_time"
)

References: TypeAlias = Mapping[str, pa.Table]
"""Tables that a stage joins with, by the names that its SQL has for them."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one call gives: `rows` of the answer, or None; the numbers of `late` rows; and the watermark behind it."""

    rows: pa.Table | None
    late: pa.Array
    watermark_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """What an operator keeps between calls: its rows, and up to which watermark it has closed windows."""

    rows: pa.Table | None
    closed_ms: int = NEVER


@dataclass(frozen=True, slots=True)
class Asked:
    """A stage's SQL, ready to be asked."""

    stage: Stage
    references: References

    def prepared(self, engine: Engine, rows: pa.Table) -> pa.Table:
        """What of the source's rows the stage keeps."""
        stage = self.stage
        return engine.query(stage.prepare, {stage.source_scan: rows}, stage.parameters_of(stage.prepare))

    def answer(self, engine: Engine, rows: pa.Table) -> pa.Table:
        """The answer over rows, which have their windows."""
        stage = self.stage
        return engine.query(stage.sql, {**self.references, stage.scan: rows}, stage.parameters_of(stage.sql))

    def empty(self, engine: Engine) -> pa.Table:
        """The answer over no rows, for its columns."""
        kinds = {**self.stage.source_columns, ROWTIME: "TIMESTAMP", WATERMARK: "BIGINT", ROW: "BIGINT", FROM: "BIGINT"}
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {quote(name)}" for name, kind in kinds.items())
        rows = self.prepared(engine, engine.query(f"SELECT {columns} LIMIT 0", {}))
        if isinstance(self.stage.shape, Forest):
            return scored_columns(self.stage, rows, pa.array([], pa.float64()))
        windows = "" if isinstance(self.stage.shape, (Plain, Sliding)) else f", {WINDOW}"
        source = "(SELECT *, 0 AS start_ms, 0 AS end_ms FROM held)"
        named = ", ".join(quote(name) for name in rows.column_names)
        return self.answer(engine, engine.query(f"SELECT {named}{windows} FROM {source}", {"held": rows}))


def split(rows: pa.Table, times: Any, is_late: Any) -> tuple[pa.Array, pa.Table, Any]:
    """The numbers of late rows, and the other rows with their times."""
    if not is_late.any():
        return none_late(), rows, times
    late = rows.column(ROW).filter(pa.array(is_late)).combine_chunks()
    return late, rows.filter(pa.array(~is_late)), times[~is_late]


def joined(tables: list[pa.Table]) -> pa.Table | None:
    """All rows as one table; the list is left with that one."""
    if not tables:
        return None
    if len(tables) > 1:
        tables[:] = [pa.concat_tables(tables)]
    return tables[0]


def times_of(rows: pa.Table) -> Any:
    return milliseconds(rows.column(ROWTIME))


def milliseconds(times: Any) -> Any:
    return np.asarray(times.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()))


def watermarks_of(rows: pa.Table) -> Any:
    return np.asarray(_compute.fill_null(rows.column(WATERMARK), NEVER))


def integers(rows: pa.Table, name: str) -> Any:
    return np.asarray(rows.column(name).cast(pa.int64()))


def none_late() -> pa.Array:
    return pa.array([], pa.int64())


def scored_columns(stage: Stage, rows: pa.Table, scores: pa.Array) -> pa.Table:
    """The columns of a forest's answer: the cursor's, the score, the row time."""
    names = [column.name for column in stage.columns if column.name != SCORE]
    return rows.select(names).append_column(SCORE, scores).append_column(MARK, rows.column(ROWTIME))
