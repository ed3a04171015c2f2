"""Sets of parameters from a command line and from files, and the names of their reports."""

from pathlib import Path
from typing import Any

import pytest

from kit.base.errors import KitError
from kit.reports.sets import names_of, parameter_sets


def test_a_name_given_once_is_one_set_and_one_given_twice_is_two() -> None:
    assert parameter_sets([]) == [{}]
    assert parameter_sets(["a=1", "b=x"]) == [{"a": 1, "b": "x"}]
    assert parameter_sets(["a=1", "b=x", "a=2"]) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert len(parameter_sets(["a=1", "a=2", "b=1", "b=2", "b=3"])) == 6


def test_sets_come_from_json_and_from_csv_below_those_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "sets.json").write_text('[{"day": "2013-07-04", "n": 1}, {"day": "2013-07-05"}]')
    (tmp_path / "sets.csv").write_text("\ufeffday,n\n2013-07-04,1\n2013-07-05,x y\n")
    assert parameter_sets(["n=7"], tmp_path / "sets.json") == [
        {"day": "2013-07-04", "n": 7},
        {"day": "2013-07-05", "n": 7},
    ]
    assert parameter_sets([], tmp_path / "sets.csv") == [
        {"day": "2013-07-04", "n": 1},
        {"day": "2013-07-05", "n": "x y"},
    ]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "Expecting property name"),
        ("a.json", '{"day": 1}', "it holds no list of objects"),
        ("a.json", "[]", "it holds no list of objects"),
        ("a.json", '[{"a b": 1}]', "'a b' is not the name of a parameter"),
        ("a.csv", "day\n", "it holds no list of objects"),
        ("a.csv", "day\n1,2\n", "'None' is not the name of a parameter"),
    ],
)
def test_files_that_hold_no_sets_say_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(KitError) as info:
        parameter_sets([], tmp_path / name)
    assert info.value.code == "INVALID_PARAMETER"
    assert why in info.value.message


@pytest.mark.parametrize(
    ("sets", "names"),
    [
        ([{"day": "2013-07-04"}], ["n"]),
        ([{"day": "2013-07-04", "x": 1}, {"day": "2013-07-05", "x": 1}], ["n-day=2013-07-04", "n-day=2013-07-05"]),
        ([{"a": "../x"}, {"a": "/y"}], ["n-a=.._x", "n-a=_y"]),
        ([{"a": "x/y"}, {"a": "x y"}], ["n-a=x_y", "n-a=x_y-2"]),
        ([{"a": 1}, {"a": 1}], ["n-1", "n-2"]),
        ([{"a": 1}, {}], ["n-a=1", "n-2"]),
    ],
)
def test_each_set_has_a_file_name_of_its_own(sets: list[dict[str, Any]], names: list[str]) -> None:
    assert names_of("n", sets) == names
