"""The catalog as the SQL front end sees it, for the length of one query: each table is looked up once.

Must not know: how tables are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kit.athena import information_schema
from kit.athena.live import LiveTable, LiveTables
from kit.athena.live import relation as live_relation
from kit.athena.planning import HIDDEN
from kit.base.errors import KitError
from kit.catalog.model import VIEW_DATABASE, Database, Table
from kit.sql.relations import Relation, RelationColumn

DEFAULT_DATABASE = "default"
"""Athena's own: there without having been made."""


class Lookup(Protocol):
    """What is needed of the catalog."""

    def find_table(self, database: str, name: str) -> Table | None: ...

    def databases(self) -> list[Database]: ...

    def table_names(self, database: str) -> list[str]: ...


class Lake:
    """A `kit.sql.relations.SchemaSource` over the catalog, and over a database of live tables if there is one."""

    def __init__(self, catalog: Lookup, live: LiveTables | None = None) -> None:
        self._catalog = catalog
        self._live = live
        self._tables: dict[tuple[str, str], Table | None] = {}
        self._live_tables: dict[str, LiveTable | None] = {}

    def table(self, database: str, name: str) -> Table | None:
        key = (database, name)
        if key not in self._tables:
            self._tables[key] = self._catalog.find_table(database, name)
        return self._tables[key]

    def require(self, database: str, name: str) -> Table:
        """A table that has been bound already. Raises `TABLE_NOT_FOUND` where it is gone since."""
        table = self.table(database, name)
        if table is None:
            raise KitError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
        return table

    def live_table(self, database: str, name: str) -> LiveTable | None:
        """The table where it is a live one."""
        if self._live is None or database != self._live.database:
            return None
        if name not in self._live_tables:
            self._live_tables[name] = self._live.find(name)
        return self._live_tables[name]

    def relation(self, database: str, name: str) -> Relation | None:
        if database == information_schema.DATABASE:
            return information_schema.relation(name)
        held = self.live_table(database, name)
        if held is not None:
            return live_relation(database, held)
        table = self.table(database, name)
        if table is None:
            return None
        columns = tuple(RelationColumn(column.name, column.type) for column in table.columns)
        if table.table_type == "VIRTUAL_VIEW":
            return Relation(
                table.database,
                table.name,
                columns,
                table.view_text,
                table.parameters.get(VIEW_DATABASE, table.database),
            )
        hidden = tuple(RelationColumn(column.name, column.type, hidden=True) for column in HIDDEN)
        return Relation(table.database, table.name, columns + hidden)

    def databases(self) -> Sequence[str]:
        names = [database.name for database in self._catalog.databases()]
        more = [DEFAULT_DATABASE] if self._live is None else [DEFAULT_DATABASE, self._live.database]
        return sorted({*names, *more, information_schema.DATABASE})

    def relations(self, database: str) -> Sequence[str]:
        if database == information_schema.DATABASE:
            return information_schema.names()
        names = self._catalog.table_names(database)
        if self._live is not None and database == self._live.database:
            return [*names, *(name.lower() for name in self._live.names())]
        return names
