"""One look at all that can be asked: tables of the lake, streams, tables of the warehouse. Values only.

What is not the catalog's own comes through `Neighbour`, which the workspace fulfils.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Protocol

from kit.catalog.model import Column


@dataclass(frozen=True, slots=True)
class Entry:
    """Something with columns. `kind` is `table`, `view`, `stream` or `warehouse`; `detail` is one short line."""

    kind: str
    database: str
    name: str
    columns: tuple[Column, ...]
    detail: str = ""


class Neighbour(Protocol):
    """A service that is not the catalog's and has things to list."""

    def entries(self) -> Iterable[Entry]: ...


class Inventory:
    """Entries in the order of kind, database and name; iterate, or show it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        rows = [("kind", "database", "name", "columns", ""), *map(_cells, self._entries)]
        widths = [max(len(row[index]) for row in rows) for index in range(5)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in ("kind", "database", "name", "columns", ""))
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in _cells(each)) + "</tr>"
            for each in self._entries
        )
        return f'<div class="boathouse"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(entry: Entry) -> tuple[str, ...]:
    return entry.kind, entry.database, entry.name, str(len(entry.columns)), entry.detail
