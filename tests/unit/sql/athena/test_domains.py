"""What a query says of the columns that it scans: enough to prune with, and never too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kit.base.domain import Between, Domain, OneOf
from kit.sql.athena import compile_query, parse
from kit.sql.athena.statements import Query
from kit.sql.relations import CompiledQuery

Compile = Callable[..., CompiledQuery]


def domains(compiled: CompiledQuery) -> Mapping[str, Domain]:
    """The domains of the only scan."""
    (scan,) = compiled.scans
    return scan.domains


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("year = 2013", {"year": OneOf((2013,))}),
        ("2013 = year", {"year": OneOf((2013,))}),
        ("year < 2013", {"year": Between(high=2013, high_open=True)}),
        ("year <= 2013", {"year": Between(high=2013)}),
        ("2013 < year", {"year": Between(low=2013, low_open=True)}),
        ("year >= 2013", {"year": Between(low=2013)}),
        ("year BETWEEN 2013 AND 2015", {"year": Between(2013, 2015)}),
        ("year IN (2013, 2014)", {"year": OneOf((2013, 2014))}),
        ("year IN (2013, NULL)", {"year": OneOf((2013,))}),
        ("year IN (2013) AND month IN ('1', '2')", {"year": OneOf((2013,)), "month": OneOf(("1", "2"))}),
        ("year = 2013 AND year = 2014", {"year": OneOf(())}),
        ("year > 2012 AND year <= 2014", {"year": Between(2012, 2014, low_open=True)}),
        ("year = 2013 OR year = 2014", {"year": OneOf((2013, 2014))}),
        ("year = 2013 OR year > 2020", {"year": Between(low=2013)}),
        ("(year = 2013 AND month = '1') OR (year = 2014 AND delay > 1)", {"year": OneOf((2013, 2014))}),
        ("year = NULL", {"year": OneOf(())}),
        ("year = -1", {"year": OneOf((-1,))}),
        ("year = CAST('2013' AS integer)", {"year": OneOf((2013,))}),
        ("year IS NOT DISTINCT FROM 2013 AND delay = 1", {"delay": OneOf((1,))}),
        ("year = 2013 AND (delay = 1 OR late)", {"year": OneOf((2013,))}),
        ("flown = DATE '2013-01-31'", {"flown": OneOf((date(2013, 1, 31),))}),
        ("flown >= CAST('2013-01-31' AS date)", {"flown": Between(low=date(2013, 1, 31))}),
        ("seen >= TIMESTAMP '2013-01-31 10:00:00'", {"seen": Between(low=datetime(2013, 1, 31, 10))}),
        ("seen < DATE '2013-01-31'", {"seen": Between(high=datetime(2013, 1, 31), high_open=True)}),
        ("flown < TIMESTAMP '2013-01-31 10:00:00'", {"flown": Between(high=date(2013, 1, 31))}),
        ("flown = TIMESTAMP '2013-01-31 10:00:00'", {"flown": OneOf(())}),
        ("origin LIKE 'JF%'", {"origin": Between("JF", "JG", high_open=True)}),
        ("origin LIKE 'JFK'", {"origin": OneOf(("JFK",))}),
        ("fare = 10.5", {"fare": OneOf((Decimal("10.5"),))}),
        ("fare > 10", {"fare": Between(low=10, low_open=True)}),
        ("ratio <= 1.5e0", {"ratio": Between(high=1.5)}),
        ("share = 0.1", {"share": OneOf((0.10000000149011612,))}),
        ("late = true", {"late": OneOf((True,))}),
        ("late", {"late": OneOf((True,))}),
        ("\"$path\" = 's3://b/k'", {"$path": OneOf(("s3://b/k",))}),
        ('"$size" > 10', {"$size": Between(low=10, low_open=True)}),
        ("year = 2013 AND rand() < 0.5", {"year": OneOf((2013,))}),
    ],
)
def test_conditions_that_restrict(compiled: Compile, condition: str, expected: dict[str, Domain]) -> None:
    assert domains(compiled(f"SELECT 1 FROM flights WHERE {condition}")) == expected


@pytest.mark.parametrize(
    "condition",
    [
        "year <> 2013",
        "NOT year = 2013",
        "NOT (year < 2013 AND month = '1')",
        "year NOT IN (2013)",
        "year NOT BETWEEN 1 AND 2",
        "year IS NULL",
        "year IS NOT DISTINCT FROM 2013",
        "year = 2013 OR month = '1'",
        "year = 2013 OR true",
        "year = delay",
        "year + 1 = 2014",
        "CAST(year AS varchar) = '2013'",
        "CAST(month AS integer) = 1",
        "coalesce(year, 2013) = 2013",
        "CASE WHEN year = 2013 THEN true ELSE false END",
        "if(year = 2013, true, true)",
        "(year = 2013) = false",
        "origin LIKE '%F'",
        "origin NOT LIKE 'J%'",
        "lower(origin) = 'jfk'",
        "ratio = nan()",
        "EXISTS (SELECT 1 FROM weather w WHERE w.year = 2013)",
    ],
)
def test_conditions_that_do_not(compiled: Compile, condition: str) -> None:
    scans = [scan for scan in compiled(f"SELECT 1 FROM flights WHERE {condition}").scans if scan.table == "flights"]

    assert [scan.domains for scan in scans] == [{}]


def test_a_prefix_may_hold_an_escaped_wildcard(compiled: Compile) -> None:
    found = domains(compiled("SELECT 1 FROM flights WHERE origin LIKE 'a#_%' ESCAPE '#'"))

    assert found == {"origin": Between("a_", "a`", high_open=True)}


def test_an_integer_compared_with_a_fraction_keeps_both_neighbours(compiled: Compile) -> None:
    found = domains(compiled("SELECT 1 FROM flights WHERE year >= 2012.5 AND delay = 1.0"))

    assert found == {"year": Between(low=Decimal("2012.5")), "delay": OneOf((Decimal("1.0"),))}


NOW = datetime(2013, 3, 15, 10, 20, 30, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("flown >= current_date - INTERVAL '7' DAY", {"flown": Between(low=date(2013, 3, 8))}),
        ("flown >= date_add('day', -7, current_date)", {"flown": Between(low=date(2013, 3, 8))}),
        ("flown >= date_trunc('month', current_date)", {"flown": Between(low=date(2013, 3, 1))}),
        ("flown = date(now())", {"flown": OneOf((date(2013, 3, 15),))}),
        ("flown = CAST(current_timestamp AS date)", {"flown": OneOf((date(2013, 3, 15),))}),
        ("seen > localtimestamp", {"seen": Between(low=datetime(2013, 3, 15, 10, 20, 30, 123_000), low_open=True)}),
        ("origin >= date_format(current_date - INTERVAL '1' MONTH, '%Y-%m-%d')", {"origin": Between(low="2013-02-15")}),
        ("origin = format_datetime(now(), 'yyyy/MM/dd')", {"origin": OneOf(("2013/03/15",))}),
        ("origin = CAST(current_date AS varchar)", {"origin": OneOf(("2013-03-15",))}),
        ("year = year(current_date) - 1", {"year": OneOf((2012,))}),
        ("year = EXTRACT(YEAR FROM now() - INTERVAL '90' DAY)", {"year": OneOf((2012,))}),
        ("month = lpad(CAST(month(now()) AS varchar), 2, '0')", {"month": OneOf(("03",))}),
    ],
)
def test_the_statements_time_prunes(lake: Any, condition: str, expected: dict[str, Domain]) -> None:
    query = parse(f"SELECT 1 FROM flights WHERE {condition}")
    assert isinstance(query, Query)

    found = domains(compile_query(query.tree, query.text, lake, "nyc", {}, now=NOW))
    later = domains(compile_query(query.tree, query.text, lake, "nyc", {}, now=NOW + timedelta(days=900)))
    unknown = domains(compile_query(query.tree, query.text, lake, "nyc", {}))

    assert (found, unknown) == (expected, {})
    assert later != found


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        (2013, "year", OneOf((2013,))),
        ("JFK", "origin", OneOf(("JFK",))),
        (date(2013, 1, 1), "flown", OneOf((date(2013, 1, 1),))),
        (datetime(2013, 1, 1, 10), "seen", OneOf((datetime(2013, 1, 1, 10),))),
        (None, "year", OneOf(())),
        (True, "late", OneOf((True,))),
        (1.5, "ratio", OneOf((1.5,))),
    ],
)
def test_bound_values_restrict_like_literals(compiled: Compile, value: Any, column: str, expected: Domain) -> None:
    named = compiled(f"SELECT 1 FROM flights WHERE {column} = :p", p=value)
    positional = compiled(f"SELECT 1 FROM flights WHERE {column} = ?", [value])

    assert domains(named) == domains(positional) == {column: expected}


@pytest.mark.parametrize(
    ("query", "flights", "weather"),
    [
        ("JOIN weather w ON f.year = 2013 AND w.year = 2014", OneOf((2013,)), OneOf((2014,))),
        ("JOIN weather w ON true WHERE f.year = 2013 AND w.year = 2014", OneOf((2013,)), OneOf((2014,))),
        (", weather w WHERE f.year = 2013 AND w.year = 2014", OneOf((2013,)), OneOf((2014,))),
        ("LEFT JOIN weather w ON f.year = 2013 AND w.year = 2014", None, OneOf((2014,))),
        ("RIGHT JOIN weather w ON f.year = 2013 AND w.year = 2014", OneOf((2013,)), None),
        ("FULL JOIN weather w ON f.year = 2013 AND w.year = 2014", None, None),
        ("LEFT JOIN weather w ON true WHERE f.year = 2013", OneOf((2013,)), None),
        ("RIGHT JOIN weather w ON true WHERE w.year = 2014", None, OneOf((2014,))),
    ],
)
def test_joins(compiled: Compile, query: str, flights: Domain | None, weather: Domain | None) -> None:
    found = {scan.table: scan.domains.get("year") for scan in compiled(f"SELECT 1 FROM flights f {query}").scans}

    assert found == {"flights": flights, "weather": weather}


@pytest.mark.parametrize("kind", ["LEFT", "FULL"])
def test_a_condition_above_an_outer_join_does_not_reach_the_side_that_it_fills(compiled: Compile, kind: str) -> None:
    found = compiled(f"SELECT 1 FROM flights f {kind} JOIN weather w ON f.origin = w.origin WHERE w.year IS NULL").scans

    assert all(not scan.domains for scan in found)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM (SELECT year, delay FROM flights) WHERE year = 2013",
        "SELECT * FROM (SELECT year AS y FROM flights) s WHERE s.y = 2013",
        "SELECT * FROM (SELECT DISTINCT year FROM flights) WHERE year = 2013",
        "SELECT * FROM (SELECT year, count(*) FROM flights GROUP BY year) WHERE year = 2013",
        "SELECT * FROM (SELECT year, count(*) FROM flights GROUP BY ROLLUP (year)) WHERE year = 2013",
        "WITH f AS (SELECT * FROM flights) SELECT count(*) FROM f WHERE year = 2013",
        "SELECT (SELECT max(delay) FROM flights WHERE year = 2013)",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM flights WHERE year = 2013)",
        "SELECT * FROM (SELECT * FROM flights ORDER BY delay) WHERE year = 2013",
        "SELECT year FROM (SELECT year FROM flights WHERE year IN (2013, 2014)) WHERE year < 2014",
    ],
)
def test_conditions_reach_through_subqueries(compiled: Compile, query: str) -> None:
    assert domains(compiled(query)) == {"year": OneOf((2013,))}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM (SELECT year FROM flights LIMIT 5) WHERE year = 2013",
        "SELECT * FROM (SELECT year FROM flights ORDER BY year FETCH FIRST ROW WITH TIES) WHERE year = 2013",
        "SELECT * FROM (SELECT year FROM flights OFFSET 5) WHERE year = 2013",
        "SELECT * FROM (SELECT year, row_number() OVER (ORDER BY delay) FROM flights) WHERE year = 2013",
        "SELECT * FROM (SELECT max(year) AS year FROM flights) WHERE year = 2013",
        "SELECT * FROM (SELECT year + 1 AS year FROM flights) WHERE year = 2013",
        "SELECT * FROM (SELECT * FROM flights TABLESAMPLE BERNOULLI (10)) WHERE year = 2013",
        "SELECT year, count(*) FROM flights GROUP BY GROUPING SETS ((year), ()) HAVING year IS NULL",
        "SELECT count(*) FILTER (WHERE year = 2013) FROM flights",
        "SELECT year = 2013 FROM flights",
    ],
)
def test_conditions_that_would_change_what_is_below_them_do_not(compiled: Compile, query: str) -> None:
    assert domains(compiled(query)) == {}


def test_each_side_of_a_union_is_restricted(compiled: Compile) -> None:
    text = """SELECT * FROM (SELECT year FROM flights UNION ALL SELECT year FROM weather WHERE year < 2020)
        WHERE year > 2013"""

    found = {scan.table: scan.domains for scan in compiled(text).scans}

    assert found == {
        "flights": {"year": Between(2013, low_open=True)},
        "weather": {"year": Between(2013, 2020, low_open=True, high_open=True)},
    }


def test_a_query_of_with_that_is_read_twice_serves_both(compiled: Compile) -> None:
    text = "WITH f AS (SELECT * FROM flights) SELECT 1 FROM f a JOIN f b ON a.delay = b.delay WHERE a.year = 2013"

    assert all(scan.domains == {} for scan in compiled(text).scans)


def test_two_scans_of_a_table_are_restricted_apart(compiled: Compile) -> None:
    text = "SELECT 1 FROM flights a JOIN flights b ON a.delay = b.delay WHERE a.year = 2013 AND b.year = 2014"

    assert [scan.domains["year"] for scan in compiled(text).scans] == [OneOf((2013,)), OneOf((2014,))]


def test_conditions_reach_through_views(compiled: Compile, lake: Any) -> None:
    lake.add_view("busy", "SELECT year AS y, delay FROM flights WHERE delay > 10", {"y": "int", "delay": "int"})

    found = domains(compiled("SELECT * FROM busy WHERE y = 2013"))

    assert found == {"year": OneOf((2013,)), "delay": Between(10, low_open=True)}
