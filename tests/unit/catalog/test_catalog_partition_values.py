"""Values of partition keys, typed and in folder names."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.domain import Scalar
from kit.base.errors import KitError
from kit.catalog.model import Column
from kit.catalog.partition_values import escape, folder_of, split_folder, typed, typed_values, unescape
from kit.catalog.types import parse


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "2013", 2013),
        ("int", "-07", -7),
        ("int", "+1", 1),
        ("tinyint", "-128", -128),
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("double", "1.5e3", 1500.0),
        ("double", "-Infinity", float("-inf")),
        ("float", ".5", 0.5),
        ("decimal(5,2)", "123.4", Decimal("123.4")),
        ("decimal(5,2)", "-0.05", Decimal("-0.05")),
        ("boolean", "TRUE", True),
        ("boolean", "false", False),
        ("date", "2013-01-31", date(2013, 1, 31)),
        ("timestamp", "2013-01-31 10:20:30", datetime(2013, 1, 31, 10, 20, 30)),
        ("timestamp", "2013-01-31 10:20:30.5", datetime(2013, 1, 31, 10, 20, 30, 500_000)),
        ("timestamp", "2013-01-31", datetime(2013, 1, 31)),
        ("string", "", ""),
        ("string", " a ", " a "),
        ("varchar(3)", "äöü", "äöü"),
        ("char(4)", "ab  ", "ab"),
        ("binary", "é", "é".encode()),
    ],
)
def test_a_text_becomes_the_value_it_stands_for(kind: str, text: str, value: Scalar) -> None:
    found = typed(text, parse(kind))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", ""),
        ("int", "abc"),
        ("int", "1.0"),
        ("int", " 1"),
        ("int", "1_000"),
        ("int", "٣"),
        ("int", "2147483648"),
        ("tinyint", "128"),
        ("bigint", "9" * 5000),
        ("double", "1,5"),
        ("double", "0x10"),
        ("double", "1_0.0"),
        ("decimal(5,2)", "1.234"),
        ("decimal(5,2)", "1234"),
        ("decimal(5,2)", "NaN"),
        ("boolean", "1"),
        ("date", "2013-02-30"),
        ("date", "2013-1-1"),
        ("date", "2013-01-01T00:00:00"),
        ("timestamp", "2013-01-01 25:00:00"),
        ("timestamp", "2013-01-01 00:00:00.0000001"),
        ("varchar(3)", "abcd"),
        ("char(1)", "ab"),
        ("array<int>", "1"),
    ],
)
def test_a_text_that_does_not_fit_is_never_a_value(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        typed(text, parse(kind))


def test_the_error_names_partition_key_and_value() -> None:
    keys = (Column("year", "int"), Column("month", "int"))
    kinds = tuple(parse(key.type) for key in keys)
    with pytest.raises(KitError) as info:
        typed_values("nyc.flights", keys, kinds, ("2013", "May"))
    assert info.value.code == "HIVE_INVALID_PARTITION_VALUE"
    for part in ("'May'", "int partition key: month", "'year=2013/month=May'", "nyc.flights"):
        assert part in info.value.message


def test_too_few_values_are_told() -> None:
    with pytest.raises(KitError, match="2 keys and 1 values") as info:
        typed_values("t", (Column("a", "int"), Column("b", "int")), (parse("int"), parse("int")), ("1",))
    assert info.value.hint == "The keys are a, b."


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("year=2013", ("year", "2013")),
        ("Year=2013", ("year", "2013")),
        ("a=b=c", ("a", "b=c")),
        ("ts=2013-01-01 00%3A00%3A00", ("ts", "2013-01-01 00:00:00")),
        ("name=50%", ("name", "50%")),
        ("name=%ff", ("name", "%ff")),
        ("day=__HIVE_DEFAULT_PARTITION__", ("day", None)),
        ("empty=", ("empty", "")),
        ("2013", None),
        ("=2013", None),
    ],
)
def test_a_folder_is_read_as_key_and_value(folder: str, expected: tuple[str, str | None] | None) -> None:
    assert split_folder(folder) == expected


def test_folders_are_written_as_hive_writes_them() -> None:
    assert folder_of(["year", "at", "x"], ["2013", "10:20/30", None]) == (
        "year=2013/at=10%3A20%2F30/x=__HIVE_DEFAULT_PARTITION__"
    )


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_an_escaped_value_comes_back_and_stays_in_its_folder(value: str) -> None:
    escaped = escape(value)
    assert "/" not in escaped
    assert unescape(escaped) == (None if value == "__HIVE_DEFAULT_PARTITION__" else value)
