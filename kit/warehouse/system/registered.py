"""The declarations, for system tables that list system tables: looked up when rows are asked for and all are known."""

from __future__ import annotations

from collections.abc import Sequence

from kit.warehouse.system.table import SystemTable


def declared() -> Sequence[SystemTable]:
    """Every system table, by schema and name."""
    from kit.warehouse.system.registry import TABLES

    return [TABLES[key] for key in sorted(TABLES)]
