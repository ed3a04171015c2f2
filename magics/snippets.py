"""Queries kept under a name in the workspace, one readable file each: `snippets/NAME.sql`.

A snippet that builds on others says so in its first line. Files appear whole or not at all; the last writer wins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from kit.base.errors import KitError, did_you_mean
from kit.base.ids import Entropy
from magics.statement import Snippet, trimmed

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_NEEDS = "-- builds on: "


def snippet_name(word: str) -> str:
    """A name that can stand in SQL unquoted and as a file's name on every system; folded to lower case."""
    name = word.lower()
    if not _NAME.fullmatch(name):
        raise ValueError("a snippet's name is letters, digits and underscores, and starts with no digit")
    return name


class Snippets:
    """The snippets in one folder."""

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy

    def names(self) -> list[str]:
        """In alphabetical order."""
        if not self._folder.is_dir():
            return []
        return sorted(path.stem for path in self._folder.glob("*.sql") if _NAME.fullmatch(path.stem))

    def get(self, name: str) -> Snippet:
        """Raises `SNIPPET_NOT_FOUND`."""
        try:
            text = self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            known = self.names()
            hint = did_you_mean(name, known) or (
                f"There are: {', '.join(known)}." if known else "Keep one with --save."
            )
            raise KitError("SNIPPET_NOT_FOUND", f"There is no snippet '{name}'.", hint) from error
        first, _, rest = text.partition("\n")
        if first.startswith(_NEEDS):
            return Snippet(name, rest, tuple(first.removeprefix(_NEEDS).split(", ")))
        return Snippet(name, text)

    def resolve(self, names: Sequence[str]) -> tuple[Snippet, ...]:
        """These snippets and all that they build on, each once, each behind what it needs."""
        placed: dict[str, Snippet] = {}
        for name in names:
            self._place(name, placed, ())
        return tuple(placed.values())

    def save(self, name: str, text: str, needs: Sequence[str] = ()) -> None:
        """Keep a query; an older one of that name is replaced."""
        if any(snippet.name == name for snippet in self.resolve(needs)):
            raise _circular(name)
        header = f"{_NEEDS}{', '.join(needs)}\n" if needs else ""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f".{self._entropy.uuid()}"
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(header + trimmed(text))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path(name))
        finally:
            unfinished.unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Raises `SNIPPET_NOT_FOUND`."""
        self.get(name)
        self._path(name).unlink(missing_ok=True)

    def _place(self, name: str, placed: dict[str, Snippet], above: tuple[str, ...]) -> None:
        if name in above:
            raise _circular(name)
        if name not in placed:
            snippet = self.get(name)
            for needed in snippet.needs:
                self._place(needed, placed, (*above, name))
            placed[name] = snippet

    def _path(self, name: str) -> Path:
        try:
            return self._folder / f"{snippet_name(name)}.sql"
        except ValueError as error:
            raise KitError("INVALID_ARGUMENT", f"'{name}' is no name for a snippet: {error}.") from error


def _circular(name: str) -> KitError:
    return KitError("CIRCULAR_SNIPPET", f"The snippet '{name}' builds on itself.", "Save it under another name.")
