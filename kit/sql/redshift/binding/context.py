"""What one binding shares from top to bottom: the script for errors, the catalog, names given out, what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlglot import exp

from kit.sql.redshift.binding.blocks import Block
from kit.sql.redshift.binding.scope import CommonTable, Scope, Source
from kit.sql.redshift.schema import Schemas

QueryBinder: TypeAlias = "Callable[[Context, exp.Expr, Scope | None, Mapping[str, CommonTable] | None], Block]"


@dataclass(slots=True)
class Found:
    """What the statement turned out to use."""

    tables: dict[tuple[str, str], list[Source]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    volatile: set[str] = field(default_factory=set)
    leader_only: set[str] = field(default_factory=set)
    narrow: bool = False


@dataclass(slots=True)
class Context:
    """`wide`: decimals are multiplied in 128 bits throughout. `keep_case`: quoted names keep their case.

    Expressions hold queries and queries hold expressions; `queries` is how the former reach the latter.
    """

    script: str
    schemas: Schemas
    search_path: Sequence[str]
    queries: QueryBinder
    values: Mapping[str, Any] = field(default_factory=dict)
    wide: bool = False
    keep_case: bool = False
    found: Found = field(default_factory=Found)
    view_stack: tuple[str, ...] = ()
    _aliases: dict[str, int] = field(default_factory=dict)

    def bind_query(
        self, query: exp.Expr, parent: Scope | None, environment: Mapping[str, CommonTable] | None = None
    ) -> Block:
        """A query inside; `environment` is that of `parent` unless given."""
        return self.queries(self, query, parent, environment)

    def fold(self, name: exp.Expr) -> str:
        """An identifier's text as names are compared."""
        if self.keep_case and isinstance(name, exp.Identifier) and name.quoted:
            return name.name
        return name.name.lower()

    def unique(self, wanted: str) -> str:
        """`wanted`, or with a number where it has been given out already: aliases are unique in a whole tree."""
        if wanted not in self._aliases:
            self._aliases[wanted] = 1
            return wanted
        while True:
            self._aliases[wanted] += 1
            candidate = f"{wanted}_{self._aliases[wanted]}"
            if candidate not in self._aliases:
                self._aliases[candidate] = 1
                return candidate
