"""How long a notebook waits: importing the kit, loading the magics, the first question and the ones after it.

Every figure comes from fresh processes with a warm disk cache. A table, then one line of JSON; times in milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

RUNS = 5
ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys, time
from time import perf_counter as now

def timed(call):
    start = now()
    call()
    return (now() - start) * 1e3

def import_kit():
    import kit

figures = {"import_kit_ms": timed(import_kit)}
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))

def cell(source):
    with capture_output():
        shell.run_cell(source).raise_error()

figures["load_ext_ms"] = timed(lambda: cell("%load_ext magics"))
figures["first_question_ms"] = timed(lambda: cell("%athena SELECT 1"))
again = sorted(timed(lambda: cell("%athena SELECT 1")) for _ in range(20))
figures["next_question_ms"] = again[len(again) // 2]
figures["first_tables_ms"] = timed(lambda: cell("%tables"))

def draw():
    cell("from kit.widgets import chart")
    cell("chart({'data': {'values': [{'a': 1}]}, 'mark': 'bar', 'encoding': {'x': {'field': 'a'}}})")

figures["first_chart_ms"] = timed(draw)
print(json.dumps(figures))
"""


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BOATHOUSE_HOME": folder, "IPYTHONDIR": folder, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment, cwd=folder
        )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    measure()
    runs = [measure() for _ in range(RUNS)]
    figures = {name: round(median(run[name] for run in runs), 1) for name in runs[0]}
    wanted = {"import_kit_ms": 100, "load_ext_ms": 1000}
    print(f"{'step':<20} {'median ms':>10} {'at most':>8}")
    for name, value in figures.items():
        print(f"{name.removesuffix('_ms'):<20} {value:>10.1f} {wanted.get(name, ''):>8}")
    print(json.dumps({"benchmark": "magics", "runs": RUNS, **figures}))


if __name__ == "__main__":
    main()
