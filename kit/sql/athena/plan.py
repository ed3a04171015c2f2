"""The relations of a translated query, rendered last: only then is it known which of their columns anybody uses.

A source is what stands in a FROM: a scanned table, a query in parentheses, a reference to a WITH query, an UNNEST. A
plan is a query. Both take `require(index)`, which marks a field as used and passes on to the fields that this one is
made of, and render themselves without the fields that nobody required. Nothing here knows Trino.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kit.sql.athena.scope import Field
from kit.sql.athena.types import quote

Uses = tuple[tuple[int, int], ...]
"""Fields of sources, as (source's number, field's index)."""


class Plan(Protocol):
    """A query: `fields` are its columns in order."""

    fields: Sequence[Field]

    def require(self, index: int) -> None: ...

    def sql(self) -> str:
        """The query with its required columns; never without any column."""
        ...


class Source(Protocol):
    """A relation of a FROM: `fields` are what it offers, `alias` its name, unique in the whole statement."""

    alias: str
    fields: Sequence[Field]

    def require(self, index: int) -> None: ...

    def sql(self) -> str:
        """The relation as it stands in a FROM, alias included."""
        ...


@dataclass(slots=True, eq=False)
class ScanSource:
    """A table of the catalog, under the name that the executor gives it."""

    relation: str
    alias: str
    fields: Sequence[Field]
    used: set[int] = field(default_factory=set)
    rendered: bool = False

    def require(self, index: int) -> None:
        self.used.add(index)

    def sql(self) -> str:
        self.rendered = True
        return f"{quote(self.relation)} AS {quote(self.alias)}"


@dataclass(slots=True, eq=False)
class DerivedSource:
    """A query in parentheses. `lateral` ones may name the relations before them."""

    plan: Plan
    alias: str
    fields: Sequence[Field]
    lateral: bool = False

    def require(self, index: int) -> None:
        self.plan.require(index)

    def sql(self) -> str:
        return f"{'LATERAL ' if self.lateral else ''}({self.plan.sql()}) AS {quote(self.alias)}"


@dataclass(slots=True, eq=False)
class WithQuery:
    """A query of a WITH clause: rendered once, however many sources refer to it."""

    name: str
    plan: Plan
    recursive: bool = False
    references: int = 0

    def sql(self) -> str:
        names = ", ".join(quote(item.column) for item in self.plan.fields)
        columns = f"({names})" if self.recursive else ""
        once = " NOT MATERIALIZED" if self.references == 1 and not self.recursive else ""
        return f"{quote(self.name)}{columns} AS{once} ({self.plan.sql()})"


@dataclass(slots=True, eq=False)
class WithSource:
    """A reference to a query of a WITH clause."""

    query: WithQuery
    alias: str
    fields: Sequence[Field]

    def require(self, index: int) -> None:
        self.query.plan.require(index)

    def sql(self) -> str:
        return f"{quote(self.query.name)} AS {quote(self.alias)}"


@dataclass(slots=True, eq=False)
class FixedSource:
    """A relation whose text is settled: UNNEST, VALUES in a FROM."""

    text: str
    alias: str
    fields: Sequence[Field]

    def require(self, index: int) -> None:
        """Nothing is left out of it."""

    def sql(self) -> str:
        return f"{self.text} AS {quote(self.alias)}({', '.join(quote(item.column) for item in self.fields)})"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One relation of a FROM; `sample` is its TABLESAMPLE clause."""

    source: Source
    sample: str = ""

    def sql(self) -> str:
        return self.source.sql() + self.sample


@dataclass(frozen=True, slots=True)
class Join:
    """`kind` is the join's words in SQL; `condition` is empty for a cross join."""

    left: From
    right: From
    kind: str
    condition: str = ""

    def sql(self) -> str:
        right = f"({self.right.sql()})" if isinstance(self.right, Join) else self.right.sql()
        on = f" ON {self.condition}" if self.condition else ""
        return f"{self.left.sql()} {self.kind} {right}{on}"


From = Leaf | Join


@dataclass(frozen=True, slots=True)
class Item:
    """A column of a SELECT: its text and what it is made of."""

    sql: str
    uses: Uses = ()


@dataclass(slots=True, eq=False)
class SelectPlan:
    """A SELECT. `tail` is everything after FROM, settled text; `uses` of that text are required from the beginning.

    With `keeps_all` (DISTINCT, an outer query that counts columns) no column may be left out.
    """

    items: Sequence[Item]
    fields: Sequence[Field]
    use: Callable[[Uses], None]
    source: From | None = None
    head: str = "SELECT"
    tail: str = ""
    withs: Sequence[WithQuery] = ()
    keeps_all: bool = False
    required: set[int] = field(default_factory=set)

    def require(self, index: int) -> None:
        if self.keeps_all and not self.required:
            for every in range(len(self.items)):
                self._mark(every)
        else:
            self._mark(index)

    def _mark(self, index: int) -> None:
        if index not in self.required:
            self.required.add(index)
            self.use(self.items[index].uses)

    def sql(self) -> str:
        if self.keeps_all and not self.required and self.items:
            self.require(0)
        kept = [
            f"{item.sql} AS {quote(named.column)}"
            for index, (item, named) in enumerate(zip(self.items, self.fields, strict=True))
            if index in self.required
        ]
        from_ = f" FROM {self.source.sql()}" if self.source is not None else ""
        return f"{with_sql(self.withs)}{self.head} {', '.join(kept) or '1'}{from_}{self.tail}"


@dataclass(slots=True, eq=False)
class SetPlan:
    """UNION, INTERSECT or EXCEPT of two queries whose columns have the same types; `operator` is its words in SQL.

    Only UNION ALL may leave columns out: the others compare whole rows.
    """

    left: Plan
    right: Plan
    operator: str
    fields: Sequence[Field]
    tail: str = ""
    withs: Sequence[WithQuery] = ()
    keeps_all: bool = True

    def require(self, index: int) -> None:
        for every in range(len(self.fields)) if self.keeps_all else (index,):
            self.left.require(every)
            self.right.require(every)

    def sql(self) -> str:
        if self.keeps_all:
            self.require(0)
        return f"{with_sql(self.withs)}({self.left.sql()}) {self.operator} ({self.right.sql()}){self.tail}"


def with_sql(queries: Sequence[WithQuery]) -> str:
    """The WITH clause for those of `queries` that are referred to."""
    used = [query for query in queries if query.references]
    if not used:
        return ""
    recursive = "RECURSIVE " if any(query.recursive for query in used) else ""
    return f"WITH {recursive}{', '.join(query.sql() for query in used)} "
