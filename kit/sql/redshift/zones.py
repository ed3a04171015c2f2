"""Time zones as Redshift takes them: names, abbreviations of fixed offset, and POSIX offsets counted westwards.

Source: Amazon Redshift Database Developer Guide, "CONVERT_TIMEZONE function", "Time zone usage notes", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from kit.sql.redshift.datetime_text import ABBREVIATIONS

# A zone's name, or minutes east of UTC.
Zone: TypeAlias = str | int

_POSIX: Final = re.compile(r"[A-Za-z][A-Za-z_/]*\s*([+-])?(\d{1,2})(?::(\d{2}))?")
_DAYLIGHT: Final = re.compile(r"[A-Za-z]{3,}\d{1,2}[A-Za-z]{3,}")


def parse_zone(text: str) -> Zone:
    """`PST` and `GMT+2` are offsets, `Europe/London` and `PST8PDT` are names with their own daylight saving."""
    stripped = text.strip()
    if stripped.lower() in ABBREVIATIONS:
        return ABBREVIATIONS[stripped.lower()]
    if _DAYLIGHT.fullmatch(stripped):
        return stripped.upper()
    found = _POSIX.fullmatch(stripped)
    if found is None or stripped.lower().startswith("etc/"):
        return stripped
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return minutes if found[1] == "-" else -minutes
