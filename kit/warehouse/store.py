"""The catalog on disk: tables of the leader's schema in the cluster's own file, so that rows and what is known of them
commit together.

A commit appends one row to the journal, which says what it changed: several transactions may be under way at once, and
rows that are only added never conflict. When the file is opened, and now and then, the journal is folded into the other
tables. Relations are JSON documents, one a row. Temporary tables are written like all others and swept when the next
process opens the file.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from kit.sql.redshift import MACROS
from kit.sql.redshift.schema import TableColumn
from kit.sql.redshift.statements import Constraint, Identity, References, SortKey, TableName
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import (
    DEFAULT_SHAPE,
    PUBLIC,
    Catalog,
    ColumnStatistics,
    Mark,
    Materialized,
    StoredColumn,
    Table,
    View,
)
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.plan.facts import Shape

FORMAT = 1
SCHEMA = "leader"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The next number of a table and of a transaction."""

    table: int = 100
    xid: int = 1_000


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
    _make_journal(connection)
    fetch(connection, f"INSERT INTO {SCHEMA}.schemas VALUES (?)", [PUBLIC])
    _write_cluster(connection, Catalog(shape=shape), Numbers())


def exists(connection: Connection) -> bool:
    found = fetch(connection, "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [SCHEMA])
    return bool(found)


def read(connection: Connection) -> Catalog:
    """The catalog as the last commit left it."""
    _make_journal(connection)
    values = dict(fetch(connection, f"SELECT name, value FROM {SCHEMA}.cluster"))
    names = fetch(connection, f"SELECT name FROM {SCHEMA}.schemas")
    definitions = fetch(connection, f"SELECT definition FROM {SCHEMA}.relations")
    relations = [_relation(json.loads(text)) for (text,) in definitions]
    comments = dict(fetch(connection, f"SELECT target, comment FROM {SCHEMA}.comments"))
    catalog = Catalog(
        values["version"],
        Shape(values["nodes"], values["slices_per_node"]),
        frozenset(name for (name,) in names),
        {(each.schema, each.name): each for each in relations},
        comments,
    )
    for change in _journal(connection):
        if change["version"] > catalog.version:
            catalog = _applied(catalog, change)
    return catalog


def numbers(connection: Connection) -> Numbers:
    """The numbers that come next, past all that were given to what has committed."""
    values = dict(fetch(connection, f"SELECT name, value FROM {SCHEMA}.cluster"))
    found = Numbers(values["next_id"], values.get("next_xid", Numbers().xid))
    for change in _journal(connection):
        found = Numbers(max(found.table, change["next_id"]), max(found.xid, change["next_xid"]))
    return found


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


def append(connection: Connection, before: Catalog, after: Catalog, given: Numbers) -> None:
    """Add to the journal what differs between two catalogs, inside the caller's transaction."""
    changed = [key for key, relation in after.relations.items() if before.relations.get(key) is not relation]
    gone = [key for key in before.relations if key not in after.relations]
    change: dict[str, Any] = {
        "version": after.version,
        "nodes": after.shape.nodes,
        "slices_per_node": after.shape.slices_per_node,
        "next_id": given.table,
        "next_xid": given.xid,
        "gone": gone,
        "relations": [_document(after.relations[key]) for key in changed],
    }
    if before.schema_names != after.schema_names:
        change["schemas"] = sorted(after.schema_names)
    if before.comments != after.comments:
        change["comments"] = dict(after.comments)
    fetch(connection, f"INSERT INTO {SCHEMA}.journal VALUES (?, ?)", [after.version, json.dumps(change)])


def fold(connection: Connection, catalog: Catalog, given: Numbers) -> None:
    """Write a catalog out as a whole and empty the journal; no transaction may be under way."""
    if not fetch(connection, f"SELECT 1 FROM {SCHEMA}.journal LIMIT 1"):
        return
    fetch(connection, "BEGIN")
    try:
        _write_cluster(connection, catalog, given)
        relations = [(schema, name, json.dumps(_document(each))) for (schema, name), each in catalog.relations.items()]
        _replace(connection, "relations", relations)
        _replace(connection, "schemas", [(name,) for name in sorted(catalog.schema_names)])
        _replace(connection, "comments", list(catalog.comments.items()))
        fetch(connection, f"DELETE FROM {SCHEMA}.journal")
        fetch(connection, "COMMIT")
    except BaseException:
        fetch(connection, "ROLLBACK")
        raise


def _make_journal(connection: Connection) -> None:
    fetch(
        connection,
        f"CREATE TABLE IF NOT EXISTS {SCHEMA}.journal (version BIGINT NOT NULL, change VARCHAR NOT NULL)",
    )


def _journal(connection: Connection) -> list[Mapping[str, Any]]:
    return [json.loads(text) for (text,) in fetch(connection, f"SELECT change FROM {SCHEMA}.journal ORDER BY version")]


def _applied(catalog: Catalog, change: Mapping[str, Any]) -> Catalog:
    gone = {(schema, name) for schema, name in change["gone"]}
    relations = {key: each for key, each in catalog.relations.items() if key not in gone}
    for document in change["relations"]:
        relation = _relation(document)
        relations[relation.schema, relation.name] = relation
    return Catalog(
        change["version"],
        Shape(change["nodes"], change["slices_per_node"]),
        frozenset(change.get("schemas", catalog.schema_names)),
        relations,
        change.get("comments", catalog.comments),
    )


def _write_cluster(connection: Connection, catalog: Catalog, given: Numbers) -> None:
    values = {
        "format": FORMAT,
        "version": catalog.version,
        "nodes": catalog.shape.nodes,
        "slices_per_node": catalog.shape.slices_per_node,
        "next_id": given.table,
        "next_xid": given.xid,
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
    values["columns"] = tuple(_stored(each) for each in values["columns"])
    values["sortkey"] = SortKey(values["sortkey"]["style"], tuple(values["sortkey"]["columns"]))
    values["constraints"] = tuple(_constraint(each) for each in values["constraints"])
    for counts in ("slice_rows", "sorted_rows", "ghost_rows", "displaced_rows"):
        values[counts] = tuple(values.get(counts, ()))
    values["materialized"] = _materialized(values.get("materialized"))
    values["statistics"] = {name: ColumnStatistics(**each) for name, each in values["statistics"].items()}
    return Table(**values)


def _materialized(document: Mapping[str, Any] | None) -> Materialized | None:
    if document is None:
        return None
    marks = tuple(replace(Mark(**each), slice_rows=tuple(each["slice_rows"])) for each in document["marks"])
    reads = tuple((schema, name) for schema, name in document["reads"])
    return Materialized(document["text"], tuple(document["path"]), reads, marks, document["xid"])


def _stored(document: Mapping[str, Any]) -> StoredColumn:
    values = _column(document)
    if values.get("identity") is not None:
        values["identity"] = Identity(**values["identity"])
    return StoredColumn(**values)


def _column(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "type": _type(document["type"])}


def _type(document: Mapping[str, Any]) -> Type:
    return Type(Kind(document["kind"]), document["size"], document["scale"])


def _constraint(document: Mapping[str, Any]) -> Constraint:
    found = document["references"]
    references = References(TableName(**found["table"]), tuple(found["columns"])) if found is not None else None
    return Constraint(document["kind"], tuple(document["columns"]), document["name"], references)
