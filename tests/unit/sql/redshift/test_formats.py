"""Text that other text is read or written by: intervals, datetime and number formats, patterns, types, zones."""

from __future__ import annotations

import re

import pytest

from kit.base.errors import KitError
from kit.sql.redshift import patterns
from kit.sql.redshift.dateparts import part_named, part_names
from kit.sql.redshift.formats import datetime_fields, number_format
from kit.sql.redshift.intervals import Interval, parse_interval
from kit.sql.redshift.types import BIGINT, DOUBLE, REAL, Type, char, numeric, parse_type, type_names, varchar

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1 day", "", Interval(0, 1, 0)),
        ("52 weeks", "", Interval(0, 364, 0)),
        ("1w, 1h, 1m, 1s", "", Interval(0, 7, HOUR + 61_000_000)),
        ("0.5 days", "", Interval(0, 0, 12 * HOUR)),
        ("3 hours, 35 minutes", "", Interval(0, 0, 3 * HOUR + 35 * 60_000_000)),
        ("-2 months", "", Interval(-2, 0, 0)),
        ("1 year 2 mons", "", Interval(14, 0, 0)),
        ("2", "YEAR", Interval(24, 0, 0)),
        ("1-3", "YEAR TO MONTH", Interval(15, 0, 0)),
        ("1 02:03:04", "DAY TO SECOND", Interval(0, 1, 2 * HOUR + 184_000_000)),
        ("10", "", Interval(0, 0, 10_000_000)),
    ],
)
def test_intervals(text: str, unit: str, expected: Interval) -> None:
    assert parse_interval(text, unit) == expected


@pytest.mark.parametrize("text", ["", "3 fortnights", "day", "1 1", "x-y"])
def test_bad_intervals(text: str) -> None:
    with pytest.raises(ValueError):
        parse_interval(text)


def test_a_datetime_format_is_read_longest_word_first() -> None:
    fields = datetime_fields('YYYY-Month-DDDTH "at" HH24:MI:SS.US')

    assert [field.name or field.written for field in fields] == [
        "YYYY",
        "-",
        "MONTH",
        "-",
        "DDD",
        " at ",
        "HH24",
        ":",
        "MI",
        ":",
        "SS",
        ".",
        "US",
    ]


@pytest.mark.parametrize("text", ["9.9.9", "9S9S", "EEEE", "9PRMI"])
def test_bad_number_formats(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        number_format(text)


@pytest.mark.parametrize(
    ("pattern", "matching", "failing"),
    [
        ("a%", ["a", "abc"], ["ba"]),
        ("(a|b)_", ["ax", "bx"], ["a", "cx"]),
        ("[a-c]{2}", ["ab"], ["a", "ad"]),
        ("a.c", ["a.c"], ["abc"]),
        ("%(x|y)%", ["x", "1y1"], ["z"]),
        ("a+", ["aaa"], [""]),
        ("\\%", ["%"], ["x"]),
    ],
)
def test_similar_to_as_a_regular_expression(pattern: str, matching: list[str], failing: list[str]) -> None:
    expression = re.compile(patterns.similar_to(pattern, None))

    assert [text for text in [*matching, *failing] if expression.fullmatch(text)] == matching


def test_a_like_without_wildcards_is_plain() -> None:
    assert patterns.is_plain("abc", None)
    assert not patterns.is_plain("a_c", None)
    assert not patterns.is_plain("a\\%c", None)


def test_types_have_one_spelling() -> None:
    assert [str(parse_type(text)) for text in ("INT8", "decimal", "character varying (10)", "NUMERIC(38, 37)")] == [
        "bigint",
        "numeric(18,0)",
        "character varying(10)",
        "numeric(38,37)",
    ]
    assert parse_type("varchar(max)") == varchar(65535)
    assert parse_type("nchar(3)") == char(3)
    assert parse_type("float(24)") == REAL
    assert parse_type("float") == DOUBLE
    assert parse_type("timestamp without time zone").duckdb == "TIMESTAMP"
    assert [numeric(12, 2).duckdb, BIGINT.duckdb, varchar(5).duckdb] == ["DECIMAL(12,2)", "BIGINT", "VARCHAR"]


@pytest.mark.parametrize(
    "text", ["varchar(0)", "varchar(70000)", "char(5000)", "numeric(39)", "numeric(5,6)", "int(4)"]
)
def test_bad_types(text: str) -> None:
    with pytest.raises(KitError):
        parse_type(text)


def test_every_spelling_of_a_type_is_one() -> None:
    assert all(isinstance(parse_type(name), Type) for name in type_names())


def test_date_parts() -> None:
    assert [part_named(name) for name in ("yr", "mons", "qtr", "hr", "m", "dw", "fortnight")] == [
        "year",
        "month",
        "quarter",
        "hour",
        "minute",
        "dow",
        None,
    ]
    assert all(part_named(name) for name in part_names())
