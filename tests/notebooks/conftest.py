"""Notebooks run headless, once for each set of parameters, in workspaces of their own."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

ROOT = Path(__file__).parents[2]

Execute = Callable[[Path, Mapping[str, Any]], Any]


@pytest.fixture(scope="session")
def kernels_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kernels find the packages of this tree and keep their history out of the user's home."""
    kept = {name: os.environ.get(name) for name in ("PYTHONPATH", "IPYTHONDIR", "PYDEVD_DISABLE_FILE_VALIDATION")}
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), kept["PYTHONPATH"]]))
    os.environ["IPYTHONDIR"] = str(tmp_path_factory.mktemp("ipython"))
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    yield
    for name, value in kept.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def execute(kernels_at_home: None, tmp_path_factory: pytest.TempPathFactory) -> Execute:
    """Run a notebook by papermill from a folder that is not its own; the executed notebook."""

    def run(notebook: Path, parameters: Mapping[str, Any]) -> Any:
        folder = tmp_path_factory.mktemp("run")
        executed = folder / notebook.name
        papermill.execute_notebook(
            str(notebook), str(executed), dict(parameters), cwd=str(folder), kernel_name="python3", progress_bar=False
        )
        return nbformat.read(executed, as_version=4)

    return run


@pytest.fixture(scope="session")
def notebooks() -> Path:
    """The folder of the committed notebooks."""
    return ROOT / "notebooks"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the shipped data."""
    return ROOT / "data"
