"""Every committed notebook: run from top to bottom, clean of the machine it ran on, its outputs those of today."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
# Names of XML vocabularies and of a grammar: viewers compare them, none fetches them.
IDENTIFIERS = {
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "https://vega.github.io/schema/vega-lite/v5.json",
}

of_every_notebook = pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.ipynb")))


def committed(name: str) -> Any:
    return nbformat.read(FOLDER / name, as_version=4)


@of_every_notebook
def test_it_was_run_from_top_to_bottom(name: str) -> None:
    notebook = committed(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]

    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.outputs for cell in code if "nbval-check-output" in cell.metadata.get("tags", []))


@of_every_notebook
def test_it_holds_nothing_of_the_machine(name: str) -> None:
    source = (FOLDER / name).read_text(encoding="utf-8")
    notebook = committed(name)

    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert "papermill" not in source
    assert re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users|usr)\b", source) is None


@of_every_notebook
def test_its_outputs_refer_to_no_network(name: str) -> None:
    outputs = json.dumps([cell.get("outputs", []) for cell in committed(name).cells])

    assert set(re.findall(r"(?:\bhttps?:)?//[\w.-]+\.\w+[^\s\"'\\<>]*", outputs)) <= IDENTIFIERS


@of_every_notebook
def test_its_outputs_are_those_of_today(name: str, data: Path, kernels_at_home: None, tmp_path: Path) -> None:
    """nbval runs the notebook with its defaults, beside the data, and compares the cells marked for it."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").symlink_to(data)
    copy = tmp_path / "notebooks" / name
    copy.write_bytes((FOLDER / name).read_bytes())
    # nbval does not take back what a cell clears, such as a progress bar.
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text("c.Boathouse.progress = False\n")
    arguments = ["--nbval-lax", "--nbval-current-env", "--nbval-sanitize-with", str(FOLDER / "sanitize.cfg"), "-q"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider", str(copy)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PY_COLORS": "0", "IPYTHONDIR": str(tmp_path / "ipython")},
    )

    assert done.returncode == 0, done.stdout[-4000:]
