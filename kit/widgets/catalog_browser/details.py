"""What is known of a place: figures, where it lies, who reads it, what changed. Values only; nothing is run for it.

Sizes are counted up to a limit, so that a table of a million objects answers at once and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, assert_never

from kit.base import display
from kit.base.errors import KitError
from kit.catalog.model import Table
from kit.catalog.serde import format_of
from kit.widgets.catalog_browser.place import (
    LakeDatabase,
    LakePart,
    LakeTable,
    Place,
    Root,
    StreamList,
    StreamPlace,
    WarehousePlace,
    place_of,
)
from kit.widgets.catalog_browser.tree import partition_label
from kit.widgets.catalog_browser.warehouse import session
from kit.workspace import Workspace

OBJECTS = 5_000
RECENT_QUERIES = 500
READERS = 5
SELECTED_COLUMNS = 30


@dataclass(frozen=True, slots=True)
class Grid:
    """A small table: a caption, names of columns, rows of text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Details:
    """`select` is a query of it, with the magic that runs it, where it can be asked; `profiles` says whether a column
    can be profiled."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    grids: tuple[Grid, ...] = ()
    lines: tuple[str, ...] = ()
    select: str = ""
    profiles: bool = False


def details(workspace: Workspace, path: Sequence[str]) -> Details:
    """Raises what the services raise for what is not there any more."""
    place = place_of(path)
    match place:
        case Root() | StreamList():
            return Details("Streams" if isinstance(place, StreamList) else "Catalog")
        case LakeDatabase(name):
            database = workspace.catalog.database(name)
            facts = [("Description", database.description), ("Location", database.location)]
            return Details(name, tuple(fact for fact in facts if fact[1]))
        case LakeTable(database, name):
            return _table(workspace, workspace.catalog.table(database, name))
        case LakePart():
            return _part(workspace, place)
        case StreamPlace(name):
            return _stream(workspace, name)
        case WarehousePlace():
            return _warehouse(workspace, place)
        case _:
            assert_never(place)


def select_of(workspace: Workspace, place: Place) -> str:
    """A cell that asks for the place's rows; empty where there are none to ask for."""
    match place:
        case LakeTable(database, name) | LakePart(database, name, "columns"):
            table = workspace.catalog.table(database, name)
            return _select("athena", [column.name for column in table.columns], (table.database, table.name))
        case LakePart(database, name, "partitions", values) if values:
            table = workspace.catalog.table(database, name)
            where = [
                f"{_quoted(key.name)} IS NULL"
                if value is None
                else f"{_quoted(key.name)} = {_literal(value, key.type)}"
                for key, value in zip(table.partition_keys, json.loads(values), strict=True)
            ]
            names = [column.name for column in table.columns]
            return _select("athena", names, (table.database, table.name), " AND ".join(where))
        case StreamPlace(name):
            return _select("stream", (), (name,))
        case WarehousePlace(schema, table) if table:
            return _select("warehouse", (), (schema, table))
        case _:
            return ""


def _select(magic: str, columns: Sequence[str], names: Iterable[str], where: str = "") -> str:
    shown = ", ".join(map(_quoted, columns)) if 0 < len(columns) <= SELECTED_COLUMNS else "*"
    lines = [f"%%{magic}", f"SELECT {shown}", f"FROM {'.'.join(map(_quoted, names))}"]
    return "\n".join([*lines, *([f"WHERE {where}"] if where else []), "LIMIT 20"])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str, kind: str) -> str:
    text = "'" + value.replace("'", "''") + "'"
    if kind == "string" or kind.startswith(("varchar", "char")):
        return text
    return f"CAST({text} AS {kind})"


def _table(workspace: Workspace, table: Table) -> Details:
    facts = [("Kind", "view" if table.table_type == "VIRTUAL_VIEW" else "table"), ("Version", str(table.version))]
    if table.description:
        facts.append(("Description", table.description))
    if table.table_type != "VIRTUAL_VIEW":
        facts += [("Format", table.parameters.get("classification") or format_of(table.descriptor.serde))]
    if table.descriptor.location:
        facts += [("Location", table.descriptor.location), ("Holds", _holds(workspace, table.descriptor.location))]
    if table.partition_keys:
        count = workspace.catalog.partition_count(table.database, table.name)
        facts.append(("Partitions", f"{count:,} by {', '.join(key.name for key in table.partition_keys)}"))
    if table.updated:
        facts.append(("Changed", table.updated.strftime("%Y-%m-%d %H:%M:%S UTC")))
    readers = tuple(_readers(workspace, table))
    grids = (Grid("Read by", ("when", "workgroup", "state", "query"), readers),) if readers else ()
    select = select_of(workspace, LakeTable(table.database, table.name))
    lines = (table.view_text,) if table.view_text else ()
    return Details(f"{table.database}.{table.name}", tuple(facts), grids, lines, select)


def _holds(workspace: Workspace, location: str) -> str:
    """Objects and bytes below a location; of very many only that there are more."""
    try:
        sizes = [found.size_bytes for found in islice(workspace.storage.iter(location), OBJECTS + 1)]
    except KitError as error:
        return error.message
    if len(sizes) > OBJECTS:
        return f"more than {OBJECTS:,} objects, {display.size(sum(sizes))} in the first of them"
    return f"{display.count(len(sizes), 'object')}, {display.size(sum(sizes))}"


