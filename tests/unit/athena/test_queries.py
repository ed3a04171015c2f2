"""Queries end to end: answers, figures, parameters, errors that point."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import kit
from kit.base.errors import KitError
from kit.base.settings import Settings


@pytest.fixture
def flights(lake: Any) -> Any:
    lake.put("flights/1.parquet", pa.table({"carrier": ["AA", "UA", "AA"], "delay": [10, -5, None], "day": [1, 1, 2]}))
    lake.table("flights", {"carrier": "string", "delay": "bigint", "day": "bigint"})
    return lake


def test_a_question_is_answered(flights: Any) -> None:
    result = flights.sql("SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY carrier")

    assert result.columns == ["carrier", "n"]
    assert result.rows == [("AA", 2), ("UA", 1)]


def test_the_empty_database_is_the_default(flights: Any) -> None:
    assert flights.athena.sql("SELECT count(*) AS n FROM lake.flights", database="").rows == [(3,)]


def test_what_is_scanned_is_the_columns_that_are_used(flights: Any) -> None:
    one = flights.sql("SELECT sum(delay) AS s FROM flights").stats
    two = flights.sql("SELECT sum(delay) AS s, max(carrier) AS c FROM flights").stats
    none = flights.sql("SELECT count(*) AS n FROM flights").stats

    assert 0 < one.bytes_scanned < two.bytes_scanned
    assert none.bytes_scanned == 0
    assert two.cost_usd == pytest.approx(10_000_000 / 1e12 * 5)


def test_row_groups_that_cannot_pass_are_not_billed(lake: Any) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"v": list(range(10_000)), "w": [f"{i:09d}" for i in range(10_000)]})
    pa.parquet.write_table(table, sink, row_group_size=1000)
    lake.put("t/1.parquet", sink.getvalue().to_pybytes())
    lake.table("t", {"v": "bigint", "w": "string"})

    whole = lake.sql("SELECT sum(length(w)) AS n FROM t").stats
    part = lake.sql("SELECT sum(length(w)) AS n FROM t WHERE v BETWEEN 2500 AND 3500").stats

    assert (part.row_groups.read, part.row_groups.total) == (2, 10)
    assert part.bytes_scanned < whole.bytes_scanned / 2
    assert part.bytes_read is not None
    assert part.bytes_read >= part.bytes_scanned


def row_groups(lake: Any, table: pa.Table, rows: int, key: str) -> None:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, row_group_size=rows)
    lake.put(key, sink.getvalue().to_pybytes())


def test_a_preview_is_billed_for_the_first_row_groups(lake: Any) -> None:
    for part in range(3):
        row_groups(lake, pa.table({"v": list(range(part * 100, part * 100 + 100))}), 10, f"t/{part}.parquet")
    lake.table("t", {"v": "bigint"})

    whole = lake.sql("SELECT v FROM t").stats
    preview = lake.sql("SELECT * FROM t LIMIT 25")
    beyond = lake.sql("SELECT v FROM t LIMIT 105")
    filtered = lake.sql("SELECT v FROM t WHERE v >= 290 LIMIT 3")
    counted = lake.sql("SELECT count(v) AS n FROM t LIMIT 1")

    assert [value for (value,) in preview.rows] == list(range(25))
    assert (preview.stats.row_groups.read, preview.stats.files.read) == (3, 1)
    assert preview.stats.bytes_scanned * 9 < whole.bytes_scanned
    assert ([value for (value,) in beyond.rows], beyond.stats.row_groups.read) == (list(range(105)), 11)
    assert filtered.rows == [(290,), (291,), (292,)]
    assert counted.rows == [(300,)]


@pytest.mark.parametrize("zone", [None, "Europe/Rome"])
def test_conditions_on_rounded_timestamps_still_skip_row_groups(lake: Any, zone: str | None) -> None:
    moments = [datetime(2013, 1, 1) + timedelta(minutes=n, microseconds=400) for n in range(1000)]
    row_groups(lake, pa.table({"at": pa.array(moments, pa.timestamp("us", zone))}), 100, "t/1.parquet")
    lake.table("t", {"at": "timestamp"})

    result = lake.sql(
        "SELECT min(at) AS a, max(at) AS z, count(*) AS n FROM t "
        "WHERE at >= TIMESTAMP '2013-01-01 02:30:00' AND at < TIMESTAMP '2013-01-01 03:00:00'"
    )
    explained = lake.rows("EXPLAIN ANALYZE SELECT count(at) AS n FROM t WHERE at = TIMESTAMP '2013-01-01 02:30:00'")

    assert result.rows == [(datetime(2013, 1, 1, 2, 30), datetime(2013, 1, 1, 2, 59), 30)]
    assert (result.stats.row_groups.read, result.stats.row_groups.total) == (1, 10)
    assert re.search(r"READ_PARQUET.* \[1 row, ", explained[0][0])
    assert "where:   at in (TIMESTAMP '2013-01-01 02:30:00')" in explained[0][0]


def test_the_line_under_a_result_says_what_it_cost(flights: Any) -> None:
    line = flights.sql("SELECT sum(delay) AS s FROM flights").stats.summary()

    assert line.startswith("1 row · ")
    assert "scanned " in line
    assert "(read " in line
    assert line.endswith("$0.000050")


def test_a_query_without_tables_costs_nothing(lake: Any) -> None:
    stats = lake.sql("SELECT 1 AS one").stats

    assert (stats.bytes_scanned, stats.cost_usd) == (0, 0.0)
    assert "scanned" not in stats.summary()


def test_text_is_billed_whole_and_compressed(lake: Any) -> None:
    import gzip

    packed = gzip.compress(b"1,x\n" * 5000)
    lake.csv("t", {"a": "int", "b": "string"}, packed, object_name="x.csv.gz")

    assert lake.sql("SELECT sum(a) AS s FROM t").stats.bytes_scanned == len(packed)


def test_parameters_are_bound_by_name_and_by_position(flights: Any) -> None:
    assert flights.rows("SELECT delay FROM flights WHERE carrier = :c", params={"c": "UA"}) == [(-5,)]
    assert flights.rows("SELECT delay FROM flights WHERE carrier = ? AND day = ?", params=["AA", 1]) == [(10,)]
    assert flights.rows("SELECT :c AS c", params={"c": "x'; DROP TABLE flights; --"}) == [
        ("x'; DROP TABLE flights; --",)
    ]


def test_a_missing_parameter_is_named(flights: Any) -> None:
    with pytest.raises(KitError) as caught:
        flights.sql("SELECT delay FROM flights WHERE carrier = :carrier", params={"c": "UA"})

    assert "carrier" in caught.value.message


def test_an_unknown_column_has_a_place_and_a_suggestion(flights: Any) -> None:
    with pytest.raises(KitError) as caught:
        flights.sql("SELECT carrier,\n  delays FROM flights")

    assert caught.value.code == "COLUMN_NOT_FOUND"
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert "delay" in caught.value.hint


def test_an_unknown_table_has_a_place_and_a_suggestion(flights: Any) -> None:
    with pytest.raises(KitError) as caught:
        flights.sql("SELECT *\nFROM flihgts")

    assert caught.value.code == "TABLE_NOT_FOUND"
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert "flights" in caught.value.hint


def test_a_syntax_error_has_a_place(lake: Any) -> None:
    with pytest.raises(KitError) as caught:
        lake.sql("SELECT 1 FROM WHERE")

    assert caught.value.code == "SYNTAX_ERROR"
    assert caught.value.line == 1
    assert caught.value.column is not None


def test_two_statements_are_one_too_many(lake: Any) -> None:
    with pytest.raises(KitError):
        lake.sql("SELECT 1; SELECT 2")


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("1 / (x - 1)", "DIVISION_BY_ZERO", "Division by zero"),
        ("CAST('y' || CAST(x AS varchar) AS integer)", "INVALID_CAST_ARGUMENT", "Cannot cast 'y1' to INT"),
        ("9223372036854775807 + x", "NUMERIC_VALUE_OUT_OF_RANGE", "bigint addition overflow: 9223372036854775807 + 1"),
        ("element_at(ARRAY[x], x - 1)", "INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1"),
    ],
)
def test_an_error_of_the_engine_has_athenas_name(lake: Any, expression: str, code: str, message: str) -> None:
    with pytest.raises(KitError) as caught:
        lake.sql(f"SELECT {expression} AS y FROM (VALUES BIGINT '1') t(x)")

    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_query_text_may_be_a_quarter_of_a_megabyte(lake: Any) -> None:
    with pytest.raises(KitError) as caught:
        lake.sql("SELECT 1 -- " + "x" * 262_144)

    assert caught.value.code == "InvalidRequestException"


def test_files_outside_of_storage_cannot_be_reached(lake: Any, tmp_path: Any) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")

    with pytest.raises(KitError):
        lake.sql(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    with pytest.raises(KitError):
        lake.sql(f"SELECT * FROM '{tmp_path}/secret.csv'")


def test_variables_of_python_are_no_tables(lake: Any) -> None:
    secret = pa.table({"a": [1]})

    with pytest.raises(KitError):
        lake.sql("SELECT * FROM secret")
    assert secret.num_rows == 1


def test_views_are_expanded_with_their_own_database(flights: Any) -> None:
    from kit.athena.lake import VIEW_DATABASE
    from kit.catalog import Column, SerDe, StorageDescriptor, Table

    view = Table(
        "other",
        "late",
        StorageDescriptor((Column("carrier", "string"), Column("delay", "bigint")), "", SerDe("")),
        table_type="VIRTUAL_VIEW",
        parameters={VIEW_DATABASE: "lake"},
        view_text="SELECT carrier, delay FROM flights WHERE delay > 0",
    )
    flights.catalog.create_database("other")
    flights.catalog.create_table(view)

    assert flights.athena.sql("SELECT * FROM late", database="other").rows == [("AA", 10)]


def test_the_same_table_may_be_scanned_several_times(flights: Any) -> None:
    result = flights.sql(
        "SELECT count(*) AS n FROM flights a JOIN flights b ON a.day = b.day JOIN flights c ON b.day = c.day"
    )

    assert result.rows == [(9,)]


def test_a_with_query_may_be_used_twice_over_a_stream(lake: Any) -> None:
    lake.csv("t", {"a": "int"}, "1\n2\n")

    assert lake.rows(
        "WITH x AS (SELECT a FROM t) SELECT p.a AS p, q.a AS q FROM x p JOIN x q ON p.a = q.a ORDER BY 1"
    ) == [
        (1, 1),
        (2, 2),
    ]


def test_recursive_queries_keep_their_relations(flights: Any) -> None:
    text = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT count(*) FROM flights)) "
        "SELECT max(i) AS m FROM n"
    )

    assert flights.rows(text) == [(3,)]


def test_set_operations_keep_their_relations(flights: Any) -> None:
    text = "(SELECT carrier FROM flights WHERE day = 2) UNION (SELECT carrier FROM flights WHERE delay < 0) ORDER BY 1"

    assert flights.rows(text) == [("AA",), ("UA",)]


def test_decimals_keep_their_scale(lake: Any) -> None:
    lake.put("t/1.parquet", pa.table({"e": [Decimal("1.10"), Decimal("2.20")]}))
    lake.table("t", {"e": "decimal(10,2)"})

    assert lake.rows("SELECT sum(e) AS s FROM t") == [(Decimal("3.30"),)]


def test_a_large_result_is_streamed_and_never_held_as_a_whole(tmp_path: Any) -> None:
    with kit.open(tmp_path / "ws", settings=Settings(threads=2, result_bytes=1_000_000)) as ws:
        result = ws.athena.sql(
            "SELECT x, x * 2 AS y FROM UNNEST(sequence(1, 10000)) t(x) CROSS JOIN UNNEST(sequence(1, 100)) u(z)"
        )

        assert not result.is_complete
        with pytest.raises(KitError, match="CREATE TABLE AS or UNLOAD"):
            result.table  # noqa: B018
        assert "first 20 rows shown" in repr(result)
        assert sum(batch.num_rows for batch in result.batches()) == 1_000_000
        assert result.stats.rows == 1_000_000
        assert ws.athena.record(result.stats.query_id).state == "SUCCEEDED"
        with pytest.raises(KitError, match="RESULT_CONSUMED"):
            next(iter(result.batches()))


def test_a_stream_that_is_left_early_is_a_cancelled_query(tmp_path: Any) -> None:
    with kit.open(tmp_path / "ws", settings=Settings(threads=2, result_bytes=1_000_000)) as ws:
        text = "SELECT x, z FROM UNNEST(sequence(1, 10000)) t(x) CROSS JOIN UNNEST(sequence(1, 1000)) u(z)"
        left, dropped = ws.athena.sql(text), ws.athena.sql(text)
        ids = left.stats.query_id, dropped.stats.query_id

        for _ in left.batches():
            break
        left.close()
        del dropped

        assert [ws.athena.record(each).state for each in ids] == ["CANCELLED", "CANCELLED"]
        assert ws.athena.sql("SELECT 1 AS one").rows == [(1,)]


def test_partitions_are_pruned_by_the_workspaces_date(lake: Any, clock: Any) -> None:
    for day in ("2026-06-20", "2026-06-30", "2026-07-01", "2026-07-02"):
        lake.put(f"t/day={day}/x.csv", f"{day}\n")
    lake.table("t", {"v": "string"}, "textfile", keys={"day": "string"})
    lake.sql("MSCK REPAIR TABLE t")
    recent = "SELECT v FROM t WHERE day >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d') ORDER BY v"

    first = lake.sql(recent)
    clock.advance(86_400)
    second = lake.sql(recent)

    assert first.rows == [("2026-06-30",), ("2026-07-01",), ("2026-07-02",)]
    assert second.rows == [("2026-07-01",), ("2026-07-02",)]
    assert (first.stats.bytes_scanned, second.stats.bytes_scanned) == (33, 22)


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("1 / 0", "DIVISION_BY_ZERO", "Division by zero"),
        ("CAST(3000000000 AS integer)", "NUMERIC_VALUE_OUT_OF_RANGE", "Out of range for integer: 3000000000"),
        ("CAST('2020-13-01' AS date)", "INVALID_CAST_ARGUMENT", "Value cannot be cast to date: 2020-13-01"),
        ("CAST(123.45 AS decimal(3,2))", "INVALID_CAST_ARGUMENT", "Cannot cast '123.45' to DECIMAL(3,2)"),
        ("2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE", "integer addition overflow: 2147483647 + 1"),
        ("(SELECT x FROM (VALUES 1, 2) t(x))", "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows"),
        ("regexp_like('a', '(')", "INVALID_FUNCTION_ARGUMENT", "Invalid regular expression: missing ): ("),
        ("ARRAY[1][0]", "INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1"),
    ],
)
def test_what_fails_while_running_is_told_in_athenas_words(lake: Any, expression: str, code: str, message: str) -> None:
    with pytest.raises(KitError) as raised:
        lake.rows(f"SELECT {expression}")

    assert (raised.value.code, raised.value.message) == (code, message)
