"""CREATE VIEW and COMMENT.

A view keeps its text and the search path it was made under. One that is bound to its schema also keeps what it reads: a
table cannot be dropped under it without CASCADE.
"""

from __future__ import annotations

from collections.abc import Sequence

from kit.base.errors import KitError
from kit.sql.redshift.bound import BoundQuery
from kit.sql.redshift.schema import TableColumn
from kit.sql.redshift.statements import Comment, CreateView
from kit.warehouse.alter.references import named_in
from kit.warehouse.binding import bound
from kit.warehouse.catalog import Catalog, Table, View
from kit.warehouse.cluster import Transaction
from kit.warehouse.ddl import target_schema
from kit.warehouse.session import Session
from kit.warehouse.system.provide import user_tables


def create(transaction: Transaction, statement: CreateView, script: str, session: Session) -> None:
    """Record a view after checking that its query binds."""
    catalog = transaction.catalog
    schema = target_schema(catalog, statement.table, session.path)
    existing = catalog.relations.get((schema, statement.table.name))
    if existing is not None and not (statement.or_replace and isinstance(existing, View)):
        raise KitError("42P07", f'Relation "{statement.table.name}" already exists', "Use CREATE OR REPLACE VIEW.")
    if statement.late_binding:
        view = View(schema, statement.table.name, statement.text, (), session.schemas, late_binding=True)
        transaction.catalog = catalog.with_relation(view)
        return
    query = bound(statement.query, catalog, script, session, {})
    names = statement.columns or tuple(column.name for column in query.columns)
    if len(names) > len(query.columns):
        raise KitError("42601", "CREATE VIEW specifies more column names than columns")
    columns = tuple(
        TableColumn(names[index] if index < len(names) else column.name, column.type)
        for index, column in enumerate(query.columns)
    )
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate is not None:
        raise KitError("42701", f'column "{duplicate}" specified more than once')
    reads = reads_of(statement.text, query, catalog, session.path)
    transaction.catalog = catalog.with_relation(
        View(schema, statement.table.name, statement.text, columns, session.schemas, reads=reads)
    )


def reads_of(text: str, query: BoundQuery, catalog: Catalog, path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The user's tables that a query reads, and the views through which it does."""
    found = dict.fromkeys(user_tables(query.tables))
    for _, candidates in named_in(text, path):
        key = next((each for each in candidates if each in catalog.relations), None)
        if key is not None:
            found[key] = None
    return tuple(found)


def comment(transaction: Transaction, statement: Comment, path: Sequence[str]) -> None:
    """Attach a comment to what it names."""
    target = f"{statement.kind} {statement.name}"
    if statement.kind in {"TABLE", "VIEW", "COLUMN"}:
        found = transaction.catalog.find(statement.name, path)
        if found is None:
            raise KitError("42P01", f'Relation "{statement.name}" does not exist')
        target = f"{statement.kind} {found.schema}.{found.name}"
        if statement.column is not None:
            if isinstance(found, Table) and found.column(statement.column) is None:
                raise KitError("42703", f'column "{statement.column}" of relation "{found.name}" does not exist')
            target = f"{target}.{statement.column}"
    transaction.catalog = transaction.catalog.with_comment(target, statement.text)
