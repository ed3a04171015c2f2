"""Magics that are a few words: `%kit open PATH`, `%tables nyc`. Each command is a declaration and one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.base.errors import KitError, did_you_mean
from magics.grammar import Argument, Grammar, Option
from magics.reader import Words, read
from magics.session import Session

if TYPE_CHECKING:
    from magics.query import QueryMagic


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
    """The declaration of `%name`, and of `%%name` where one of its commands takes a cell.

    With `question`, a cell whose line names no command is a question in SQL.
    """

    name: str
    summary: str
    commands: tuple[Command, ...]
    examples: tuple[str, ...] = ()
    question: QueryMagic | None = None

    @property
    def takes_cell(self) -> bool:
        return self.question is not None or any(command.takes_cell for command in self.commands)

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
        if self.question is not None:
            shown += ["", self.question.help().rstrip()]
        if self.examples:
            shown += ["", "Examples:", "", *self.examples]
        return "\n".join(shown) + "\n"

    def run(self, session: Session, line: str, cell: str | None, local: Mapping[str, Any]) -> Any:
        """Run the command that the line names, and give back what the cell is to show."""
        if self.question is not None:
            if cell is not None and not self.names_command(line):
                return self.question.run(session, line, cell, local)
            line = session.expanded(line)
        command, rest = self.choose(line)
        if cell is not None and not command.takes_cell:
            raise KitError(
                "INVALID_ARGUMENT", f"%%{self.name} {command.name}".rstrip() + " takes no cell.", "Use one '%'."
            )
        return command.run(session, read(self.grammar(command, of_cell=cell is not None), rest, cell))

    def names_command(self, line: str) -> bool:
        """Whether the line begins with the name of a command."""
        first = line.split(None, 1)[:1]
        return bool(first) and any(command.name == first[0] for command in self.commands)

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
