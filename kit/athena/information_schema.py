"""`information_schema`: what the catalog holds, as tables that can be queried. Nothing of it is billed.

Source: Amazon Athena User Guide, Query the AWS Glue Data Catalog; Trino, information_schema; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from kit.athena.planning import Pruned, ScanPlan
from kit.athena.scan.source import hive_type, quote
from kit.base.domain import Domain, contains
from kit.catalog.model import Database, Table
from kit.catalog.types import to_arrow, to_athena
from kit.sql.relations import Relation, RelationColumn, Scan

if TYPE_CHECKING:
    import pyarrow as pa

DATABASE: Final = "information_schema"
CATALOG: Final = "awsdatacatalog"
_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "schemata": {"catalog_name": "string", "schema_name": "string"},
    "tables": dict.fromkeys(("table_catalog", "table_schema", "table_name", "table_type"), "string"),
    "views": dict.fromkeys(("table_catalog", "table_schema", "table_name", "view_definition"), "string"),
    "columns": {
        "table_catalog": "string",
        "table_schema": "string",
        "table_name": "string",
        "column_name": "string",
        "ordinal_position": "bigint",
        "column_default": "string",
        "is_nullable": "string",
        "data_type": "string",
        "comment": "string",
        "extra_info": "string",
    },
}


class Listing(Protocol):
    """What is needed of the catalog."""

    def databases(self) -> list[Database]: ...

    def tables(self, database: str) -> list[Table]: ...


def names() -> list[str]:
    return sorted(_TABLES)


def relation(name: str) -> Relation | None:
    """The table as the binder sees it."""
    columns = _TABLES.get(name)
    if columns is None:
        return None
    return Relation(DATABASE, name, tuple(RelationColumn(column, kind) for column, kind in columns.items()))


def plan(scan: Scan, catalog: Listing) -> ScanPlan:
    """The rows of a table, of those databases alone that the query asks for."""
    stream = f"{scan.relation}_rows"
    picked = ", ".join(map(quote, scan.columns)) or '1 AS "1"'
    return ScanPlan(
        scan,
        DATABASE,
        DATABASE,
        Pruned(None, 0),
        Pruned(None, 0),
        Pruned(None, 0),
        0,
        0,
        f"SELECT {picked} FROM {quote(stream)}",
        {},
        {stream: _rows(scan, catalog)},
    )


def _rows(scan: Scan, catalog: Listing) -> pa.Table:
    import pyarrow as pa

    columns = _TABLES[scan.table]
    wanted = scan.domains.get("schema_name" if scan.table == "schemata" else "table_schema")
    databases = [each.name for each in catalog.databases() if _passes(each.name, wanted)]
    rows = list(_FILLED[scan.table](databases, catalog, scan.domains.get("table_name")))
    schema = pa.schema([(name, to_arrow(hive_type(kind))) for name, kind in columns.items()])
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema)


def _passes(name: str, domain: Domain | None) -> bool:
    return domain is None or contains(domain, name)


def _schemata(databases: list[str], catalog: Listing, table: Domain | None) -> Iterator[tuple[Any, ...]]:
    del catalog, table
    return ((CATALOG, name) for name in [*databases, DATABASE])


def _tables(databases: list[str], catalog: Listing, table: Domain | None) -> Iterator[tuple[Any, ...]]:
    for each in _listed(databases, catalog, table):
        kind = "VIEW" if each.table_type == "VIRTUAL_VIEW" else "BASE TABLE"
        yield CATALOG, each.database, each.name, kind


def _views(databases: list[str], catalog: Listing, table: Domain | None) -> Iterator[tuple[Any, ...]]:
    for each in _listed(databases, catalog, table):
        if each.table_type == "VIRTUAL_VIEW":
            yield CATALOG, each.database, each.name, each.view_text


def _columns(databases: list[str], catalog: Listing, table: Domain | None) -> Iterator[tuple[Any, ...]]:
    for each in _listed(databases, catalog, table):
        keys = {key.name for key in each.partition_keys}
        for position, column in enumerate(each.columns, 1):
            kind = to_athena(hive_type(column.type))
            extra = "partition key" if column.name in keys else None
            place = (CATALOG, each.database, each.name, column.name, position)
            yield *place, None, "YES", kind, column.comment or None, extra


def _listed(databases: list[str], catalog: Listing, table: Domain | None) -> Iterator[Table]:
    for database in databases:
        yield from (each for each in catalog.tables(database) if _passes(each.name, table))


_FILLED: Final = {"schemata": _schemata, "tables": _tables, "views": _views, "columns": _columns}
