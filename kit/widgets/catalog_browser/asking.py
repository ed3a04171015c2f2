"""The queries behind a preview and a profile: run by the services as any other, so they are metered like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError
from kit.base.result import Result
from kit.widgets.catalog_browser.details import Grid
from kit.widgets.catalog_browser.place import LakePart, LakeTable, StreamPlace, WarehousePlace, place_of
from kit.widgets.catalog_browser.place import Path as TreePath
from kit.widgets.catalog_browser.warehouse import session
from kit.workspace import Workspace

ROWS = 10
BUCKETS = 12
TOP = 8
CELL_CHARACTERS = 60
_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint", "float", "double", "real", "decimal")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Profile:
    facts: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]
    caption: str


def preview(workspace: Workspace, path: TreePath) -> Grid:
    """A few rows of a table, view or stream. Raises what the query raises."""
    match place_of(path):
        case LakeTable(database, table) | LakePart(database, table):
            found = workspace.athena.sql(f"SELECT * FROM {_quoted(table)} LIMIT {ROWS}", database=database)
        case StreamPlace(stream):
            found = workspace.athena.sql(f"SELECT * FROM {_quoted(stream)} LIMIT {ROWS}", database="streams")
        case WarehousePlace(schema, table) if table:
            with session(workspace) as warehouse:
                found = warehouse.sql(f"SELECT * FROM {_quoted(schema)}.{_quoted(table)} LIMIT {ROWS}")
        case _:
            raise KitError("INVALID_ARGUMENT", "There are no rows to preview.")
    return Grid(found.stats.summary(), tuple(found.columns), tuple(tuple(map(_cell, row)) for row in found.rows))


def profile(workspace: Workspace, path: TreePath) -> Profile:
    """Counts, extremes and the distribution of a column: buckets of equal width for numbers, else the most frequent
    values. Reads the column twice. Raises what the queries raise."""
    match place_of(path):
        case LakePart(database, name, "columns", column) if column:
            kind = next(
                (each.type for each in workspace.catalog.table(database, name).columns if each.name == column), ""
            )
        case _:
            raise KitError("INVALID_ARGUMENT", "Only a column of a table in the lake has a profile.")
    table, value = f"{_quoted(database)}.{_quoted(name)}", _quoted(column)
    if kind.startswith(("array", "map", "struct", "binary")):
        return Profile((("Profile", f"values of type {kind} are not compared"),), (), "")
    [(rows, filled, distinct, least, greatest)] = _rows(
        workspace.athena.sql(
            f"SELECT count(*), count({value}), approx_distinct({value}), min({value}), max({value}) FROM {table}"
        )
    )
    facts = (
        ("Rows", f"{rows:,}"),
        ("NULL", f"{rows - filled:,}"),
        ("Distinct, about", f"{distinct:,}"),
        ("Least", _cell(least)),
        ("Greatest", _cell(greatest)),
    )
    if kind.partition("(")[0] in _NUMBERS and least is not None and least != greatest:
        return Profile(facts, _histogram(workspace, table, value, float(least), float(greatest)), "Rows by value")
    top = _rows(
        workspace.athena.sql(
            f"SELECT {value}, count(*) FROM {table} WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP}"
        )
    )
    return Profile(facts, tuple(Bar(_cell(found), count) for found, count in top), "Most frequent values")


def _histogram(workspace: Workspace, table: str, value: str, least: float, greatest: float) -> tuple[Bar, ...]:
    width = (greatest - least) / BUCKETS
    found = _rows(
        workspace.athena.sql(
            f"SELECT least(CAST(floor((CAST({value} AS double) - :least) / :width) AS integer), {BUCKETS - 1}),"
            f" count(*) FROM {table} WHERE {value} IS NOT NULL GROUP BY 1",
            params={"least": least, "width": width},
        )
    )
    counts = dict(found)
    return tuple(
        Bar(f"{least + place * width:.4g} to {least + (place + 1) * width:.4g}", counts.get(place, 0))
        for place in range(BUCKETS)
    )


def _rows(result: Result) -> list[tuple[Any, ...]]:
    return result.rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…"
