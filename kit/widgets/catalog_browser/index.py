"""Finding by name: tables, columns, streams and tables of the warehouse, as one types.

Columns need every table's definition, so they are read once for each state of what there is, when a search wants them.
"""

from __future__ import annotations

from collections.abc import Iterator

from kit.catalog.inventory import Entry
from kit.widgets.catalog_browser.tree import Node
from kit.widgets.catalog_browser.warehouse import session
from kit.workspace import Workspace

FOUND = 100


class Index:
    """Not safe among threads: one searches."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._state: object = None
        self._entries: tuple[Entry, ...] = ()

    def search(self, text: str) -> list[Node]:
        """What has all words of the text in its name, names that begin with the first word first; at most `FOUND`."""
        words = text.lower().split()
        if not words:
            return []
        state = (state_of(self._workspace), _warehouse_of(self._workspace))
        if state != self._state:
            self._entries = tuple(self._workspace.catalog.inventory())
            self._state = state
        found = [
            (not node.label.rpartition(".")[2].lower().startswith(words[0]), node.kind == "column", node.label, node)
            for entry in self._entries
            for node in _nodes(entry)
            if all(word in node.label.lower() for word in words)
        ]
        return [node for *_, node in sorted(found, key=lambda each: each[:3])[:FOUND]]


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


def _nodes(entry: Entry) -> Iterator[Node]:
    match entry.kind:
        case "stream":
            yield Node(("streams", entry.name), entry.name, "stream", entry.detail, True)
        case "warehouse":
            path = ("warehouse", entry.database, entry.name)
            yield Node(path, f"{entry.database}.{entry.name}", "table", "warehouse", True)
            for column in entry.columns:
                yield Node((*path, column.name), f"{entry.database}.{entry.name}.{column.name}", "column", column.type)
        case _:
            path = ("lake", entry.database, entry.name)
            yield Node(path, f"{entry.database}.{entry.name}", "table", entry.kind, True)
            for column in entry.columns:
                label = f"{entry.database}.{entry.name}.{column.name}"
                yield Node((*path, "columns", column.name), label, "column", column.type)
