"""What streaming SQL does not take is refused by name, at its place, with what to write instead."""

import pytest

from kit.base.errors import KitError
from kit.sql.relations import Relation, RelationColumn
from kit.sql.streaming import compile_application
from kit.sql.streaming.plan import HIDDEN, STREAMS

COLUMNS = (RelationColumn("k", "string"), RelationColumn("v", "bigint"), RelationColumn("at", "timestamp"))
EVENTS = Relation(STREAMS, "events", (*COLUMNS, *HIDDEN))
T = "TABLE(TUMBLE(TABLE events, DESCRIPTOR(at), INTERVAL '1' MINUTE))"


class Catalog:
    def relation(self, database, name):
        columns = (RelationColumn("k", "string"), RelationColumn("city", "string"))
        return Relation("nyc", "places", columns) if (database, name) == ("nyc", "places") else None

    def databases(self):
        return ["nyc"]

    def relations(self, database):
        return ["places"] if database == "nyc" else []


def compiled(text, **options):
    return compile_application(text, Catalog(), {"events": EVENTS}, {}, **options)


REFUSED = [
    ("SELECT k, count(*) FROM events GROUP BY k", "A group over all of the stream", "TUMBLE", "k, count(*) F"),
    ("SELECT count(*) FROM events", "An aggregate over all of a stream", "TUMBLE", ""),
    ("SELECT DISTINCT k FROM events", "DISTINCT over a stream", "window", ""),
    ("SELECT k FROM events LIMIT 5", "LIMIT over a stream", "window", ""),
    ("SELECT k FROM events ORDER BY k", "ORDER BY over a stream", "window", ""),
    (f"SELECT k, count(*) FROM {T} GROUP BY k", "A group that spans windows", "window_start, window_end", ""),
    (f"SELECT window_start, count(*) FROM {T} GROUP BY window_start", "A group that spans windows", "window_end", ""),
    (f"SELECT count(*) FROM {T}", "An aggregate over all windows", "GROUP BY window_start", ""),
    (f"SELECT * FROM {T} LIMIT 3", "LIMIT over a stream", "ROW_NUMBER", ""),
    (
        f"SELECT v, ROW_NUMBER() OVER (ORDER BY v) FROM {T}",
        "OVER rows of several windows",
        "PARTITION BY window_start",
        "",
    ),
    (f"SELECT window_end, v FROM {T} ORDER BY v", "ORDER BY other than by the windows' end", "window_end", ""),
    (f"SELECT * FROM {T} a JOIN {T} b ON a.k = b.k", "A join of two streams' windows", "catalog", ""),
    (
        f"SELECT * FROM nyc.places p LEFT JOIN {T} e ON p.k = e.k",
        "LEFT JOIN that keeps a table's rows",
        "stream first",
        "",
    ),
    (f"SELECT k FROM {T} UNION SELECT k FROM {T}", "UNION of windows", "UNION ALL", ""),
    (f"SELECT k FROM nyc.places WHERE k IN (SELECT k FROM {T})", "A subquery over a stream", "tables", ""),
    (
        "SELECT TUMBLE_START(at, INTERVAL '1' MINUTE) FROM events GROUP BY TUMBLE(at, INTERVAL '1' MINUTE)",
        "Group window function TUMBLE",
        "DESCRIPTOR",
        "",
    ),
    (
        "SELECT * FROM TABLE(HOTSPOTS(CURSOR(SELECT STREAM v FROM events), 1000, 0.2, 17))",
        "Table function HOTSPOTS",
        "TUMBLE",
        "",
    ),
    ("SELECT v, sum(v) OVER (PARTITION BY k ROWS 5 PRECEDING) FROM events", "OVER without a RANGE", "INTERVAL", ""),
    ("SELECT k, count(*) FROM events WINDOWED BY TUMBLE (PARTITION BY k)", "WINDOWED BY TUMBLE", "STAGGER", ""),
    (
        "SELECT k, STEP(at BY INTERVAL '1' MINUTE), count(*) FROM events GROUP BY k, STEP(at BY INTERVAL '1' MINUTE)",
        "STEP over at",
        "ROWTIME",
        "",
    ),
    (
        "SELECT window_end, sum(v) FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(at), INTERVAL '1' MONTH)) GROUP BY window_start, window_end",  # noqa: E501
        "A window of MONTH",
        "days",
        "",
    ),
    ("SELECT k FROM (SELECT k FROM events GROUP BY k)", "A group that spans windows", "window_start", ""),
    ("SELECT k FROM events WHERE k IN (SELECT k FROM events)", "A subquery over a stream", "tables", ""),
    ("SELECT a.k FROM events a JOIN events b ON a.k = b.k", "A join of two streams' windows", "catalog", ""),
    (
        "SELECT p.k FROM nyc.places p LEFT JOIN events e ON p.k = e.k",
        "LEFT JOIN that keeps a table's rows",
        "stream first",
        "",
    ),
    (
        "SELECT k, sum(count(*)) OVER (PARTITION BY k RANGE INTERVAL '1' HOUR PRECEDING) FROM events GROUP BY k",
        "A group that spans windows",
        "window_start",
        "",
    ),
    (f"SELECT window_end, v * random() FROM {T}", "random in a query over a stream", "same", ""),
    ("SELECT k, current_timestamp FROM events", "currenttimestamp in a query over a stream", "same", ""),
    ("DROP STREAM events", "DROP is not supported", "CREATE PUMP", ""),
]


