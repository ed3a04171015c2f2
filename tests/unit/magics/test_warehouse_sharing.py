"""Two notebooks on one warehouse: the second one's `%%warehouse` simply works, and `%warehouse owner` says why."""

import os
import subprocess
import sys

SECOND = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
for cell in sys.stdin.read().split("\\n---\\n"):
    shell.run_cell(cell, store_history=True).raise_error()
"""


def in_another_kernel(*cells):
    """What another IPython shell shows that runs these cells on the same workspace."""
    told = subprocess.run(
        [sys.executable, "-c", SECOND],
        input="\n---\n".join(["%load_ext magics", *cells]),
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return told.stdout


def test_a_second_notebook_reads_and_writes_what_the_first_made(run):
    run("%%warehouse\nCREATE TABLE t (k int); INSERT INTO t VALUES (1)")

    told = in_another_kernel("%%warehouse\nINSERT INTO t VALUES (2)", "%%warehouse --slices\nSELECT SUM(k) AS s FROM t")

    assert "segment 0 on" in told
    assert "scan t: 2 rows" in told
    shown = run("%%warehouse\nSELECT k FROM t ORDER BY k").stdout
    assert [line.strip() for line in shown.splitlines() if line.strip() in {"1", "2"}] == ["1", "2"]


def test_both_notebooks_can_see_who_owns_the_warehouse(run):
    first = run("%warehouse owner").stdout

    second = in_another_kernel("%warehouse owner")

    assert f"owned by this process ({os.getpid()})" in first
    assert f"owned by process {os.getpid()}; this one asks it, and takes over when it ends" in second
