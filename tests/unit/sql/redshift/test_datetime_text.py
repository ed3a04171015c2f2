"""Dates and times in text: what a literal says at binding, a column says at run time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from kit.sql.redshift import MACROS
from kit.sql.redshift.datetime_text import (
    FieldOutOfRangeError,
    NotADateError,
    parse_date,
    parse_time,
    parse_timestamp,
    parse_timestamptz,
    parse_timetz,
    zone_offset_minutes,
)

# Source: Amazon Redshift Database Developer Guide, "Date, time, and timestamp literals".
DATES = {
    "January 8, 1999": "1999-01-08",
    "1999-01-08": "1999-01-08",
    "1/8/1999": "1999-01-08",
    "01/02/00": "2000-01-02",
    "2000-Jan-31": "2000-01-31",
    "Jan-31-2000": "2000-01-31",
    "31-Jan-2000": "2000-01-31",
    "20080215": "2008-02-15",
    "080215": "2008-02-15",
    "2008.366": "2008-12-31",
}
TIMESTAMPS = {
    "Jan 12,1997 12:32:13.123456": "1997-01-12 12:32:13.123456",
    "1997-01-12 00:00": "1997-01-12 00:00:00",
    "1/12/1997 4:05 PM": "1997-01-12 16:05:00",
    "20080124 04:05:06.789": "2008-01-24 04:05:06.789",
    "2008-01-24T04:05:06": "2008-01-24 04:05:06",
    "2008-01-24 24:00:00": "2008-01-25 00:00:00",
    "2008-01-24": "2008-01-24 00:00:00",
    "12 Jan 1997 12:00 am": "1997-01-12 00:00:00",
}
BAD = ("", "x", "2020-13-01", "2020-02-30", "2020-01-01 25:00", "1/2", "2020-01-01 10:61", "99999999")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            made.execute(macro)
        yield made


@pytest.mark.parametrize(("text", "expected"), DATES.items())
def test_a_date_is_the_same_in_a_literal_and_in_a_column(
    connection: duckdb.DuckDBPyConnection, text: str, expected: str
) -> None:
    assert parse_date(text) == expected
    assert connection.execute("SELECT CAST(rs_date($1) AS VARCHAR)", [text]).fetchone() == (expected,)


@pytest.mark.parametrize(("text", "expected"), TIMESTAMPS.items())
def test_a_timestamp_is_the_same_in_a_literal_and_in_a_column(
    connection: duckdb.DuckDBPyConnection, text: str, expected: str
) -> None:
    assert datetime.fromisoformat(parse_timestamp(text)) == datetime.fromisoformat(expected)
    assert connection.execute("SELECT CAST(rs_timestamp($1) AS VARCHAR)", [text]).fetchone() == (expected,)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_timestamp_is_none_in_a_column_either(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises((NotADateError, FieldOutOfRangeError)):
        parse_timestamp(text)
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT rs_timestamp($1)", [text]).fetchone()


def test_zones_of_timestamps() -> None:
    assert parse_timestamptz("2008-01-24 04:05:06 PST") == parse_timestamptz("2008-01-24 04:05:06 -08")
    assert parse_timestamptz("2008-01-24 04:05:06+05:30")[0] == "2008-01-23 22:35:06"
    assert parse_timestamptz("2008-01-24 04:05:06 Europe/Paris") == ("2008-01-24 04:05:06", "Europe/Paris")
    assert [zone_offset_minutes(zone) for zone in ("utc", "EST", "+02", "GMT-3:30", "nowhere")] == [
        0,
        -300,
        120,
        -210,
        None,
    ]


def test_times_of_day() -> None:
    assert [parse_time(text) for text in ("10:05", "10:05:06.7", "101112", "1:02 PM")] == [
        "10:05:00",
        "10:05:06.700000",
        "10:11:12",
        "13:02:00",
    ]
    assert parse_timetz("10:05:06 EST") == ("10:05:06", -300)
    with pytest.raises(FieldOutOfRangeError):
        parse_time("24:00:01")
