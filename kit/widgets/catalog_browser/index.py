"""Finding by name: tables, columns, streams and tables of the warehouse, as one types.

Columns need every table's definition, so they are read once for each state of what there is, when a search wants them.
"""

from __future__ import annotations

from collections.abc import Iterator

from kit.catalog.inventory import Entry
from kit.catalog.model import Column
from kit.widgets.catalog_browser.tree import Node
from kit.widgets.catalog_browser.warehouse import session
from kit.workspace import Workspace

FOUND = 100


class Index:
    """Not safe among threads: one searches."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._state: object = None
        self._lines: list[tuple[str, Entry, Column | None]] = []

    def search(self, text: str) -> list[Node]:
        """What has all words of the text in its name, names that begin with the first word first; at most `FOUND`."""
        words = text.lower().split()
        if not words:
            return []
        state = (state_of(self._workspace), _warehouse_of(self._workspace))
        if state != self._state:
            self._lines = [line for entry in self._workspace.catalog.inventory() for line in _lines(entry)]
            self._state = state
        found = [
            (not name.rpartition(".")[2].startswith(words[0]), column is not None, name, place)
            for place, (name, _, column) in enumerate(self._lines)
            if all(word in name for word in words)
        ]
        return [_node(*self._lines[place][1:]) for *_, place in sorted(found)[:FOUND]]


def state_of(workspace: Workspace) -> tuple[object, ...]:
    """Equal where catalog and streams are the same, whoever may have changed them; well below a millisecond."""
    streams = workspace.path / "streams"
    return (
        workspace.catalog.generation(),
        tuple((name, len(workspace.streams[name].shards())) for name in workspace.streams) if streams.is_dir() else (),
    )


def _warehouse_of(workspace: Workspace) -> tuple[str, ...]:
    if not (workspace.path / "warehouse").is_dir():
        return ()
    with session(workspace) as warehouse:
        return tuple(warehouse.tables())


def _lines(entry: Entry) -> Iterator[tuple[str, Entry, Column | None]]:
    """What can be found of an entry, by its name in lower case: itself and its columns, a stream's only with it."""
    if entry.kind == "stream":
        yield entry.name.lower(), entry, None
        return
    name = f"{entry.database}.{entry.name}".lower()
    yield name, entry, None
    for column in entry.columns:
        yield f"{name}.{column.name.lower()}", entry, column


def _node(entry: Entry, column: Column | None) -> Node:
    if entry.kind == "stream":
        return Node(("streams", entry.name), entry.name, "stream", entry.detail, True)
    label = f"{entry.database}.{entry.name}"
    home, parts = ("warehouse", ()) if entry.kind == "warehouse" else ("lake", ("columns",))
    path = (home, entry.database, entry.name)
    if column is None:
        return Node(path, label, "table", entry.kind, True)
    return Node((*path, *parts, column.name), f"{label}.{column.name}", "column", column.type)
