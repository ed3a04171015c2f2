"""A plain IPython shell in this process, with the magics on a workspace of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import CapturedIO, capture_output
from traitlets.config import Config

Run = Callable[[str], CapturedIO]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell whose current folder and workspace are the test's, with the magics loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOATHOUSE_HOME", str(tmp_path / "workspace"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    settings = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    shell = InteractiveShell(config=settings)
    shell.run_cell("%load_ext magics").raise_error()
    yield shell
    shell.run_cell("%unload_ext magics").raise_error()


@pytest.fixture
def run(shell: InteractiveShell) -> Run:
    """Run a cell and raise what it raised; what it wrote."""

    def run_cell(source: str) -> CapturedIO:
        with capture_output() as captured:
            outcome = shell.run_cell(source, store_history=True)
        outcome.raise_error()
        return captured

    return run_cell
