"""What an ALTER TABLE makes of a table: the table as it will be, and how its parts on the slices get there. Pure.

Source: Amazon Redshift Database Developer Guide, "ALTER TABLE", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.statements import (
    AddColumn,
    AddConstraint,
    AlterAction,
    AlterColumnEncode,
    AlterColumnType,
    AlterDistribution,
    AlterEncodeAuto,
    AlterSortKey,
    ChangeOwner,
    Constraint,
    DropColumn,
    DropConstraint,
    RenameColumn,
    RenameTable,
)
from kit.sql.redshift.types import Kind
from kit.warehouse.catalog import NO_ORDER, StoredColumn, Table, default_encoding
from kit.warehouse.ddl import MAX_COLUMNS, UNSORTABLE
from kit.warehouse.plan.distribution import at_rest
from kit.warehouse.plan.expression import quote

# Encodings whose columns keep their size.
_FIXED_SIZE = frozenset({"BYTEDICT", "RUNLENGTH", "TEXT255", "TEXT32K"})


@dataclass(frozen=True, slots=True)
class Change:
    """`table` results; `on_parts` are clauses of ALTER TABLE for its parts; where `moves`, rows are placed anew.

    `filled` is an added column whose rows take its default.
    """

    table: Table
    on_parts: tuple[str, ...] = ()
    moves: bool = False
    filled: StoredColumn | None = None


def changed(table: Table, action: AlterAction) -> Change:
    """One action on a table. RENAME TO changes nothing but the name: whether it is free the caller knows."""
    match action:
        case AddColumn():
            return _added(table, action)
        case DropColumn():
            return _dropped(table, action.name)
        case RenameColumn():
            return _renamed(table, action)
        case RenameTable():
            return Change(replace(table, name=action.new_name))
        case ChangeOwner():
            return Change(table)
        case AlterColumnType():
            return _resized(table, action)
        case AlterColumnEncode():
            for name in action.encodings:
                _column(table, name)
            return Change(_with(table, lambda each: replace(each, encode=action.encodings.get(each.name, each.encode))))
        case AlterEncodeAuto():
            keys = table.sortkey.columns
            return Change(
                _with(
                    table, lambda each: replace(each, encode=default_encoding(each.type, is_sortkey=each.name in keys))
                )
            )
        case AlterDistribution():
            return _distributed(table, action)
        case AlterSortKey():
            return _sorted(table, action)
        case AddConstraint():
            return _constrained(table, action.constraint)
        case DropConstraint():
            return _unconstrained(table, action.name)
        case _:
            assert_never(action)


def _added(table: Table, action: AddColumn) -> Change:
    definition = action.definition
    if table.column(definition.name) is not None:
        raise _exists(table, definition.name)
    if len(table.columns) >= MAX_COLUMNS:
        raise KitError("54011", f"tables can have at most {MAX_COLUMNS} columns")
    if not definition.nullable and not definition.default_text:
        raise KitError(
            "42601",
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
            "Give it a DEFAULT, which the rows that are there take.",
        )
    encode = definition.encode or default_encoding(definition.type, is_sortkey=False)
    column = StoredColumn(
        definition.name,
        definition.type,
        definition.nullable,
        definition.default_text,
        encode,
        has_trailing_blanks=bool(definition.default_text) and definition.type.kind is Kind.VARCHAR,
    )
    clauses = [f"ADD COLUMN {quote(column.name)} {column.type.duckdb}"]
    return Change(
        replace(table, columns=(*table.columns, column)),
        tuple(clauses),
        # The engine takes no NOT NULL on a column that was just filled; parts that are written anew have it.
        moves=not column.nullable,
        filled=column if column.default_text else None,
    )


def _dropped(table: Table, name: str) -> Change:
    _column(table, name)
    if name == table.distkey and table.style == "KEY":
        raise KitError("0A000", f'cannot drop distkey column "{name}"', "Choose another with ALTER DISTSTYLE first.")
    if name in table.sortkey.columns:
        raise KitError("0A000", f'cannot drop sortkey column "{name}"', "ALTER SORTKEY NONE drops the sort key.")
    for constraint in table.constraints:
        if name in constraint.columns and constraint.kind != "UNIQUE":
            raise KitError(
                "0A000",
                f'cannot drop column "{name}" because it is part of a {constraint.kind.lower()}',
                "Drop the constraint first.",
            )
    if len(table.columns) == 1:
        raise KitError(
            "0A000", "cannot drop last column of table", "A table keeps at least one column: drop the table."
        )
    kept = tuple(each for each in table.columns if each.name != name)
    constraints = tuple(each for each in table.constraints if name not in each.columns)
    statistics = {own: each for own, each in table.statistics.items() if own != name}
    made = replace(table, columns=kept, constraints=constraints, statistics=statistics)
    if table.distkey == name:
        # A table on AUTO had chosen the column by its primary key, which cannot be dropped before the key is.
        raise KitError("0A000", f'cannot drop distkey column "{name}"', "ALTER DISTSTYLE EVEN first.")
    return Change(made, (f"DROP COLUMN {quote(name)}",))


def _renamed(table: Table, action: RenameColumn) -> Change:
    old, new = action.name, action.new_name
    _column(table, old)
    if table.column(new) is not None:
        raise _exists(table, new)

    def own(name: str) -> str:
        return new if name == old else name

    made = replace(
        _with(table, lambda each: replace(each, name=own(each.name))),
        distkey=own(table.distkey) if table.distkey is not None else None,
        sortkey=replace(table.sortkey, columns=tuple(own(each) for each in table.sortkey.columns)),
        constraints=tuple(
            replace(each, columns=tuple(own(name) for name in each.columns)) for each in table.constraints
        ),
        statistics={own(name): each for name, each in table.statistics.items()},
    )
    return Change(made, (f"RENAME COLUMN {quote(old)} TO {quote(new)}",))


def _resized(table: Table, action: AlterColumnType) -> Change:
    """A VARCHAR's size; that no value is longer than a smaller one the caller sees to."""
    column = _column(table, action.name)
    where = f'cannot alter column "{column.name}" of relation "{table.name}"'
    if column.type.kind is not Kind.VARCHAR or action.type.kind is not Kind.VARCHAR:
        raise KitError(
            "0A000",
            f"{where}, target column type should be VARCHAR and the column a VARCHAR",
            "Add a column of the other type, UPDATE it, drop the old one and rename.",
        )
    if column.type.size == action.type.size:
        raise KitError("0A000", f"{where}, target column size should be different")
    if column.encode in _FIXED_SIZE:
        raise KitError("0A000", f"{where}, its encoding {column.encode.lower()} does not allow it", "ALTER its ENCODE.")
    if column.default_text:
        raise KitError("0A000", f"{where}, it has a default value")
    if any(column.name in each.columns for each in table.constraints):
        raise KitError("0A000", f"{where}, it is part of a constraint", "Drop the constraint first.")
    return Change(
        _with(table, lambda each: replace(each, type=action.type) if each.name == column.name else each),
    )


