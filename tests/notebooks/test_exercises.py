"""The exercises of the notebooks can be solved: with the solutions put in, `%check` says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from kit.lessons import exercises

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOLUTIONS = Path(__file__).parent / "solutions"


def numbers(name: str) -> list[str]:
    """The exercises that belong to a notebook."""
    return [each.number for each in exercises() if each.number.partition(".")[0] == name.partition("_")[0]]


def test_every_exercise_belongs_to_a_notebook_that_is_solved_here() -> None:
    solved = {number for path in SOLUTIONS.glob("*.py") for number in numbers(path.stem)}

    assert {each.number for each in exercises()} == solved


@pytest.mark.parametrize("name", sorted(path.stem for path in SOLUTIONS.glob("*.py")))
def test_a_notebook_is_solved_by_its_solutions(name: str, execute: Any, data: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    [at] = [place for place, cell in enumerate(notebook.cells) if cell.source.startswith("%check")]
    notebook.cells.insert(at, new_code_cell((SOLUTIONS / f"{name}.py").read_text(encoding="utf-8")))
    solved = tmp_path / f"{name}.ipynb"
    nbformat.write(notebook, solved)

    executed = execute(solved, {"data": str(data), "workspace": str(tmp_path / "lab")})

    [shown] = [cell for cell in executed.cells if cell.source.startswith("%check")]
    lines = shown.outputs[0]["data"]["text/plain"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"{number} solved" for number in numbers(name)]
