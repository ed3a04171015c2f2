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
    BoundChange,
    BoundMerge,
    BoundQuery,
    Session,
    Uses,
    bind,
    bind_delete,
    bind_insert,
    bind_merge,
    bind_update,
    parse,
    translate_runtime_error,
    wants_wide,
)
from kit.sql.redshift.schema import TableColumn, TableSchema
from kit.sql.redshift.statements import CreateTable, CreateView, Delete, Insert, Merge, Query, Statement, Update
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
    "pg_last_copy_id": 10,
    "pg_last_copy_count": 250,
    "pg_last_unload_id": 11,
    "pg_last_unload_count": 4,
    "slice_num": 0,
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
                case Query(tree):
                    self.execute(bind(tree, script, self))
                case statement:
                    self._change(statement, script)

    def _change(self, statement: Statement, script: str) -> None:
        session = Session(self)
        match statement:
            case Insert():
                bound = bind_insert(statement, script, session)
                listed = ", ".join(f'"{column}"' for column in bound.columns)
                self.execute(bound.query, f'INSERT INTO "{bound.schema}"."{bound.name}" ({listed}) ')
            case Update():
                self._run(bind_update(statement, script, session))
            case Delete():
                self._run(bind_delete(statement, script, session))
            case Merge():
                self._merge(bind_merge(statement, script, session))
            case other:
                raise AssertionError(other)

    def _run(self, change: BoundChange) -> None:
        self.connection.execute(_GENERATOR.generate(change.tree), _values(change.uses))

    def _merge(self, merge: BoundMerge) -> None:
        target, source, on = (_GENERATOR.generate(part) for part in (merge.target, merge.source, merge.on))
        updated = ", ".join(f'"{name}" = {_GENERATOR.generate(value)}' for name, value in merge.update)
        listed = ", ".join(f'"{name}"' for name, _ in merge.insert)
        values = ", ".join(_GENERATOR.generate(value) for _, value in merge.insert)
        matched = "DELETE" if merge.delete_matched else f"UPDATE SET {updated}"
        self.connection.execute(
            f"MERGE INTO {target} USING {source} ON {on} WHEN MATCHED THEN {matched} "
            f"WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({values})",
            _values(merge.uses),
        )

    def _create(self, schema: str, name: str, columns: Sequence[Any]) -> None:
        made = tuple(
            TableColumn(column.name, column.type, default=column.default_text, is_identity=column.identity is not None)
            for column in columns
        )
        self.relations[schema, name] = TableSchema(schema, name, made)
        listed = ", ".join(f'"{column.name}" {column.type.duckdb} {_constraint(column)}' for column in columns)
        self.connection.execute(f'CREATE TABLE "{schema}"."{name}" ({listed})')

    def execute(self, query: BoundQuery, prefix: str = "") -> Any:
        """The answer as an Arrow table, or None for a statement without rows."""
        relation = self.connection.sql(prefix + _GENERATOR.generate(query.tree), params=_values(query))
        return relation.to_arrow_table() if relation is not None else None

    def types(self, query: BoundQuery) -> list[str]:
        """The types that DuckDB gives the answer's columns."""
        relation = self.connection.sql(_GENERATOR.generate(query.tree), params=_values(query))
        return [_DUCKDB_NAMES.get(str(kind), str(kind)) for kind in relation.types]

    def answer(self, sql: str) -> list[str]:
        """The answer's types in one line and its rows after it, or the error; of a script, the last statement's.

        What a script changes is undone.
        """
        if sql.upper().startswith(("SELECT", "WITH", "(")) and ";" not in sql:
            return self._answer(sql)
        self.connection.execute("BEGIN")
        try:
            return self._answer(sql)
        finally:
            self.connection.execute("ROLLBACK")

    def _answer(self, sql: str) -> list[str]:
        try:
            *prepared, asked = parse(sql)
            for parsed in prepared:
                self.run(parsed.text)
            if not isinstance(asked.statement, Query):
                self.run(asked.text)
                return ["=> done"]
            query = bind(asked.statement.tree, sql, self)
            try:
                table = self.execute(query)
            except duckdb.Error as error:
                if not (query.narrow and wants_wide(str(error))):
                    raise
                query = bind(asked.statement.tree, sql, self, wide=True)
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


def _constraint(column: Any) -> str:
    if column.identity is not None:
        return "DEFAULT nextval('counted')"
    return "" if column.nullable else "NOT NULL"


def _values(uses: BoundQuery | Uses) -> dict[str, Any] | None:
    return {**uses.parameters, **{name: SESSION_VALUES[name] for name in uses.session}} or None


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


def cases(path: Path) -> Iterator[Case]:
    """Entries are parted by blank lines: a name or none, indented SQL, then the `=> answer` or the `!! error`."""
    entry: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("#"):
            continue
        if line:
            entry.append(line)
            continue
        if entry:
            sql = [text[4:] for text in entry if text.startswith("    ")]
            expected = entry[entry.index(f"    {sql[-1]}") + 1 :]
            yield Case(entry[0].strip(), "\n".join(sql), expected)
        entry = []


def filled(connection: duckdb.DuckDBPyConnection) -> Database:
    """The macros and the tables of `tables.sql` in a new database."""
    connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA public; CREATE SEQUENCE counted")
    for macro in MACROS:
        connection.execute(macro)
    made = Database(connection)
    made.run((FOLDER / "tables.sql").read_text(encoding="utf-8"))
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `case` runs for every answer, one that takes a `statement` for every parsed statement."""
    for argument, pattern in (("case", "*.golden"), ("statement", "*.parsed")):
        if argument in metafunc.fixturenames:
            found = [(path.stem, case) for path in sorted(FOLDER.glob(pattern)) for case in cases(path)]
            names = [f"{stem}: {case.name}" for stem, case in found]
            metafunc.parametrize(argument, [case for _, case in found], ids=names)


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    with duckdb.connect() as connection:
        yield filled(connection)
