"""Drawn queries over drawn rows under drawn designs: the warehouse answers as plain DuckDB does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPES = [(1, 1), (1, 2), (2, 2), (1, 7)]
QUERIES_A_DESIGN = 6
TABLES = {
    "facts": {"k": "integer", "g": "integer", "t": "varchar(8)", "d": "date", "n": "numeric(8,2)"},
    "items": {"k": "integer", "g": "bigint", "t": "varchar(8)", "n": "numeric(10,2)"},
    "small": {"k": "bigint", "g": "integer", "d": "date"},
}
KINDS = {"integer": "int", "bigint": "int", "varchar(8)": "text", "date": "date"}
JOINS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]

integers = st.one_of(st.none(), st.integers(-2, 6))
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "bb", "", "c d", "é"]))
dates = st.one_of(st.none(), st.integers(0, 4).map(lambda days: date(2024, 1, 30) + timedelta(days)))
numbers = st.one_of(st.none(), st.integers(-300, 300).map(lambda cents: f"{cents / 100:.2f}"))
VALUES = {"integer": integers, "bigint": integers, "varchar(8)": texts, "date": dates}


@st.composite
def rows_of(draw: st.DrawFn, columns: dict[str, str]) -> list[tuple[Any, ...]]:
    row = st.tuples(*(VALUES.get(kind, numbers) for kind in columns.values()))
    return draw(st.lists(row, max_size=24))


@st.composite
def design_of(draw: st.DrawFn, columns: dict[str, str]) -> str:
    key = draw(st.sampled_from(list(columns)))
    style = draw(st.sampled_from(["DISTSTYLE EVEN", "DISTSTYLE ALL", "DISTSTYLE AUTO", f"DISTKEY({key})"]))
    sort = ", ".join(draw(st.permutations(list(columns)))[: draw(st.integers(1, 3))])
    order = draw(st.sampled_from(["", f"SORTKEY({sort})", f"INTERLEAVED SORTKEY({sort})", "SORTKEY AUTO"]))
    return f"{style} {order}"


class Query:
    """Makes one query of numbers that `integer` draws. Every source has an alias; columns are asked for by kind."""

    def __init__(self, integer: Callable[[int, int], int]) -> None:
        self.integer = integer
        self.aliases = 0

    def pick(self, options: list[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        return self.integer(1, 100) <= percent

    def alias(self) -> str:
        self.aliases += 1
        return f"q{self.aliases}"

    def source(self, depth: int) -> tuple[str, dict[str, str]]:
        """FROM item and its columns, qualified name to kind."""
        alias = self.alias()
        if depth > 0 and self.chance(25):
            sql, kinds = self.block(depth - 1, limit=False)
            return f"({sql}) AS {alias}", {f"{alias}.c{index}": kind for index, kind in enumerate(kinds)}
        name = self.pick(list(TABLES))
        columns = {f"{alias}.{column}": KINDS.get(kind, "number") for column, kind in TABLES[name].items()}
        return f"{name} AS {alias}", columns

    def column(self, columns: dict[str, str], kind: str) -> str:
        found = [name for name, own in columns.items() if own == kind]
        return self.pick(found) if found else self.constant(kind)

    def constant(self, kind: str) -> str:
        match kind:
            case "int":
                return str(self.integer(-2, 6))
            case "text":
                return f"'{self.pick(['a', 'b', 'bb', ''])}'"
            case "date":
                return f"DATE '2024-0{self.pick([1, 2])}-01'"
            case _:
                return f"{self.integer(-300, 300) / 100:.2f}"

    def kind_in(self, columns: dict[str, str]) -> str:
        return self.pick(sorted(set(columns.values())))

    def scalar(self, columns: dict[str, str], kind: str) -> str:
        base = self.column(columns, kind)
        if kind == "int" and self.chance(25):
            return f"({base} + {self.column(columns, 'int')})"
        if kind in {"int", "text"} and self.chance(15):
            return f"COALESCE({base}, {self.constant(kind)})"
        if self.chance(10):
            return f"CASE WHEN {self.comparison(columns)} THEN {base} ELSE {self.column(columns, kind)} END"
        return base

    def comparison(self, columns: dict[str, str]) -> str:
        kind = self.kind_in(columns)
        left = self.column(columns, kind)
        match self.integer(0, 5):
            case 0:
                return f"{left} IS {self.pick(['', 'NOT '])}NULL"
            case 1:
                return f"{left} IN ({self.constant(kind)}, {self.constant(kind)})"
            case 2:
                return f"{left} BETWEEN {self.constant(kind)} AND {self.constant(kind)}"
            case 3:
                return f"{left} {self.pick(['=', '<>', '<', '>='])} {self.constant(kind)}"
            case _:
                return f"{left} {self.pick(['=', '<>', '<', '>='])} {self.column(columns, kind)}"

    def predicate(self, columns: dict[str, str], depth: int) -> str:
        if depth > 0 and self.chance(45):
            return self.subquery_test(columns, depth - 1)
        first = self.comparison(columns)
        if self.chance(25):
            second = self.predicate(columns, depth - 1) if depth > 0 else self.comparison(columns)
            return f"({first} {self.pick(['AND', 'OR'])} {second})"
        return f"NOT ({first})" if self.chance(10) else first

    def subquery_test(self, columns: dict[str, str], depth: int) -> str:
        item, inner = self.source(0)
        shared = sorted(set(inner.values()) & set(columns.values()))
        if not shared:
            return self.comparison(columns)
        kind = self.pick(shared)
        local = f" AND {self.comparison(inner)}" if self.chance(50) else ""
        linked = f"{self.column(inner, kind)} = {self.column(columns, kind)}"
        other = self.pick(shared)
        outer, asked = self.column(columns, kind), self.column(inner, kind)
        number = self.column(columns, "int")
        match self.integer(0, 8):
            case 0 | 1:
                negated = self.pick(["", "NOT "])
                extra = f" AND {self.column(inner, other)} <> {self.column(columns, other)}" if self.chance(40) else ""
                return f"{negated}EXISTS (SELECT 1 FROM {item} WHERE {linked}{local}{extra})"
            case 2:
                return f"{outer} IN (SELECT {asked} FROM {item} WHERE 1 = 1{local})"
            case 3:
                return f"{outer} NOT IN (SELECT {asked} FROM {item} WHERE 1 = 1{local})"
            case 4:
                value = self.pick(
                    [f"MAX({self.column(inner, 'int')})", "COUNT(*)", f"MIN({self.column(inner, 'int')})"]
                )
                sign = self.pick(["<", ">=", "="])
                return f"{number} {sign} (SELECT {value} FROM {item} WHERE {linked}{local})"
            case 5:
                value = self.pick([f"MAX({self.column(inner, 'int')})", "COUNT(*)"])
                sign = self.pick(["<", ">="])
                return f"{number} {sign} (SELECT {value} FROM {item} WHERE 1 = 1{local})"
            case 6:
                return f"(EXISTS (SELECT 1 FROM {item} WHERE {linked}) OR {self.comparison(columns)})"
            case 7:
                return f"{outer} IN (SELECT {asked} FROM {item} WHERE {linked}{local})"
            case _:
                return f"EXISTS (SELECT 1 FROM {item} WHERE 1 = 1{local})"

    def joined(self, depth: int) -> tuple[str, dict[str, str]]:
        sql, columns = self.source(depth)
        for _ in range(self.integer(0, 2)):
            item, more = self.source(depth)
            shared = sorted(set(columns.values()) & set(more.values()))
            if not shared or self.chance(8):
                sql = f"{sql} CROSS JOIN {item}"
            else:
                kind = self.pick(shared)
                on = f"{self.column(columns, kind)} = {self.column(more, kind)}"
                join = self.pick(JOINS if self.chance(60) else ["JOIN"])
                if join != "FULL JOIN" and self.chance(30):
                    on = f"{on} AND {self.comparison({**columns, **more})}"
                sql = f"{sql} {join} {item} ON {on}"
            columns = {**columns, **more}
        return sql, columns

    def aggregate(self, columns: dict[str, str]) -> tuple[str, str]:
        number = self.column(columns, "int")
        options = [
            ("COUNT(*)", "int"),
            (f"COUNT({self.scalar(columns, self.kind_in(columns))})", "int"),
            (f"COUNT(DISTINCT {self.column(columns, self.kind_in(columns))})", "int"),
            (f"SUM({number})", "int"),
            (f"SUM(DISTINCT {number})", "int"),
            (f"AVG({number})", "int"),
            (f"MIN({self.column(columns, 'date')})", "date"),
            (f"MAX({self.column(columns, 'text')})", "text"),
            (f"SUM({self.column(columns, 'number')})", "number"),
        ]
        return self.pick(options)

    def grouped(self, columns: dict[str, str], listed: int) -> tuple[list[str], list[str], str]:
        keys = [self.kind_in(columns) for _ in range(self.integer(0, 2))]
        items = [self.scalar(columns, kind) for kind in keys]
        # A constant key would be taken for a position.
        items = [item if "q" in item else f"COALESCE(NULL, {item})" for item in items]
        calls = [self.aggregate(columns) for _ in range(max(1, listed - len(keys)))]
        clause = f" GROUP BY {', '.join(items)}" if items else ""
        if self.chance(20):
            clause += f" HAVING COUNT(*) {self.pick(['>', '<='])} {self.integer(0, 3)}"
        return [*items, *(call for call, _ in calls)], [*keys, *(kind for _, kind in calls)], clause

    def windowed(self, columns: dict[str, str]) -> tuple[str, str]:
        partition = ""
        if self.chance(75):
            partition = f"PARTITION BY {self.scalar(columns, self.kind_in(columns))} "
        number = self.column(columns, "int")
        # Ties must not matter: sums and ranks over whole peers only.
        options = [
            (f"SUM({number}) OVER ({partition})", "int"),
            (f"COUNT(*) OVER ({partition})", "int"),
            (f"RANK() OVER ({partition}ORDER BY {number})", "int"),
            (f"DENSE_RANK() OVER ({partition}ORDER BY {number} DESC)", "int"),
            (f"MAX({self.column(columns, 'date')}) OVER ({partition})", "date"),
        ]
        return self.pick(options)

    def block(self, depth: int, *, limit: bool = True, kinds: list[str] | None = None) -> tuple[str, list[str]]:
        """A SELECT with columns c0, c1, …; the kinds of its columns."""
        sql, columns = self.joined(depth)
        where = f" WHERE {self.predicate(columns, depth)}" if self.chance(60) else ""
        tail = ""
        if kinds is not None:
            items, made = [self.scalar(columns, kind) for kind in kinds], kinds
        elif self.chance(35):
            items, made, tail = self.grouped(columns, self.integer(1, 3))
        else:
            made = [self.kind_in(columns) for _ in range(self.integer(1, 3))]
            items = [self.scalar(columns, kind) for kind in made]
            if self.chance(25):
                item, kind = self.windowed(columns)
                items, made = [*items, item], [*made, kind]
        distinct = "DISTINCT " if self.chance(15) and not tail else ""
        listed = ", ".join(f"{item} AS c{index}" for index, item in enumerate(items))
        text = f"SELECT {distinct}{listed} FROM {sql}{where}{tail}"
        if limit and self.chance(30):
            order = ", ".join(f"{index + 1} {self.pick(['ASC', 'DESC'])}" for index in range(len(items)))
            text = f"{text} ORDER BY {order} LIMIT {self.integer(0, 6)}"
            if self.chance(30):
                text = f"{text} OFFSET {self.integer(0, 3)}"
        return text, made

    def whole(self) -> str:
        match self.integer(0, 9):
            case 0 | 1:
                left, kinds = self.block(1, limit=False)
                right, _ = self.block(1, limit=False, kinds=kinds)
                return f"{left} {self.pick(['UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT'])} {right}"
            case 2:
                inner, kinds = self.block(1, limit=False)
                join = " AND ".join(f"x.c{index} = y.c{index}" for index in range(len(kinds)))
                return f"WITH w AS ({inner}) SELECT COUNT(*) AS n FROM w AS x JOIN w AS y ON {join}"
            case _:
                return self.block(2)[0]


@st.composite
def queries(draw: st.DrawFn) -> str:
    return Query(lambda low, high: draw(st.integers(low, high))).whole()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0] * shape[1]} slices")
def test_drawn_queries_answer_as_plain_duckdb(
    twins: Callable[[int, int], Any], shape: tuple[int, int], soak: bool
) -> None:
    pair = twins(*shape)

    @settings(max_examples=400 if soak else 25)
    @given(
        st.fixed_dictionaries({name: rows_of(columns) for name, columns in TABLES.items()}),
        st.fixed_dictionaries({name: design_of(columns) for name, columns in TABLES.items()}),
        st.lists(queries(), min_size=QUERIES_A_DESIGN, max_size=QUERIES_A_DESIGN),
    )
    def run(rows: dict[str, Any], designs: dict[str, str], drawn: list[str]) -> None:
        for name, columns in TABLES.items():
            pair.create(name, columns, designs[name], rows[name])
        for sql in drawn:
            pair.check(sql, ordered=" LIMIT " in sql and sql.startswith("SELECT"))

    run()
