"""Settings, transactions, cursors and rights: statements about the session. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from kit.sql.redshift.statements.names import TableName


@dataclass(frozen=True, slots=True)
class Set:
    """SET name TO value. `local`: until the transaction ends. `value` None is DEFAULT; lists are joined by `, `."""

    name: str
    value: str | None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """`name` None is ALL."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW of a setting; `name` is None for SHOW ALL."""

    name: str | None


@dataclass(frozen=True, slots=True)
class ShowObject:
    """SHOW TABLE t, SHOW VIEW v: the DDL that would make it again."""

    kind: Literal["TABLE", "EXTERNAL TABLE", "VIEW"]
    table: TableName


@dataclass(frozen=True, slots=True)
class ShowList:
    """SHOW DATABASES, SCHEMAS FROM DATABASE d, TABLES FROM SCHEMA d.s, COLUMNS FROM TABLE d.s.t.

    `of` names the database, the schema (in `schema`, `name` empty) or the table.
    """

    kind: Literal["DATABASES", "SCHEMAS", "TABLES", "COLUMNS"]
    of: TableName | None = None
    like: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    isolation: Literal["SERIALIZABLE", "SNAPSHOT"] = "SERIALIZABLE"
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    pass


@dataclass(frozen=True, slots=True)
class Rollback:
    pass


@dataclass(frozen=True, slots=True)
class Lock:
    """ACCESS EXCLUSIVE, the only mode there is."""

    tables: tuple[TableName, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    process_id: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Execute:
    """EXECUTE of a prepared statement with its values, unbound."""

    name: str
    values: tuple[exp.Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Deallocate:
    name: str


@dataclass(frozen=True, slots=True)
class Declare:
    """DECLARE name CURSOR FOR query."""

    name: str
    query: exp.Query


@dataclass(frozen=True, slots=True)
class Fetch:
    """`count` None is FORWARD ALL."""

    cursor: str
    count: int | None = 1


@dataclass(frozen=True, slots=True)
class Close:
    cursor: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A statement that is understood and has nothing to act on here: users, groups, roles, rights.

    `command` is the completion tag that the client sees (`GRANT`, `CREATE USER`).
    """

    command: str
