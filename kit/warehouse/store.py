"""The catalog on disk: tables of the leader's schema in the cluster's own file, so that rows and what is known of them
commit together.

Relations are kept as JSON documents, one a row: they are read once, when the file is opened. Temporary tables are
written like all others and swept when the next process opens the file.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from kit.sql.redshift import MACROS
from kit.sql.redshift.schema import TableColumn
from kit.sql.redshift.statements import Constraint, References, SortKey, TableName
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import DEFAULT_SHAPE, PUBLIC, Catalog, ColumnStatistics, StoredColumn, Table, View
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.plan.facts import Shape

FORMAT = 1
SCHEMA = "leader"


def create(connection: Connection, shape: Shape = DEFAULT_SHAPE) -> None:
    """Make the leader's tables in an empty file."""
    fetch(connection, f"CREATE SCHEMA {SCHEMA}")
    fetch(connection, f"CREATE TABLE {SCHEMA}.cluster (name VARCHAR NOT NULL, value BIGINT NOT NULL)")
    fetch(
        connection,
        f"CREATE TABLE {SCHEMA}.relations "
        "(schema VARCHAR NOT NULL, name VARCHAR NOT NULL, definition VARCHAR NOT NULL)",
    )
    fetch(connection, f"CREATE TABLE {SCHEMA}.macros (value BIGINT NOT NULL)")
    fetch(connection, f"CREATE TABLE {SCHEMA}.schemas (name VARCHAR NOT NULL)")
    fetch(connection, f"CREATE TABLE {SCHEMA}.comments (target VARCHAR NOT NULL, comment VARCHAR NOT NULL)")
    fetch(connection, f"INSERT INTO {SCHEMA}.schemas VALUES (?)", [PUBLIC])
    _write_cluster(connection, Catalog(shape=shape))


def exists(connection: Connection) -> bool:
    found = fetch(connection, "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [SCHEMA])
    return bool(found)


def read(connection: Connection) -> Catalog:
    """The catalog as the last commit left it."""
    values = dict(fetch(connection, f"SELECT name, value FROM {SCHEMA}.cluster"))
    names = fetch(connection, f"SELECT name FROM {SCHEMA}.schemas")
    definitions = fetch(connection, f"SELECT definition FROM {SCHEMA}.relations")
    relations = [_relation(json.loads(text)) for (text,) in definitions]
    comments = dict(fetch(connection, f"SELECT target, comment FROM {SCHEMA}.comments"))
    return Catalog(
        values["version"],
        Shape(values["nodes"], values["slices_per_node"]),
        values["next_id"],
        frozenset(name for (name,) in names),
        {(each.schema, each.name): each for each in relations},
        comments,
    )


def install_macros(connection: Connection) -> None:
    """Put the dialect's macros into the file, where those that are there are not the same already."""
    wanted = zlib.crc32("\n".join(MACROS).encode())
    found = fetch(connection, f"SELECT value FROM {SCHEMA}.macros")
    if found == [(wanted,)]:
        return
    fetch(connection, "BEGIN")
    for macro in MACROS:
        fetch(connection, macro)
    _replace(connection, "macros", [(wanted,)])
    fetch(connection, "COMMIT")


def write(connection: Connection, before: Catalog, after: Catalog) -> None:
    """Bring the leader's tables from one state to the next, inside the caller's transaction."""
    _write_cluster(connection, after)
    changed = [key for key, relation in after.relations.items() if before.relations.get(key) is not relation]
    gone = [key for key in before.relations if key not in after.relations]
    for schema, name in [*changed, *gone]:
        fetch(connection, f"DELETE FROM {SCHEMA}.relations WHERE schema = ? AND name = ?", [schema, name])
    for schema, name in changed:
        text = json.dumps(_document(after.relations[schema, name]))
        fetch(connection, f"INSERT INTO {SCHEMA}.relations VALUES (?, ?, ?)", [schema, name, text])
    if before.schema_names != after.schema_names:
        _replace(connection, "schemas", [(name,) for name in sorted(after.schema_names)])
    if before.comments != after.comments:
        _replace(connection, "comments", list(after.comments.items()))


def _write_cluster(connection: Connection, catalog: Catalog) -> None:
    values = {
        "format": FORMAT,
        "version": catalog.version,
        "nodes": catalog.shape.nodes,
        "slices_per_node": catalog.shape.slices_per_node,
        "next_id": catalog.next_id,
    }
    _replace(connection, "cluster", list(values.items()))


def _replace(connection: Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    fetch(connection, f"DELETE FROM {SCHEMA}.{table}")
    for row in rows:
        places = ", ".join("?" for _ in row)
        fetch(connection, f"INSERT INTO {SCHEMA}.{table} VALUES ({places})", list(row))


def _document(relation: Table | View) -> dict[str, Any]:
    document = asdict(relation)
    document["kind"] = "table" if isinstance(relation, Table) else "view"
    for column in document["columns"]:
        column["type"]["kind"] = column["type"]["kind"].value
    return document


def _relation(document: Mapping[str, Any]) -> Table | View:
    values = {key: value for key, value in document.items() if key != "kind"}
    if document["kind"] == "view":
        values["columns"] = tuple(TableColumn(**_column(each)) for each in values["columns"])
        values["path"] = tuple(values["path"])
        values["reads"] = tuple((schema, name) for schema, name in values["reads"])
        return View(**values)
    values["columns"] = tuple(StoredColumn(**_column(each)) for each in values["columns"])
    values["sortkey"] = SortKey(values["sortkey"]["style"], tuple(values["sortkey"]["columns"]))
    values["constraints"] = tuple(_constraint(each) for each in values["constraints"])
    values["slice_rows"] = tuple(values["slice_rows"])
    values["sorted_rows"] = tuple(values["sorted_rows"])
    values["statistics"] = {name: ColumnStatistics(**each) for name, each in values["statistics"].items()}
    return Table(**values)


def _column(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "type": _type(document["type"])}


def _type(document: Mapping[str, Any]) -> Type:
    return Type(Kind(document["kind"]), document["size"], document["scale"])


def _constraint(document: Mapping[str, Any]) -> Constraint:
    found = document["references"]
    references = References(TableName(**found["table"]), tuple(found["columns"])) if found is not None else None
    return Constraint(document["kind"], tuple(document["columns"]), document["name"], references)
