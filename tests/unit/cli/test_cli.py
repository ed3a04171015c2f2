"""The command as a user calls it; notebooks are run by papermill in a real kernel."""

from pathlib import Path

import nbformat
import pytest

from kit import cli
from kit.reports.sets import parameter


def notebook(path: Path, *cells: tuple[str, str]) -> Path:
    """A notebook with a parameters cell (`word = "none"`) and `cells` of (source, tag)."""
    made = nbformat.v4.new_notebook()
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    parameters = nbformat.v4.new_code_cell('word = "none"', metadata={"tags": ["parameters"]})
    made.cells = [nbformat.v4.new_markdown_cell("# A title"), parameters]
    for source, tag in cells:
        made.cells.append(nbformat.v4.new_markdown_cell(f"## How is {tag}?"))
        made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag]}))
    nbformat.write(made, path)
    return path


def test_a_notebook_runs_with_its_parameters_and_its_answers_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(tmp_path / "n.ipynb", ("word * 2", "answer"), ("1 + 1", "other"))

    code = cli.main(["run", str(path), "-p", "word=ab", "-o", str(tmp_path / "out"), "--answers"])

    printed = capsys.readouterr().out
    assert code == 0
    assert printed.splitlines() == [
        "A title",
        "",
        "How is answer?",
        "  'abab'",
        "",
        f"Executed notebook: {tmp_path / 'out' / 'n.ipynb'}",
    ]


def test_a_failing_cell_gives_exit_code_1_and_keeps_the_executed_notebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(tmp_path / "n.ipynb", ("raise ValueError('the reason')", "answer"))

    code = cli.main(["run", str(path), "-o", str(tmp_path / "out")])

    assert code == 1
    assert "the reason" in capsys.readouterr().err
    assert (tmp_path / "out" / "n.ipynb").is_file()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["run", "missing.ipynb"], "NOTEBOOK_NOT_FOUND"), (["run", __file__, "-p", "no value"], "INVALID_PARAMETER")],
)
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert code in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", ("a", 1)),
        ("a=2013-07-04", ("a", "2013-07-04")),
        ("a=2013-10-14", ("a", "2013-10-14")),
        ("a='1'", ("a", "1")),
        ("a=", ("a", "")),
    ],
)
def test_parameters_are_python_values_or_else_text(text: str, expected: tuple[str, object]) -> None:
    assert parameter(text) == expected
