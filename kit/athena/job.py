"""What a statement is given to run with, and what it answers. Values, and the services that it may use.

Every kind of statement is a function from a `Job` and its statement to an `Answer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from kit.athena.engine import Batches, Connection, Engine
from kit.athena.engine import Statement as EngineStatement
from kit.athena.lake import Lake
from kit.athena.live import LiveTables
from kit.athena.planning import Planner
from kit.athena.running import Running
from kit.athena.workgroups import PreparedStatements, Workgroup
from kit.base.errors import KitError, did_you_mean
from kit.base.ids import QueryId
from kit.catalog.model import Table
from kit.sql.athena.statements import TableName
from kit.sql.relations import OutputColumn

if TYPE_CHECKING:
    import pyarrow as pa

    from kit.catalog import Catalog
    from kit.storage import Storage


@dataclass(frozen=True, slots=True)
class Services:
    """What all executions of a workspace share."""

    catalog: Catalog
    storage: Storage
    engine: Engine
    planner: Planner
    prepared: PreparedStatements
    live: LiveTables | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One execution: `text` is the statement as it was given, `now` the workspace's time at its start (UTC),
    `hold_bytes` how much of its rows may be held in memory."""

    services: Services
    running: Running
    lake: Lake
    query_id: QueryId
    text: str
    database: str
    workgroup: Workgroup
    parameters: Mapping[str, Any]
    positional: Sequence[Any]
    now: datetime
    hold_bytes: int

    def name(self, table: TableName) -> tuple[str, str]:
        """Database and table, the session's database where none is given."""
        return table.database or self.database, table.name

    def table(self, name: TableName) -> Table:
        """The table or view of that name. Raises `TABLE_NOT_FOUND`."""
        database, table = self.name(name)
        found = self.lake.table(database, table)
        if found is None:
            raise self.missing(name)
        return found

    def missing(self, name: TableName) -> KitError:
        """The error for a table that is not there, pointing at its name."""
        database, table = self.name(name)
        hint = did_you_mean(table, self.lake.relations(database))
        line = self.text.count("\n", 0, name.start) + 1
        column = name.start - self.text.rfind("\n", 0, name.start)
        return KitError(
            "TABLE_NOT_FOUND",
            f"line {line}:{column}: Table 'awsdatacatalog.{database}.{table}' does not exist",
            hint,
            statement=self.text,
            line=line,
            column=column,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """The answer of a statement that has no rows; `written` are the URIs of the objects that it made."""

    message: str = "Query successful."
    rows: int | None = None
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A few rows of text, as SHOW and DESCRIBE give them."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class Streamed:
    """The rows of a query, still in the engine."""

    columns: tuple[OutputColumn, ...]
    batches: Batches
    connection: Connection
    statement: EngineStatement = field(repr=False)

    @property
    def schema(self) -> pa.Schema:
        return self.batches.schema


Answer: TypeAlias = Told | Listed | Streamed
