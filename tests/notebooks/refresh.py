"""Run the notebooks whose outputs are committed, and write those outputs back.

`python tests/notebooks/refresh.py [FILE ...]`; without a file's name, all of them.

Each runs with its default parameters in a copy of the tree's shape, so that nothing of the machine or of the run gets
into the file: no paths, no times of papermill's, no workspace left beside it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import papermill

ROOT = Path(__file__).parents[2]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def lay_out(folder: Path, notebook: Path) -> Path:
    """A folder that looks to the notebook like the repository; the notebook's copy in it."""
    (folder / "notebooks").mkdir()
    (folder / "data").symlink_to(ROOT / "data")
    copy = folder / "notebooks" / notebook.name
    copy.write_bytes(notebook.read_bytes())
    return copy


def cleaned(notebook: Any) -> Any:
    """The notebook with what belongs to it, and nothing of the run but outputs."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
    return notebook


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs with neighbouring pieces of one stream in one: where a stream was cut is a matter of time."""
    kept: list[Any] = []
    for output in outputs:
        before = kept[-1] if kept else None
        if before and output.output_type == before.output_type == "stream" and output.name == before.name:
            before.text += output.text
        else:
            kept.append(output)
    return kept


def refresh(notebook: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = lay_out(Path(folder), notebook)
        os.environ.update(PYTHONPATH=str(ROOT), IPYTHONDIR=folder, PYDEVD_DISABLE_FILE_VALIDATION="1")
        papermill.execute_notebook(str(copy), str(copy), cwd=str(copy.parent), progress_bar=sys.stderr.isatty())
        executed = nbformat.read(copy, as_version=4)
    nbformat.write(cleaned(executed), notebook)


def main() -> None:
    for name in sys.argv[1:] or sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb")):
        refresh(ROOT / "notebooks" / name)
        print(f"refreshed {name}")


if __name__ == "__main__":
    main()
