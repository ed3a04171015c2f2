"""Rows outside of the domains do not matter: without them every query has the same answer."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.base.domain import contains
from kit.sql.athena import compile_query, parse
from kit.sql.athena.statements import Query
from kit.sql.relations import CompiledQuery, Relation, RelationColumn, Scan

COLUMNS = {
    "i": ("int", "INTEGER"),
    "n": ("bigint", "BIGINT"),
    "s": ("string", "VARCHAR"),
    "d": ("date", "DATE"),
    "m": ("timestamp", "TIMESTAMP"),
    "x": ("double", "DOUBLE"),
    "r": ("float", "FLOAT"),
    "p": ("decimal(6,2)", "DECIMAL(6,2)"),
    "b": ("boolean", "BOOLEAN"),
}
VALUES: dict[str, list[Any]] = {
    "i": [None, -1, 0, 1, 2, 3],
    "n": [None, 0, 1, 2, 2**40],
    "s": [None, "", "a", "ab", "b", "B", "é", "a_", "1", "2013-01-02"],
    "d": [None, date(2013, 1, 1), date(2013, 1, 2), date(2014, 2, 28)],
    "m": [None, datetime(2013, 1, 1), datetime(2013, 1, 1, 0, 0, 1), datetime(2013, 1, 2, 12)],
    "x": [None, 0.0, -0.0, 1.5, 2.0, float("nan"), float("inf"), 0.1],
    "r": [None, 0.0, 0.10000000149011612, 1.5, float("nan"), float("-inf")],
    "p": [None, Decimal("0.00"), Decimal("1.50"), Decimal("2.00")],
    "b": [None, True, False],
}
LITERALS = {
    "i": ["-1", "0", "1", "2", "1.5", "1.0", "2e0", "NULL", "BIGINT '2'"],
    "n": ["0", "2", "1099511627776", "1.5", "NULL"],
    "s": ["''", "'a'", "'ab'", "'b'", "'é'", "NULL", "'2013-01-02'", "'a' || 'b'"],
    "d": ["DATE '2013-01-01'", "DATE '2013-01-01' + INTERVAL '1' DAY", "TIMESTAMP '2013-01-01 00:00:01'", "NULL"],
    "m": ["TIMESTAMP '2013-01-01 00:00:01'", "DATE '2013-01-02'", "TIMESTAMP '2013-01-01 00:00:00.500'", "NULL"],
    "x": ["0.0", "1.5", "1", "1.5e0", "nan()", "0.1", "REAL '0.1'", "NULL", "infinity()"],
    "r": ["0.0", "0.1", "REAL '0.1'", "1.5e0", "0.1e0", "nan()", "NULL"],
    "p": ["1.5", "1.505", "2", "1e0", "NULL", "DECIMAL '0'"],
    "b": ["true", "false", "NULL"],
}
OPERATORS = ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
PATTERNS = ["'a%'", "'a'", "'%'", "'_b'", "''", "'é%'", "'a#_%' ESCAPE '#'", "'a_%'"]


@dataclass(frozen=True)
class Tables:
    """Two tables of the same columns."""

    def relation(self, database: str, name: str) -> Relation | None:
        columns = tuple(RelationColumn(column, kind) for column, (kind, _) in COLUMNS.items())
        return Relation(database, name, columns) if name in ("t", "u") else None

    def databases(self) -> Sequence[str]:
        return ["lake"]

    def relations(self, database: str) -> Sequence[str]:
        return ["t", "u"]


def conditions(alias: str) -> st.SearchStrategy[str]:
    """Conditions on one table, nested."""

    def leaf(column: str) -> st.SearchStrategy[str]:
        literal = st.sampled_from(LITERALS[column])
        name = f"{alias}.{column}"
        comparisons = [
            st.builds(f"{name} {{}} {{}}".format, st.sampled_from(OPERATORS), literal),
            st.builds(f"{{}} {{}} {name}".format, literal, st.sampled_from(OPERATORS)),
            st.builds(f"{name} BETWEEN {{}} AND {{}}".format, literal, literal),
            st.builds(f"{name} NOT BETWEEN {{}} AND {{}}".format, literal, literal),
            st.builds(f"{name} IN ({{}}, {{}})".format, literal, literal),
            st.builds(f"{name} NOT IN ({{}}, {{}})".format, literal, literal),
            st.builds(f"coalesce({name}, {{}}) = {{}}".format, literal, literal),
            st.just(f"{name} IS NULL"),
            st.just(f"{name} IS NOT NULL"),
        ]
        if column == "s":
            comparisons.append(st.builds(f"{name} LIKE {{}}".format, st.sampled_from(PATTERNS)))
            comparisons.append(st.builds(f"{name} NOT LIKE {{}}".format, st.sampled_from(PATTERNS)))
        if column == "b":
            comparisons.append(st.just(name))
        if column == "i":
            comparisons.append(
                st.builds(
                    "CAST({} AS {}) > {}".format,
                    st.just(name),
                    st.sampled_from(["bigint", "double", "decimal(5,1)"]),
                    st.sampled_from(["0", "1.5"]),
                )
            )
        return st.one_of(comparisons)

    return st.recursive(
        st.sampled_from(list(COLUMNS)).flatmap(leaf),
        lambda inner: st.one_of(
            st.builds("({} AND {})".format, inner, inner),
            st.builds("({} OR {})".format, inner, inner),
            st.builds("(NOT {})".format, inner),
            st.builds("if({}, true, {})".format, inner, inner),
        ),
        max_leaves=4,
    )


@st.composite
def queries(draw: st.DrawFn) -> str:
    of_t, of_u = conditions("t"), conditions("u")
    join = draw(st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]))
    shapes = st.sampled_from(
        [
            "SELECT * FROM t WHERE {0}",
            "SELECT * FROM (SELECT i, s AS name, b FROM t WHERE {0}) t WHERE t.i > 0",
            "SELECT i, count(*), max(s) FROM t WHERE {0} GROUP BY i",
            "SELECT * FROM (SELECT i, count(*) AS c FROM t GROUP BY ROLLUP (i)) t WHERE t.i = 1 OR t.c > 2",
            "SELECT * FROM (SELECT i, row_number() OVER (PARTITION BY i ORDER BY n) AS c FROM t) t WHERE t.i = 1",
            "SELECT t.*, u.i FROM t {2} u ON t.i = u.i AND {0} AND {1}",
            "SELECT t.*, u.i FROM t {2} u ON t.i = u.i WHERE {0} AND {1}",
            "SELECT t.*, u.i FROM t {2} u ON t.i = u.i WHERE {0} OR {1}",
            "SELECT n, t.s, u.s FROM t {2} u USING (n) WHERE n > 0 AND t.i >= 1",
            "SELECT * FROM t WHERE i IN (SELECT u.i FROM u WHERE {1}) AND {0}",
            "SELECT * FROM t WHERE i NOT IN (SELECT u.i FROM u WHERE {1} AND u.i IS NOT NULL)",
            "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.i = t.i AND {1} AND {0})",
            "SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.i = t.i AND {1} AND {0})",
            "SELECT (SELECT max(n) FROM u WHERE u.i = t.i AND {1}) FROM t WHERE {0}",
            "SELECT * FROM (SELECT * FROM t UNION ALL SELECT * FROM u WHERE {1}) t WHERE {0}",
            "SELECT * FROM (SELECT * FROM t EXCEPT SELECT * FROM u) t WHERE {0}",
            "SELECT * FROM (SELECT * FROM t INTERSECT SELECT * FROM u) t WHERE {0}",
            "WITH t AS (SELECT * FROM u) SELECT * FROM t WHERE {0}",
            "WITH w AS (SELECT * FROM u) SELECT * FROM w t LEFT JOIN w u ON t.i = u.n WHERE {0}",
            "SELECT count(*) FILTER (WHERE {0}), count(*) FROM t",
            "SELECT DISTINCT i, s FROM t WHERE {0}",
            "SELECT * FROM (SELECT i, s FROM t ORDER BY i, s, n LIMIT 3) t WHERE t.i >= 1",
            "SELECT t.i, e FROM t CROSS JOIN UNNEST(ARRAY[1, 2]) AS u(e) WHERE {0}",
            "SELECT t.i, l.n FROM t, LATERAL (SELECT u.n FROM u WHERE u.i = t.i AND {1}) l WHERE {0}",
            "SELECT i FROM t WHERE {0} GROUP BY i HAVING i > 0",
        ]
    )
    return draw(shapes).format(draw(of_t), draw(of_u), join)


rows = st.lists(st.tuples(*(st.sampled_from(VALUES[column]) for column in COLUMNS)), max_size=6)


def run(connection: duckdb.DuckDBPyConnection, compiled: CompiledQuery, *, pruned: bool) -> Counter[str]:
    for scan in compiled.scans:
        kept = ", ".join(f'"{column}"' for column in scan.columns) or "1 AS nothing"
        numbers = ", ".join(map(str, survivors(connection, scan) if pruned else everything(connection, scan)))
        connection.execute(
            f'CREATE OR REPLACE TEMP VIEW "{scan.relation}" AS SELECT {kept} FROM {scan.table} '
            f"WHERE number IN ({numbers or -1})"
        )
    return Counter(map(repr, connection.execute(compiled.sql).fetchall()))


def everything(connection: duckdb.DuckDBPyConnection, scan: Scan) -> list[int]:
    return [number for (number,) in connection.execute(f"SELECT number FROM {scan.table}").fetchall()]


def survivors(connection: duckdb.DuckDBPyConnection, scan: Scan) -> list[int]:
    """The rows whose values are in all domains; NULL is in none."""
    names = ", ".join(["number", *scan.domains])
    found = connection.execute(f"SELECT {names} FROM {scan.table}").fetchall()
    domains = list(scan.domains.values())
    return [
        row[0]
        for row in found
        if all(value is not None and contains(domain, value) for value, domain in zip(row[1:], domains, strict=True))
    ]


@settings(
    max_examples=10_000 if os.environ.get("BOATHOUSE_SOAK") else 250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(queries(), rows, rows)
def test_pruned_rows_do_not_matter(athena: Any, text: str, t: list[Any], u: list[Any]) -> None:
    connection = athena.connection
    for name, values in (("t", t), ("u", u)):
        fill(connection, name, values)
    query = parse(text)
    assert isinstance(query, Query)
    compiled = compile_query(query.tree, query.text, Tables(), "lake", {})

    assert run(connection, compiled, pruned=True) == run(connection, compiled, pruned=False)


def fill(connection: duckdb.DuckDBPyConnection, name: str, values: list[Any]) -> None:
    columns = ", ".join(f"{column} {kind}" for column, (_, kind) in COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} (number INTEGER, {columns})")
    if values:
        marks = ", ".join(["(" + ", ".join("?" * (len(COLUMNS) + 1)) + ")"] * len(values))
        given = [value for number, row in enumerate(values) for value in (number, *row)]
        connection.execute(f"INSERT INTO {name} VALUES {marks}", given)
