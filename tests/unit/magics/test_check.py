"""`%check` in a shell."""

from __future__ import annotations

from typing import Any

import pytest

from kit.base.errors import KitError


def test_exercises_are_listed_and_judged(shell: Any) -> None:
    listed = repr(shell.run_line_magic("check", ""))
    judged = repr(shell.run_line_magic("check", "03.1 01.3"))

    assert "03.1  Load flights" in listed
    assert judged.splitlines()[0].startswith("03.1 not yet: ")
    assert "01.3 not yet: " in judged


def test_an_unknown_exercise_is_named(shell: Any) -> None:
    with pytest.raises(KitError, match="There is no exercise '99'"):
        shell.run_line_magic("check", "99")
