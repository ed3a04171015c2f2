"""What can be named in a statement, for completion: schemas, tables and views, their columns, the system's included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kit.sql.relations import Relation, RelationColumn
from kit.warehouse.catalog import Catalog
from kit.warehouse.system.registry import TABLES
from kit.warehouse.system.schemas import AllTables
from kit.warehouse.system.table import PG_CATALOG

# The "database" of names that are found along the search path.
ON_PATH = ""


@dataclass(frozen=True, slots=True)
class Names:
    """A `kit.sql.relations.SchemaSource`: a schema is what the protocol calls a database."""

    path: tuple[str, ...]
    tables: Mapping[str, Mapping[str, tuple[RelationColumn, ...]]]

    def relation(self, database: str, name: str) -> Relation | None:
        for schema in self._schemas(database):
            columns = self.tables.get(schema, {}).get(name)
            if columns is not None:
                return Relation(schema, name, columns)
        return None

    def databases(self) -> Sequence[str]:
        return sorted(self.tables)

    def relations(self, database: str) -> Sequence[str]:
        return sorted({name for schema in self._schemas(database) for name in self.tables.get(schema, {})})

    def _schemas(self, database: str) -> tuple[str, ...]:
        return (*self.path, PG_CATALOG) if database == ON_PATH else (database,)


def of_catalog(catalog: Catalog, path: Sequence[str]) -> Names:
    """The names of a catalog and of the system."""
    known = AllTables(catalog)
    tables: dict[str, dict[str, tuple[RelationColumn, ...]]] = {}
    for schema in known.schemas():
        found = ((name, known.table(schema, name)) for name in known.tables(schema))
        tables[schema] = {
            name: tuple(RelationColumn(each.name, str(each.type), each.hidden) for each in table.columns)
            for name, table in found
            if table is not None
        }
    return Names(tuple(path), tables)


def of_rows(rows: Iterable[tuple[str, str, str, str]], path: Sequence[str]) -> Names:
    """The names that SVV_COLUMNS tells, as (schema, table, column, type); those of the system are known here."""
    tables = {schema: dict(held) for schema, held in of_catalog(Catalog(), path).tables.items()}
    for schema, table, column, kind in rows:
        if (schema, table) not in TABLES:
            held = tables.setdefault(schema, {})
            held[table] = (*held.get(table, ()), RelationColumn(column, kind))
    return Names(tuple(path), tables)
