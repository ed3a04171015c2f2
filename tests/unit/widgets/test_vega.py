"""Vega for the browser is made once, kept, and made anew where what was kept is damaged."""

from pathlib import Path
from typing import Any

import pytest
import vl_convert

from kit.widgets import vega


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often it was made, with a stand-in for the library, which takes seconds."""
    calls: list[str] = []

    def make(snippet: str, vl_version: str) -> str:
        calls.append(vl_version)
        return f"// {vl_version}\n{snippet}"

    monkeypatch.setattr(vl_convert, "javascript_bundle", make)
    return calls


def test_it_is_made_once_and_kept_for_this_user_alone(tmp_path: Path, made: list[str]) -> None:
    folder = tmp_path / "cache"

    first, second = vega.javascript(folder), vega.javascript(folder)

    assert first == second == b"// 5.21\nexport { vegaEmbed };"
    assert made == ["5.21"]
    (kept,) = folder.iterdir()
    assert (kept.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("damage", [b"", b"x" * 64, b"not the digest of it" * 10])
def test_a_damaged_file_is_made_anew(tmp_path: Path, made: list[str], damage: bytes) -> None:
    expected = vega.javascript(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(damage)

    assert vega.javascript(tmp_path) == expected
    assert len(made) == 2
    assert vega.javascript(tmp_path) == expected
    assert len(made) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, made: list[Any]) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")

    assert vega.javascript(occupied) == vega.javascript(occupied)
    assert len(made) == 2


def test_the_real_module_exports_what_the_script_imports(tmp_path: Path) -> None:
    text = vega.javascript(tmp_path).decode()

    assert text.rstrip().endswith("as vegaEmbed};")
    assert len(text) > 500_000
