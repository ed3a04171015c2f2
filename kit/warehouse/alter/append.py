"""ALTER TABLE APPEND: a table takes the rows of another, which is empty then.

Both tables have their rows on the same slices, so no row leaves its slice and none is staged.

Source: Amazon Redshift Database Developer Guide, "ALTER TABLE APPEND", read 2026-11.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kit.base.errors import KitError
from kit.sql.redshift.statements import AlterTableAppend
from kit.warehouse import ddl
from kit.warehouse.alter.act import refuse_materialized
from kit.warehouse.catalog import Table
from kit.warehouse.cluster import Cluster, Transaction
from kit.warehouse.connection import value
from kit.warehouse.load.appending import append, staging_inside
from kit.warehouse.load.placing import all_rows, stage
from kit.warehouse.plan.expression import quote

if TYPE_CHECKING:
    from kit.warehouse.commands import Call


def append_from(call: Call, cluster: Cluster, transaction: Transaction, statement: AlterTableAppend) -> str:
    """Move all rows of the source to the target; the completion tag."""
    catalog = transaction.catalog
    target = catalog.table_named(statement.target, call.session.path)
    source = catalog.table_named(statement.source, call.session.path)
    _check(target, source, statement)
    for table in (target, source):
        refuse_materialized(table)
        if transaction.is_stale(table):
            raise cluster.violation(transaction, (table.schema, table.name))
    rows = source.rows
    if rows:
        with staging_inside(cluster, transaction, call.cancellation) as area:
            if (target.effective, target.distkey) == (source.effective, source.distkey):
                with call.cancellation.running(transaction.cursor):
                    grown = _slice_by_slice(transaction, target, source, cluster.now_ms())
                transaction.catalog = transaction.catalog.with_relation(grown)
            else:
                # Two tables on AUTO of different size: their rows are not on the same slices.
                select = f"SELECT {_columns(target, source)} FROM ({all_rows(source, catalog.shape)})"
                staged = stage(transaction.cursor, area.relation(), target, select, {}, catalog.shape)
                append(transaction, area, target, staged, catalog.shape, cluster.now_ms())
        ddl.truncate(transaction, source)
    return "ALTER TABLE APPEND"


def _slice_by_slice(transaction: Transaction, target: Table, source: Table, now_ms: int) -> Table:
    shape = transaction.catalog.shape
    counts, in_order = list(target.slice_rows), list(target.sorted_rows)
    names = ", ".join(quote(column.name) for column in target.columns)
    for number in target.places(shape):
        schema = f'"slice{number}"'
        added = value(
            transaction.cursor,
            f"INSERT INTO {schema}.{quote(target.relation)} ({names}) "
            f"SELECT {_columns(target, source)} FROM {schema}.{quote(source.relation)}",
        )
        if counts[number] == 0:
            in_order[number] = source.sorted_rows[number]
        counts[number] += added
    blanks = {column.name for column in source.columns if column.has_trailing_blanks}
    return replace(
        target,
        columns=tuple(
            replace(column, has_trailing_blanks=column.has_trailing_blanks or column.name in blanks)
            for column in target.columns
        ),
        slice_rows=tuple(counts),
        sorted_rows=tuple(in_order),
        next_identity=max(target.next_identity, source.next_identity),
        changed_rows=target.changed_rows + source.rows,
        changed_ms=now_ms,
    )


def _columns(target: Table, source: Table) -> str:
    """The target's columns from the source's; those that FILLTARGET fills are NULL."""
    known = {column.name for column in source.columns}
    return ", ".join(
        quote(column.name) if column.name in known else f"CAST(NULL AS {column.type.duckdb}) AS {quote(column.name)}"
        for column in target.columns
    )


def _check(target: Table, source: Table, statement: AlterTableAppend) -> None:
    if target.id == source.id:
        raise KitError("0A000", "ALTER TABLE APPEND: source and target are the same table")
    if target.is_temporary or source.is_temporary:
        raise KitError("0A000", "ALTER TABLE APPEND requires permanent tables", "Use INSERT INTO ... SELECT.")
    for what, mine, theirs in (
        ("distribution styles", (target.style, target.distkey), (source.style, source.distkey)),
        ("sort keys", target.sortkey, source.sortkey),
    ):
        if mine != theirs:
            raise KitError("0A000", f"ALTER TABLE APPEND: the {what} of source and target differ")
    own = {column.name: column for column in target.columns}
    given = {column.name: column for column in source.columns}
    extra, missing = [name for name in given if name not in own], [name for name in own if name not in given]
    if extra and not statement.ignore_extra:
        raise KitError(
            "42804",
            f'Column "{extra[0]}" of the source table is not in the target table',
            "IGNOREEXTRA leaves such columns out, and their values are lost.",
        )
    if missing and not statement.fill_target:
        raise KitError(
            "42804",
            f'Column "{missing[0]}" of the target table is not in the source table',
            "FILLTARGET fills such columns with NULL.",
        )
    for name in missing:
        if not own[name].nullable:
            raise KitError("23502", f'Cannot fill column "{name}" of the target table: it is NOT NULL')
    for name in own.keys() & given.keys():
        if own[name].type != given[name].type or own[name].encode != given[name].encode:
            raise KitError("42804", f'Column "{name}" of source and target differ in type or encoding')
        if given[name].nullable and not own[name].nullable:
            raise KitError("42804", f'Column "{name}" is NOT NULL in the target table only')
        if own[name].identity is not None or given[name].identity is not None:
            raise KitError("0A000", "ALTER TABLE APPEND does not support IDENTITY columns")
