"""DuckDB macros that bound queries call: installed once in a database, before the first query.

Each is what a Redshift function means where DuckDB has no expression for it short enough to be written in place. They
are SQL, and kept as SQL: a file a family. Names begin with `rs_`. An argument may be evaluated more than once.

Source: Amazon Redshift Database Developer Guide, the functions' own pages, read 2026-11; PostgreSQL 8.0 documentation,
"Data Type Formatting Functions"; RFC 1952 (CRC-32); FNV-1a as in the IETF draft.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

from kit.sql.redshift.datetime_text import ABBREVIATIONS

# In the order in which they call each other.
_FAMILIES: Final = ("conversions", "numbers", "text", "hashes", "dates", "formatting", "json", "super")


def _statements(family: str) -> list[str]:
    text = files("kit.sql.redshift.macros").joinpath(f"{family}.sql").read_text(encoding="utf-8")
    text = text.replace("-- abbreviations", _abbreviations())
    return [statement.strip() for statement in re.split(r";\n", text) if "CREATE" in statement]


def _abbreviations() -> str:
    """Zones of fixed offset as branches of a CASE: the table is the one that literals are read by."""
    return " ".join(f"WHEN lower(z) = '{name}' THEN {minutes}" for name, minutes in ABBREVIATIONS.items())


MACROS: Final[tuple[str, ...]] = tuple(statement for family in _FAMILIES for statement in _statements(family))
