"""Put the rows of the system tables that a query reads where the query finds them, before it runs."""

from __future__ import annotations

from collections.abc import Sequence

from kit.sql.redshift.bound import BoundTable
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.execute import exchange
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.operators.system_scan import SystemScan
from kit.warehouse.plan.planner import Plan, walk
from kit.warehouse.system import arrays
from kit.warehouse.system.registry import TABLES
from kit.warehouse.system.state import State
from kit.warehouse.system.table import SystemTable

_VIEW = "boathouse_system_rows"


def system_tables(tables: Sequence[BoundTable], plan: Plan) -> list[tuple[SystemTable, frozenset[str]]]:
    """The system tables that a query reads, each with the columns that its plan or its blocks on the leader name."""
    wanted = {(each.schema, each.name): {*each.columns} for each in tables if (each.schema, each.name) in TABLES}
    if not wanted:
        return []
    for root in (plan.root, *(each for _, each in plan.subplans)):
        for node in walk(root):
            if isinstance(node.op, SystemScan):
                key = (node.op.table.schema, node.op.table.name)
                wanted[key] |= {node.op.names[column.id] for column in node.columns}
    return [(TABLES[key], frozenset(names)) for key, names in wanted.items()]


def user_tables(tables: Sequence[BoundTable]) -> list[tuple[str, str]]:
    """The others, by schema and name."""
    return [(each.schema, each.name) for each in tables if (each.schema, each.name) not in TABLES]


def fill(cursor: Connection, database: str, wanted: Sequence[tuple[SystemTable, frozenset[str]]], state: State) -> None:
    """Make one table of `database` for each system table that is wanted."""
    for table, names in wanted:
        # A table has a column at least, also where only its rows are counted.
        places = [index for index, column in enumerate(table.columns) if column.name in names] or [0]
        columns = [(table.columns[place].name, table.columns[place].type) for place in places]
        cursor.register(_VIEW, arrays.table(columns, table.rows(state), places))
        items = ", ".join(f"{arrays.typed(name, kind)} AS {quote(name)}" for name, kind in columns)
        relation = f"{quote(database)}.{quote(table.relation)}"
        fetch(cursor, exchange.create_as(relation, f"SELECT {items} FROM {_VIEW}"))
        cursor.unregister(_VIEW)
