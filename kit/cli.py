"""The `boathouse` command: notebooks run from a terminal, by papermill and JupyterLab.

It owns arguments and exit codes: 0 when all went well, 1 when a cell failed, 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.base.errors import KitError

ANSWER_TAG = "answer"
TOUR_NOTEBOOK = "01_lake_and_athena.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KitError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="boathouse", description="An analytics platform inside a notebook.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    tour = commands.add_parser("tour", help="run the first notebook on the shipped data and print its answers")
    tour.add_argument(
        "-o", "--output", type=Path, default=Path("out/tour"), help="folder of the run (default: %(default)s)"
    )
    tour.set_defaults(run=_tour)

    run = commands.add_parser("run", help="run a notebook headless")
    run.add_argument("notebook", type=Path)
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    run.add_argument("-o", "--output", type=Path, default=Path("out"), help="folder of the run (default: %(default)s)")
    run.add_argument("--answers", action="store_true", help="print the cells that are tagged as answers")
    run.set_defaults(run=_run)

    lab = commands.add_parser("lab", help="open JupyterLab on the notebooks")
    lab.add_argument("folder", type=Path, nargs="?", help="default: notebooks/ of this clone, else this folder")
    lab.set_defaults(run=_lab)
    return parser


def _tour(options: argparse.Namespace) -> int:
    root = _clone()
    notebook = root / "notebooks" / TOUR_NOTEBOOK
    shutil.rmtree(options.output / "workspace", ignore_errors=True)
    parameters = {"data": str(root / "data"), "workspace": str((options.output / "workspace").resolve())}
    return _execute(notebook, options.output, parameters, show_answers=True)


def _run(options: argparse.Namespace) -> int:
    if not options.notebook.is_file():
        raise KitError("NOTEBOOK_NOT_FOUND", f"There is no notebook '{options.notebook}'.")
    parameters = dict(_parameter(text) for text in options.parameter)
    return _execute(options.notebook, options.output, parameters, show_answers=options.answers)


def _lab(options: argparse.Namespace) -> int:
    folder = options.folder or (_clone() / "notebooks" if _is_clone() else Path())
    return subprocess.call([sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", str(folder)])


def _clone() -> Path:
    if not _is_clone():
        raise KitError(
            "NOTEBOOKS_NOT_FOUND",
            "The notebooks and their data are part of the repository, not of the installed package.",
            "Clone the repository and run `make tour` there.",
        )
    return Path(__file__).parent.parent


def _is_clone() -> bool:
    return (Path(__file__).parent.parent / "notebooks" / TOUR_NOTEBOOK).is_file()


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise KitError("INVALID_PARAMETER", f"'{text}' is not NAME=VALUE.", "For example: -p month=7")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _execute(notebook: Path, folder: Path, parameters: Mapping[str, Any], *, show_answers: bool) -> int:
    import papermill
    from papermill.exceptions import PapermillException
    from traitlets.config import Config

    # Sockets that are files of the user's own, not ports of the machine that anybody on it may speak to.
    private = Config({"KernelManager": {"transport": "tcp" if os.name == "nt" else "ipc"}})
    # The kernel must not look for a debugger's frozen modules, and says so on every start otherwise.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    folder.mkdir(parents=True, exist_ok=True)
    executed = folder / notebook.name
    try:
        papermill.execute_notebook(
            str(notebook),
            str(executed),
            dict(parameters),
            cwd=str(notebook.parent),
            progress_bar=sys.stderr.isatty(),
            config=private,
        )
    except PapermillException as error:
        print(f"{notebook.name} failed: {error}", file=sys.stderr)
        print(f"Executed notebook: {executed}", file=sys.stderr)
        return 1
    if show_answers:
        for line in answers(executed):
            print(line)
    print(f"Executed notebook: {executed}")
    return 0


def answers(executed: Path) -> Iterator[str]:
    """The notebook's title, and of each cell tagged `answer` the heading above it and its output as plain text."""
    import nbformat

    heading = ""
    notebook: Any = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
            heading = titles[-1] if titles else heading
            if cell.source.startswith("# "):
                yield titles[0]
        elif ANSWER_TAG in cell.metadata.get("tags", []):
            yield f"\n{heading}"
            yield from (f"  {line}" for line in _plain_text(cell.outputs).splitlines())
            heading = ""
    yield ""


def _plain_text(outputs: Sequence[Any]) -> str:
    shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join(text.rstrip() for text in shown)


if __name__ == "__main__":
    sys.exit(main())
