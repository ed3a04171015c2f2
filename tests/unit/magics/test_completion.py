"""What Tab offers: in a whole cell, as JupyterLab sends it, and in a line, as plain IPython may."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import CapturedIO

from kit.base.errors import KitError
from kit.workspace import Workspace
from magics.completion import fitted
from magics.query import DATABASE, QueryMagic
from magics.reader import Offer
from magics.registry import Extension
from magics.workspace import KIT

Run = Callable[[str], CapturedIO]
TABLES = ("flights", "flights_csv", "weather")


class Completer:
    """Offers the tables that begin with the last word, and remembers where it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.failure: KitError | None = None

    def complete(self, workspace: Workspace, before: str, after: str, database: str) -> Offer | None:
        del workspace
        self.asked.append((before, after, database))
        if self.failure is not None:
            raise self.failure
        fragment = before.rpartition(" ")[2].rpartition("\n")[2].rpartition(".")[2]
        return Offer(fragment, tuple(name for name in TABLES if name.startswith(fragment)))


@pytest.fixture
def completer(shell: InteractiveShell) -> Iterator[Completer]:
    shell.run_cell("%unload_ext magics")
    completer = Completer()

    def refuse(*_: Any) -> Any:
        raise AssertionError("completion must not ask")

    extension = Extension(shell, [QueryMagic("ask", "Ask.", refuse, completer.complete, options=(DATABASE,)), KIT])
    extension.load()
    yield completer
    extension.unload()


def in_cell(shell: InteractiveShell, source: str) -> set[str]:
    """What is offered at the `|` of a cell, as JupyterLab and the terminal ask: the cell after each candidate."""
    offset = source.index("|")
    text = source.replace("|", "")
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, offset))
    return {text[: item.start] + item.text + text[item.end :] for item in found if item._origin == "boathouse"}


def in_line(shell: InteractiveShell, line: str) -> list[str]:
    """What is offered at the end of a line, as a front end asks that knows lines only."""
    with pytest.warns(PendingDeprecationWarning):
        return list(shell.complete(None, line, len(line))[1])


def test_names_in_the_sql_of_a_cell(shell: InteractiveShell, completer: Completer) -> None:
    cells = in_cell(shell, "%%ask -d nyc\nSELECT *\nFROM fl|\nWHERE 1 = 1")

    assert cells == {f"%%ask -d nyc\nSELECT *\nFROM {name}\nWHERE 1 = 1" for name in ("flights", "flights_csv")}
    assert completer.asked[-1] == ("SELECT *\nFROM fl", "\nWHERE 1 = 1", "nyc")


def test_names_behind_a_qualifier_keep_it(shell: InteractiveShell, completer: Completer) -> None:
    assert in_cell(shell, "%%ask\nSELECT * FROM nyc.we|") == {"%%ask\nSELECT * FROM nyc.weather"}


def test_names_in_the_sql_of_a_line(shell: InteractiveShell, completer: Completer) -> None:
    assert in_cell(shell, "x = 1\nanswer = %ask --limit 3 SELECT * FROM we|") == {
        "x = 1\nanswer = %ask --limit 3 SELECT * FROM weather"
    }
    assert completer.asked[-1][:2] == ("SELECT * FROM we", "")
    assert in_line(shell, "%ask SELECT * FROM we") == ["weather"]


def test_the_default_database_is_that_of_config(shell: InteractiveShell, completer: Completer, run: Run) -> None:
    run("%config Boathouse.database = 'nyc'")
    in_cell(shell, "%%ask\nSELECT * FROM we|")

    assert completer.asked[-1][2] == "nyc"


def test_options_and_their_values(shell: InteractiveShell, completer: Completer, run: Run) -> None:
    assert in_cell(shell, "%%ask --no|\nSELECT 1") == {"%%ask --no-display\nSELECT 1"}
    assert in_cell(shell, "%ask --type pa|") == {"%ask --type pandas"}
    assert in_line(shell, "%ask --li") == ["--limit"]


def test_databases_and_snippets_are_offered_as_values(shell: InteractiveShell, completer: Completer, run: Run) -> None:
    run("ws = %kit open lab")
    run("ws.catalog.create_database('nyc')")
    run("from magics.snippets import Snippets; Snippets(ws.path / 'snippets', ws.entropy).save('late', 'SELECT 1')")

    assert in_cell(shell, "%%ask -d n|\nSELECT 1") == {"%%ask -d nyc\nSELECT 1"}
    assert in_cell(shell, "%%ask --with la|\nSELECT 1") == {"%%ask --with late\nSELECT 1"}
    assert in_cell(shell, "%kit forget |") == {"%kit forget late"}


def test_commands(shell: InteractiveShell, completer: Completer) -> None:
    assert in_cell(shell, "%kit op|") == {"%kit open"}
    assert in_line(shell, "%kit sn") == ["snippets"]


def test_parameters_are_the_notebooks_values(shell: InteractiveShell, completer: Completer, run: Run) -> None:
    run("origin, _hidden, other = 'JFK', 1, 2\ndef origins(): ...\nimport os as osmodule")

    assert in_cell(shell, "%%ask\nSELECT * FROM t WHERE o = :o|") == {
        "%%ask\nSELECT * FROM t WHERE o = :origin",
        "%%ask\nSELECT * FROM t WHERE o = :other",
    }


def test_casts_are_no_parameters(shell: InteractiveShell, completer: Completer) -> None:
    in_cell(shell, "%%ask\nSELECT x::o|")

    assert completer.asked[-1][0] == "SELECT x::o"


@pytest.mark.parametrize("cell", ["SELECT * FROM fl|", "%%bash\nls fl|", "%%timeit\nfl|", "x = fl|"])
def test_other_cells_are_left_alone(shell: InteractiveShell, completer: Completer, cell: str) -> None:
    assert in_cell(shell, cell) == set()
    assert completer.asked == []


def test_a_service_that_cannot_answer_offers_nothing(shell: InteractiveShell, completer: Completer) -> None:
    completer.failure = KitError("EntityNotFoundException", "no such database")

    assert in_cell(shell, "%%ask -d nowhere\nSELECT * FROM fl|") == set()


@pytest.mark.parametrize(
    ("fragment", "token", "replacement"),
    [
        ("fl", "fl", "flights"),
        ("fl", "nyc.fl", "nyc.flights"),
        ("fl", "", "ights"),
        ("", "", "flights"),
    ],
)
def test_a_candidate_is_cut_to_what_it_replaces(fragment: str, token: str, replacement: str) -> None:
    assert fitted(Offer(fragment, ("flights",), ("table",)), token) == [(replacement, "table")]
