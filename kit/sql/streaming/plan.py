"""What an application comes to: stages in the order in which rows pass them. Values only.

A stage reads one stream (of the workspace, or of the application), keeps rows until their windows close, and answers a
query over the rows of windows that closed. Whoever runs it provides, under `rows`, the rows with their windows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from kit.sql.relations import OutputColumn, RelationColumn, Scan
from kit.sql.streaming.windows import Window

ROWTIME = "rowtime"
"""A row's time: the column that every stream has, hidden from `*`."""
MARK = "rowtime$"
"""The hidden column of an answer that gives the row time of its rows."""
WATERMARK = "watermark$"
"""The hidden column of a stream that gives the watermark before each row, in milliseconds; NULL for rows never late."""
ROW = "row$"
"""The hidden column of a stream that numbers the records of a batch, so that a late one can be traced; may be NULL."""
FROM = "from$"
"""What `prepare` is given beside a fixed window's rows: windows that end up to it do not take the row any more."""
SCORE = "anomaly_score"
"""The column that a forest adds."""
STREAMS = "streams"
"""The database that streams are tables of."""
HIDDEN = (
    RelationColumn(ROWTIME, "timestamp", hidden=True),
    RelationColumn(WATERMARK, "bigint", hidden=True),
    RelationColumn(ROW, "bigint", hidden=True),
)
"""What every stream has beside its columns."""
KEY = "key$"
"""The prefix of the columns that hold the keys of keyed windows."""


@dataclass(frozen=True, slots=True)
class Plain:
    """No window: rows pass as they come."""


Shape: TypeAlias = Window | Plain


@dataclass(frozen=True, slots=True)
class Stage:
    """One SELECT.

    `source` is a stream's name as the application calls it, and `source_columns` what is read of it, with DuckDB's
    types. `target` is the application's stream that it feeds, empty for the answer. `prepare` gives from the source
    (`source_scan`) the columns that the query needs, the row time and the keys of keyed windows; `sql` answers over
    `scan`, which has those columns and the windows'. Its last columns are `marks`.
    """

    source: str
    target: str
    shape: Shape
    prepare: str
    source_scan: str
    source_columns: Mapping[str, str]
    sql: str
    scan: str
    keys: int
    columns: tuple[OutputColumn, ...]
    marks: tuple[str, ...]
    references: tuple[Scan, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def parameters_of(self, sql: str) -> dict[str, Any]:
        """The values that a part of the stage's SQL names."""
        return {name: value for name, value in self.parameters.items() if re.search(rf"\${name}\b", sql)}


@dataclass(frozen=True, slots=True)
class Declared:
    """A stream that the application declares; types are Hive's."""

    name: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Application:
    """`stages` come after those that feed them. `answer` is the target that is the application's answer.

    `times` names, by source, the column that is its event time, where the text says so.
    """

    stages: tuple[Stage, ...]
    answer: str
    sources: tuple[str, ...]
    declared: tuple[Declared, ...] = ()
    times: Mapping[str, str] = field(default_factory=dict)
