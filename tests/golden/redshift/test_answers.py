"""Every entry of the golden files: Redshift's documented answer, its types, or its error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kit.sql.redshift.functions import registry


def test_the_answer_is_redshifts(database: Any, case: Any) -> None:
    assert database.answer(case.sql) == case.expected, case.sql


def test_every_function_is_asked() -> None:
    files = Path(__file__).parent.glob("*.golden")
    asked = set(re.findall(r"\w+", " ".join(path.read_text(encoding="utf-8") for path in files).lower()))
    assert {word for name in registry.names() for word in name.split()} <= asked
