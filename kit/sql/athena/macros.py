"""DuckDB macros that the translation's text calls. The executor installs them once in each database that it opens.

They are written in SQL, in `duckdb_macros`. A macro is expanded where it is called, like a template, and may use an
argument more than once (DuckDB computes it once). No macro contains a subquery, for lambdas take none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kit.sql.split import split

_FOLDER: Final = Path(__file__).with_name("duckdb_macros")
_ORDER: Final = ("errors", "text", "numbers", "binary", "times", "collections", "documents")

MACROS: Final[tuple[str, ...]] = tuple(
    piece.text for topic in _ORDER for piece in split((_FOLDER / f"{topic}.sql").read_text(encoding="utf-8"))
)
"""CREATE MACRO statements, each after those that it uses."""
