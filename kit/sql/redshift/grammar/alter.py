"""ALTER TABLE, TABLE APPEND, SCHEMA and MATERIALIZED VIEW.

Source: Amazon Redshift Database Developer Guide, "ALTER TABLE", "ALTER TABLE APPEND", read 2026-11.
"""

from __future__ import annotations

from kit.sql.redshift import errors
from kit.sql.redshift.grammar import columns, create
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import (
    Accepted,
    AddColumn,
    AddConstraint,
    AlterAction,
    AlterColumnEncode,
    AlterColumnType,
    AlterDistribution,
    AlterEncodeAuto,
    AlterSchema,
    AlterSortKey,
    AlterTable,
    AlterTableAppend,
    ChangeOwner,
    DropColumn,
    DropConstraint,
    RenameColumn,
    RenameTable,
    Statement,
    TableName,
)

_ACCEPTED = ("USER", "GROUP", "ROLE", "DATABASE")


def alter(cursor: Cursor) -> Statement:
    cursor.expect("ALTER")
    start = cursor.current
    if cursor.accept("TABLE"):
        return _table(cursor)
    if cursor.accept("SCHEMA"):
        return _schema(cursor)
    if cursor.accept("DEFAULT", "PRIVILEGES"):
        cursor.index = len(cursor.tokens)
        return Accepted("ALTER DEFAULT PRIVILEGES")
    if cursor.accept("MATERIALIZED", "VIEW"):
        return _materialized_view(cursor)
    for word in _ACCEPTED:
        if cursor.accept(word):
            cursor.index = len(cursor.tokens)
            return Accepted(f"ALTER {word}")
    raise errors.unsupported(f"ALTER {cursor.identifier().upper()}", cursor.script, start)


def _table(cursor: Cursor) -> AlterTable | AlterTableAppend:
    table = cursor.table_name()
    if cursor.accept("APPEND"):
        return _append(cursor, table)
    actions = _actions(cursor)
    cursor.end()
    return AlterTable(table, actions)


def _append(cursor: Cursor, table: TableName) -> AlterTableAppend:
    cursor.expect("FROM")
    source = cursor.table_name()
    option = cursor.choice("IGNOREEXTRA", "FILLTARGET")
    cursor.end()
    return AlterTableAppend(table, source, option == "IGNOREEXTRA", option == "FILLTARGET")


def _actions(cursor: Cursor) -> tuple[AlterAction, ...]:
    if cursor.accept("ADD"):
        return (_add(cursor),)
    if cursor.accept("DROP"):
        return (_drop(cursor),)
    if cursor.accept("RENAME"):
        return (_rename(cursor),)
    if cursor.accept("OWNER", "TO"):
        return (ChangeOwner(cursor.identifier()),)
    if cursor.accept("APPEND"):
        cursor.fail()
    return _alter_list(cursor)


def _add(cursor: Cursor) -> AlterAction:
    made = columns.constraint(cursor)
    if made is not None:
        return AddConstraint(made)
    cursor.accept("COLUMN")
    added = columns.column(cursor)
    if cursor.at_symbol(","):
        cursor.fail(hint="ADD COLUMN adds one column a statement.")
    if added.is_distkey or added.is_sortkey or added.identity or added.is_primary_key or added.is_unique:
        raise errors.unsupported(
            "DISTKEY, SORTKEY, IDENTITY, PRIMARY KEY or UNIQUE on an added column",
            cursor.script,
            cursor.tokens[-1],
            "Add the column first, then alter the table.",
        )
    return AddColumn(added)


def _drop(cursor: Cursor) -> AlterAction:
    if cursor.accept("CONSTRAINT"):
        name = cursor.identifier()
        return DropConstraint(name, cursor.choice("CASCADE", "RESTRICT") == "CASCADE")
    cursor.accept("COLUMN")
    name = cursor.identifier()
    if cursor.at_symbol(","):
        cursor.fail(hint="DROP COLUMN drops one column a statement.")
    return DropColumn(name, cursor.choice("CASCADE", "RESTRICT") == "CASCADE")


def _rename(cursor: Cursor) -> AlterAction:
    if cursor.accept("TO"):
        return RenameTable(cursor.identifier())
    cursor.accept("COLUMN")
    name = cursor.identifier()
    cursor.expect("TO")
    return RenameColumn(name, cursor.identifier())


def _alter_list(cursor: Cursor) -> tuple[AlterAction, ...]:
    """`ALTER …, ALTER …`: changes of columns' encodings come as one, distribution and sort key may come together."""
    cursor.expect("ALTER")
    found: list[AlterAction] = []
    encodings: dict[str, str] = {}

    def one() -> None:
        if found or encodings:
            cursor.expect("ALTER")
        action = _alter_one(cursor, encodings)
        if action is not None:
            found.append(action)

    cursor.separated(one)
    if encodings:
        found.append(AlterColumnEncode(encodings))
    return tuple(found)


def _alter_one(cursor: Cursor, encodings: dict[str, str]) -> AlterAction | None:
    if cursor.accept("DISTSTYLE"):
        style = cursor.choice("AUTO", "EVEN", "ALL", "KEY")
        if style == "KEY":
            cursor.expect("DISTKEY")
            return AlterDistribution("KEY", _one_name(cursor))
        return AlterDistribution(style or cursor.fail())  # type: ignore[arg-type]
    if cursor.accept("DISTKEY"):
        return AlterDistribution("KEY", _one_name(cursor))
    if cursor.at("SORTKEY") or cursor.at("COMPOUND") or cursor.at("INTERLEAVED"):
        key = columns.sort_key(cursor)
        assert key is not None
        return AlterSortKey(key)
    if cursor.accept("ENCODE"):
        cursor.expect("AUTO")
        return AlterEncodeAuto()
    cursor.accept("COLUMN")
    name = cursor.identifier()
    if cursor.accept("TYPE"):
        return AlterColumnType(name, cursor.type())
    cursor.expect("ENCODE")
    encodings[name] = columns.encoding(cursor)
    return None


def _one_name(cursor: Cursor) -> str:
    if not cursor.at_symbol("("):
        return cursor.identifier()
    names = cursor.names()
    if len(names) != 1:
        cursor.fail(hint="A table has one distribution key.")
    return names[0]


def _schema(cursor: Cursor) -> AlterSchema:
    name = cursor.identifier()
    if cursor.accept("RENAME", "TO"):
        made = AlterSchema(name, new_name=cursor.identifier())
    elif cursor.accept("OWNER", "TO"):
        made = AlterSchema(name, owner=cursor.identifier())
    else:
        cursor.expect("QUOTA")
        made = AlterSchema(name, quota_mb=create.quota(cursor))
    cursor.end()
    return made


def _materialized_view(cursor: Cursor) -> AlterTable | Accepted:
    table = cursor.table_name()
    if cursor.accept("AUTO", "REFRESH"):
        if cursor.choice("YES", "NO") is None:
            cursor.fail()
        cursor.end()
        return Accepted("ALTER MATERIALIZED VIEW")
    actions = _actions(cursor)
    cursor.end()
    return AlterTable(table, actions)
