import subprocess
import sys
from pathlib import Path

import pytest

import kit
from kit.base.clock import ManualClock

HEAVY = ("pyarrow", "duckdb", "sqlglot", "IPython", "altair", "pandas", "sqlite3")


def test_importing_the_kit_loads_nothing_heavy() -> None:
    code = f"import sys, kit; print([name for name in {HEAVY} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_a_workspace_is_a_folder_of_ones_own(tmp_path: Path) -> None:
    with kit.open(tmp_path / "deep" / "lab") as workspace:
        assert workspace.path == tmp_path / "deep" / "lab"
        assert workspace.path.stat().st_mode & 0o777 == 0o700


def test_without_a_path_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATHOUSE_HOME", str(tmp_path / "home"))

    assert kit.open().path == tmp_path / "home"


def test_without_path_and_environment_the_folder_is_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOATHOUSE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    assert kit.open().path == tmp_path / ".boathouse"


def test_a_path_that_cannot_be_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(kit.KitError, match="Cannot use") as caught:
        kit.open(tmp_path / "file")

    assert caught.value.code == "INVALID_WORKSPACE"


def test_clock_and_seed_are_the_callers(tmp_path: Path) -> None:
    clock = ManualClock()

    one, other = (kit.open(tmp_path / name, clock=clock, seed=3) for name in "ab")

    assert one.clock is clock
    assert one.entropy.uuid() == other.entropy.uuid()


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = kit.nothing
