"""What is known of an expression while translating, for pruning, is what DuckDB computes for it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.base.domain import OneOf

COLUMNS = {"integer": "i", "bigint": "b", "varchar": "customer", "date": "placed", "timestamp": "seen"}

days = st.dates(date(1900, 1, 1), date(2200, 12, 31)).map(lambda day: f"DATE '{day}'")
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31)).map(
    lambda moment: f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='milliseconds')}'"
)
numbers = st.integers(-800, 800).map(str)
texts = st.text("ab3-", max_size=6).map(lambda text: f"'{text}'")
of_date = st.sampled_from(["day", "week", "month", "quarter", "year"])
of_time = of_date | st.sampled_from(["hour", "minute", "second"])
parts = st.sampled_from(["year", "quarter", "month", "week", "day", "day_of_week"])
expressions = st.one_of(
    st.builds("date_trunc('{}', {})".format, of_date, days),
    st.builds("date_trunc('{}', {})".format, of_time, moments),
    st.builds("date_add('{}', {}, {})".format, of_date, numbers, days),
    st.builds("date_add('{}', {}, {})".format, of_time, numbers, moments),
    st.builds("{} + INTERVAL '{}' DAY".format, days | moments, numbers),
    st.builds("{} - INTERVAL '{}' MONTH".format, days | moments, numbers),
    st.builds("{}({})".format, parts, days | moments),
    st.builds("EXTRACT({} FROM {})".format, parts, days),
    st.builds("date_format({}, '%Y-%m-%d %H:%i:%s')".format, moments),
    st.builds("format_datetime({}, 'yyyy/MM/dd HH:mm:ss')".format, moments),
    st.builds("CAST({} AS {})".format, days, st.sampled_from(["varchar", "timestamp"])),
    st.builds("CAST({} AS date)".format, moments),
    st.builds("CAST({} AS {})".format, numbers, st.sampled_from(["varchar", "bigint"])),
    st.builds("CAST('{}' AS {})".format, numbers, st.sampled_from(["integer", "bigint"])),
    st.builds("({} {} {})".format, numbers, st.sampled_from("+-*"), numbers),
    st.builds("lpad({}, {}, 'x')".format, texts, st.integers(0, 9)),
    st.builds("substr({}, {}, {})".format, texts, st.integers(1, 8), st.integers(0, 9)),
    st.builds("{}({})".format, st.sampled_from(["upper", "lower"]), texts),
    st.builds("{} || {}".format, texts, texts),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expressions)
def test_a_known_value_is_the_computed_one(athena: Any, expression: str) -> None:
    (kind,), ((computed,),) = athena.answer(f"SELECT {expression}")
    column = COLUMNS[kind.partition("(")[0]]
    table = "numbers" if column in "ib" else "orders"

    (scan,) = athena.compile(f"SELECT 1 FROM {table} WHERE {column} = {expression}").scans

    domain = scan.domains[column]
    assert isinstance(domain, OneOf)
    (known,) = domain.values
    assert (datetime.combine(known, time()) if type(known) is date and column == "seen" else known) == computed
