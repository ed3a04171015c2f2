"""How long it takes from parameters to a page: the report of one day, in a new workspace and in one that is there.

Prints a table and, as the last line, one JSON object of the figures (seconds).
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from kit.reports import run_batch
from kit.reports.pdf import find_browser

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "reports" / "daily_operations.ipynb"


def main() -> None:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        common = {"data": str(ROOT / "data"), "workspace": str(Path(folder) / "lab")}
        cases = {"new_workspace": False, "again": False} | ({"again_with_pdf": True} if find_browser() else {})
        for name, pdf in cases.items():
            start = time.perf_counter()
            (report,) = run_batch(
                NOTEBOOK, [{**common, "day": "2013-07-04"}], Path(folder) / "out", pdf=pdf
            ).require_ok()
            figures[f"{name}_seconds"] = round(time.perf_counter() - start, 2)
        size = report.html.stat().st_size
    for name, seconds in figures.items():
        print(f"  {name:<24} {seconds:>8.2f}")
    print(f"  {'page, bytes':<24} {size:>8,}")
    print(json.dumps({"benchmark": "reports", **figures, "page_bytes": size}))


if __name__ == "__main__":
    main()
