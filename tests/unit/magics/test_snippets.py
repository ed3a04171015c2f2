"""Snippets: kept in the workspace as readable files, in the order in which they build on each other."""

import stat
from pathlib import Path

import pytest

from kit.base.errors import KitError
from kit.base.ids import Entropy
from magics.snippets import Snippets, snippet_name
from magics.statement import Snippet


@pytest.fixture
def snippets(tmp_path: Path) -> Snippets:
    return Snippets(tmp_path / "snippets", Entropy(1))


def test_a_snippet_comes_back_as_it_was_kept(snippets: Snippets) -> None:
    snippets.save("late", "SELECT 'ü' -- why\nFROM t;\n")

    assert snippets.get("late") == Snippet("late", "SELECT 'ü' -- why\nFROM t")


def test_the_file_is_private_and_alone(snippets: Snippets, tmp_path: Path) -> None:
    snippets.save("late", "SELECT 1")

    (path,) = (tmp_path / "snippets").iterdir()
    assert path.name == "late.sql"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_saving_again_replaces(snippets: Snippets) -> None:
    snippets.save("late", "SELECT 1")
    snippets.save("late", "SELECT 2")

    assert snippets.get("late").text == "SELECT 2"
    assert snippets.names() == ["late"]


def test_what_a_snippet_needs_comes_before_it_and_once(snippets: Snippets) -> None:
    snippets.save("a", "SELECT 1")
    snippets.save("b", "SELECT * FROM a", ["a"])
    snippets.save("c", "SELECT * FROM a, b", ["b", "a"])

    assert [snippet.name for snippet in snippets.resolve(["c", "a"])] == ["a", "b", "c"]


def test_an_unknown_snippet_has_a_hint(snippets: Snippets) -> None:
    snippets.save("delays", "SELECT 1")

    with pytest.raises(KitError, match="There is no snippet 'dleays'") as caught:
        snippets.resolve(["dleays"])
    assert caught.value.hint == "Did you mean 'delays'?"


def test_a_circle_is_refused_before_it_is_kept(snippets: Snippets) -> None:
    snippets.save("a", "SELECT 1")
    snippets.save("b", "SELECT * FROM a", ["a"])

    with pytest.raises(KitError, match="builds on itself"):
        snippets.save("a", "SELECT * FROM b", ["b"])
    assert snippets.get("a").text == "SELECT 1"


def test_a_circle_written_by_hand_is_refused(snippets: Snippets, tmp_path: Path) -> None:
    snippets.save("a", "SELECT 1")
    (tmp_path / "snippets" / "a.sql").write_text("-- builds on: a\nSELECT 1")

    with pytest.raises(KitError, match="builds on itself"):
        snippets.resolve(["a"])


@pytest.mark.parametrize("name", ["../x", "a/b", "", "1a", "a b", "a.sql", "x" * 64, "é"])
def test_a_name_that_could_leave_the_folder_or_break_sql_is_refused(snippets: Snippets, name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and underscores"):
        snippet_name(name)
    with pytest.raises(KitError, match="is no name for a snippet"):
        snippets.save(name, "SELECT 1")


def test_names_fold_to_lower_case() -> None:
    assert snippet_name("Late_Flights") == "late_flights"


def test_a_deleted_snippet_is_gone(snippets: Snippets) -> None:
    snippets.save("late", "SELECT 1")
    snippets.delete("late")

    assert snippets.names() == []
    with pytest.raises(KitError, match="There is no snippet"):
        snippets.delete("late")
