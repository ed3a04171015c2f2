"""A warehouse and a plain DuckDB that hold the same rows, and how their answers are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import kit
from kit.base.settings import Settings
from kit.sql.redshift import MACROS
from kit.storage import Storage
from kit.warehouse import Warehouse
from kit.warehouse.plan.expression import generate

Row = tuple[Any, ...]


@dataclass
class Twins:
    """The warehouse under test and the plain engine that is believed."""

    warehouse: Warehouse
    plain: duckdb.DuckDBPyConnection
    storage: Storage
    tiers: dict[str, int] = field(default_factory=dict)

    def create(self, name: str, columns: Mapping[str, str], attributes: str, rows: Sequence[Row]) -> None:
        """Make a table of the same rows in both; `columns` are Redshift types that DuckDB spells alike."""
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.warehouse.sql(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({listed}) {attributes}")
        self.plain.execute(f"CREATE OR REPLACE TABLE public.{name} ({listed})")
        if not rows:
            return
        values = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
        self.warehouse.sql(f"INSERT INTO {name} VALUES {values}")
        self.plain.execute(f"INSERT INTO public.{name} VALUES {values}")

    def check(self, sql: str, *, ordered: bool = False) -> None:
        """Both give the same answer; as a list where the query fixes the order of every row."""
        got = self.warehouse.sql(sql)
        self.tiers[got.stats.tier] = self.tiers.get(got.stats.tier, 0) + 1
        rows = [comparable(row) for row in got.rows]
        wanted = [comparable(row) for row in self.expected(sql)]
        if not ordered:
            rows, wanted = sorted(rows), sorted(wanted)
        assert rows == wanted, f"tier {got.stats.tier}\n{sql}"

    def expected(self, sql: str) -> list[Row]:
        """The bound query's answer over whole tables, by DuckDB alone."""
        session = self.warehouse.session
        (statement,) = self.warehouse._parsed(sql)
        compiled = self.warehouse._queries.compiled(statement.statement.tree, sql, sql, session, {})
        return self.plain.execute(generate(compiled.bound.tree)).fetchall()


def literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def comparable(row: Row) -> tuple[str, ...]:
    """A row as text that sorts; sums of doubles may differ in their last digits, whatever the order of adding."""
    return tuple(_text(value) for value in row)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return repr(value)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int, int], Twins]]:
    """Makes twins with so many nodes and slices a node."""
    made: list[Twins] = []

    def make(nodes: int, slices_per_node: int) -> Twins:
        folder: Path = tmp_path_factory.mktemp("warehouse")
        workspace = kit.open(folder, seed=1, settings=Settings(threads=2, memory_bytes=1 << 30))
        workspace.warehouse.cluster(nodes, slices_per_node)
        plain = duckdb.connect()
        plain.execute("CREATE SCHEMA public")
        plain.execute("SET threads = 1")
        for macro in MACROS:
            plain.execute(macro)
        made.append(Twins(workspace.warehouse, plain, workspace.storage))
        return made[-1]

    yield make
    for each in made:
        each.warehouse.close()
        each.plain.close()
