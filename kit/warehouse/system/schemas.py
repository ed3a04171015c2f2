"""The catalog with the system tables in it, as the binder and the planner ask for tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kit.sql.redshift.schema import TableSchema
from kit.warehouse.catalog import Catalog
from kit.warehouse.plan.facts import TableFacts
from kit.warehouse.system.registry import TABLES, names_in
from kit.warehouse.system.table import INFORMATION_SCHEMA, PG_CATALOG


class AllTables:
    """User tables first; nobody can make one in a schema of the system's."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def table(self, schema: str, name: str) -> TableSchema | None:
        system = TABLES.get((schema, name))
        if system is not None:
            return system.described()
        found = self._catalog.table(schema, name)
        if found is None or not found.view_text:
            return found
        return replace(found, view_path=(*found.view_path, PG_CATALOG))

    def schemas(self) -> Sequence[str]:
        return sorted({*self._catalog.schemas(), PG_CATALOG, INFORMATION_SCHEMA})

    def tables(self, schema: str) -> Sequence[str]:
        return [*self._catalog.tables(schema), *names_in(schema)]

    def facts(self, schema: str, name: str) -> TableFacts:
        found = TABLES.get((schema, name))
        return found.facts if found is not None else self._catalog.facts(schema, name)
