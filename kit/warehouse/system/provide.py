"""Put the rows of the system tables that a query reads where the query finds them, before it runs."""

from __future__ import annotations

from collections.abc import Sequence

from kit.sql.redshift.bound import BoundTable
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.execute import exchange
from kit.warehouse.plan.expression import quote
from kit.warehouse.system import arrays
from kit.warehouse.system.registry import TABLES
from kit.warehouse.system.state import State
from kit.warehouse.system.table import SystemTable

_VIEW = "boathouse_system_rows"


def system_tables(tables: Sequence[BoundTable]) -> list[tuple[SystemTable, tuple[str, ...]]]:
    """The system tables among those that a query reads, each with the columns that it uses."""
    return [
        (found, each.columns or (found.columns[0].name,))
        for each in tables
        if (found := TABLES.get((each.schema, each.name))) is not None
    ]


def user_tables(tables: Sequence[BoundTable]) -> list[tuple[str, str]]:
    """The others, by schema and name."""
    return [(each.schema, each.name) for each in tables if (each.schema, each.name) not in TABLES]


def fill(
    cursor: Connection, database: str, wanted: Sequence[tuple[SystemTable, tuple[str, ...]]], state: State
) -> list[str]:
    """Make one table of `database` for each system table that is wanted; their relations."""
    made = []
    for table, names in wanted:
        places = [index for index, column in enumerate(table.columns) if column.name in names]
        columns = [(table.columns[place].name, table.columns[place].type) for place in places]
        cursor.register(_VIEW, arrays.table(columns, table.rows(state), places))
        items = ", ".join(f"{arrays.typed(name, kind)} AS {quote(name)}" for name, kind in columns)
        relation = f"{quote(database)}.{quote(table.relation)}"
        fetch(cursor, exchange.create_as(relation, f"SELECT {items} FROM {_VIEW}"))
        cursor.unregister(_VIEW)
        made.append(relation)
    return made
