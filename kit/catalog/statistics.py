"""What is known of the values in a table's columns: asked of Athena, kept with the table. Pure but for who is asked.

Source: AWS Glue Developer Guide, Working with column statistics; read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from html import escape
from typing import Any

from kit.catalog.model import Column, Table
from kit.catalog.types import BINARY, BOOLEAN, ArrayType, MapType, StructType, parse

TOP_VALUES = 5
Ask = Callable[[str, str], Sequence[tuple[Any, ...]]]
"""SQL of Athena and a database in, rows out."""


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """Of one column: values are as text, NULLs are no values.

    `distinct`, `minimum`, `maximum` and `top` (the most frequent values with how often they come) are None or empty
    where they make no sense: of nested values and bytes. `version` is the table's at the time `taken`.
    """

    column: str
    type: str
    rows: int
    nulls: int
    distinct: int | None
    minimum: str | None
    maximum: str | None
    top: tuple[tuple[str, int], ...]
    version: int
    taken: datetime


class TableStatistics(Sequence[ColumnStatistics]):
    """The statistics of a table's columns, in their order. `is_stale`: the table has changed since."""

    def __init__(self, table: str, columns: Sequence[ColumnStatistics], *, is_stale: bool) -> None:
        self.table = table
        self.is_stale = is_stale
        self._columns = tuple(columns)

    def __getitem__(self, index: Any) -> Any:
        """By position, or by a column's name."""
        if isinstance(index, str):
            return next(each for each in self._columns if each.column == index.lower())
        return self._columns[index]

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[ColumnStatistics]:
        return iter(self._columns)

    def __repr__(self) -> str:
        rows = [_HEADINGS, *map(_cells, self._columns)]
        widths = [max(len(row[index]) for row in rows) for index in range(len(_HEADINGS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, self._footer()])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{heading}</th>' for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in _cells(each)) + "</tr>"
            for each in self._columns
        )
        return (
            f'<div class="boathouse"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            f"<small>{escape(self._footer())}</small></div>"
        )

    def _footer(self) -> str:
        rows = self._columns[0].rows if self._columns else 0
        return f"{self.table} · {rows:,} rows" + (" · the table has changed since" if self.is_stale else "")


_HEADINGS = ("column", "type", "nulls", "distinct", "min", "max", "most frequent")


def _cells(each: ColumnStatistics) -> tuple[str, ...]:
    return (
        each.column,
        each.type,
        f"{each.nulls:,}",
        "" if each.distinct is None else f"{each.distinct:,}",
        each.minimum or "",
        each.maximum or "",
        ", ".join(f"{value} ({count:,})" for value, count in each.top),
    )


def measure(table: Table, columns: Sequence[Column], ask: Ask, taken: datetime) -> list[ColumnStatistics]:
    """The statistics of these columns: one query for all, and one a column for its most frequent values."""
    source = f"{_quoted(table.database)}.{_quoted(table.name)}"
    wanted = [expression for column in columns for expression in _aggregates(column)]
    ((rows, *values),) = ask(f"SELECT count(*), {', '.join(wanted)} FROM {source}", table.database)
    figures = iter(values)
    found: list[ColumnStatistics] = []
    for column in columns:
        count, distinct, low, high = (next(figures) for _ in range(4))
        top: tuple[tuple[str, int], ...] = ()
        if _is_comparable(column):
            name = _quoted(column.name)
            # Ties go to the lesser text, so that the same rows have the same statistics.
            query = (
                f"SELECT CAST({name} AS varchar) AS v, count(*) AS n FROM {source} WHERE {name} IS NOT NULL "
                f"GROUP BY 1 ORDER BY n DESC, v LIMIT {TOP_VALUES}"
            )
            top = tuple((str(value), int(times)) for value, times in ask(query, table.database))
        found.append(
            ColumnStatistics(
                column.name, column.type, rows, rows - count, distinct, low, high, top, table.version, taken
            )
        )
    return found


def _aggregates(column: Column) -> tuple[str, str, str, str]:
    name = _quoted(column.name)
    if not _is_comparable(column):
        return f"count({name})", "NULL", "NULL", "NULL"
    low, high = f"CAST(min({name}) AS varchar)", f"CAST(max({name}) AS varchar)"
    if parse(column.type) == BOOLEAN:
        low = high = "NULL"
    return f"count({name})", f"count(DISTINCT {name})", low, high


def _is_comparable(column: Column) -> bool:
    kind = parse(column.type)
    return kind != BINARY and not isinstance(kind, (ArrayType, MapType, StructType))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def encode(statistics: ColumnStatistics) -> str:
    """Everything but the column's name."""
    body: Mapping[str, Any] = {**asdict(statistics), "taken": statistics.taken.isoformat()}
    return json.dumps({name: value for name, value in body.items() if name != "column"}, separators=(",", ":"))


def decode(column: str, text: str) -> ColumnStatistics:
    body: dict[str, Any] = json.loads(text)
    body["taken"] = datetime.fromisoformat(body["taken"])
    body["top"] = tuple((value, count) for value, count in body["top"])
    return ColumnStatistics(column, **body)


def in_order(table: Table, found: Sequence[ColumnStatistics]) -> TableStatistics:
    """Those of columns that the table still has, in its order."""
    by_name = {each.column: each for each in found}
    kept = [replace(by_name[each.name]) for each in table.columns if each.name in by_name]
    is_stale = any(each.version != table.version for each in kept)
    return TableStatistics(f"{table.database}.{table.name}", kept, is_stale=is_stale)
