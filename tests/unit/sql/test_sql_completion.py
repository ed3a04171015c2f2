"""What is offered at a place of SQL that is still being written; `|` is the cursor."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sql.athena.vocabulary import FUNCTION_NAMES, VOCABULARY
from kit.sql.completion import Completion, complete
from kit.sql.relations import Relation, RelationColumn

HIDDEN = (RelationColumn("$path", "string", hidden=True),)


def table(database: str, name: str, columns: dict[str, str]) -> Relation:
    own = tuple(RelationColumn(column, kind) for column, kind in columns.items())
    return Relation(database, name, own + HIDDEN)


class Lake:
    """Three tables in two databases."""

    tables = (
        table("nyc", "flights", {"origin": "string", "dep_delay": "int", "arr_delay": "int", "Order": "int"}),
        table(
            "nyc", "weather", {"origin": "string", "temp": "double", "wind": "struct<speed:int,gust:struct<max:int>>"}
        ),
        table("shop", "order lines", {"amount": "double"}),
    )

    def relation(self, database: str, name: str) -> Relation | None:
        return next((each for each in self.tables if (each.database, each.name) == (database, name)), None)

    def databases(self) -> Sequence[str]:
        return ["nyc", "shop"]

    def relations(self, database: str) -> Sequence[str]:
        return [each.name for each in self.tables if each.database == database]


def at(marked: str) -> tuple[str, Completion]:
    cursor = marked.index("|")
    text = marked[:cursor] + marked[cursor + 1 :]
    return text, complete(text, cursor, Lake(), "nyc", VOCABULARY)


def offered(marked: str, *kinds: str) -> list[str]:
    """The texts offered at the mark; of these kinds, if any are named."""
    found = at(marked)[1].candidates
    return [each.text for each in found if not kinds or each.kind in kinds]


@pytest.mark.parametrize(
    ("marked", "names"),
    [
        ("SELECT * FROM |", ["flights", "weather", "nyc", "shop"]),
        ("SELECT * FROM fl|", ["flights"]),
        ("SELECT * FROM FL|", ["flights"]),
        ("SELECT * FROM flights JOIN w|", ["weather"]),
        ("SELECT * FROM flights f, |", ["flights", "weather", "nyc", "shop"]),
        ("SELECT * FROM nyc.|", ["flights", "weather"]),
        ("SELECT * FROM nyc.we| WHERE true", ["weather"]),
        ("SELECT * FROM awsdatacatalog.|", ["nyc", "shop"]),
        ("SELECT * FROM awsdatacatalog.nyc.f|", ["flights"]),
        ("SELECT * FROM nowhere.|", []),
        ("SELECT * FROM shop.|", ['"order lines"']),
        ('SELECT * FROM shop."or|', ['"order lines"']),
        ('SELECT * FROM shop."or|"', ['"order lines']),
        ("SELECT * FROM (SELECT * FROM w|", ["weather"]),
        ("INSERT INTO |", ["flights", "weather", "nyc", "shop"]),
        ("CREATE TABLE t AS SELECT * FROM w|", ["weather"]),
        ("DROP TABLE IF EXISTS shop.|", ["`order lines`"]),
        ("DESCRIBE w|", ["weather"]),
        ("SHOW PARTITIONS f|", []),
        ("SHOW COLUMNS IN f|", ["flights"]),
        ("MSCK REPAIR TABLE w|", ["weather"]),
        ("SHOW TABLES IN |", ["nyc", "shop"]),
        ("DROP DATABASE IF EXISTS s|", ["shop"]),
        ("CREATE TABLE f|", []),
        ("CREATE DATABASE n|", []),
    ],
)
def test_tables_and_databases(marked: str, names: list[str]) -> None:
    assert offered(marked, "table", "database") == names


@pytest.mark.parametrize(
    ("marked", "columns"),
    [
        ("SELECT | FROM flights", ["origin", "dep_delay", "arr_delay", '"Order"']),
        ("SELECT dep| FROM flights", ["dep_delay"]),
        ("SELECT origin, a| FROM flights", ["arr_delay"]),
        ("SELECT f.| FROM flights AS f", ["origin", "dep_delay", "arr_delay", '"Order"']),
        ("SELECT flights.d| FROM nyc.flights", ["dep_delay"]),
        ("SELECT nyc.flights.d| FROM nyc.flights", ["dep_delay"]),
        ("SELECT t| FROM flights f JOIN weather w ON f.origin = w.origin", ["temp"]),
        ("SELECT * FROM flights f JOIN weather w ON f.origin = w.|", ["origin", "temp", "wind"]),
        ("SELECT * FROM flights f JOIN weather w USING (o|)", ["origin", '"Order"']),
        ("SELECT * FROM weather WHERE t|", ["temp"]),
        ("SELECT * FROM weather WHERE temp > 1 AND |", ["origin", "temp", "wind"]),
        ("SELECT count(| FROM flights", ["origin", "dep_delay", "arr_delay", '"Order"']),
        ("SELECT count(te|) FROM weather GROUP BY 1", ["temp"]),
        ("SELECT sum(temp), max(| FROM weather WHERE temp > 1", ["origin", "temp", "wind"]),
        (
            "SELECT * FROM (flights f JOIN weather w ON |)",
            ["origin", "dep_delay", "arr_delay", '"Order"', "temp", "wind"],
        ),
        ("SELECT 1 FROM weather UNION SELECT t| FROM weather", ["temp"]),
        ("SELECT t| FROM flights UNION SELECT 1 FROM weather", []),
        ("SELECT origin IS DISTINCT FROM d| FROM flights", ["dep_delay"]),
        (
            "SELECT a.| FROM (SELECT origin AS place, dep_delay, 1 + 1, w.* FROM flights, weather w) a",
            ["place", "dep_delay", "origin", "temp", "wind"],
        ),
        ("WITH a AS (SELECT origin o, count(*) AS n FROM flights) SELECT | FROM a", ["o", "n"]),
        ("WITH a(x, y) AS (SELECT 1, 2), b AS (SELECT * FROM a) SELECT | FROM b", ["x", "y"]),
        ("WITH a AS (SELECT t| FROM weather) SELECT * FROM a", ["temp"]),
        ("WITH weather AS (SELECT 1 AS one) SELECT | FROM weather", ["one"]),
        ("SELECT | FROM UNNEST(ARRAY[1]) WITH ORDINALITY AS u(item, position)", ["item", "position"]),
        ("SELECT * FROM flights f WHERE EXISTS (SELECT 1 FROM weather w WHERE w.origin = f.d|)", ["dep_delay"]),
        ("SELECT * FROM flights f, (SELECT | FROM weather) w", ["origin", "temp", "wind"]),
        ("SELECT * FROM flights f, LATERAL (SELECT d|) w", ["dep_delay"]),
        ("SELECT dep_delay AS late FROM flights ORDER BY |", ["late", "origin", "dep_delay", "arr_delay", '"Order"']),
        ("SELECT wind.| FROM weather", ["speed", "gust"]),
        ("SELECT w.wind.gust.| FROM weather w", ["max"]),
        ("SELECT $| FROM weather", ['"$path"']),
        ('SELECT "$pa| FROM weather', ['"$path"']),
        ('SELECT "$pa|" FROM weather', ['"$path']),
        ('SELECT w."$|" FROM weather w', ['"$path']),
        ("INSERT INTO weather (t|", ["temp"]),
        ("ALTER TABLE weather ADD PARTITION (t|", ["temp"]),
        ("SELECT 1; SELECT t| FROM weather; SELECT * FROM flights", ["temp"]),
        ("EXPLAIN ANALYZE SELECT t| FROM weather", ["temp"]),
        ("UNLOAD (SELECT t| FROM weather) TO 's3://b/p'", ["temp"]),
        ("SELECT * FROM weather LIMIT |", []),
        ("SELECT temp | FROM weather", []),
    ],
)
def test_columns_in_scope(marked: str, columns: list[str]) -> None:
    kinds = ("column", "hidden column") if "$" in marked else ("column",)

    assert offered(marked, *kinds) == columns


def test_hidden_columns_are_told_apart() -> None:
    assert offered("SELECT | FROM weather", "hidden column") == ['"$path"']


def test_sources_are_offered_as_qualifiers() -> None:
    assert offered("SELECT | FROM flights f JOIN weather ON true", "table") == ["f", "weather"]


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("SEL|", ["SELECT"]),
        ("sel|", ["select"]),
        ("SELECT origin FR|", ["FROM"]),
        ("select origin from flights wher|", ["where"]),
        ("SELECT CAST(origin AS varch| FROM flights", ["varchar"]),
        ("SELECT origin FROM flights f FULL OU|", ["OUTER"]),
    ],
)
def test_keywords_follow_the_case_that_was_begun(marked: str, words: list[str]) -> None:
    assert offered(marked, "keyword") == words


def test_functions_are_offered_where_an_operand_begins() -> None:
    assert "date_trunc" in offered("SELECT date_| FROM flights", "function")
    assert offered("SELECT APPROX_D| FROM flights") == ["APPROX_DISTINCT"]
    assert offered("SELECT origin date_| FROM flights", "function") == []


def test_words_are_not_offered_unasked() -> None:
    assert offered("SELECT | FROM flights", "function", "keyword") == []


@pytest.mark.parametrize(
    "marked",
    [
        "SELECT 'o|' FROM flights",
        "SELECT 'o|",
        "SELECT o -- o|\nFROM flights",
        "SELECT o /* o|",
        "SELECT 12|",
        "SELECT * FROM flights WHERE origin = :o|",
        "SELECT $$o|",
    ],
)
def test_nothing_inside_of_strings_comments_numbers_and_parameters(marked: str) -> None:
    assert offered(marked) == []


def test_the_fragment_begins_at_its_word_or_quote() -> None:
    text, found = at("SELECT f.dep|_delay FROM flights f")
    assert text[found.start :].startswith("dep_delay")

    text, found = at('SELECT "dep| FROM flights')
    assert text[found.start :].startswith('"dep')


def test_functions_of_the_dialect_are_those_that_exist() -> None:
    assert {"date_diff", "coalesce", "approx_percentile", "row_number", "json_query"} <= set(FUNCTION_NAMES)
    assert not {"list_transform", "strptime", "date_sub"} & set(FUNCTION_NAMES)


WORDS = st.sampled_from(
    [
        *("SELECT", "FROM", "WHERE", "JOIN", "ON", "WITH", "AS", "UNION", "VALUES", "ORDER", "BY", "a", "b", "flights"),
        *("f", ".", ",", "(", ")", "[", "]", "*", "=", "'x'", '"q', "'", ":p", ";", "--", "/*", "$", "1", "INTO"),
    ]
)


@given(st.lists(WORDS, max_size=30), st.data())
def test_no_text_is_too_broken(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    cursor = data.draw(st.integers(0, len(text)))

    found = complete(text, cursor, Lake(), "nyc", VOCABULARY)

    assert 0 <= found.start <= cursor
    begun = text[found.start : cursor].strip('"`').lower()
    assert all(each.text.strip('"`').lower().startswith(begun) for each in found.candidates)
