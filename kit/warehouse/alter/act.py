"""ALTER TABLE done: each action decided, then done to every part of the table inside the statement's transaction.

Columns are added, dropped and renamed in place; another distribution or sort key writes the parts anew, staged once. A
transaction that does not commit leaves the table as it was, on all slices.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kit.base.errors import KitError
from kit.sql.redshift.statements import (
    AlterAction,
    AlterColumnType,
    AlterTable,
    DropColumn,
    RenameColumn,
    RenameTable,
)
from kit.warehouse.alter.decide import Change, changed
from kit.warehouse.alter.references import check_columns, renamed_in_keys, renamed_in_views
from kit.warehouse.binding import bound, current_values
from kit.warehouse.catalog import StoredColumn, Table, View
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import fetch, value
from kit.warehouse.load.appending import replaced, staging_inside
from kit.warehouse.plan.expression import generate, quote

if TYPE_CHECKING:
    from kit.warehouse.commands import Call


def alter(call: Call, cluster: Cluster, transaction: Transaction, statement: AlterTable) -> str:
    """Do a statement's actions; its completion tag."""
    catalog = transaction.catalog
    found = catalog.find(statement.table, call.session.path)
    if isinstance(found, View):
        return _alter_view(transaction, found, statement)
    table = catalog.table_named(statement.table, call.session.path)
    refuse_materialized(table)
    if transaction.is_stale(table):
        raise cluster.violation(transaction, (table.schema, table.name))
    moves = False
    before = table
    for action in statement.actions:
        _refuse_in_block(call, action)
        change = changed(table, action)
        _check(transaction, table, action)
        _on_parts(call, cluster, transaction, table, change)
        _with_names(transaction, table, change.table, action)
        table, moves = change.table, moves or change.moves
    if moves:
        table = _moved(call, cluster, transaction, before, table)
    transaction.catalog = transaction.catalog.without(before).with_relation(table)
    return "ALTER TABLE"


def refuse_materialized(table: Table) -> None:
    """Raise 0A000 for what would part a materialised view from its query."""
    if table.materialized is not None:
        raise KitError(
            "0A000",
            f'"{table.name}" is a materialized view',
            "DROP it and CREATE it with the columns, distribution and sort key that you want.",
        )


def _alter_view(transaction: Transaction, view: View, statement: AlterTable) -> str:
    """ALTER TABLE of a view renames it; its owner is accepted."""
    for action in statement.actions:
        if isinstance(action, RenameTable):
            _refuse_taken(transaction, view.schema, action.new_name)
            renamed = replace(view, name=action.new_name)
            renamed_in_views(transaction, view, action.new_name)
            transaction.catalog = transaction.catalog.without(view).with_relation(renamed)
        elif not hasattr(action, "owner"):
            raise KitError("42809", f'"{view.name}" is a view', "Use CREATE OR REPLACE VIEW.")
    return "ALTER TABLE"


def _refuse_in_block(call: Call, action: AlterAction) -> None:
    if isinstance(action, AlterColumnType):
        call.session.block.refuse_inside("ALTER TABLE ALTER COLUMN")


def _check(transaction: Transaction, table: Table, action: AlterAction) -> None:
    """What cannot be decided without looking: names that are taken, values that are too long, views that break."""
    match action:
        case RenameTable():
            _refuse_taken(transaction, table.schema, action.new_name)
        case AlterColumnType():
            longest = _longest(transaction, table, action.name)
            if longest > action.type.size:
                raise KitError(
                    "22001",
                    f'cannot alter column "{action.name}" of relation "{table.name}", target column size is smaller '
                    "than the longest value",
                    f"The longest value takes {longest} bytes.",
                )
        case DropColumn() | RenameColumn():
            check_columns(transaction, table, action)
        case _:
            pass


def _refuse_taken(transaction: Transaction, schema: str, name: str) -> None:
    if (schema, name) in transaction.catalog.relations:
        raise KitError("42P07", f'Relation "{name}" already exists')


def _longest(transaction: Transaction, table: Table, column: str) -> int:
    """Bytes of a text column's longest value."""
    places = table.places(transaction.catalog.shape)
    parts = " UNION ALL ".join(
        f'SELECT max(strlen({quote(column)})) AS longest FROM "slice{number}".{quote(table.relation)}'
        for number in places
    )
    return int(value(transaction.cursor, f"SELECT coalesce(max(longest), 0) FROM ({parts})"))


def _on_parts(call: Call, cluster: Cluster, transaction: Transaction, table: Table, change: Change) -> None:
    parts = [f'"slice{number}".{quote(table.relation)}' for number in table.places(transaction.catalog.shape)]
    for clause in change.on_parts:
        for part in parts:
            fetch(transaction.cursor, f"ALTER TABLE {part} {clause}")
    if change.filled is None:
        return
    sql, parameters = _default(call, cluster, transaction, change.filled)
    with call.cancellation.running(transaction.cursor):
        for part in parts:
            fetch(transaction.cursor, f"UPDATE {part} SET {quote(change.filled.name)} = ({sql})", parameters)


def _default(
    call: Call, cluster: Cluster, transaction: Transaction, column: StoredColumn
) -> tuple[str, dict[str, object]]:
    """SQL of a column's default in the column's type, and the values that it asks for."""
    from kit.sql.redshift import parse
    from kit.sql.redshift.statements import Query

    text = f"SELECT CAST({column.default_text} AS {column.type})"
    parsed = parse(text)[0].statement
    assert isinstance(parsed, Query)
    query = bound(parsed.tree, transaction.catalog, text, call.session, {})
    if query.tables:
        raise KitError("0A000", "cannot use subquery in default expression")
    sql, parameters = generate(query.tree), current_values(query, {}, call.session, cluster.clock)
    if not column.nullable and value(transaction.cursor, sql, parameters) is None:
        raise KitError("42601", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression")
    return sql, parameters


def _with_names(transaction: Transaction, old: Table, new: Table, action: AlterAction) -> None:
    """Carry comments, and the text of views, over to new names."""
    match action:
        case RenameTable():
            renamed_in_views(transaction, old, new.name)
            renamed_in_keys(transaction, old, new.name)
            moved = {f"TABLE {old.schema}.{old.name}": f"TABLE {new.schema}.{new.name}"}
            for column in old.columns:
                moved[f"COLUMN {old.schema}.{old.name}.{column.name}"] = f"COLUMN {new.schema}.{new.name}.{column.name}"
        case RenameColumn():
            own = f"COLUMN {old.schema}.{old.name}"
            moved = {f"{own}.{action.name}": f"{own}.{action.new_name}"}
        case DropColumn():
            moved = {f"COLUMN {old.schema}.{old.name}.{action.name}": ""}
        case _:
            return
    for before, after in moved.items():
        text = transaction.catalog.comments.get(before)
        if text is not None:
            transaction.catalog = transaction.catalog.with_comment(before, None)
            if after:
                transaction.catalog = transaction.catalog.with_comment(after, text)


def _moved(call: Call, cluster: Cluster, transaction: Transaction, old: Table, new: Table) -> Table:
    """The table with its rows where, and in the order in which, it now says; what is known of them stays known."""
    shape = transaction.catalog.shape
    with staging_inside(cluster, transaction, call.cancellation) as area:
        placed = replaced(transaction, area, old, new, shape, cluster.now_ms())
    return replace(
        placed,
        ghost_rows=(),
        displaced_rows=(),
        next_identity=old.next_identity,
        statistics=new.statistics,
        analyzed_rows=new.analyzed_rows,
        analyzed_ms=new.analyzed_ms,
        changed_rows=new.changed_rows,
        is_measured=new.is_measured,
    )
