"""Views that name a table: their text follows its new name; what would break them is refused.

Redshift binds a view to its table by number, so that a renamed table stays the view's. Here a view is its text, in
which the name is replaced where the parser found it. Late-binding views are left alone: they are bound to a name, as
they are in Redshift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift.dialect import parse_query, tokenize
from kit.sql.redshift.statements import DropColumn, RenameColumn
from kit.warehouse import ddl
from kit.warehouse.binding import bound
from kit.warehouse.catalog import Table, View, own_schema
from kit.warehouse.cluster import Transaction
from kit.warehouse.plan.expression import quote
from kit.warehouse.session import Session


def named_in(text: str, path: tuple[str, ...]) -> Iterator[tuple[exp.Table, tuple[tuple[str, str], ...]]]:
    """The tables that a query names, each with the relations that it may mean, in the order of the search path."""
    tree = parse_query(tokenize(text), text)
    common = {each.alias for each in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or (not table.db and table.name in common):
            continue
        name = table.name if table.this.quoted else table.name.lower()
        schemas = (own_schema(table.db.lower(), path),) if table.db else path
        yield table, tuple((schema, name) for schema in schemas)


def renamed_in_views(transaction: Transaction, old: Table | View, new_name: str) -> None:
    """Give a relation's new name to the views that read it."""
    for view in transaction.catalog.dependents(old):
        if isinstance(view, Table):
            raise KitError(
                "0A000",
                f"cannot rename {old.name} because materialized view {view.name} reads it",
                "Drop the materialized view first, and create it anew.",
            )
        transaction.catalog = transaction.catalog.with_relation(_with_new_name(transaction, view, old, new_name))


def renamed_in_keys(transaction: Transaction, old: Table, new_name: str) -> None:
    """Give a table's new name to the foreign keys that refer to it."""
    for table in ddl.referring_to(transaction.catalog, old):
        constraints = tuple(
            replace(each, references=replace(each.references, table=replace(each.references.table, name=new_name)))
            if each.references is not None and ddl.refers_to(table, each, old)
            else each
            for each in table.constraints
        )
        transaction.catalog = transaction.catalog.with_relation(replace(table, constraints=constraints))


def _with_new_name(transaction: Transaction, view: View, old: Table | View, new_name: str) -> View:
    key = (old.schema, old.name)
    text = view.text
    relations = transaction.catalog.relations
    found = [
        table
        for table, candidates in named_in(text, view.path)
        if next((each for each in candidates if each in relations), None) == key
    ]
    for table in sorted(found, key=lambda each: -each.this.meta["start"]):
        start, end = table.this.meta["start"], table.this.meta["end"] + 1
        alias = "" if table.alias else f" AS {quote(old.name)}"
        text = f"{text[:start]}{quote(new_name)}{alias}{text[end:]}"
    reads = tuple((old.schema, new_name) if each == key else each for each in view.reads)
    return replace(view, text=text, reads=reads)


def check_columns(transaction: Transaction, table: Table, action: DropColumn | RenameColumn) -> None:
    """Refuse to part a column from the views that use it; DROP … CASCADE drops these."""
    for view in transaction.catalog.dependents(table):
        if (view.schema, view.name) not in transaction.catalog.relations:
            continue
        if not _uses(transaction, view, table, action.name):
            continue
        if isinstance(action, RenameColumn):
            raise KitError(
                "0A000",
                f"cannot rename column {action.name} of table {table.name} because view {view.name} uses it",
                "Drop the view first and create it anew, or create it WITH NO SCHEMA BINDING.",
            )
        if not action.cascade:
            raise KitError(
                "2BP01",
                f"cannot drop table {table.name} column {action.name} because other objects depend on it",
                f"View {view.name} uses it. Use DROP ... CASCADE to drop the dependent objects too.",
            )
        ddl.drop_relation(transaction, view)


def _uses(transaction: Transaction, view: View | Table, table: Table, column: str) -> bool:
    """Whether the query of a view, materialised or not, reads a column."""
    definition = view.materialized if isinstance(view, Table) else view
    assert definition is not None
    session = Session(values={"search_path": ", ".join(definition.path)})
    tree = parse_query(tokenize(definition.text), definition.text)
    assert isinstance(tree, exp.Query)
    query = bound(tree, transaction.catalog, definition.text, session, {})
    return any(
        (each.schema, each.name) == (table.schema, table.name) and column in each.columns for each in query.tables
    )
