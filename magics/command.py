"""Magics that are a few words: `%kit open PATH`, `%tables nyc`. Each command is a declaration and one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError, did_you_mean
from magics.grammar import Argument, Grammar, Option
from magics.reader import Words, read
from magics.session import Session


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a magic; `name` is empty for what the magic does without one.

    With `text`, what follows the options is taken as it stands; with `takes_cell`, the cell's body is part of it.
    """

    name: str
    summary: str
    run: Callable[[Session, Words], Any]
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()
    text: str = ""
    takes_cell: bool = False


@dataclass(frozen=True, slots=True)
class CommandMagic:
    """The declaration of `%name`, and of `%%name` where one of its commands takes a cell."""

    name: str
    summary: str
    commands: tuple[Command, ...]
    examples: tuple[str, ...] = ()

    @property
    def takes_cell(self) -> bool:
        return any(command.takes_cell for command in self.commands)

    def grammar(self, command: Command, *, of_cell: bool = False) -> Grammar:
        """The grammar of the line behind a command's name."""
        prompt = f"{'%%' if of_cell else '%'}{self.name} {command.name}".rstrip()
        return Grammar(prompt, command.summary, command.options, command.arguments, command.text)

    def help(self) -> str:
        """What `%name?` shows."""
        shown = [self.summary, ""]
        for command in self.commands:
            grammar = self.grammar(command, of_cell=command.takes_cell)
            shown += [f"  {grammar.usage()}", f"      {command.summary}"]
            shown += [f"    {line}" for line in grammar.help().splitlines()]
        if self.examples:
            shown += ["", "Examples:", "", *self.examples]
        return "\n".join(shown) + "\n"

    def run(self, session: Session, line: str, cell: str | None, local: Mapping[str, Any]) -> Any:
        """Run the command that the line names, and give back what the cell is to show."""
        del local
        command, rest = self.choose(line)
        if cell is not None and not command.takes_cell:
            raise KitError(
                "INVALID_ARGUMENT", f"%%{self.name} {command.name}".rstrip() + " takes no cell.", "Use one '%'."
            )
        return command.run(session, read(self.grammar(command, of_cell=cell is not None), rest, cell))

    def choose(self, line: str) -> tuple[Command, str]:
        """The command that the line names, and the rest of the line."""
        first, rest = [*line.split(maxsplit=1), "", ""][:2]
        named = {command.name: command for command in self.commands}
        if first in named:
            return named[first], rest
        bare = named.get("")
        if bare is not None and (not first or first.startswith("-") or bare.arguments or bare.text):
            return bare, line
        known = [name for name in named if name]
        hint = did_you_mean(first, known) or f"Commands: {', '.join(known)}."
        message = f"%{self.name} has no command '{first}'." if first else f"%{self.name} needs a command."
        statement = f"%{self.name} {line.strip()}"
        raise KitError("UNKNOWN_COMMAND", message, hint, statement=statement, line=1, column=len(self.name) + 3)
