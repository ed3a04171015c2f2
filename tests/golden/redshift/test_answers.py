"""Every entry of the golden files: Redshift's documented answer, its types, or its error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.golden"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location("redshift_golden_conftest", FOLDER / "conftest.py")
        assert spec is not None
        assert spec.loader is not None
        conftest = module_from_spec(spec)
        spec.loader.exec_module(conftest)
        found = [(path, case) for path in FILES for case in conftest.cases(path)]
        metafunc.parametrize("case", [case for _, case in found], ids=[f"{path.stem}: {case.name}" for path, case in found])


def test_the_answer_is_redshifts(database: Any, case: Any) -> None:
    assert database.answer(case.sql) == case.expected, case.sql
