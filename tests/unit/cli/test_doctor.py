"""The doctor: everything is found here, and what is taken away is missed, with the way to mend it."""

from importlib import metadata
from pathlib import Path

import pytest

from kit import cli, doctor


def test_this_environment_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["doctor", str(tmp_path / "lab")])
    printed = capsys.readouterr().out
    assert code == 0
    assert "MISSING" not in printed
    assert "ok       Jupyter kernel: python3" in printed
    assert not (tmp_path / "lab").exists(), "it looks, and changes nothing"


def test_packages_that_are_missing_or_too_old_are_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = metadata.version

    def altered(name: str) -> str:
        if name in {"sqlglot", "pandas"}:
            raise metadata.PackageNotFoundError(name)
        return "0.9" if name == "duckdb" else version(name)

    monkeypatch.setattr(metadata, "version", altered)
    assert cli.main(["doctor", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "MISSING  sqlglot: is not installed\n           pip install 'sqlglot" in printed
    assert "MISSING  duckdb: 0.9\n           pip install 'duckdb" in printed
    assert "advice   pandas: is not installed; it is for Result.to_pandas()" in printed


def test_a_browser_that_is_not_there_is_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATHOUSE_BROWSER", str(tmp_path / "none"))
    (finding,) = [each for each in doctor.examine(tmp_path) if each.what == "browser for PDF"]
    assert finding.state == "advice"
    assert "Install Chromium" in finding.mend


def test_a_workspace_that_others_may_look_into_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    findings = [each for each in doctor.examine(tmp_path) if each.what == "workspace"]
    assert (findings[0].state, findings[0].mend) == ("advice", f"chmod 700 {tmp_path}")
