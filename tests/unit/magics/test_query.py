"""What all query magics share: the way from a cell to a question and from an answer to the notebook."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import CapturedIO, capture_output

from kit.base.errors import KitError
from kit.base.result import Result, Stats
from kit.workspace import Workspace
from magics.grammar import Option
from magics.query import DATABASE, QueryMagic, Question
from magics.registry import Extension, Interrupted
from magics.workspace import KIT

Run = Callable[[str], CapturedIO]


class Service:
    """Answers every question with the same rows, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.failure: BaseException | None = None
        self.answer = Result.of_table(pa.table({"n": list(range(100))}), stats=Stats(ms=1.0, rows=100))

    def ask(self, workspace: Workspace, question: Question) -> Result:
        del workspace
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure
        return self.answer

    @property
    def last(self) -> Question:
        return self.asked[-1]


@pytest.fixture
def service(shell: InteractiveShell) -> Iterator[Service]:
    shell.run_cell("%unload_ext magics")
    service = Service()
    cluster = Option(("--cluster",), "Ask this cluster.", "NAME")
    extension = Extension(shell, [QueryMagic("ask", "Ask.", service.ask, options=(DATABASE, cluster)), KIT])
    extension.load()
    yield service
    extension.unload()


def test_a_cell_is_asked_and_its_answer_shown(run: Run, service: Service) -> None:
    shown = run("%%ask -d nyc --cluster big\nSELECT n\nFROM t\n")

    assert service.last.statement == "SELECT n\nFROM t\n"
    assert service.last.database == "nyc"
    assert service.last.options.first("cluster") == "big"
    assert "100 rows · 1.0 ms · first 20 shown" in shown.stdout


def test_a_line_is_asked_and_gives_its_answer(run: Run, service: Service, shell: InteractiveShell) -> None:
    run("answer = %ask --limit 3 SELECT n")

    assert service.last.statement == "SELECT n"
    assert shell.user_ns["answer"] is service.answer


def test_an_answer_is_shown_and_assigned(run: Run, service: Service, shell: InteractiveShell) -> None:
    for cell in ("%%ask first <<\nSELECT 1", "%%ask -o second\nSELECT 1", "%ask third << SELECT 1"):
        assert "100 rows" in run(cell).stdout

    assert all(shell.user_ns[name] is service.answer for name in ("first", "second", "third"))


def test_no_display_shows_nothing_and_assigns_all_the_same(run: Run, service: Service, shell: InteractiveShell) -> None:
    assert run("%%ask answer << --no-display\nSELECT 1").stdout == ""
    assert shell.user_ns["answer"] is service.answer


