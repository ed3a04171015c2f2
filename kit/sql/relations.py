"""What a SQL front end asks of the outside, and what it hands on: values only, no parser, no engine.

A front end turns text into DuckDB SQL in which every table is a relation with a made-up name (`scan_0`), and says
beside it which tables those are, which columns of them are used and which values can pass. Whoever executes provides
the relations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kit.base.domain import Domain


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """`type` is a Hive type string. `hidden` columns (`$path`, `$size`) can be named but are left out of `*`."""

    name: str
    type: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as the binder sees it; a view where `view_text` is set (the same dialect's SQL, to be expanded in place).

    `view_database` is the database that the view's unqualified names belong to.
    """

    database: str
    name: str
    columns: tuple[RelationColumn, ...]
    view_text: str = ""
    view_database: str = ""


class SchemaSource(Protocol):
    """The catalog as a binder needs it. Names come in lower case."""

    def relation(self, database: str, name: str) -> Relation | None:
        """The table or view, or None where there is none."""
        ...

    def databases(self) -> Sequence[str]: ...

    def relations(self, database: str) -> Sequence[str]:
        """Names of tables and views, for hints and completion; empty where the database is unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """One table that a query reads.

    `relation` is the name that the SQL uses for it; it must offer at least `columns`, in types that match the schema's.
    `domains` restrict what can pass, by column; rows outside may be left out of the relation or not, as it suits.
    """

    relation: str
    database: str
    table: str
    columns: tuple[str, ...]
    domains: Mapping[str, Domain] = field(default_factory=dict)
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of the answer; `type` is the dialect's own type name (`varchar`, `decimal(12,2)`)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """`sql` is DuckDB SQL over the `scans`' relations, with `$name` for each of `parameters`."""

    sql: str
    scans: tuple[Scan, ...]
    columns: tuple[OutputColumn, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
