"""What a session did last, as PG_LAST_QUERY_ID() and its kin tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kit.base.result import Result
from kit.warehouse.system.events import TEXT_ONLY
from kit.warehouse.system.recording import Running

_COUNT: Final = re.compile(r"(\d+) record\(s\) (?:un)?loaded")


@dataclass(slots=True)
class Last:
    """Query ids, -1 for none. Statements that are logged as text only are no queries."""

    query: int = -1
    copy: int = -1
    copied_rows: int = 0
    unload: int = -1
    unloaded_rows: int = 0

    def note(self, running: Running, result: Result) -> None:
        """A statement has ended well."""
        if running.kind in TEXT_ONLY:
            return
        self.query = running.query
        match running.kind:
            case "COPY":
                self.copy, self.copied_rows = running.query, _rows(result)
            case "UNLOAD":
                self.unload, self.unloaded_rows = running.query, _rows(result)
            case _:
                pass


def _rows(result: Result) -> int:
    found = _COUNT.search(result.message)
    return int(found[1]) if found is not None else 0
