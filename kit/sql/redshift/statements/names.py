"""How statements name tables. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableName:
    """A table, view or materialised view as it was written; `line` and `column` are one-based in the script."""

    name: str
    schema: str | None = None
    database: str | None = None
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return ".".join(part for part in (self.database, self.schema, self.name) if part)
