"""Whole runs in a real kernel: what is written, what fails and how that is told; the browser is a script."""

import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import kit
from kit import cli
from kit.base.errors import KitError
from kit.reports import run_batch

CELLS = ("print('is', word)", "assert word != 'bad', 'a bad word'", "word * 2")


@pytest.fixture(autouse=True)
def kernels_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    made = new_notebook(
        cells=[
            new_markdown_cell("# Words"),
            new_code_cell('word = "none"\nworkspace = ""', metadata={"tags": ["parameters"]}),
            *map(new_code_cell, CELLS),
            new_code_cell("workspace"),
        ]
    )
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "words.ipynb"
    nbformat.write(made, path)
    return path


def browser(folder: Path, body: str) -> Path:
    """An executable that is given a browser's arguments."""
    script = folder / "browser"
    script.write_text(
        f"#!{sys.executable}\nimport sys\ngiven = dict(a.partition('=')[::2] for a in sys.argv[1:])\n{body}\n"
    )
    script.chmod(0o700)
    return script


def test_a_batch_goes_on_behind_a_failure_and_tells_of_it(
    notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "words-word=bad.html").write_text("of an earlier run")

    code = cli.main(["report", str(notebook), "-p", "word=bad", "-p", "word=good", "-o", str(out)])

    printed = capsys.readouterr()
    assert code == 1
    assert printed.out.splitlines()[0].startswith("failed  word=bad")
    assert "cell 4: AssertionError: a bad word" in printed.out
    assert printed.out.splitlines()[-1] == "1 of 2 reports written"
    assert printed.err.splitlines()[:2] == ["running words-word=bad", "running words-word=good"]
    assert sorted(path.name for path in out.iterdir()) == [
        "summary.json", "words-word=bad.ipynb", "words-word=good.html", "words-word=good.ipynb",
    ]  # fmt: skip
    assert "goodgood" in (out / "words-word=good.html").read_text("utf-8")
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert [(each["state"], each["parameters"]) for each in summary] == [
        ("failed", {"word": "bad"}),
        ("ok", {"word": "good"}),
    ]


def test_a_workspace_reports_on_itself_and_prints(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printer = browser(tmp_path, "open(given['--print-to-pdf'], 'wb').write(b'%PDF-' + sys.argv[-1].encode())")
    monkeypatch.setenv("BOATHOUSE_BROWSER", str(printer))
    with kit.open(tmp_path / "lab") as workspace:
        (report,) = workspace.report(notebook, {"word": "x"}, output=tmp_path / "out", pdf=True)

    assert report.pdf == tmp_path / "out" / "words.pdf"
    assert report.pdf.read_bytes().endswith(b"/out/words.html")
    assert str(tmp_path / "lab") in report.html.read_text("utf-8")


def test_a_workspace_raises_what_failed(notebook: Path, tmp_path: Path) -> None:
    with kit.open(tmp_path / "lab") as workspace, pytest.raises(KitError) as info:
        workspace.report(notebook, {"word": "bad"}, output=tmp_path / "out")
    assert info.value.code == "REPORT_FAILED"
    assert "cell 4: AssertionError: a bad word" in info.value.message


def test_a_browser_that_fails_leaves_the_page(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATHOUSE_BROWSER", str(browser(tmp_path, "sys.exit('no paper')")))
    (report,) = run_batch(notebook, [{}], tmp_path / "out", pdf=True)
    assert report.html is not None
    assert report.pdf is None
    assert str(report.failure) == "The browser did not print 'words.html': no paper."


def test_what_is_wrong_with_a_call_is_said_before_anything_runs(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOATHOUSE_BROWSER", str(tmp_path / "nobody"))
    with pytest.raises(KitError) as unknown:
        run_batch(notebook, [{"word": "x"}, {"wrod": "x"}], tmp_path / "out")
    with pytest.raises(KitError) as browserless:
        run_batch(notebook, [{}], tmp_path / "out", pdf=True)
    with pytest.raises(KitError) as missing:
        run_batch(tmp_path / "none.ipynb", [{}], tmp_path / "out")
    assert (unknown.value.code, unknown.value.hint) == ("INVALID_PARAMETER", "Did you mean 'word'?")
    assert browserless.value.code == "BROWSER_NOT_FOUND"
    assert missing.value.code == "NOTEBOOK_NOT_FOUND"
    assert not (tmp_path / "out").exists()
