"""The text that is sent, and the way back from a place in it to what the user wrote."""

import pytest

from kit.base.errors import KitError
from magics.statement import Snippet, compose, is_empty, trimmed

LATE = Snippet("late", "SELECT *\nFROM flights -- all of them\nWHERE delay > 15")
WORST = Snippet("worst", "SELECT * FROM late", ("late",))


def test_text_alone_is_sent_as_it_stands() -> None:
    assert compose(" SELECT 1;\n").text == " SELECT 1;\n"


def test_explain_stands_on_a_line_of_its_own() -> None:
    assert compose("SELECT 1", explain=True).text == "EXPLAIN\nSELECT 1"


def test_snippets_become_common_table_expressions_in_order() -> None:
    assert compose("SELECT * FROM worst", [LATE, WORST]).text == (
        "WITH late AS (\nSELECT *\nFROM flights -- all of them\nWHERE delay > 15\n),\n"
        "worst AS (\nSELECT * FROM late\n)\n"
        "SELECT * FROM worst"
    )


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("WITH a AS (SELECT 1) SELECT * FROM a", "     a AS (SELECT 1) SELECT * FROM a"),
        ("-- why\n with\ta AS (SELECT 1)\nSELECT 1", "-- why\n     \ta AS (SELECT 1)\nSELECT 1"),
    ],
)
def test_a_statement_with_expressions_of_its_own_continues_the_snippets(text: str, body: str) -> None:
    assert compose(text, [WORST]).text == f"WITH worst AS (\nSELECT * FROM late\n),\n{body}"


def test_recursion_is_kept() -> None:
    composed = compose("WITH RECURSIVE n(i) AS (SELECT 1) SELECT * FROM n", [WORST])

    assert composed.text.startswith("WITH RECURSIVE worst AS (\n")
    assert composed.text.endswith("\n               n(i) AS (SELECT 1) SELECT * FROM n")


@pytest.mark.parametrize("text", ["CREATE TABLE t AS SELECT 1", "INSERT INTO t SELECT 1", "SHOW TABLES"])
def test_snippets_before_what_is_no_query_are_refused(text: str) -> None:
    with pytest.raises(KitError, match="--with needs a query"):
        compose(text, [LATE])


def sent_error(composed_text: str, line: int, column: int) -> KitError:
    message = f"line {line}:{column}: Column 'x' cannot be resolved"
    return KitError("COLUMN_NOT_FOUND", message, statement=composed_text, line=line, column=column)


def test_an_error_is_led_back_to_the_line_that_the_user_wrote() -> None:
    statement = compose("SELECT 1,\n  x", [LATE], explain=True)

    error = sent_error(statement.text, 8, 3)
    statement.restore(error)

    assert (error.statement, error.line, error.column) == ("SELECT 1,\n  x", 2, 3)
    assert error.message == "line 2:3: Column 'x' cannot be resolved"


def test_an_error_inside_a_snippet_names_it() -> None:
    statement = compose("SELECT 1", [LATE, WORST])

    error = sent_error(statement.text, 4, 7)
    statement.restore(error)

    assert (error.statement, error.line) == (LATE.text, 3)
    assert error.message == "In the snippet 'late': line 3:7: Column 'x' cannot be resolved"


def test_an_error_between_the_parts_shows_the_whole() -> None:
    statement = compose("SELECT 1", [LATE])

    error = sent_error(statement.text, 1, 6)
    statement.restore(error)

    assert error.statement == statement.text


def test_an_error_of_another_text_is_left_alone() -> None:
    error = sent_error("CREATE VIEW", 1, 1)
    compose("SELECT 1", [LATE]).restore(error)

    assert (error.statement, error.line) == ("CREATE VIEW", 1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("SELECT 1 ; -- done;\n", "SELECT 1"),
        ("SELECT ';' /* ; */ ;;", "SELECT ';'"),
        ("-- why\nSELECT 1", "-- why\nSELECT 1"),
        (" -- nothing\n;", ""),
    ],
)
def test_trimming_takes_what_cannot_stand_before_a_parenthesis(text: str, kept: str) -> None:
    assert trimmed(text) == kept
    assert is_empty(text) == (kept == "")
