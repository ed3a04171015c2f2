"""Which columns a name can mean: the relations of one FROM, the scopes around it, and the parameters of lambdas.

Resolves names as Trino does: case plays no part, a name that two relations offer is ambiguous, inner scopes hide outer
ones. Knows no SQL text beyond the columns'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kit.sql.athena.expression import Expr, Origin
from kit.sql.athena.types import Type

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a relation offers to the query around it.

    `label` is the name as written, for the answer's header; `name` is folded, empty for an anonymous column. `column`
    is what DuckDB calls it. `origins` are the scanned columns that it hands through unchanged, so that a restriction
    of the field may be applied to them.
    """

    name: str
    type: Type
    column: str
    label: str = ""
    hidden: bool = False
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Visible:
    """A field as a scope sees it: `sql` names it, `uses` say whose it is, for marking it as used.

    A column joined by USING belongs to both sides and has no `qualifier`.
    """

    field: Field
    sql: str
    qualifier: str
    database: str
    uses: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Scope:
    """What can be named in one place of a query.

    `outputs` are the columns of the SELECT, seen by ORDER BY first. `groups` are the grouping expressions as DuckDB
    text, where the query is grouped, and what stands for each in the groups: outside them columns have to stand in
    aggregates. `windows` are those of the WINDOW clause.
    """

    visible: Sequence[Visible]
    parent: Scope | None = None
    lambdas: Mapping[str, Expr] = field(default_factory=dict)
    outputs: Mapping[str, list[Expr]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, exp.Window] = field(default_factory=dict)
    _by_name: dict[str, list[Visible]] | None = None

    def with_lambdas(self, parameters: Mapping[str, Expr]) -> Scope:
        """The scope inside a lambda."""
        return replace(self, lambdas={**self.lambdas, **parameters})

    def named(self, name: str) -> list[Visible]:
        """All fields of this scope, parents aside, that are called `name`."""
        if self._by_name is None:
            self._by_name = {}
            for item in self.visible:
                self._by_name.setdefault(item.field.name, []).append(item)
        return self._by_name.get(name, [])

    def qualified(self, qualifier: str, name: str, database: str = "") -> list[Visible]:
        return [
            item
            for item in self.named(name)
            if item.qualifier == qualifier and (not database or item.database == database)
        ]

    def has_relation(self, qualifier: str) -> bool:
        return any(item.qualifier == qualifier for item in self.visible)

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
