import pickle

import pytest

from kit.base.errors import KitError, did_you_mean


def test_an_error_shows_its_place_under_the_offending_line() -> None:
    error = KitError(
        "SYNTAX_ERROR", "Column 'x' cannot be resolved", "Try y.", statement="select\n  x\nfrom t", line=2, column=3
    )

    assert str(error).splitlines() == [
        "SYNTAX_ERROR: Column 'x' cannot be resolved",
        "line 2:   x",
        "          ^",
        "Hint: Try y.",
    ]


def test_the_caret_stays_under_its_token_when_a_long_line_is_cut() -> None:
    statement = "select " + "a, " * 200 + "wrong from t"
    column = statement.index("wrong") + 1

    shown, caret = str(KitError("E", "m", statement=statement, line=1, column=column)).splitlines()[1:]

    assert shown[caret.index("^") :].startswith("wrong")
    assert len(shown) < 130


def test_a_tab_before_the_token_does_not_move_the_caret() -> None:
    shown, caret = str(KitError("E", "m", statement="\t\tx", line=1, column=3)).splitlines()[1:]

    assert shown[caret.index("^")] == "x"


@pytest.mark.parametrize(("line", "column"), [(0, 1), (9, 1), (1, 99), (1, 0)])
def test_a_place_outside_the_statement_never_breaks_the_message(line: int, column: int) -> None:
    assert str(KitError("E", "m", statement="select 1", line=line, column=column)).startswith("E: m")


def test_an_error_keeps_its_first_place() -> None:
    error = KitError("E", "m").at("select x", 1, 8)

    assert error.at("other", 3, 3) is error
    assert (error.statement, error.line, error.column) == ("select x", 1, 8)


def test_an_error_survives_a_process_boundary() -> None:
    error = KitError("E", "m", "h", statement="select x", line=1, column=8)

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), copy.code, copy.hint) == (KitError, str(error), "E", "h")


def test_an_error_renders_without_a_stack_in_a_notebook() -> None:
    assert KitError("E", "m", "h")._render_traceback_() == ["E: m", "Hint: h"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("fligths", "Did you mean 'flights'?"), ("FLIGHT", "Did you mean 'flights'?"), ("zzz", ""), ("", "")],
)
def test_the_closest_name_is_offered_when_one_is_close(name: str, hint: str) -> None:
    assert did_you_mean(name, ["flights", "planes"]) == hint
