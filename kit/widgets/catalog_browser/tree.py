"""What lies below a place, a page at a time. Reads the services, keeps nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from kit.base import display
from kit.widgets.catalog_browser.place import (
    LakeDatabase,
    LakePart,
    LakeTable,
    Path,
    Root,
    StreamList,
    StreamPlace,
    WarehousePlace,
    place_of,
)
from kit.widgets.catalog_browser.warehouse import session
from kit.workspace import Workspace

PAGE = 200


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the tree. `kind` chooses its sign; `detail` is a word or two beside the label."""

    path: Path
    label: str
    kind: str
    detail: str = ""
    unfolds: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the `total` nodes below a place."""

    nodes: tuple[Node, ...]
    total: int


def children(workspace: Workspace, path: Sequence[str], offset: int = 0, limit: int = PAGE) -> Page:
    """The nodes below a place from `offset` on. Raises what the services raise for what is not there any more."""
    place = place_of(path)
    match place:
        case Root():
            return _whole(_roots(workspace))
        case LakeDatabase(database):
            return _tables(workspace, database, offset, limit)
        case LakeTable(database, table):
            return _whole(_parts(workspace, database, table))
        case LakePart(database, table, part, ""):
            return _part(workspace, database, table, part, offset, limit)
        case LakePart():
            return Page((), 0)
        case StreamList():
            return _named(list(workspace.streams), ("streams",), "stream", offset, limit)
        case StreamPlace(stream, ""):
            return _whole(_shards(workspace, stream))
        case StreamPlace():
            return Page((), 0)
        case WarehousePlace():
            return _warehouse(workspace, place, offset, limit)
        case _:
            assert_never(place)


def _whole(nodes: Sequence[Node]) -> Page:
    return Page(tuple(nodes), len(nodes))


def _named(names: Sequence[str], above: Path, kind: str, offset: int, limit: int) -> Page:
    """Nodes of these names, all of one kind, that unfold."""
    shown = names[offset : offset + limit]
    return Page(tuple(Node((*above, name), name, kind, "", True) for name in shown), len(names))


def _roots(workspace: Workspace) -> list[Node]:
    nodes = [
        Node(("lake", found.name), found.name, "database", _count(workspace, found.name), True)
        for found in workspace.catalog.databases()
    ]
    # A service that was never used has no folder, and is not to be made by looking.
    if (workspace.path / "streams").is_dir() and len(workspace.streams):
        nodes.append(Node(("streams",), "streams", "streams", str(len(workspace.streams)), True))
    if (workspace.path / "warehouse").is_dir():
        nodes.append(Node(("warehouse",), "warehouse", "warehouse", "", True))
    return nodes


def _count(workspace: Workspace, database: str) -> str:
    return display.count(len(workspace.catalog.table_names(database)), "table")


def _tables(workspace: Workspace, database: str, offset: int, limit: int) -> Page:
    workspace.catalog.database(database)
    names = workspace.catalog.table_names(database)
    return _named(names, ("lake", database), "table", offset, limit)


def _parts(workspace: Workspace, database: str, name: str) -> list[Node]:
    table = workspace.catalog.table(database, name)
    path: Path = ("lake", table.database, table.name)
    nodes = [Node((*path, "columns"), "columns", "columns", str(len(table.columns)), True)]
    if table.partition_keys:
        count = workspace.catalog.partition_count(database, name)
        nodes.append(Node((*path, "partitions"), "partitions", "partitions", f"{count:,}", count > 0))
    nodes.append(Node((*path, "versions"), "versions", "versions", str(table.version), True))
    return nodes


def _part(workspace: Workspace, database: str, name: str, part: str, offset: int, limit: int) -> Page:
    table = workspace.catalog.table(database, name)
    path: Path = ("lake", table.database, table.name, part)
    if part == "columns":
        keys = {key.name for key in table.partition_keys}
        nodes = [
            Node((*path, column.name), column.name, "key" if column.name in keys else "column", column.type)
            for column in table.columns
        ]
        return Page(tuple(nodes[offset : offset + limit]), len(nodes))
    if part == "versions":
        versions = workspace.catalog.table_versions(database, name)
        nodes = [
            Node(
                (*path, str(each.version)),
                f"version {each.version}",
                "version",
                each.updated.strftime("%Y-%m-%d %H:%M") if each.updated else "",
            )
            for each in versions
        ]
        return Page(tuple(nodes[offset : offset + limit]), len(nodes))
    found = workspace.catalog.partition_page(database, name, offset, limit)
    names = [key.name for key in table.partition_keys]
    return Page(
        tuple(
            Node((*path, json.dumps(each.values)), partition_label(names, each.values), "partition") for each in found
        ),
        workspace.catalog.partition_count(database, name),
    )


def partition_label(keys: Sequence[str], values: Sequence[str | None]) -> str:
    """`year=2013/month=7`, as the folders are named."""
    shown = ("__HIVE_DEFAULT_PARTITION__" if value is None else value for value in values)
    return "/".join(f"{key}={value}" for key, value in zip(keys, shown, strict=True))


def _shards(workspace: Workspace, name: str) -> list[Node]:
    return [
        Node(("streams", name, shard.shard_id), shard.shard_id, "shard", "open" if shard.is_open else "closed")
        for shard in workspace.streams[name].shards()
    ]


def _warehouse(workspace: Workspace, place: WarehousePlace, offset: int, limit: int) -> Page:
    with session(workspace) as warehouse:
        match place:
            case WarehousePlace("", "", ""):
                rows = warehouse.sql(
                    "SELECT table_schema, count(DISTINCT table_name) FROM svv_columns"
                    " WHERE table_schema NOT IN ('information_schema', 'pg_catalog') GROUP BY 1 ORDER BY 1"
                ).rows
                tables = ((name, display.count(count, "table")) for name, count in rows)
                return _whole([Node(("warehouse", name), name, "schema", count, True) for name, count in tables])
            case WarehousePlace(schema, "", ""):
                rows = warehouse.sql(
                    "SELECT DISTINCT table_name FROM svv_columns WHERE table_schema = :schema ORDER BY 1",
                    {"schema": schema},
                ).rows
                return _named([name for (name,) in rows], ("warehouse", schema), "table", offset, limit)
            case WarehousePlace(schema, table, ""):
                rows = warehouse.sql(
                    "SELECT column_name, data_type FROM svv_columns"
                    " WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position",
                    {"schema": schema, "name": table},
                ).rows
                return _whole([Node(("warehouse", schema, table, name), name, "column", kind) for name, kind in rows])
            case _:
                return Page((), 0)
