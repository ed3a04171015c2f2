"""Statements that read and change rows. Queries and expressions in them are sqlglot trees, not yet bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from kit.sql.redshift.statements.names import TableName


@dataclass(frozen=True, slots=True)
class Query:
    """SELECT, a set operation, or WITH. `into` is the target of SELECT … INTO."""

    tree: exp.Query
    into: TableName | None = None
    into_temporary: bool = False


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """DEFAULT in the place of a value."""


@dataclass(frozen=True, slots=True)
class Insert:
    """`rows` is set for VALUES, `query` for INSERT … SELECT, neither for DEFAULT VALUES."""

    table: TableName
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[exp.Expr | DefaultValue, ...], ...] = ()
    query: exp.Query | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """`tree` is sqlglot's, with its WITH, FROM and WHERE."""

    table: TableName
    tree: exp.Update


@dataclass(frozen=True, slots=True)
class Delete:
    """`tree` is sqlglot's, with its WITH, USING and WHERE."""

    table: TableName
    tree: exp.Delete


@dataclass(frozen=True, slots=True)
class Merge:
    """MERGE INTO target USING source ON …; `remove_duplicates` has no WHEN clauses.

    `update` maps target columns to their new values; it is empty where matched rows are deleted (`delete_matched`).
    """

    table: TableName
    source: exp.Expr
    on: exp.Expr
    alias: str | None = None
    update: Mapping[str, exp.Expr] = field(default_factory=dict)
    delete_matched: bool = False
    insert_columns: tuple[str, ...] = ()
    insert_values: tuple[exp.Expr, ...] = ()
    remove_duplicates: bool = False
