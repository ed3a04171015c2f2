"""Loading into a shell and leaving it as it was."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import CapturedIO

from kit.base.errors import KitError

Run = Callable[[str], CapturedIO]
HEAVY = ("duckdb", "pyarrow", "sqlglot", "altair", "vl_convert", "pandas", "polars", "numpy", "sqlite3")


def test_loading_brings_the_magics_and_unloading_takes_them(shell: InteractiveShell, run: Run) -> None:
    named = [(kind, name) for kind in ("line", "cell") for name in ("athena", "kit", "tables", "describe")]
    lines = {("line", "athena"), ("cell", "athena"), ("line", "kit"), ("line", "tables"), ("line", "describe")}

    assert {found for found in named if found[1] in shell.magics_manager.magics[found[0]]} == lines
    configurables, matchers = len(shell.configurables), len(shell.Completer.custom_matchers)
    run("%unload_ext magics")
    assert {found for found in named if found[1] in shell.magics_manager.magics[found[0]]} == set()
    assert len(shell.configurables) == configurables - 1
    assert len(shell.Completer.custom_matchers) == matchers - 1


def test_loading_twice_changes_nothing(shell: InteractiveShell, run: Run) -> None:
    before = shell.find_cell_magic("athena")

    import magics

    magics.load_ipython_extension(shell)

    assert shell.find_cell_magic("athena") is before
    assert sum(type(found).__name__ == "Boathouse" for found in shell.configurables) == 1


def test_the_extension_can_be_loaded_again_after_it_was_unloaded(run: Run) -> None:
    run("%unload_ext magics")
    run("%load_ext magics")

    assert "0 tables in 0 databases" in run("%tables").stdout


def test_loading_imports_no_engine() -> None:
    program = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "shell = InteractiveShell(config=Config({'HistoryManager': {'enabled': False}}))\n"
        "before = set(sys.modules)\n"
        "shell.run_cell('%load_ext magics').raise_error()\n"
        "print(*(set(sys.modules) - before), sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "magics" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_loading_makes_no_workspace(tmp_path: Path, shell: InteractiveShell) -> None:
    assert not (tmp_path / "workspace").exists()


def test_the_workspace_is_that_of_the_environment_until_another_is_opened(run: Run, tmp_path: Path) -> None:
    assert "workspace workspace" in run("%kit").stdout

    run("folder = 'my lab'")
    opened = run("%kit open $folder").stdout
    assert "my lab" in opened
    assert (tmp_path / "my lab").is_dir()
    assert "workspace my lab" in run("%kit").stdout


def test_opening_gives_the_workspace_to_the_notebook(run: Run, shell: InteractiveShell, tmp_path: Path) -> None:
    run("ws = %kit open 'lab'")

    assert shell.user_ns["ws"].path == tmp_path / "lab"
    run("again = %kit open lab")
    assert shell.user_ns["again"] is shell.user_ns["ws"]


@pytest.mark.parametrize(
    ("cell", "code", "said"),
    [
        ("%kit opne lab", "UNKNOWN_COMMAND", "Did you mean 'open'?"),
        ("%kit open", "MISSING_ARGUMENT", "Usage: %kit open PATH"),
        ("%kit snippets now", "UNKNOWN_ARGUMENT", "does not take 'now'"),
        ("%tables --lik fl*", "UNKNOWN_OPTION", "Did you mean '--like'?"),
        ("%describe", "MISSING_ARGUMENT", "needs TABLE"),
        ("%describe nothing", "EntityNotFoundException", "no table 'nothing' in the database 'default'"),
        ("%tables nothing", "EntityNotFoundException", "nothing"),
    ],
)
def test_a_wrong_command_raises_with_a_hint(run: Run, cell: str, code: str, said: str) -> None:
    with pytest.raises(KitError) as caught:
        run(cell)

    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_plain_altair_chart_renders_offline(shell: InteractiveShell) -> None:
    import altair as alt

    chart = alt.Chart({"values": [{"a": 1}]}).mark_bar().encode(x="a:Q")
    layered = chart + chart

    for drawn in (chart, layered):
        data, _ = shell.display_formatter.format(drawn)
        assert {"application/vnd.vegalite.v5+json", "image/svg+xml", "text/plain"} == set(data)
