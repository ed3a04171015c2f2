"""`%%athena`, `%tables` and `%describe` on a small lake, in plain IPython."""

import _thread
import threading
from collections.abc import Callable
from datetime import date

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import CapturedIO, capture_output

from kit.base.errors import KitError
from magics.registry import Interrupted

Run = Callable[[str], CapturedIO]


@pytest.fixture
def lake(run: Run) -> None:
    """Birds and their counts in the database `marsh`."""
    run("ws = %kit open marsh")
    run("ws.storage.put('s3://lake/birds/a.csv', 'name,weight\\nwren,10\\nheron,1500\\nteal,300\\n')")
    run('ws.storage.put(\'s3://lake/counts/day=1/a.jsonl\', \'{"bird": "wren", "seen": 3}\\n\')')
    run('ws.storage.put(\'s3://lake/counts/day=2/a.jsonl\', \'{"bird": "heron", "seen": 1}\\n\')')
    run("for name in ('birds', 'counts'): ws.catalog.crawl(f's3://lake/{name}/', database='marsh')")


def test_a_question_is_answered_and_its_cost_shown(run: Run, lake: None) -> None:
    lines = run("%%athena -d marsh\nSELECT name, weight FROM birds ORDER BY weight\n").stdout.splitlines()

    assert [line.split() for line in lines[-6:-1]] == [
        ["name", "weight"],
        ["-----", "------"],
        ["wren", "10"],
        ["teal", "300"],
        ["heron", "1500"],
    ]
    assert lines[-1].startswith("3 rows · ")
    assert lines[-1].endswith(" · $0.000050")


def test_parameters_keep_their_types(run: Run, lake: None, shell: InteractiveShell) -> None:
    run('import datetime; day, limit, name = datetime.date(2013, 1, 2), 100, "wr\'en"')
    run("%config Boathouse.database = 'marsh'")

    run("answer = %athena SELECT :day AS d, :name AS n, count(*) AS c FROM birds WHERE weight > :limit")

    assert shell.user_ns["answer"].rows == [(date(2013, 1, 2), "wr'en", 2)]


def test_snippets_build_on_each_other_and_on_the_lake(run: Run, lake: None, shell: InteractiveShell) -> None:
    run("least = 100")
    run("%%athena -d marsh --save heavy\nSELECT * FROM birds WHERE weight > :least -- grams\n")
    run(
        "%%athena -d marsh --with heavy --save counted\n"
        "SELECT h.name, c.seen FROM heavy h JOIN counts c ON c.bird = h.name"
    )
    run("%%athena -d marsh --with counted answer <<\nWITH more AS (SELECT * FROM counted) SELECT * FROM more")

    assert shell.user_ns["answer"].rows == [("heron", 1)]


def test_an_error_in_a_snippet_says_so(run: Run, lake: None) -> None:
    run("(ws.path / 'snippets').mkdir()")
    run("count = (ws.path / 'snippets' / 'bad.sql').write_text('SELECT\\n  wing FROM birds')")

    with pytest.raises(KitError) as caught:
        run("%%athena -d marsh --with bad\nSELECT * FROM bad")

    assert caught.value.message.startswith("In the snippet 'bad': line 2:3: ")
    assert (caught.value.line, caught.value.column) == (2, 3)


@pytest.mark.parametrize(
    ("cell", "code", "place", "said"),
    [
        (
            "%%athena -d marsh\nSELECT name,\n  wieght\nFROM birds",
            "COLUMN_NOT_FOUND",
            "  wieght",
            "Did you mean 'weight'?",
        ),
        ("%%athena -d marsh\nSELECT *\nFROM brids", "TABLE_NOT_FOUND", "FROM brids", "Did you mean 'birds'?"),
        ("%%athena -d marsh\nSELECT *\nFORM birds", "SYNTAX_ERROR", "FORM birds", ""),
        ("%%athena -d marsh\nSELECT 1;\nSELECT 2", "", "SELECT 2", ""),
        ("%athena -d marsh SELECT :missing", "MISSING_PARAMETER", "SELECT :missing", ":missing"),
    ],
)
def test_an_error_shows_the_line_and_a_caret(
    shell: InteractiveShell, lake: None, cell: str, code: str, place: str, said: str
) -> None:
    with capture_output() as captured:
        outcome = shell.run_cell(cell)

    assert isinstance(outcome.error_in_exec, KitError)
    shown = captured.stdout
    assert shown.startswith(code)
    assert place in shown
    assert any(line.strip() == "^" for line in shown.splitlines())
    assert said in shown
    assert "Traceback" not in shown


