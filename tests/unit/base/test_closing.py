import pytest

from kit.base.closing import close_behind


def fail():
    raise OSError("disk full")


def test_an_error_of_closing_is_raised_where_the_body_had_none():
    with pytest.raises(OSError, match="disk full"):
        close_behind(None, fail, "The log")


def test_an_error_of_closing_is_a_note_of_the_bodys():
    error = ValueError("first")

    close_behind(error, fail, "The log")

    assert error.__notes__ == ["The log had failed as well: OSError('disk full')"]


def test_closing_without_error_says_nothing():
    error = ValueError("first")
    closed = []

    close_behind(error, lambda: closed.append(True), "The log")

    assert closed == [True]
    assert not hasattr(error, "__notes__")
