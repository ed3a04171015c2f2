"""Every entry of the golden files: Redshift's documented answer, its types, or its error."""

from __future__ import annotations

from typing import Any


def test_the_answer_is_redshifts(database: Any, case: Any) -> None:
    assert database.answer(case.sql) == case.expected, case.sql
