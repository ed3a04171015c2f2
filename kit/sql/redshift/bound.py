"""What binding hands to the planner: a tree in DuckDB's semantics, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from kit.sql.redshift.types import Type


@dataclass(frozen=True, slots=True)
class BoundColumn:
    """A column of the answer, with Redshift's type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A base table that a query reads, and the columns of it that are used, in the table's order."""

    schema: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A query whose names are resolved and whose functions and operators are DuckDB's.

    `tree` generates as DuckDB SQL as it is. In it, every `exp.Table` is a base table (`db` and `this` resolved, with
    an alias) or names a CTE (no `db`); every `exp.Column` carries the alias of its source; aliases are unique in the
    whole tree; `*` is expanded; every column and projection has its DuckDB type in `.type`; the user's parameters and
    the session's values (`parameters`) are `exp.Parameter`, `$name` in SQL.

    `volatile` names functions whose value changes from one run to the next (such a query's answer is not cached);
    `leader_only` those that Redshift runs on the leader alone.
    """

    tree: exp.Query
    columns: tuple[BoundColumn, ...]
    tables: tuple[BoundTable, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    volatile: frozenset[str] = frozenset()
    leader_only: frozenset[str] = frozenset()
