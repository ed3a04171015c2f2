"""The magics where nobody watches: what papermill keeps of a run, and how it learns of a failure."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill.exceptions import PapermillExecutionError

Execute = Callable[[Path, Mapping[str, Any]], Any]

BUSY = """%%athena
SELECT count(*) AS n
FROM UNNEST(sequence(1, 9999)) AS a (x)
CROSS JOIN UNNEST(sequence(1, 5000)) AS b (y)
WHERE (x * y) % 7 = 3"""


@pytest.fixture
def notebook_of(tmp_path: Path) -> Callable[..., Path]:
    """A notebook of these cells, behind one of parameters and one that loads the magics."""

    def write(*sources: str) -> Path:
        parameters = nbformat.v4.new_code_cell("workspace = ''", metadata={"tags": ["parameters"]})
        setup = nbformat.v4.new_code_cell("%load_ext magics\nws = %kit open $workspace")
        cells = [parameters, setup, *map(nbformat.v4.new_code_cell, sources)]
        path = tmp_path / "notebook.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), path)
        return path

    return write


def outputs_of(notebook: Any, source: str) -> list[Any]:
    return next(cell.outputs for cell in notebook.cells if cell.source == source)


def test_an_answer_is_kept_as_text_and_html(execute: Execute, notebook_of: Callable[..., Path], tmp_path: Path) -> None:
    cell = "%%athena answer << --limit 1\nSELECT n FROM UNNEST(sequence(1, 3)) AS t (n) ORDER BY n"

    done = execute(notebook_of(cell, "answer.rows"), {"workspace": str(tmp_path / "ws")})

    (shown,) = outputs_of(done, cell)
    assert shown.data["text/plain"].splitlines()[:3] == ["n", "-", "1"]
    assert "first 1 shown" in shown.data["text/html"]
    assert outputs_of(done, "answer.rows")[0].data["text/plain"] == "[(1,), (2,), (3,)]"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%athena\nSELECT * FROM nowhere", "TABLE_NOT_FOUND"),
        ("%%athena --limt 1\nSELECT 1", "Did you mean '--limit'?"),
        ("%describe nowhere", "There is no table 'nowhere'"),
    ],
)
def test_a_mistake_ends_the_run_and_says_what_it_was(
    execute: Execute, notebook_of: Callable[..., Path], tmp_path: Path, cell: str, said: str
) -> None:
    notebook = notebook_of(cell, "1 / 0")

    with pytest.raises(PapermillExecutionError) as caught:
        execute(notebook, {"workspace": str(tmp_path / "ws")})

    assert said in str(caught.value)
    assert "ZeroDivisionError" not in str(caught.value)
    assert "File " not in str(caught.value)


def test_progress_is_gone_from_what_is_kept(execute: Execute, notebook_of: Callable[..., Path], tmp_path: Path) -> None:
    hurry = "import magics.progress\nmagics.progress.FIRST_SHOWN_MS = magics.progress.REDRAWN_MS = 0"
    watch = (
        "drawn = []\nbar = magics.progress.bar_text\nmagics.progress.bar_text = lambda *a: drawn.append(1) or bar(*a)"
    )

    done = execute(notebook_of(hurry, watch, BUSY, "len(drawn) > 1"), {"workspace": str(tmp_path / "ws")})

    assert outputs_of(done, "len(drawn) > 1")[0].data["text/plain"] == "True"
    (only,) = outputs_of(done, BUSY)
    assert only.output_type == "execute_result"
    assert "progress" not in json.dumps(only)