def _distributed(table: Table, action: AlterDistribution) -> Change:
    style, key = action.diststyle, action.distkey
    if style == "KEY":
        assert key is not None
        column = _column(table, key)
        if at_rest(column.type.duckdb) is None:
            raise KitError("0A000", f"type {column.type} cannot be a distribution key")
    if (style, key if style == "KEY" else None) == (table.style, table.distkey if table.style == "KEY" else None):
        return Change(table)
    if style == "AUTO":
        # Rows stay where they are; from here on the table's size decides.
        return Change(replace(table, style="AUTO"))
    made = replace(table, style=style, effective=style, distkey=key if style == "KEY" else None)
    is_there = (made.effective, made.distkey) == (table.effective, table.distkey)
    return Change(made, moves=not is_there)


def _sorted(table: Table, action: AlterSortKey) -> Change:
    key = action.sortkey
    if key.style == "INTERLEAVED":
        raise KitError(
            "0A000",
            "ALTER TABLE ALTER SORTKEY to an interleaved sort key is not supported",
            "Use CREATE TABLE AS with INTERLEAVED SORTKEY.",
        )
    for name in key.columns:
        column = _column(table, name)
        if column.type.kind in UNSORTABLE:
            raise KitError("0A000", f"type {column.type} cannot be a sort key")
    if len({*key.columns}) != len(key.columns):
        raise KitError("42701", "a column appears twice in the sort key")
    if key == table.sortkey:
        return Change(table)
    if not key.columns:
        return Change(replace(table, sortkey=NO_ORDER if key.style == "NONE" else key, sorted_rows=table.slice_rows))
    return Change(replace(table, sortkey=key), moves=True)


def _constrained(table: Table, constraint: Constraint) -> Change:
    for name in constraint.columns:
        _column(table, name)
    if constraint.kind == "PRIMARY KEY" and any(each.kind == "PRIMARY KEY" for each in table.constraints):
        raise KitError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
    if constraint.name is not None and constraint.name in names_of(table):
        raise KitError("42710", f'constraint "{constraint.name}" for relation "{table.name}" already exists')
    return Change(replace(table, constraints=(*table.constraints, constraint)))


def _unconstrained(table: Table, name: str) -> Change:
    names = names_of(table)
    if name not in names:
        raise KitError("42704", f'constraint "{name}" does not exist', did_you_mean(name, names))
    kept = tuple(each for own, each in zip(names, table.constraints, strict=True) if own != name)
    return Change(replace(table, constraints=kept))


def names_of(table: Table) -> Sequence[str]:
    """Names of a table's constraints, those made up where none was given: as PostgreSQL makes them."""
    suffixes = {"PRIMARY KEY": "pkey", "UNIQUE": "key", "FOREIGN KEY": "fkey"}
    found: list[str] = []
    for each in table.constraints:
        parts = () if each.kind == "PRIMARY KEY" else each.columns[:1]
        name = each.name or "_".join((table.name, *parts, suffixes[each.kind]))
        number = 1
        unique = name
        while unique in found:
            unique = f"{name}{number}"
            number += 1
        found.append(unique)
    return found


def _with(table: Table, change: Callable[[StoredColumn], StoredColumn]) -> Table:
    return replace(table, columns=tuple(change(each) for each in table.columns))


def _column(table: Table, name: str) -> StoredColumn:
    found = table.column(name)
    if found is None:
        known = [column.name for column in table.columns]
        raise KitError("42703", f'column "{name}" of relation "{table.name}" does not exist', did_you_mean(name, known))
    return found


def _exists(table: Table, name: str) -> KitError:
    return KitError("42701", f'column "{name}" of relation "{table.name}" already exists')
