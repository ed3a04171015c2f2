"""Names in a query block: sources, their columns, merged join columns, and the block around.

A name is looked up from the inside out. Nothing here knows expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from kit.sql.redshift.binding.typed import Typed, typed
from kit.sql.redshift.types import Type


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """`name` is what queries call it; `alias` and `physical` are what the bound tree does."""

    name: str
    alias: str
    physical: str
    type: Type
    blanks: bool = True
    hidden: bool = False

    def reference(self) -> Typed:
        node = exp.Column(this=identifier(self.physical), table=identifier(self.alias))
        return typed(node, self.type, blanks=self.blanks and self.type.is_text)


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a block yields. `physical` is its alias in the tree, unique among the block's columns.

    UNKNOWN is the type of a literal that nothing has given a type yet.
    """

    name: str
    physical: str
    type: Type
    blanks: bool = False


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A query of a WITH clause, as later queries see it; `alias` is its name in the tree."""

    alias: str
    columns: tuple[Output, ...]


@dataclass(slots=True)
class Source:
    """One item of a FROM clause. `used` collects the physical columns that the query reads.

    `element`: the source is a SUPER value that an array was unnested into, and its name is the value's.
    """

    name: str
    columns: tuple[SourceColumn, ...]
    schema: str | None = None
    element: SourceColumn | None = None
    used: set[str] = field(default_factory=set)
    _by_name: dict[str, SourceColumn] = field(init=False)
    _twice: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._by_name = {}
        twice: set[str] = set()
        for column in self.columns:
            if column.name in self._by_name:
                twice.add(column.name)
            else:
                self._by_name[column.name] = column
        self._twice = frozenset(twice)

    def find(self, name: str) -> SourceColumn | None:
        return self._by_name.get(name)

    def is_ambiguous(self, name: str) -> bool:
        return name in self._twice

    def take(self, column: SourceColumn) -> Typed:
        """A reference that is counted."""
        self.used.add(column.physical)
        return column.reference()

    @property
    def visible(self) -> Iterator[SourceColumn]:
        return (column for column in self.columns if not column.hidden)


@dataclass(slots=True)
class Scope:
    """One block's FROM clause. `merged` holds the columns of USING and NATURAL joins by name, which stand for both.

    `environment` is what WITH clauses in force have defined.
    """

    parent: Scope | None = None
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Typed] = field(default_factory=dict)
    environment: Mapping[str, CommonTable] = field(default_factory=dict)

    def source(self, name: str) -> Source | None:
        """The source of that name here or, failing that, around."""
        scope: Scope | None = self
        while scope is not None:
            for source in scope.sources:
                if source.name == name:
                    return source
            scope = scope.parent
        return None

    def matches(self, name: str) -> list[tuple[Source, SourceColumn]]:
        """The columns of that name in this block alone."""
        found: list[tuple[Source, SourceColumn]] = []
        for source in self.sources:
            column = source.find(name)
            if column is not None:
                found.append((source, column))
        return found

    def names(self) -> list[str]:
        """Every column name within reach, for hints."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            found += [column.name for source in scope.sources for column in source.visible]
            scope = scope.parent
        return found

    def source_names(self) -> list[str]:
        return [source.name for source in self.sources]
