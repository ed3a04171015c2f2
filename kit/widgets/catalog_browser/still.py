"""The catalog as a page that needs no script: what unfolds is HTML's own, and long lists are cut and counted."""

from __future__ import annotations

from html import escape

from kit.widgets.catalog_browser.tree import Node, Page, children
from kit.workspace import Workspace

NODES = 30
DEPTH = 4
ALTOGETHER = 400


def page(workspace: Workspace) -> str:
    """Everything down to columns, as far as there is room for it."""
    room = [ALTOGETHER]
    body = _list(workspace, children(workspace, (), 0, NODES), 1, room)
    return f'<div class="boathouse" role="group" aria-label="Catalog">{body}</div>'


def text(workspace: Workspace) -> str:
    """A line for each database, for terminals."""
    nodes = children(workspace, ()).nodes
    return "\n".join(f"{node.label}  {node.detail}".rstrip() for node in nodes) or "The catalog is empty."


def _list(workspace: Workspace, found: Page, depth: int, room: list[int]) -> str:
    shown = found.nodes[:NODES]
    items = "".join(f"<li>{_item(workspace, node, depth, room)}</li>" for node in shown)
    more = found.total - len(shown)
    rest = f"<li><i>and {more:,} more</i></li>" if more > 0 else ""
    return f'<ul style="list-style:none;padding-left:1.2em;margin:0">{items}{rest}</ul>'


def _item(workspace: Workspace, node: Node, depth: int, room: list[int]) -> str:
    room[0] -= 1
    label = f'{escape(node.label)} <small style="opacity:0.75">{escape(node.detail)}</small>'
    if not node.unfolds or depth >= DEPTH or node.kind in ("partitions", "versions", "warehouse") or room[0] <= 0:
        return label
    below = _list(workspace, children(workspace, node.path, 0, NODES), depth + 1, room)
    unfolded = " open" if depth == 1 else ""
    return f"<details{unfolded}><summary>{label}</summary>{below}</details>"