def test_explain_shows_a_plan_and_runs_nothing(run: Run, lake: None) -> None:
    shown = run("%%athena -d marsh --explain\nSELECT name FROM birds WHERE weight > 100").stdout

    assert "birds" in shown
    assert "heron" not in shown


def test_a_workgroups_limit_holds(run: Run, lake: None) -> None:
    run("from kit.athena import Workgroup")
    run("ws.athena.workgroups.create(Workgroup(name='tight', bytes_scanned_cutoff=10_000_000))")

    assert "3 rows" in run("%%athena -d marsh -w tight\nSELECT * FROM birds").stdout
    with pytest.raises(KitError, match="tigth"):
        run("%%athena -d marsh -w tigth\nSELECT * FROM birds")


def test_an_answer_is_given_again(run: Run, lake: None) -> None:
    cell = "%%athena -d marsh --reuse 60\nSELECT count(*) AS n FROM birds"

    assert "reused" not in run(cell).stdout
    assert "reused" in run(cell).stdout


def test_ctrl_c_stops_a_query(shell: InteractiveShell, run: Run) -> None:
    endless = (
        "SELECT count(*) FROM UNNEST(sequence(1, 9999)) AS a (x) CROSS JOIN UNNEST(sequence(1, 9999)) AS b (y) "
        "CROSS JOIN UNNEST(sequence(1, 9999)) AS c (z) WHERE (x * y + z) % 7 = 3"
    )
    run("%athena SELECT 1 AS one")
    threading.Timer(1.0, _thread.interrupt_main).start()

    with capture_output():
        outcome = shell.run_cell(f"%athena {endless}")

    assert isinstance(outcome.error_in_exec, Interrupted)
    assert "2" in run("%athena SELECT 2 AS two").stdout


def test_tables_and_describe_show_the_lake(run: Run, lake: None) -> None:
    assert "2 tables in 1 database" in run("%tables marsh").stdout
    assert "1 table in 1 database" in run("%tables marsh --like co*").stdout
    assert "marsh.counts · json" in run("%describe marsh.counts").stdout
    assert "marsh.birds · csv" in run("%describe birds -d marsh").stdout


@pytest.mark.parametrize(
    ("cell", "name", "kind"),
    [
        ("%%athena -d marsh\nSELECT * FROM bi|", "birds", "table"),
        ("%%athena\nSELECT * FROM marsh.co|", "marsh.counts", "table"),
        ("%%athena\nSELECT * FROM mar|", "marsh", "database"),
        ("%%athena -d marsh\nSELECT we| FROM birds", "weight", "column"),
        ("%%athena -d marsh\nSELECT b.we|\nFROM birds b\nWHERE 1 = 1", "b.weight", "column"),
        ("%%athena -d marsh\nSELECT approx_d| FROM birds", "approx_distinct", "function"),
        ("%%athena -d marsh\nSELECT * FROM birds whe|", "where", "keyword"),
        ("%%athena -d marsh --with heavy\nSELECT * FROM hea|", "heavy", "table"),
        ("%%athena -d marsh --with heavy\nSELECT gra| FROM heavy", "grams", "column"),
        ("answer = %athena -d marsh SELECT * FROM bi|", "birds", "table"),
    ],
)
def test_names_are_completed_from_the_catalog(
    shell: InteractiveShell, lake: None, run: Run, cell: str, name: str, kind: str
) -> None:
    run("%%athena -d marsh --save heavy --no-display\nSELECT name, weight AS grams FROM birds WHERE weight > 100")
    cursor = cell.index("|")

    with provisionalcompleter():
        found = list(shell.Completer.completions(cell.replace("|", ""), cursor))

    assert (name, kind) in {(item.text, item.type) for item in found if item._origin == "boathouse"}
