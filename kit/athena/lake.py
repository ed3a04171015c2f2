"""The catalog as the SQL front end sees it, for the length of one query: each table is looked up once.

Must not know: how tables are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kit.athena.planning import HIDDEN
from kit.base.errors import KitError
from kit.catalog.model import Database, Table
from kit.sql.relations import Relation, RelationColumn

DEFAULT_DATABASE = "default"
"""Athena's own: there without having been made."""
VIEW_DATABASE = "boathouse.view.database"
"""The table parameter that keeps the database which a view's own unqualified names belong to."""


class Lookup(Protocol):
    """What is needed of the catalog."""

    def find_table(self, database: str, name: str) -> Table | None: ...

    def databases(self) -> list[Database]: ...

    def table_names(self, database: str) -> list[str]: ...


class Lake:
    """A `kit.sql.relations.SchemaSource` over the catalog."""

    def __init__(self, catalog: Lookup) -> None:
        self._catalog = catalog
        self._tables: dict[tuple[str, str], Table | None] = {}

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

    def relation(self, database: str, name: str) -> Relation | None:
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
        return names if DEFAULT_DATABASE in names else [*names, DEFAULT_DATABASE]

    def relations(self, database: str) -> Sequence[str]:
        return self._catalog.table_names(database)
