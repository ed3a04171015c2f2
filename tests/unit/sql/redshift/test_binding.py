"""What a bound query says of itself, and that binding leaves alone what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from kit.base.errors import KitError
from kit.sql.redshift import BoundQuery, bind, parse
from kit.sql.redshift.schema import TableColumn, TableSchema
from kit.sql.redshift.statements import Query
from kit.sql.redshift.types import parse_type


class Catalog:
    def __init__(self) -> None:
        self.found = {
            ("public", "sales"): _table(
                "public", "sales", "id int", "day date", "city varchar(20)", "code char(5)", "price numeric(12,2)"
            ),
            ("public", "trim"): TableSchema(
                "public", "trim", (TableColumn("name", parse_type("varchar(10)"), has_trailing_blanks=False),)
            ),
            ("other", "sales"): _table("other", "sales", "id bigint", "note super"),
            ("pg_temp", "scratch"): _table("pg_temp", "scratch", "id int"),
        }

    def table(self, schema: str, name: str) -> TableSchema | None:
        return self.found.get((schema, name))

    def schemas(self) -> Sequence[str]:
        return ["other", "pg_temp", "public"]

    def tables(self, schema: str) -> Sequence[str]:
        return [name for own, name in self.found if own == schema]


def _table(schema: str, name: str, *columns: str) -> TableSchema:
    pairs = (column.split(" ", 1) for column in columns)
    return TableSchema(schema, name, tuple(TableColumn(name, parse_type(kind)) for name, kind in pairs))


def bound(text: str, **options: Any) -> BoundQuery:
    (parsed,) = parse(text, keep_case=options.get("keep_case", False))
    assert isinstance(parsed.statement, Query)
    return bind(parsed.statement.tree, text, Catalog(), **options)


def sql(query: BoundQuery) -> str:
    return DuckDB().generator().generate(query.tree)


def test_the_parsed_tree_stays_as_it_was() -> None:
    text = (
        "WITH q AS (SELECT city, SUM(price) AS total FROM sales WHERE day > '2020-01-01' GROUP BY 1) "
        "SELECT *, RANK() OVER (ORDER BY total DESC) FROM q JOIN other.sales o ON q.total > o.id "
        "WHERE o.note.a[0].b = 5 QUALIFY 2 > 1 + ROW_NUMBER() OVER (ORDER BY city) ORDER BY total LIMIT 5"
    )
    (parsed,) = parse(text)
    assert isinstance(parsed.statement, Query)
    before = parsed.statement.tree.copy()

    first, second = (bind(parsed.statement.tree, text, Catalog()) for _ in range(2))

    assert parsed.statement.tree == before
    assert sql(first) == sql(second)


def test_aliases_are_unique_in_the_whole_tree() -> None:
    query = bound("SELECT (SELECT MAX(s.id) FROM sales s WHERE s.day = t.day) FROM sales t, sales s WHERE t.id = s.id")

    aliases = [table.alias for table in query.tree.find_all(exp.Table)]
    assert len(set(aliases)) == len(aliases) == 3


def test_every_column_and_projection_has_its_type() -> None:
    query = bound("SELECT city, COUNT(*), AVG(price) FROM sales GROUP BY city HAVING SUM(id) > 2 ORDER BY UPPER(city)")

    assert all(node.type is not None for node in query.tree.find_all(exp.Column) if node.table)
    assert all(projection.type is not None for projection in query.tree.selects)


def test_what_is_used_of_each_table() -> None:
    query = bound(
        "SELECT s.city FROM sales s WHERE s.id IN (SELECT id FROM other.sales) AND EXISTS (SELECT 1 FROM scratch)",
        search_path=("pg_temp", "public"),
    )

    assert [(table.schema, table.name, table.columns) for table in query.tables] == [
        ("other", "sales", ("id",)),
        ("pg_temp", "scratch", ()),
        ("public", "sales", ("id", "city")),
    ]


def test_the_search_path_decides() -> None:
    assert bound("SELECT * FROM sales", search_path=("other", "public")).columns[1].name == "note"
    assert len(bound("SELECT * FROM sales").columns) == 5


def test_values_of_the_session_are_parameters() -> None:
    query = bound("SELECT GETDATE(), CURRENT_USER FROM sales WHERE day < CURRENT_DATE")

    assert query.session == {"getdate", "current_user", "sysdate"}
    assert query.session <= query.volatile
    assert "$getdate" in sql(query)


def test_volatile_and_leader_only_functions_are_named() -> None:
    assert bound("SELECT RANDOM()").volatile == {"random"}
    assert bound("SELECT CURRENT_SCHEMA()").leader_only == {"current_schema"}
    assert bound("SELECT id FROM sales").volatile == frozenset()


def test_the_users_parameters_have_types() -> None:
    query = bound("SELECT id + :more FROM sales WHERE city = :city", parameters={"more": 2, "city": "x", "spare": 1})

    assert query.parameters == {"more": 2, "city": "x"}
    assert str(query.columns[0].type) == "integer"
    assert query.session == frozenset()


def test_a_parameter_that_compares_badly() -> None:
    with pytest.raises(KitError, match="operator does not exist"):
        bound("SELECT 1 FROM sales WHERE day = :n", parameters={"n": 5})


def test_hot_expressions_are_bare() -> None:
    query = bound(
        "SELECT SUM(price * (1 - 0.05)) FROM sales "
        "WHERE code = 'A' AND day >= '2020-01-01' AND price BETWEEN 1 AND 2.5 AND id IN (1, 2) AND city LIKE 'x%'"
    )

    assert "rs_" not in sql(query)
    assert "TRIM" not in sql(query)


def test_blanks_are_cut_where_there_may_be_some() -> None:
    assert "TRIM" in sql(bound("SELECT 1 FROM sales WHERE city = 'x'"))
    assert "TRIM" not in sql(bound("SELECT 1 FROM trim WHERE name = 'x'"))


def test_wide_products_are_computed_in_128_bits() -> None:
    text = "SELECT SUM(price * price) FROM sales"

    assert bound(text).narrow
    assert not bound(text, wide=True).narrow
    assert sql(bound(text)) != sql(bound(text, wide=True))


def test_quoted_names_keep_their_case_where_asked() -> None:
    assert [column.name for column in bound('SELECT id AS "Id", id AS Other FROM sales').columns] == ["id", "other"]
    kept = bound('SELECT id AS "Id", id AS Other FROM sales', keep_case=True)
    assert [column.name for column in kept.columns] == ["Id", "other"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("SELECT citi FROM sales", "city"),
        ("SELECT 1 FROM salez", "sales"),
        ("SELECT 1 FROM publik.sales", "public"),
        ("SELECT uper(city) FROM sales", "upper"),
        ("SELECT DATE_TRUNC('mont', day) FROM sales", "month"),
        ("SELECT id::intger FROM sales", "integer"),
        ("SELECT q.city FROM sales s JOIN other.sales o ON s.id = o.id", ""),
    ],
)
def test_mistakes_have_hints(text: str, hint: str) -> None:
    with pytest.raises(KitError) as raised:
        bound(text)

    assert hint in raised.value.hint
    assert raised.value.line == 1
