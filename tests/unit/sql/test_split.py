"""A script falls into its statements where semicolons stand outside of quotes and comments."""

from __future__ import annotations

import pytest

from kit.base.errors import KitError
from kit.sql.split import split


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1"]),
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        (";; SELECT 1 ;;", ["SELECT 1"]),
        ("SELECT ';'; SELECT \";\"", ["SELECT ';'", 'SELECT ";"']),
        ("SELECT 1 -- ;\n+ 1; /* ; */ SELECT 2", ["SELECT 1 -- ;\n+ 1", "SELECT 2"]),
        ("SELECT $$;$$", ["SELECT $$;$$"]),
        ("-- nothing\n/* at all */", []),
        ("", []),
    ],
)
def test_statements(script: str, statements: list[str]) -> None:
    assert [piece.text for piece in split(script)] == statements


def test_places_are_those_of_the_first_token() -> None:
    script = "-- first\nSELECT 1;\n  /* second */ SELECT 2"

    first, second = split(script)

    assert (first.line, first.column) == (2, 1)
    assert (second.line, second.column) == (3, 16)
    assert script[second.start : second.end] == "SELECT 2"


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("SELECT 1; SELECT 'a", "string"),
        ('SELECT "a; SELECT 2', "quoted name"),
        ("SELECT 1 /* a; SELECT 2", "comment"),
        ("SELECT $$a; SELECT 2", "string"),
        ("SELECT X'a", "string"),
    ],
)
def test_what_is_not_closed_is_refused_at_its_beginning(script: str, what: str) -> None:
    with pytest.raises(KitError) as raised:
        split(script)

    assert raised.value.code == "SYNTAX_ERROR"
    assert what in raised.value.message
    assert script[(raised.value.column or 0) - 1] in "'\"/$X"
