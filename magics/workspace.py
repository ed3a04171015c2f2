"""`%kit`: which workspace the magics act on, and what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kit.base.display import count
from magics.command import Command, CommandMagic
from magics.grammar import Argument
from magics.reader import Words
from magics.session import Session, shown_path


def _status(session: Session, words: Words) -> Any:
    del words
    from kit.widgets import overview

    return overview.status(session.workspace, shown_path(session.workspace.path))


def _open(session: Session, words: Words) -> Any:
    if not words.rest.strip():
        raise words.error("MISSING_ARGUMENT", "%kit open needs PATH.", "Usage: %kit open PATH")
    path = words.rest.strip()
    return session.open(path[1:-1] if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"" else path)


def _use(session: Session, words: Words) -> Any:
    from kit.workspace import Workspace

    name = words.first("variable")
    held = session.names.get(name)
    if not isinstance(held, Workspace):
        raise words.error("INVALID_ARGUMENT", f"'{name}' is no workspace.", "ws = kit.open(...)", at="variable")
    return session.use(held)


def _workspaces(session: Session) -> Iterable[str]:
    from kit.workspace import Workspace

    return [name for name, value in session.names.items() if isinstance(value, Workspace)]


def _snippets(session: Session, words: Words) -> Any:
    del words
    from kit.widgets import overview

    kept = [session.snippets.get(name) for name in session.snippets.names()]
    rows = [(snippet.name, ", ".join(snippet.needs), snippet.text) for snippet in kept]
    return overview.listing(
        dict.fromkeys(("snippet", "builds on", "text"), "string"), rows, [count(len(rows), "snippet")]
    )


def _forget(session: Session, words: Words) -> None:
    session.snippets.delete(words.first("name"))


def _snippet_names(session: Session) -> Iterable[str]:
    return session.snippets.names()


KIT = CommandMagic(
    "kit",
    "Choose the workspace that the magics act on, and see what it holds.",
    (
        Command("", "What the workspace holds.", _status),
        Command(
            "open",
            "Act on the workspace in this folder from now on; `ws = %kit open PATH` keeps it.",
            _open,
            text="PATH",
        ),
        Command(
            "use",
            "Act on a workspace that a variable holds, such as one with a clock that is moved by hand.",
            _use,
            arguments=(Argument("variable", "The variable's name.", offers=_workspaces),),
        ),
        Command("snippets", "The queries kept with --save.", _snippets),
        Command(
            "forget",
            "Delete a snippet.",
            _forget,
            arguments=(Argument("name", "The snippet to delete.", offers=_snippet_names),),
        ),
    ),
    examples=("  ws = %kit open my-lab", "  %kit"),
)
