"""Redshift's SQL against one plain DuckDB: tables made and filled by the dialect itself, answers as readable lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot.dialects.duckdb import DuckDB

from kit.base.errors import KitError
from kit.sql.redshift import (
    MACROS,
    BoundQuery,
    Session,
    bind,
    bind_insert,
    parse,
    translate_runtime_error,
    wants_wide,
)
from kit.sql.redshift.schema import TableColumn, TableSchema
from kit.sql.redshift.statements import CreateTable, CreateView, Insert, Query
from kit.sql.redshift.types import Kind, Type

FOLDER = Path(__file__).parent
SESSION_VALUES = {
    "getdate": datetime(2026, 3, 15, 10, 20, 30, 987654),
    "sysdate": datetime(2026, 3, 15, 10, 20, 29, 123456),
    "current_user": "awsuser",
    "session_user": "awsuser",
    "current_user_id": 100,
    "current_schema": "public",
    "current_database": "dev",
    "pg_backend_pid": 4711,
    "pg_last_query_id": 12,
    "version": "PostgreSQL 8.0.2 on Boathouse, Redshift 1.0",
}
_DUCKDB_NAMES = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "TIME WITH TIME ZONE": "TIMETZ"}
_GENERATOR = DuckDB().generator(identify=True)


@dataclass
class Database:
    """A schema named public in one DuckDB, and the catalog that the binder asks."""

    connection: duckdb.DuckDBPyConnection
    relations: dict[tuple[str, str], TableSchema] = field(default_factory=dict)

    def table(self, schema: str, name: str) -> TableSchema | None:
        return self.relations.get((schema, name))

    def schemas(self) -> Sequence[str]:
        return sorted({schema for schema, _ in self.relations})

    def tables(self, schema: str) -> Sequence[str]:
        return sorted(name for own, name in self.relations if own == schema)

    def run(self, script: str) -> None:
        """Make tables and views and insert rows, in Redshift's SQL."""
        for parsed in parse(script):
            match parsed.statement:
                case CreateTable(table, columns):
                    self._create(table.schema or "public", table.name, columns)
                case CreateView(table, _, text, names):
                    schema = table.schema or "public"
                    self.relations[schema, table.name] = TableSchema(
                        schema, table.name, view_text=text, view_columns=names
                    )
                case Insert():
                    bound = bind_insert(parsed.statement, script, Session(self))
                    listed = ", ".join(f'"{column}"' for column in bound.columns)
                    self.execute(bound.query, f'INSERT INTO "{bound.schema}"."{bound.name}" ({listed}) ')
                case other:
                    raise AssertionError(other)

    def _create(self, schema: str, name: str, columns: Sequence[Any]) -> None:
        made = tuple(
            TableColumn(column.name, column.type, default=column.default_text, is_identity=column.identity is not None)
            for column in columns
        )
        self.relations[schema, name] = TableSchema(schema, name, made)
        listed = ", ".join(
            f'"{column.name}" {column.type.duckdb}{"" if column.nullable else " NOT NULL"}' for column in columns
        )
        self.connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"; CREATE TABLE "{schema}"."{name}" ({listed})')

    def bind(self, sql: str, **options: Any) -> BoundQuery:
        (parsed,) = parse(sql)
        assert isinstance(parsed.statement, Query)
        return bind(parsed.statement.tree, sql, self, **options)

    def execute(self, query: BoundQuery, prefix: str = "") -> Any:
        """The answer as an Arrow table, or None for a statement without rows."""
        values = {**query.parameters, **{name: SESSION_VALUES[name] for name in query.session}}
        relation = self.connection.sql(prefix + _GENERATOR.generate(query.tree), params=values or None)
        return relation.to_arrow_table() if relation is not None else None

    def types(self, query: BoundQuery) -> list[str]:
        """The types that DuckDB gives the answer's columns."""
        values = {**query.parameters, **{name: SESSION_VALUES[name] for name in query.session}}
        relation = self.connection.sql(_GENERATOR.generate(query.tree), params=values or None)
        return [_DUCKDB_NAMES.get(str(kind), str(kind)) for kind in relation.types]

    def answer(self, sql: str) -> list[str]:
        """The answer's types in one line and its rows after it, or the error."""
        try:
            query = self.bind(sql)
            try:
                table = self.execute(query)
            except duckdb.Error as error:
                if not (query.narrow and wants_wide(str(error))):
                    raise
                query = self.bind(sql, wide=True)
                table = self.execute(query)
            assert self.types(query) == [column.type.duckdb for column in query.columns]
        except KitError as error:
            return [_error(error)]
        except duckdb.Error as error:
            translated = translate_runtime_error(str(error))
            return [_error(translated) if translated is not None else f"!! duckdb: {error}"]
        types = ", ".join(f"{column.name} {column.type}" for column in query.columns)
        columns = [column.to_pylist() for column in table.columns]
        kinds = [column.type for column in query.columns]
        return [f"=> {types}", *(_row(row, kinds) for row in zip(*columns, strict=True))]


def _error(error: KitError) -> str:
    place = f" at {error.line}:{error.column}" if error.line is not None else ""
    return f"!! {error.code}: {error.message}{place}"


def _row(row: Sequence[Any], kinds: Sequence[Type]) -> str:
    return " | ".join(_cell(value, kind) for value, kind in zip(row, kinds, strict=True))


def _cell(value: Any, kind: Type) -> str:
    """A value as SQL clients show it; text that would not be seen is quoted."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.15g}"
        case Decimal():
            return f"{value:f}"
        case bytes():
            return value.hex()
        case datetime() | time():
            return value.isoformat(*(" ",) if isinstance(value, datetime) else ())
        case date() | int():
            return str(value)
        case str():
            return f"'{value}'" if not value or value != value.strip() or value == "NULL" else value
        case _:
            assert kind.kind in {Kind.INTERVAL_DAY_SECOND, Kind.INTERVAL_YEAR_MONTH}
            return f"{value.months} months {value.days} days {value.nanoseconds // 1000} us"


@dataclass(frozen=True)
class Case:
    """One entry of a golden file."""

    name: str
    sql: str
    expected: list[str]
    line: int


def cases(path: Path) -> Iterator[Case]:
    """Entries are parted by blank lines: a name, indented SQL, then `=> types` with rows, or `!! error`."""
    entry: list[tuple[int, str]] = []
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], start=1):
        if line.startswith("#"):
            continue
        if line:
            entry.append((number, line))
            continue
        if entry:
            start, name = entry[0]
            sql = [text[4:] for _, text in entry[1:] if text.startswith("    ")]
            expected = [text for _, text in entry[1:] if not text.startswith("    ")]
            yield Case(name, "\n".join(sql), expected, start)
        entry = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `case` runs once for every entry of every golden file."""
    if "case" in metafunc.fixturenames:
        found = [(path.stem, case) for path in sorted(FOLDER.glob("*.golden")) for case in cases(path)]
        metafunc.parametrize("case", [case for _, case in found], ids=[f"{stem}: {case.name}" for stem, case in found])


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            connection.execute(macro)
        made = Database(connection)
        made.run((FOLDER / "tables.sql").read_text(encoding="utf-8"))
        yield made
