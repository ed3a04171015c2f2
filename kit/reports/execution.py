"""Running one notebook from top to bottom in a kernel of its own, by papermill."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.base.errors import KitError, did_you_mean

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a notebook did not come to its end: the number of the cell, and the error in words."""

    cell: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.cell is None else f"cell {self.cell}: {self.message}"


def declared_parameters(notebook: Path) -> frozenset[str]:
    """The names that the notebook's cell tagged `parameters` sets. Raises `NOTEBOOK_NOT_FOUND`, `INVALID_NOTEBOOK`."""
    import papermill

    if not notebook.is_file():
        raise KitError("NOTEBOOK_NOT_FOUND", f"There is no notebook '{notebook}'.")
    try:
        return frozenset(papermill.inspect_notebook(str(notebook)))
    except Exception as error:
        raise KitError(
            "INVALID_NOTEBOOK", f"'{notebook}' cannot be read as a notebook: {error}.", "Open it in JupyterLab."
        ) from error


def require_declared(notebook: Path, names: frozenset[str], given: Mapping[str, Any]) -> None:
    """Raises `INVALID_PARAMETER` for one that the notebook does not have, which papermill would set in vain."""
    unknown = next((name for name in given if name not in names), None)
    if unknown is not None:
        known = ", ".join(sorted(names)) or "none"
        raise KitError(
            "INVALID_PARAMETER",
            f"The notebook '{notebook.name}' has no parameter '{unknown}'.",
            did_you_mean(unknown, names) or f"Its parameters are {known}.",
        )


def execute(
    notebook: Path, executed: Path, parameters: Mapping[str, Any], *, progress_bar: bool = False
) -> Failure | None:
    """Run the notebook in its own folder and write it, with its outputs, to `executed`; what failed, if anything did.

    The executed notebook is written also where a cell failed, up to that cell.
    """
    import papermill
    from papermill.exceptions import PapermillException, PapermillExecutionError
    from traitlets.config import Config

    # Sockets that are files of the user's own, not ports of the machine that anybody on it may speak to.
    private = Config({"KernelManager": {"transport": "tcp" if os.name == "nt" else "ipc"}})
    # The kernel must not look for a debugger's frozen modules, and says so on every start otherwise.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    executed.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(executed),
            dict(parameters),
            cwd=str(notebook.parent),
            progress_bar=progress_bar,
            config=private,
        )
    except PapermillExecutionError as error:
        return Failure(error.exec_count, _message(error))
    except PapermillException as error:
        return Failure(None, str(error))
    return None


def _message(error: Any) -> str:
    """Name and text of a cell's error. Errors of the kit bring their own short form, in place of a stack."""
    name, value = str(error.ename), str(error.evalue)
    shown = _ESCAPES.sub("", "\n".join(map(str, error.traceback))).strip()
    if name == "KitError" and shown:
        return shown
    return f"{name}: {value}" if value else name
