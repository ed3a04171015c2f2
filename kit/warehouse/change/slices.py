"""Rows changed where they lie: one set-based statement a slice, on the connection of the transaction.

A row's place is its number in its slice's part times `PLACES`, plus the slice's number. Row numbers hold within the
transaction that has read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from kit.warehouse.catalog import Table
from kit.warehouse.change.accounts import Touched
from kit.warehouse.connection import Connection, fetch, value
from kit.warehouse.plan.expression import generate, quote
from kit.warehouse.plan.facts import PLACES, Shape

_HERE = f"place % {PLACES} = "
_ROW = f"place // {PLACES}"


def change_simply(
    cursor: Connection, table: Table, tree: exp.Update | exp.Delete, values: Mapping[str, Any], shape: Shape
) -> list[Touched]:
    """Run an UPDATE or DELETE that looks at nothing but the row itself on every part, copies included."""
    touched = []
    for number in table.places(shape):
        copy = tree.copy()
        copy.this.set("this", exp.to_identifier(table.relation, quoted=True))
        copy.this.set("db", exp.to_identifier(f"slice{number}", quoted=True))
        sql = generate(copy)
        where = copy.args.get("where")
        condition = f" AND ({generate(where.this)})" if where is not None else ""
        bound = _asked(copy, values)
        before = _in_order_simply(cursor, table, number, copy.this, condition, _asked(where, values))
        rows = value(cursor, sql, bound)
        touched.append(Touched(number, rows, rows if before is None else before))
    return touched


def delete_found(cursor: Connection, table: Table, found: str, shape: Shape) -> list[Touched]:
    """Delete the rows whose places the relation `found` has."""
    touched = []
    for number in _written(table, shape):
        in_order = _in_order_found(cursor, table, number, found)
        part = _part(table, number)
        rows = value(cursor, f"DELETE FROM {part} WHERE rowid IN (SELECT {_ROW} FROM {found} WHERE {_HERE}{number})")
        touched.append(Touched(number, rows, rows if in_order is None else in_order))
    return _copied(cursor, table, touched, shape)


def update_found(
    cursor: Connection, table: Table, found: str, columns: Mapping[str, str], shape: Shape
) -> list[Touched]:
    """Give the rows whose places `found` has its values: `columns` maps the table's columns to those of `found`.

    No place comes twice.
    """
    assigned = ", ".join(f"{quote(own)} = source.{quote(given)}" for own, given in columns.items())
    given = ", ".join(quote(each) for each in columns.values())
    touched = []
    for number in _written(table, shape):
        in_order = _in_order_found(cursor, table, number, found)
        part = _part(table, number)
        rows = value(
            cursor,
            f"UPDATE {part} AS target SET {assigned} FROM "
            f"(SELECT {_ROW} AS number, {given} FROM {found} WHERE {_HERE}{number}) AS source "
            "WHERE target.rowid = source.number",
        )
        touched.append(Touched(number, rows, rows if in_order is None else in_order))
    return _copied(cursor, table, touched, shape)


def ends_in_blank(cursor: Connection, table: Table, columns: Sequence[str], shape: Shape) -> set[str]:
    """Which of these text columns hold a value that ends in a blank."""
    if not columns:
        return set()
    items = ", ".join(f"coalesce(bool_or(suffix({quote(name)}, ' ')), false)" for name in columns)
    places = table.places(shape)[:1] if table.effective == "ALL" else table.places(shape)
    found: set[str] = set()
    for number in places:
        (answers,) = fetch(cursor, f"SELECT {items} FROM {_part(table, number)}")
        found |= {name for name, answer in zip(columns, answers, strict=True) if answer}
    return found


def _written(table: Table, shape: Shape) -> Sequence[int]:
    """The parts that places point into: of copies the first."""
    return table.places(shape)[:1] if table.effective == "ALL" else table.places(shape)


def _copied(cursor: Connection, table: Table, touched: list[Touched], shape: Shape) -> list[Touched]:
    """Bring the other copies of a table on ALL in line with the first, whose rows were changed."""
    if table.effective != "ALL" or not any(each.rows for each in touched):
        return touched
    first, *others = table.places(shape)
    for number in others:
        fetch(cursor, f"DELETE FROM {_part(table, number)}")
        fetch(cursor, f"INSERT INTO {_part(table, number)} SELECT * FROM {_part(table, first)}")
    return [*touched, *(Touched(number, each.rows, each.in_order) for number in others for each in touched)]


def _in_order_simply(
    cursor: Connection, table: Table, number: int, target: exp.Expr, condition: str, values: Mapping[str, Any]
) -> int | None:
    """How many rows of a part's sorted beginning meet a condition; None where the whole part is in order, or none."""
    last = _end_of_order(cursor, table, number)
    if last is None:
        return None if table.sorted_rows and table.sorted_rows[number] else 0
    alias = quote(target.alias_or_name)
    sql = f"SELECT count(*) FROM {_part(table, number)} AS {alias} WHERE {alias}.rowid < {last}{condition}"
    return int(value(cursor, sql, dict(values)))


def _in_order_found(cursor: Connection, table: Table, number: int, found: str) -> int | None:
    last = _end_of_order(cursor, table, number)
    if last is None:
        return None if table.sorted_rows and table.sorted_rows[number] else 0
    return int(value(cursor, f"SELECT count(*) FROM {found} WHERE {_HERE}{number} AND {_ROW} < {last}"))


def _end_of_order(cursor: Connection, table: Table, number: int) -> int | None:
    """The number of the first row that was appended after the sorted ones; None where there is no such border."""
    in_order = table.sorted_rows[number] if table.sorted_rows else 0
    if in_order in {0, table.slice_rows[number]}:
        return None
    found = fetch(cursor, f"SELECT rowid FROM {_part(table, number)} LIMIT 1 OFFSET {in_order}")
    return int(found[0][0]) if found else None


def _part(table: Table, number: int) -> str:
    return f'"slice{number}".{quote(table.relation)}'


def _asked(tree: exp.Expr | None, values: Mapping[str, Any]) -> dict[str, Any]:
    # DuckDB refuses values that a statement does not ask for.
    names = {each.name for each in tree.find_all(exp.Parameter)} if tree is not None else set()
    return {name: values[name] for name in names}
