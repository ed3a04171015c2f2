"""Reports of one notebook for several sets of parameters: each run, written, and told of in a summary.

A set that fails does not keep the others from running; its executed notebook stays, up to the cell that failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from kit.base.clock import Stopwatch
from kit.base.display import duration
from kit.base.errors import KitError
from kit.base.progress import Progress, Silent
from kit.reports.execution import Failure, declared_parameters, execute, require_declared
from kit.reports.page import page
from kit.reports.pdf import require_browser, write_pdf
from kit.reports.sets import ParameterSet, names_of

SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class Report:
    """One set's report. `notebook` is the executed one; `html` and `pdf` are None where they were not written."""

    parameters: ParameterSet
    notebook: Path
    html: Path | None
    pdf: Path | None
    failure: Failure | None
    ms: float

    @property
    def is_ok(self) -> bool:
        return self.failure is None

    def line(self) -> str:
        """One line of a summary: the file, or why there is none."""
        shown = ", ".join(f"{name}={value}" for name, value in self.parameters.items()) or "defaults"
        if self.failure is not None:
            first = str(self.failure).splitlines()[0]
            return f"failed  {shown}  {duration(self.ms)}  {first}  ({self.notebook})"
        return f"ok      {shown}  {duration(self.ms)}  {self.pdf or self.html}"


class Batch(Sequence[Report]):
    """The reports in the order of their sets."""

    def __init__(self, reports: Sequence[Report]) -> None:
        self._reports = tuple(reports)

    def __getitem__(self, index: Any) -> Any:
        return self._reports[index]

    def __len__(self) -> int:
        return len(self._reports)

    def __iter__(self) -> Iterator[Report]:
        return iter(self._reports)

    @property
    def failed(self) -> tuple[Report, ...]:
        return tuple(report for report in self._reports if not report.is_ok)

    def summary(self) -> str:
        """A line a report, and how many went well."""
        done = len(self._reports) - len(self.failed)
        return "\n".join(
            [*(report.line() for report in self._reports), f"{done} of {len(self._reports)} reports written"]
        )

    def require_ok(self) -> Batch:
        """The batch itself. Raises `REPORT_FAILED` where a report failed."""
        if self.failed:
            raise KitError(
                "REPORT_FAILED",
                f"{len(self.failed)} of {len(self._reports)} reports failed:\n"
                + "\n".join(report.line() for report in self.failed),
                "The executed notebooks show the cells that failed.",
            )
        return self

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f'<div class="boathouse"><pre>{escape(self.summary())}</pre></div>'


def run_batch(
    notebook: Path,
    sets: Sequence[ParameterSet],
    output: Path,
    *,
    pdf: bool = False,
    progress: Progress | None = None,
) -> Batch:
    """Run the notebook for each set and write its reports, with a `summary.json` beside them, into `output`.

    Raises `NOTEBOOK_NOT_FOUND`, `INVALID_PARAMETER` and, with `pdf`, `BROWSER_NOT_FOUND` before anything is run.
    """
    names = declared_parameters(notebook)
    for each in sets:
        require_declared(notebook, names, each)
    browser = require_browser() if pdf else None
    listener = progress or Silent()
    reports: list[Report] = []
    for number, (name, each) in enumerate(zip(names_of(notebook.stem, sets), sets, strict=True)):
        listener.update(number / len(sets), name)
        reports.append(_report(notebook, each, output / name, browser))
    listener.update(1.0, "")
    batch = Batch(reports)
    (output / SUMMARY).write_text(
        json.dumps([_record(report) for report in batch], indent=2, default=str) + "\n", "utf-8"
    )
    return batch


def _report(notebook: Path, parameters: ParameterSet, target: Path, browser: str | None) -> Report:
    watch = Stopwatch()
    executed = target.with_name(f"{target.name}.ipynb")
    html, pdf = (target.with_name(f"{target.name}.{ending}") for ending in ("html", "pdf"))
    for stale in (html, pdf):  # of an earlier run, which this one may not come to replace
        stale.unlink(missing_ok=True)
    failure = execute(notebook, executed, parameters)
    if failure is not None:
        return Report(parameters, executed, None, None, failure, watch.ms)
    html.write_text(page(executed), "utf-8")
    if browser is None:
        return Report(parameters, executed, html, None, None, watch.ms)
    try:
        write_pdf(html, pdf, browser)
    except KitError as error:
        return Report(parameters, executed, html, None, Failure(None, error.message), watch.ms)
    return Report(parameters, executed, html, pdf, None, watch.ms)


def _record(report: Report) -> dict[str, Any]:
    return {
        "parameters": dict(report.parameters),
        "state": "ok" if report.is_ok else "failed",
        "error": None if report.failure is None else str(report.failure),
        "notebook": report.notebook.name,
        "html": report.html.name if report.html else None,
        "pdf": report.pdf.name if report.pdf else None,
        "seconds": round(report.ms / 1000, 1),
    }
