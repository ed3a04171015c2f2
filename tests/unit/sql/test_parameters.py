"""Named parameters are found wherever they stand, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from kit.base.errors import KitError
from kit.sql.parameters import placeholders, select


def names(text: str) -> list[str]:
    return [placeholder.name for placeholder in placeholders(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT :a, :b WHERE x = :a", ["a", "b", "a"]),
        ("x=:a", ["a"]),
        ("(:a)", ["a"]),
        ("f(x,:a)", ["a"]),
        ("IN (:a, :b)", ["a", "b"]),
        ("LIMIT :n", ["n"]),
        ("a[:n]", ["n"]),
        ("a[1 + :n]", ["n"]),
        ("CASE WHEN :a THEN :b ELSE :c END", ["a", "b", "c"]),
        ("x::int = :a", ["a"]),
        (":größe", ["größe"]),
        ("BETWEEN :a AND :b", ["a", "b"]),
        ("ARRAY[:a, :b]", ["a", "b"]),
        ("|| :a", ["a"]),
        ("/* :no */ :yes -- :no", ["yes"]),
    ],
)
def test_parameters(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "':a'",
        "'it''s :a'",
        "$$ :a $$",
        "$t$ :a $t$",
        '":a"',
        "`:a`",
        "-- :a",
        "/* :a /* :b */ :c */",
        "x::int",
        "a[1:2]",
        "a[1:n]",
        "a[i : j]",
        "a[f(i) : j]",
        "x:y.z",
        'x:"y"',
        '{"a":b}',
        "{'a': b}",
        "TIMESTAMP '2020-01-01 12:30:00'",
        "12:30",
        ":1",
        "?",
        ":=",
        "x = : a",
        ":",
    ],
)
def test_colons_that_are_no_parameters(text: str) -> None:
    assert names(text) == []


def test_places_are_those_of_the_colon_and_of_the_end() -> None:
    text = "SELECT :origin"

    (found,) = placeholders(text)

    assert text[found.start : found.end] == ":origin"


def test_only_what_is_named_is_taken() -> None:
    assert select("SELECT :a", {"a": 1, "b": 2}) == {"a": 1}


def test_a_missing_parameter_is_named_with_its_place_and_the_nearest_name() -> None:
    with pytest.raises(KitError) as raised:
        select("SELECT *\nFROM t WHERE o = :orign", {"origin": "JFK"})

    assert (raised.value.code, raised.value.line, raised.value.column) == ("MISSING_PARAMETER", 2, 18)
    assert ":orign" in raised.value.message
    assert "origin" in raised.value.hint
