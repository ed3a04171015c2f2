"""Where parameters take their values from."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from kit.base.errors import KitError
from magics.grammar import Grammar, Option
from magics.parameters import bind, binding
from magics.reader import read

PARAM = Option(("-p", "--param"), "Bind.", "name=expr", binding, repeated=True, verbatim=True)
GRAMMAR = Grammar("%%ask", "Ask.", (PARAM,), text="SQL")


def bound(text: str, line: str = "", *scopes: Mapping[str, Any]) -> dict[str, Any]:
    return bind(text, read(GRAMMAR, line), scopes)


def test_a_parameter_is_the_variable_of_its_name() -> None:
    assert bound("SELECT :o, :o, :m", "", {"o": "JFK", "m": [1], "unused": 1}) == {"o": "JFK", "m": [1]}


def test_inner_names_go_before_outer_ones_and_explicit_ones_before_both() -> None:
    assert bound("SELECT :a, :b, :c", "-p c=a+b", {"b": 20}, {"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 20, "c": 21}


def test_an_expression_may_hold_strings_and_closures() -> None:
    line = "-p names=[o.upper() for o in origins] -p day='2013-01-01'"

    values = bound("SELECT :names, :day", line, {"origins": ["jfk"]})

    assert values == {"names": ["JFK"], "day": "2013-01-01"}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (pd.Series(["a", "b"]), ["a", "b"]),
        (pl.Series([1, None]), [1, None]),
        (pa.scalar(7), 7),
        (pa.array([1, None]), [1, None]),
        (date(2013, 1, 1), date(2013, 1, 1)),
        (None, None),
    ],
)
def test_what_libraries_hold_becomes_a_python_value(value: Any, plain: Any) -> None:
    found = bound("SELECT :v", "", {"v": value})["v"]

    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("text", ["SELECT 'a:b'", "SELECT a::int", "SELECT x[1:2]", "-- :o\nSELECT 1", 'SELECT ":o"'])
def test_other_colons_are_no_parameters(text: str) -> None:
    assert bound(text) == {}


def test_a_parameter_without_a_value_is_pointed_at() -> None:
    with pytest.raises(KitError) as caught:
        bound("SELECT *\nFROM t WHERE o = :orgin", "", {"origin": "JFK"})

    assert caught.value.code == "MISSING_PARAMETER"
    assert (caught.value.line, caught.value.column) == (2, 18)
    assert "Did you mean 'origin'?" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("-p x=1 -p y=2", "UNUSED_PARAMETER", "no parameter ':y'"),
        ("-p x=1 -p x=2", "DUPLICATE_OPTION", "'x' is given twice"),
        ("-p x=nowhere", "INVALID_PARAMETER", "NameError"),
        ("-p x=1+", "INVALID_PARAMETER", "SyntaxError"),
        ("-p x=1/0", "INVALID_PARAMETER", "ZeroDivisionError"),
    ],
)
def test_a_wrong_binding_is_named(line: str, code: str, said: str) -> None:
    with pytest.raises(KitError) as caught:
        bound("SELECT :x", line)

    assert caught.value.code == code
    assert said in str(caught.value)
    assert caught.value.statement == f"%%ask {line}"