def test_large_answers_are_shown_but_not_kept_in_out(
    run: Run, service: Service, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("%%ask\nSELECT 1")
    assert shell.user_ns["_"] is service.answer

    monkeypatch.setattr("magics.query.OUT_BYTES", 100)
    kept = dict(shell.user_ns["Out"])
    assert "100 rows" in run("%%ask named <<\nSELECT 1").stdout
    assert shell.user_ns["Out"] == kept
    assert shell.user_ns["named"] is service.answer
    run("value = %ask SELECT 1")
    assert shell.user_ns["value"] is service.answer


def test_the_limit_is_of_rows_shown_not_of_rows_given(run: Run, service: Service, shell: InteractiveShell) -> None:
    shown = run("%%ask answer << --limit 3\nSELECT 1").stdout

    assert "100 rows · 1.0 ms · first 3 shown" in shown
    assert len(shell.user_ns["answer"]) == 100


@pytest.mark.parametrize(
    ("kind", "module"), [("arrow", "pyarrow.lib"), ("pandas", "pandas"), ("polars", "polars.dataframe.frame")]
)
def test_an_answer_can_be_given_as_another_type(
    run: Run, service: Service, shell: InteractiveShell, kind: str, module: str
) -> None:
    run(f"%%ask named << --type {kind}\nSELECT 1")
    run(f"unnamed = %ask --type {kind} SELECT 1")

    assert type(shell.user_ns["named"]).__module__ == module
    assert type(shell.user_ns["unnamed"]) is type(shell.user_ns["named"])
    assert len(shell.user_ns["named"]) == 100


def test_a_named_answer_of_another_type_is_shown_with_its_figures(run: Run, service: Service) -> None:
    assert "100 rows · 1.0 ms" in run("%%ask named << --type pandas\nSELECT 1").stdout


def test_defaults_come_from_config_and_options_go_before_them(
    run: Run, service: Service, shell: InteractiveShell
) -> None:
    run("%config Boathouse.limit = 2")
    run("%config Boathouse.database = 'nyc'")
    run("%config Boathouse.type = 'arrow'")

    assert "first 2 shown" in run("%%ask a <<\nSELECT 1").stdout
    assert (service.last.database, type(shell.user_ns["a"])) == ("nyc", pa.Table)
    assert "first 3 shown" in run("%%ask a << --limit 3 --database other --type result\nSELECT 1").stdout
    assert (service.last.database, type(shell.user_ns["a"])) == ("other", Result)
    run("%config Boathouse.display = False")
    assert run("%%ask\nSELECT 1").stdout == ""


def test_parameters_are_values_beside_the_text(run: Run, service: Service) -> None:
    run('origin = "JFK\' OR 1=1 --"')
    run("%%ask -p days=[1, 2]\nSELECT :origin, :days, 'a:b', x::int")

    assert service.last.statement == "SELECT :origin, :days, 'a:b', x::int\n"
    assert service.last.params == {"origin": "JFK' OR 1=1 --", "days": [1, 2]}


def test_variables_and_braces_are_not_expanded_into_the_text(run: Run, service: Service) -> None:
    run("x = 5")
    run("%ask SELECT '{x}', '$x'")

    assert service.last.statement == "SELECT '{x}', '$x'"


def test_a_line_in_a_function_sees_its_local_names(run: Run, service: Service) -> None:
    run("day = 1\ndef ask():\n    day = 2\n    return get_ipython().run_line_magic('ask', 'SELECT :day')\nask()")

    assert service.last.params == {"day": 2}


def test_explain_is_put_before_the_statement(run: Run, service: Service) -> None:
    run("%%ask --explain\nSELECT 1")

    assert service.last.statement == "EXPLAIN\nSELECT 1\n"


def test_a_statement_can_come_from_a_file(run: Run, service: Service, tmp_path: Path) -> None:
    (tmp_path / "my query.sql").write_text("SELECT 'ü'", encoding="utf-8")

    run("%ask --file 'my query.sql'")

    assert service.last.statement == "SELECT 'ü'"


@pytest.mark.parametrize(
    ("cell", "code", "said"),
    [
        ("%ask", "MISSING_STATEMENT", "There is no SQL here"),
        ("%%ask\n-- nothing\n;", "MISSING_STATEMENT", "There is no SQL here"),
        ("%ask --file query.sq", "INVALID_FILE", "Did you mean 'query.sql'?"),
        ("%ask --file query.sql SELECT 1", "INVALID_ARGUMENT", "in the cell and in the file"),
        ("%ask --file bytes.sql", "INVALID_FILE", "is not text in UTF-8"),
        ("%%ask a << -o b\nSELECT 1", "INVALID_ARGUMENT", "The answer is given two names"),
        ("%%ask\nSELECT :missing", "MISSING_PARAMETER", ":missing"),
        ("%%ask --with nothing\nSELECT 1", "SNIPPET_NOT_FOUND", "no snippet 'nothing'"),
        ("%%ask --limt 1\nSELECT 1", "UNKNOWN_OPTION", "Did you mean '--limit'?"),
    ],
)
def test_a_mistake_raises_before_anything_is_asked(
    run: Run, service: Service, tmp_path: Path, cell: str, code: str, said: str
) -> None:
    (tmp_path / "query.sql").write_text("SELECT 1")
    (tmp_path / "bytes.sql").write_bytes(b"\xff\xfe")

    with pytest.raises(KitError) as caught:
        run(cell)

    assert caught.value.code == code
    assert said in str(caught.value)
    assert service.asked == []


def test_a_snippet_is_kept_after_it_ran_and_used_later(run: Run, service: Service) -> None:
    run("%%ask --save late\nSELECT 1; -- that is all")
    run("%%ask --save worst --with late\nSELECT * FROM late")
    run("%%ask --with worst\nSELECT * FROM worst")

    assert service.last.statement == (
        "WITH late AS (\nSELECT 1\n),\nworst AS (\nSELECT * FROM late\n)\nSELECT * FROM worst\n"
    )
    assert "worst" in run("%kit snippets").stdout
    run("%kit forget worst")
    assert "worst" not in run("%kit snippets").stdout


def test_a_statement_that_failed_is_not_kept(run: Run, service: Service) -> None:
    service.failure = KitError("SYNTAX_ERROR", "line 1:1: no")

    with pytest.raises(KitError):
        run("%%ask --save late\nSELEC 1")

    assert "0 snippets" in run("%kit snippets").stdout


def test_an_error_points_into_the_cell_and_shows_no_stack(shell: InteractiveShell, service: Service) -> None:
    service.failure = KitError(
        "COLUMN_NOT_FOUND",
        "line 3:3: Column 'x' cannot be resolved",
        "Did you mean 'n'?",
        statement="EXPLAIN\nSELECT 1,\n  x\n",
        line=3,
        column=3,
    )

    with capture_output() as captured:
        outcome = shell.run_cell("%%ask --explain\nSELECT 1,\n  x\n")

    assert isinstance(outcome.error_in_exec, KitError)
    assert captured.stdout.splitlines() == [
        "COLUMN_NOT_FOUND: line 2:3: Column 'x' cannot be resolved",
        "line 2:   x",
        "          ^",
        "Hint: Did you mean 'n'?",
    ]


def test_an_interrupt_stays_one_and_is_told_in_a_line(shell: InteractiveShell, service: Service) -> None:
    service.failure = KeyboardInterrupt()

    with capture_output() as captured:
        outcome = shell.run_cell("%%ask\nSELECT 1")

    assert isinstance(outcome.error_in_exec, Interrupted)
    assert captured.stdout.splitlines() == ["Interrupted: the work was stopped; the kernel is ready for the next cell."]


def test_a_bug_keeps_its_whole_traceback(shell: InteractiveShell, service: Service) -> None:
    service.failure = ZeroDivisionError("a bug")

    with capture_output() as captured:
        shell.run_cell("%%ask\nSELECT 1")

    assert "Traceback" in captured.stdout
    assert "ZeroDivisionError: a bug" in captured.stdout


def test_help_is_the_declaration(shell: InteractiveShell, service: Service) -> None:
    shown = shell.find_cell_magic("ask").__doc__
    assert isinstance(shown, str)
    wanted: list[Any] = ["%%ask [name <<] [options]", "--cluster NAME", "-p, --param name=expr", "Keep the statement"]

    assert all(part in shown for part in wanted)
