"""The `boathouse` command: notebooks run from a terminal, by papermill and JupyterLab.

It owns arguments and exit codes: 0 when all went well, 1 when a cell failed, 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.base.errors import KitError

ANSWER_TAG = "answer"
TOUR_NOTEBOOKS = ("00_tour.ipynb", "01_lake_and_athena.ipynb")


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

    tour = commands.add_parser("tour", help="run the first notebooks on the shipped data and print their answers")
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

    report = commands.add_parser("report", help="run a notebook and write it as a page that needs nothing but itself")
    report.add_argument("notebook", type=Path)
    report.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="repeatable; a name that is given more than once makes a report for each of its values",
    )
    report.add_argument("-b", "--batch", type=Path, metavar="FILE", help="sets of parameters, as JSON or CSV")
    report.add_argument("-o", "--output", type=Path, default=Path("out"), help="folder (default: %(default)s)")
    report.add_argument("--pdf", action="store_true", help="print it as PDF too, by Chromium or Chrome")
    report.set_defaults(run=_report)

    doctor = commands.add_parser("doctor", help="what is installed, what is missing, how to mend it")
    doctor.add_argument("workspace", type=Path, nargs="?", help="default: $BOATHOUSE_HOME, else ./.boathouse")
    doctor.set_defaults(run=_doctor)

    lab = commands.add_parser("lab", help="open JupyterLab on the notebooks")
    lab.add_argument("folder", type=Path, nargs="?", help="default: notebooks/ of this clone, else this folder")
    lab.set_defaults(run=_lab)
    return parser


def _tour(options: argparse.Namespace) -> int:
    root = _clone()
    shutil.rmtree(options.output / "workspace", ignore_errors=True)
    parameters = {"data": str(root / "data"), "workspace": str((options.output / "workspace").resolve())}
    for name in TOUR_NOTEBOOKS:
        code = _execute(root / "notebooks" / name, options.output, parameters, show_answers=True)
        if code != 0:
            return code
    return 0


def _run(options: argparse.Namespace) -> int:
    if not options.notebook.is_file():
        raise KitError("NOTEBOOK_NOT_FOUND", f"There is no notebook '{options.notebook}'.")
    from kit.reports.sets import parameter

    parameters = dict(parameter(text) for text in options.parameter)
    return _execute(options.notebook, options.output, parameters, show_answers=options.answers)


def _report(options: argparse.Namespace) -> int:
    from kit.reports import parameter_sets, run_batch

    sets = parameter_sets(options.parameter, options.batch)
    batch = run_batch(options.notebook, sets, options.output, pdf=options.pdf, progress=_Bar())
    print(batch.summary())
    return 1 if batch.failed else 0


def _doctor(options: argparse.Namespace) -> int:
    from kit.doctor import examine
    from kit.workspace import DEFAULT_FOLDER, HOME_VARIABLE

    workspace = options.workspace or Path(os.environ.get(HOME_VARIABLE) or DEFAULT_FOLDER)
    findings = examine(workspace)
    for finding in findings:
        print(finding)
    return 1 if any(finding.state == "missing" for finding in findings) else 0


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
    return (Path(__file__).parent.parent / "notebooks" / TOUR_NOTEBOOKS[0]).is_file()


def _execute(notebook: Path, folder: Path, parameters: Mapping[str, Any], *, show_answers: bool) -> int:
    from kit.reports import execute

    executed = folder / notebook.name
    failure = execute(notebook, executed, parameters, progress_bar=sys.stderr.isatty())
    if failure is not None:
        print(f"{notebook.name} failed in {failure}", file=sys.stderr)
        print(f"Executed notebook: {executed}", file=sys.stderr)
        return 1
    if show_answers:
        for line in answers(executed):
            print(line)
    print(f"Executed notebook: {executed}")
    return 0


class _Bar:
    """Progress as a bar on a terminal, gone at its end; on anything else a line for each step."""

    WIDTH = 24

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()

    def update(self, fraction: float | None, message: str = "") -> None:
        if self._is_terminal:
            filled = round(self.WIDTH * (fraction or 0.0))
            bar = f"[{'#' * filled}{' ' * (self.WIDTH - filled)}] {message}" if message else ""
            print(f"\r\x1b[2K{bar}", end="", file=sys.stderr, flush=True)
        elif message:
            print(f"running {message}", file=sys.stderr)


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
