"""ANALYZE and VACUUM. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kit.sql.redshift.statements.names import TableName


@dataclass(frozen=True, slots=True)
class Analyze:
    """Without a table: all. `predicate_columns`: only columns that queries have filtered, joined or grouped by."""

    table: TableName | None = None
    columns: tuple[str, ...] = ()
    predicate_columns: bool = False
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class AnalyzeCompression:
    """Without a table: all of them."""

    table: TableName | None = None
    columns: tuple[str, ...] = ()
    comp_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Vacuum:
    """Without a table: all. `threshold_percent` is None where TO n PERCENT was not said (the default is 95)."""

    mode: Literal["FULL", "SORT ONLY", "DELETE ONLY", "REINDEX", "RECLUSTER"] = "FULL"
    table: TableName | None = None
    threshold_percent: int | None = None
    boost: bool = False
