"""Offsets, lines and columns, and errors that point at them."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.errors import ParseError, TokenError

from kit.sql.place import error_at, from_sqlglot, line_column, offset_of, start_of


@given(st.text(alphabet="ab\n", max_size=20), st.data())
def test_places_and_offsets_are_each_others_inverse(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))

    assert offset_of(text, *line_column(text, offset)) == offset


def test_an_error_says_its_place_in_words_and_in_fields() -> None:
    error = error_at("COLUMN_NOT_FOUND", "Column 'x' cannot be resolved", "SELECT\n  x", 9, "Did you mean 'y'?")

    assert error.message == "line 2:3: Column 'x' cannot be resolved"
    assert (error.line, error.column, error.hint) == (2, 3, "Did you mean 'y'?")


def test_a_node_begins_where_its_first_token_does() -> None:
    tree = sqlglot.parse_one("SELECT  alpha + beta", dialect="trino")

    assert start_of(tree.selects[0]) == 8


def test_a_parse_error_points_at_the_token_that_does_not_fit() -> None:
    with pytest.raises(ParseError) as raised:
        sqlglot.parse_one("SELECT a\nFROM t WHERE )", dialect="trino")

    error = from_sqlglot(raised.value, "SELECT a\nFROM t WHERE )")

    assert (error.code, error.line, error.column) == ("SYNTAX_ERROR", 2, 14)


def test_a_token_error_keeps_its_message_without_colours() -> None:
    with pytest.raises(TokenError) as raised:
        sqlglot.parse_one("SELECT 'a", dialect="trino")

    error = from_sqlglot(raised.value, "SELECT 'a")

    assert error.code == "SYNTAX_ERROR"
    assert "\x1b" not in error.message