def _readers(workspace: Workspace, table: Table) -> Iterator[tuple[str, ...]]:
    """The last queries that name the table, in whatever way: newest first."""
    if not (workspace.path / "athena").is_dir():
        return
    names = re.compile(rf"(?<![\w$]){re.escape(table.name)}(?![\w$])", re.IGNORECASE)
    found = (
        each
        for each in workspace.athena.executions(RECENT_QUERIES)
        if names.search(each.statement)
        and (each.database == table.database or table.database in each.statement.lower())
    )
    for each in islice(found, READERS):
        text = " ".join(each.statement.split())
        when = each.submitted.strftime("%Y-%m-%d %H:%M:%S")
        yield when, each.workgroup, each.state, text if len(text) <= 100 else f"{text[:99]}…"


def _part(workspace: Workspace, place: LakePart) -> Details:
    table = workspace.catalog.table(place.database, place.table)
    title = f"{table.database}.{table.name}"
    match place:
        case LakePart(_, _, "columns", name) if name:
            column = next((each for each in table.columns if each.name == name), None)
            if column is None:
                raise KitError("EntityNotFoundException", f"There is no column '{name}' in {title}.")
            role = "partition key" if column in table.partition_keys else "column"
            facts = [("Type", column.type), ("Role", role), *([("Comment", column.comment)] if column.comment else [])]
            return Details(f"{title}.{name}", tuple(facts), profiles=True)
        case LakePart(_, _, "partitions", values) if values:
            wanted = tuple(json.loads(values))
            partition = workspace.catalog.find_partition(place.database, place.table, wanted)
            if partition is None:
                raise KitError("EntityNotFoundException", f"There is no such partition of {title} any more.")
            label = partition_label([key.name for key in table.partition_keys], partition.values)
            facts = [("Location", partition.location), ("Holds", _holds(workspace, partition.location))]
            return Details(f"{title}, {label}", tuple(facts), select=select_of(workspace, place))
        case LakePart(_, _, "versions", version) if version:
            return _version(workspace, table, int(version))
        case _:
            return _table(workspace, table)


def _version(workspace: Workspace, table: Table, version: int) -> Details:
    versions = {each.version: each for each in workspace.catalog.table_versions(table.database, table.name)}
    before = max((each for each in versions if each < version), default=None)
    title = f"{table.database}.{table.name}, version {version}"
    if version not in versions:
        raise KitError("EntityNotFoundException", f"There is no {title}.")
    grid = Grid("Columns", ("name", "type"), tuple((each.name, each.type) for each in versions[version].columns))
    if before is None:
        return Details(title, (("Before it", "nothing"),), (grid,))
    found = workspace.catalog.diff(table.database, table.name, before, version)
    return Details(title, (("Compared with", f"version {before}"),), (grid,), found.lines() or ("no difference",))


def _stream(workspace: Workspace, name: str) -> Details:
    from kit.widgets import stream_overview

    stream = workspace.streams[name]
    shards = stream_overview.describe(workspace, name)
    consumers = stream_overview.consumers(workspace, name)
    grids = [_grid("Shards", shards)]
    if len(consumers.rows):
        grids.append(_grid("Consumers, and how far behind they are", consumers))
    facts = [("Records", display.count(sum(row[3] for row in shards.rows), "record")), ("ARN", stream.arn)]
    return Details(name, tuple(facts), tuple(grids), select=select_of(workspace, StreamPlace(name)))


def _grid(caption: str, result: Any) -> Grid:
    rows = tuple(tuple("" if value is None else str(value) for value in row) for row in result.rows)
    return Grid(caption, tuple(result.columns), rows)


def _warehouse(workspace: Workspace, place: WarehousePlace) -> Details:
    if not place.table:
        return Details(place.schema or "Warehouse")
    title = f"{place.schema}.{place.table}"
    if place.column:
        with session(workspace) as warehouse:
            encoding = dict(warehouse.design(title).encodings).get(place.column, "")
        return Details(f"{title}.{place.column}", (("Encoding", encoding),) if encoding else ())
    select = select_of(workspace, WarehousePlace(place.schema, place.table))
    with session(workspace) as warehouse:
        try:
            design = warehouse.design(title)
        except KitError:
            return Details(title, (("Kind", "view"),), select=select)
    parts = tuple(
        (
            str(part.node),
            str(part.slice),
            f"{part.rows:,}",
            f"{part.sorted_percent:.0f} %",
            display.size(part.size_bytes),
        )
        for part in design.parts
    )
    facts = (
        ("Distribution", design.diststyle),
        ("Sort key", design.sortkey or "none"),
        ("Rows", f"{design.rows:,}"),
        ("Skew", f"{design.skew_rows:.2f} (fullest slice over emptiest)"),
        ("Unsorted", f"{design.unsorted_percent:.0f} %"),
        ("Statistics off", f"{design.stats_off:.0f} %"),
    )
    return Details(title, facts, (Grid("Slices", ("node", "slice", "rows", "sorted", "size"), parts),), select=select)
