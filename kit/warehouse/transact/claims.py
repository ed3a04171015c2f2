"""Which tables a statement changes, and how strictly they have to be its own meanwhile. Pure.

Source: Amazon Redshift Database Developer Guide, "LOCK", "Managing concurrent write operations", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from kit.sql.redshift import statements as s
from kit.warehouse.catalog import PUBLIC, Catalog, Table, own_schema
from kit.warehouse.transact.locks import Key, Mode
from kit.warehouse.transact.transaction import Claim


def claims_of(statement: s.Statement, catalog: Catalog, path: Sequence[str]) -> list[Claim]:
    """The claims of a statement that changes tables; none where it only reads.

    Rows that are added depend on no others: INSERT and COPY do not read the table that they add to.
    """
    match statement:
        case s.Insert() | s.Copy():
            return [Claim(_existing(catalog, statement.table, path), Mode.WRITE, reads=False)]
        case s.Update() | s.Delete() | s.Merge():
            return [Claim(_existing(catalog, statement.table, path), Mode.WRITE)]
        case s.Vacuum() | s.Analyze():
            return [Claim(key, Mode.WRITE) for key in _one_or_all(catalog, statement.table, path)]
        case s.Truncate() | s.AlterTable() | s.RefreshMaterializedView():
            return [Claim(key, Mode.EXCLUSIVE) for key in _altered(catalog, statement, path)]
        case s.AlterTableAppend():
            named = [statement.target, statement.source]
            return [Claim(_existing(catalog, name, path), Mode.EXCLUSIVE) for name in named]
        case s.Drop():
            return [Claim(_existing(catalog, name, path), Mode.EXCLUSIVE) for name in statement.tables]
        case s.CreateTable() | s.CreateTableAs() | s.CreateView() | s.CreateMaterializedView():
            temporary = isinstance(statement, s.CreateTable | s.CreateTableAs) and statement.temporary
            return [Claim(_new(catalog, statement.table, path, temporary=temporary), Mode.EXCLUSIVE)]
        case s.Query(into=s.TableName() as target):
            return [Claim(_new(catalog, target, path, temporary=statement.into_temporary), Mode.EXCLUSIVE)]
        case _:
            return []


def _existing(catalog: Catalog, name: s.TableName, path: Sequence[str]) -> Key:
    found = catalog.find(name, path)
    return (found.schema, found.name) if found is not None else _new(catalog, name, path)


def _new(catalog: Catalog, name: s.TableName, path: Sequence[str], *, temporary: bool = False) -> Key:
    if temporary:
        return path[0], name.name
    if name.schema is not None:
        return own_schema(name.schema, path), name.name
    return next((each for each in path[1:] if each in catalog.schema_names), PUBLIC), name.name


def _one_or_all(catalog: Catalog, name: s.TableName | None, path: Sequence[str]) -> list[Key]:
    if name is not None:
        return [_existing(catalog, name, path)]
    return [key for key, each in catalog.relations.items() if isinstance(each, Table)]


def _altered(
    catalog: Catalog, statement: s.Truncate | s.AlterTable | s.RefreshMaterializedView, path: Sequence[str]
) -> list[Key]:
    key = _existing(catalog, statement.table, path)
    actions = statement.actions if isinstance(statement, s.AlterTable) else ()
    return [key, *((key[0], action.new_name) for action in actions if isinstance(action, s.RenameTable))]
