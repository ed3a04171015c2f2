"""Runs Athena's SQL on a small lake in memory, without the executor: translation and DuckDB only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from kit.base.errors import KitError
from kit.sql.athena import MACROS, compile_query, parse
from kit.sql.athena.errors import from_engine
from kit.sql.relations import CompiledQuery, Relation, RelationColumn

TABLES = {
    "orders": (
        """id int, customer string, amount decimal(12,2), price double, placed date, seen timestamp, tags array<string>,
        scores map<string,int>, address struct<city:string,zip:int>""",
        """(VALUES
            (1, 'ann', 10.50, 1.5, DATE '2013-01-31', TIMESTAMP '2013-01-31 10:20:30.123', ['a', 'b'],
                MAP {'x': 1, 'y': 2}, {'city': 'Rome', 'zip': 100}),
            (2, 'bob', 2.25, 2.5, DATE '2013-02-28', TIMESTAMP '2013-02-28 00:00:00', ['b'],
                MAP {'x': 3}, {'city': 'Oslo', 'zip': 200}),
            (3, 'ann', 7.00, -0.5, DATE '2014-03-01', TIMESTAMP '2014-03-01 23:59:59.999', [],
                MAP {}, {'city': 'Rome', 'zip': 101}),
            (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL))""",
    ),
    "numbers": (
        "t tinyint, s smallint, i int, b bigint, r float, d double, p decimal(10,2), q decimal(38,10)",
        """(VALUES (CAST(1 AS TINYINT), CAST(2 AS SMALLINT), 3, CAST(4 AS BIGINT), CAST(1.5 AS FLOAT),
            CAST(2.5 AS DOUBLE), CAST(3.25 AS DECIMAL(10,2)), CAST(4.125 AS DECIMAL(38,10))))""",
    ),
}


@dataclass(frozen=True)
class Lake:
    """The tables, as a catalog that the translation asks."""

    views: dict[str, str]

    def relation(self, database: str, name: str) -> Relation | None:
        if database == "lake" and name in self.views:
            return Relation(database, name, (), self.views[name], "lake")
        if database != "lake" or name not in TABLES:
            return None
        columns = [part.strip().split(" ", 1) for part in _split(TABLES[name][0])]
        hidden = (RelationColumn("$path", "string", True), RelationColumn("$size", "bigint", True))
        return Relation(database, name, (*(RelationColumn(n, t) for n, t in columns), *hidden))

    def databases(self) -> Sequence[str]:
        return ["lake"]

    def relations(self, database: str) -> Sequence[str]:
        return [*TABLES, *self.views] if database == "lake" else []


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "(<") - (character in ")>")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


class Athena:
    """What a test needs of Athena: the answer to a query, as types and rows, or the error."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            self.connection.execute(macro)
        for name, (columns, values) in TABLES.items():
            names = ", ".join(f'"{part.strip().split(" ")[0]}"' for part in _split(columns))
            self.connection.execute(
                f"""CREATE TABLE {name} AS SELECT *, 's3://lake/{name}/1' AS "$path", CAST(10 AS BIGINT) AS "$size"
                FROM {values} AS v({names})"""
            )
        self.views: dict[str, str] = {}

    def compile(
        self, text: str, parameters: dict[str, Any] | None = None, positional: Sequence[Any] = ()
    ) -> CompiledQuery:
        query = parse(text)
        return compile_query(query.tree, query.text, Lake(self.views), "lake", parameters or {}, positional)

    def answer(
        self, text: str, parameters: dict[str, Any] | None = None, positional: Sequence[Any] = ()
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns' types and the rows. Raises KitError, for failures while running too."""
        compiled = self.compile(text, parameters, positional)
        for scan in compiled.scans:
            columns = ", ".join(f'"{column}"' for column in scan.columns) or "1 AS nothing"
            self.connection.execute(
                f'CREATE OR REPLACE TEMP VIEW "{scan.relation}" AS SELECT {columns} FROM {scan.table}'
            )
        try:
            reader = self.connection.sql(compiled.sql, params=dict(compiled.parameters) or None)
            table = reader.to_arrow_table()
        except duckdb.Error as error:
            known = from_engine(str(error))
            raise (known or KitError("GENERIC_INTERNAL_ERROR", str(error))) from error
        rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_rows else []
        return [column.type for column in compiled.columns], rows


@pytest.fixture(scope="session")
def athena() -> Athena:
    return Athena()