@pytest.mark.parametrize(("text", "message", "hint", "place"), REFUSED, ids=[message for _, message, _, _ in REFUSED])
def test_what_no_window_can_answer_is_refused_by_name(text, message, hint, place):
    with pytest.raises(KitError) as caught:
        compiled(text)

    assert caught.value.code == "NOT_SUPPORTED"
    assert message in caught.value.message
    assert hint.lower() in caught.value.hint.lower()
    assert caught.value.line == 1


WRONG = [
    (f"SELECT nope FROM {T}", "COLUMN_NOT_FOUND", 8),
    ("SELECT * FROM TABLE(TUMBLE(TABLE event, DESCRIPTOR(at), INTERVAL '1' MINUTE))", "TABLE_NOT_FOUND", 15),
    ("SELECT * FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(time), INTERVAL '1' MINUTE))", "COLUMN_NOT_FOUND", 15),
    ("SELECT * FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(at)))", "INVALID_FUNCTION_ARGUMENT", None),
    (
        "SELECT * FROM TABLE(HOP(TABLE events, DESCRIPTOR(at), INTERVAL '7' SECOND, INTERVAL '10' SECOND))",
        "INVALID_FUNCTION_ARGUMENT",
        15,
    ),
    ("SELECT * FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(at), INTERVAL '0' SECOND))", "INVALID_FUNCTION_ARGUMENT", 15),
    ("CREATE STREAM d (a BIGNT); SELECT k FROM events", "TYPE_NOT_FOUND", 20),
    ("CREATE PUMP p AS INSERT INTO nowhere SELECT STREAM k FROM events", "TABLE_NOT_FOUND", None),
    (
        "CREATE STREAM d (a BIGINT); CREATE PUMP p AS INSERT INTO d SELECT STREAM k, v FROM events",
        "TYPE_MISMATCH",
        None,
    ),
    ("", "SYNTAX_ERROR", None),
]


@pytest.mark.parametrize(("text", "code", "column"), WRONG, ids=[text[:60] for text, _, _ in WRONG])
def test_a_mistake_is_pointed_at(text, code, column):
    with pytest.raises(KitError) as caught:
        compiled(text)

    assert caught.value.code == code
    assert column is None or caught.value.column == column


def test_an_error_keeps_its_place_behind_a_window_over_several_lines():
    text = "SELECT window_start,\n  missing\nFROM TABLE(TUMBLE(TABLE events,\n  DESCRIPTOR(at),\n  INTERVAL '1' MINUTE)) w\nWHERE w.other > 1"  # noqa: E501

    with pytest.raises(KitError) as caught:
        compiled(text)

    assert (caught.value.line, caught.value.column, caught.value.statement) == (6, 7, text)


def test_a_query_that_joins_a_table_of_the_catalog_names_what_it_reads_of_it():
    application = compiled(
        f"SELECT window_end, p.city, count(*) FROM {T} e JOIN nyc.places p ON p.k = e.k GROUP BY window_start, window_end, p.city"  # noqa: E501
    )

    (stage,) = application.stages
    assert [(scan.database, scan.table, set(scan.columns)) for scan in stage.references] == [
        ("nyc", "places", {"k", "city"})
    ]
    assert application.times == {"events": "at"}


def test_of_several_streams_that_are_fed_one_has_to_be_named():
    text = """CREATE STREAM a (k VARCHAR(4)); CREATE STREAM b (v BIGINT);
    INSERT INTO a SELECT STREAM k FROM events; INSERT INTO b SELECT STREAM v FROM events"""

    with pytest.raises(KitError, match="feeds several streams: a, b"):
        compiled(text)

    assert compiled(text, answer="B").answer == "b"
