"""How a system table is declared: its columns as the documentation lists them, its rows from the cluster's state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kit.sql.redshift.schema import TableColumn, TableSchema
from kit.sql.redshift.types import parse_type
from kit.warehouse.plan.facts import ColumnFacts, TableFacts

if TYPE_CHECKING:
    from kit.warehouse.system.state import State

PG_CATALOG: Final = "pg_catalog"
INFORMATION_SCHEMA: Final = "information_schema"
# What the planner takes for the size of a system table: it decides nothing but the side of a join.
ASSUMED_ROWS: Final = 1_000.0
_COMMA = re.compile(r",\s*(?![^()]*\))")

# One a row, its values in the order of the columns: text, whole numbers and booleans as they are, timestamps in
# microseconds since 1970, dates in days.
Rows: TypeAlias = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class SystemTable:
    """`declared` lists `name type` in the documentation's order; `rows` yields a tuple a row, values in that order."""

    name: str
    declared: str
    rows: Callable[[State], Rows]
    schema: str = PG_CATALOG

    @cached_property
    def columns(self) -> tuple[TableColumn, ...]:
        found: list[TableColumn] = []
        for part in _COMMA.split(" ".join(self.declared.split())):
            name, _, kind = part.strip().partition(" ")
            found.append(TableColumn(name, parse_type(kind)))
        return tuple(found)

    @property
    def relation(self) -> str:
        """The name of the table that holds its rows while a query runs."""
        return f"{self.schema}.{self.name}"

    def described(self) -> TableSchema:
        return TableSchema(self.schema, self.name, self.columns)

    @cached_property
    def facts(self) -> TableFacts:
        columns = {each.name: ColumnFacts(each.name, each.type.duckdb, 8) for each in self.columns}
        return TableFacts(self.schema, self.name, self.relation, "ALL", columns, ASSUMED_ROWS, is_system=True)
