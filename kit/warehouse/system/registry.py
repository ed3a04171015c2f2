"""Every system table by schema and name. A new one is a declaration in a family's module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kit.warehouse.system.table import SystemTable
from kit.warehouse.system.tables import (
    cluster,
    columns,
    loading,
    maintenance,
    objects,
    pg_catalog,
    sessions,
    statements,
    steps,
    texts,
)

_FAMILIES = (cluster, columns, loading, maintenance, objects, pg_catalog, sessions, statements, steps, texts)

TABLES: Final[dict[tuple[str, str], SystemTable]] = {
    (table.schema, table.name): table for family in _FAMILIES for table in family.TABLES
}


def names_in(schema: str) -> Sequence[str]:
    """Names of a schema's system tables, in order."""
    return sorted(name for own, name in TABLES if own == schema)
