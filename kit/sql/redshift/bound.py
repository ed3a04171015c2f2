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

    `tree` generates as DuckDB SQL as it is, with the macros of `MACROS` installed. In it, every `exp.Table` is a base
    table (`db` and `this` resolved, with an alias) or names a CTE (no `db`); every `exp.Column` carries the alias of
    its source, but those in ORDER BY that name a projection; aliases are unique in the whole tree; projections are
    aliased and their names unique in their block; `*` is expanded; every column and projection has its DuckDB type in
    `.type`.

    `columns` are the answer's, by position. `parameters` are the user's values and `session` the names of those that
    the session provides when the query runs; both are `$name` in SQL. `volatile` names functions whose value changes
    from one run to the next (such a query's answer is not cached); `leader_only` those that Redshift runs on the
    leader alone. `narrow`: a product of decimals is computed in 64 bits for speed and may overflow there; bind again
    with `wide` then.
    """

    tree: exp.Query
    columns: tuple[BoundColumn, ...]
    tables: tuple[BoundTable, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    session: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    leader_only: frozenset[str] = frozenset()
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Uses:
    """What a statement that yields no rows reads and needs; the fields are those of `BoundQuery`."""

    tables: tuple[BoundTable, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    session: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    leader_only: frozenset[str] = frozenset()
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class BoundInsert:
    """`query` yields `columns`, all of the table's but identities that were left out, as the columns store them."""

    schema: str
    name: str
    columns: tuple[str, ...]
    query: BoundQuery


@dataclass(frozen=True, slots=True)
class BoundChange:
    """An UPDATE or DELETE: `tree` is `exp.Update` or `exp.Delete` over the target under its alias.

    The columns that an UPDATE sets stand bare, their values fitted to them.
    """

    schema: str
    name: str
    tree: exp.Update | exp.Delete
    uses: Uses

    @property
    def is_simple(self) -> bool:
        """Whether it asks for nothing but the row itself: no other tables, no subqueries, no values drawn anew."""
        tables = [each for each in self.tree.find_all(exp.Table, exp.Query, exp.Subquery) if each is not self.tree.this]
        return not tables and not self.uses.volatile - self.uses.session


@dataclass(frozen=True, slots=True)
class BoundMerge:
    """A MERGE in its parts. `target` and `source` are FROM items with aliases; `on` is over both.

    `update` pairs columns with values over both; `insert` pairs every column with its value over the source.
    """

    schema: str
    name: str
    target: exp.Expr
    source: exp.Expr
    on: exp.Expr
    update: tuple[tuple[str, exp.Expr], ...]
    delete_matched: bool
    insert: tuple[tuple[str, exp.Expr], ...]
    remove_duplicates: bool
    uses: Uses


@dataclass(frozen=True, slots=True)
class BoundExpression:
    """An expression without a table. `session` names the values that it needs."""

    node: exp.Expr
    type: Type
    session: frozenset[str] = frozenset()
