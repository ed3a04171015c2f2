"""A catalog of a few tables, and the translation of queries over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from kit.sql.athena import compile_query, parse
from kit.sql.athena.statements import Query
from kit.sql.relations import CompiledQuery, Relation, RelationColumn

Compile = Callable[..., CompiledQuery]

_HIDDEN = (
    RelationColumn("$path", "string", hidden=True),
    RelationColumn("$size", "bigint", hidden=True),
    RelationColumn("$file_modified_time", "timestamp", hidden=True),
)
_FLIGHTS = {
    "origin": "string",
    "code": "varchar(3)",
    "delay": "int",
    "distance": "bigint",
    "fare": "decimal(8,2)",
    "ratio": "double",
    "share": "float",
    "late": "boolean",
    "flown": "date",
    "seen": "timestamp",
    "tags": "array<string>",
    "plane": "struct<tail:string,seats:int>",
    "year": "int",
    "month": "string",
}


def _table(database: str, name: str, columns: Mapping[str, str]) -> Relation:
    own = tuple(RelationColumn(column, kind) for column, kind in columns.items())
    return Relation(database, name, own + _HIDDEN)


@dataclass
class Lake:
    """`nyc` with flights and weather, `shop` with orders; views are added as texts."""

    tables: dict[tuple[str, str], Relation] = field(
        default_factory=lambda: {
            ("nyc", "flights"): _table("nyc", "flights", _FLIGHTS),
            ("nyc", "weather"): _table("nyc", "weather", {"origin": "string", "temp": "double", "year": "int"}),
            ("shop", "orders"): _table("shop", "orders", {"id": "bigint", "note": "string"}),
        }
    )

    def add_view(self, name: str, text: str, columns: Mapping[str, str], database: str = "nyc") -> None:
        shown = tuple(RelationColumn(column, kind) for column, kind in columns.items())
        self.tables[database, name] = Relation(database, name, shown, text, database)

    def relation(self, database: str, name: str) -> Relation | None:
        return self.tables.get((database, name))

    def databases(self) -> Sequence[str]:
        return ["nyc", "shop"]

    def relations(self, database: str) -> Sequence[str]:
        return [name for of, name in self.tables if of == database]


@pytest.fixture
def lake() -> Lake:
    return Lake()


@pytest.fixture
def compiled(lake: Lake) -> Compile:
    """Translates a query with named parameters, in the database `nyc`."""

    def compiled(text: str, positional: Sequence[Any] = (), **parameters: Any) -> CompiledQuery:
        query = parse(text)
        assert isinstance(query, Query)
        return compile_query(query.tree, query.text, lake, "nyc", parameters, positional)

    return compiled
