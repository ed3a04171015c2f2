"""ANALYZE: what the planner estimates from, computed over all slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.types import Kind
from kit.warehouse.catalog import ColumnStatistics, StoredColumn, Table, assumed_width
from kit.warehouse.connection import Connection, row
from kit.warehouse.load.placing import all_rows, count, on_scale
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import Shape


def analyzed(cursor: Connection, table: Table, columns: Sequence[str], shape: Shape, now_ms: int) -> Table:
    """The table with its rows counted and the statistics of `columns` (of all, where none are named) renewed."""
    for name in columns:
        if table.column(name) is None:
            known = [column.name for column in table.columns]
            raise KitError(
                "42703", f'column "{name}" of relation "{table.name}" does not exist', did_you_mean(name, known)
            )
    wanted = [column for column in table.columns if not columns or column.name in columns]
    rows = tuple(count(cursor, table, number) if number in table.places(shape) else 0 for number in range(shape.slices))
    counted = replace(table, slice_rows=rows)
    found = _measured(cursor, counted, wanted, shape) if counted.rows else {}
    return replace(
        counted,
        statistics={**table.statistics, **found} if counted.rows else {},
        analyzed_rows=counted.rows,
        analyzed_ms=now_ms,
        changed_rows=0,
        is_measured=True,
    )


def is_current(table: Table, columns: Sequence[str], threshold_percent: int) -> bool:
    """Whether ANALYZE has nothing to do: statistics are there, and few rows have changed since.

    Source: Amazon Redshift Database Developer Guide, "Analyzing tables", analyze_threshold_percent, read 2026-11.
    """
    if not table.is_measured or table.stats_off >= threshold_percent or not table.rows:
        return False
    wanted = columns or [column.name for column in table.columns]
    return all(name in table.statistics for name in wanted)


def predicate_columns(table: Table) -> tuple[str, ...]:
    """Columns that queries are known to filter, join or group by: the keys. None where there are none: then all.

    Differs: Redshift also counts columns that past queries have used as predicates.
    """
    keys = [*table.sortkey.columns, *([table.distkey] if table.distkey is not None else [])]
    return tuple(dict.fromkeys(keys))


def _measured(
    cursor: Connection, table: Table, columns: Sequence[StoredColumn], shape: Shape
) -> dict[str, ColumnStatistics]:
    items: list[str] = []
    for column in columns:
        name = quote(column.name)
        width = f"avg(strlen({name}))" if column.type.is_text else "NULL"
        # Moments as timestamps in UTC: DuckDB would import a library of time zones to make Python's of them.
        scaled = f"CAST({name} AS TIMESTAMP)" if column.type.kind is Kind.TIMESTAMPTZ else name
        extremes = f"min({scaled}), max({scaled})" if not column.type.is_text else "NULL, NULL"
        items += [f"approx_count_distinct({name}), count({name}), {width}, {extremes}"]
    measured = row(cursor, f"SELECT {', '.join(items)} FROM ({all_rows(table, shape)})")
    found: dict[str, ColumnStatistics] = {}
    for index, column in enumerate(columns):
        distinct, present, width_bytes, low, high = measured[index * 5 : index * 5 + 5]
        found[column.name] = ColumnStatistics(
            float(max(1, min(distinct, table.rows))),
            1 - present / table.rows,
            width_bytes if width_bytes is not None else assumed_width(column.type),
            on_scale(low),
            on_scale(high),
        )
    return found
