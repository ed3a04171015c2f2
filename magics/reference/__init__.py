"""A page for each magic, written from its declaration: what may stand on its line, and what it does.

`python -m magics.reference` writes the pages beside this module; a test holds them to the declarations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from magics.command import Command, CommandMagic
from magics.declared import MAGICS, Magic
from magics.grammar import Argument, Grammar, Option
from magics.query import QueryMagic

FOLDER = Path(__file__).parent


def pages() -> dict[str, str]:
    """The pages, by file name; a name that is both a cell and a line magic has one page."""
    written = {f"{magic.name}.md": page(magic) for magic in MAGICS}
    return {"README.md": _index(), **written}


def page(magic: Magic) -> str:
    """The page of one magic, in Markdown."""
    match magic:
        case QueryMagic():
            lines = [f"# {_title(magic)}", "", magic.summary, "", *_question(magic), *_examples(magic.examples)]
        case CommandMagic():
            lines = [f"# {_title(magic)}", "", magic.summary, ""]
            for command in magic.commands:
                lines += _command(magic, command)
            lines += _examples(magic.examples)
            if magic.question is not None:
                lines += [f"## `%%{magic.name}` asks in SQL", "", magic.question.summary, ""]
                lines += [*_question(magic.question), *_examples(magic.question.examples)]
    return "\n".join(lines).rstrip() + "\n"


def _index() -> str:
    rows = [f"| [{_title(magic)}]({magic.name}.md) | {_cell(magic.summary)} |" for magic in MAGICS]
    head = ["# The magics", "", "`%load_ext magics` brings them; `%name?` shows the same in a notebook.", ""]
    return "\n".join([*head, "| magic | what it does |", "|---|---|", *rows]) + "\n"


def _title(magic: Magic) -> str:
    match magic:
        case QueryMagic(of_line=False):
            names = [f"%%{magic.name}"]
        case CommandMagic(takes_cell=False):
            names = [f"%{magic.name}"]
        case _:
            names = [f"%%{magic.name}", f"%{magic.name}"]
    return ", ".join(f"`{name}`" for name in names)


def _question(magic: QueryMagic) -> Iterator[str]:
    grammar = magic.grammar(of_cell=True)
    yield from ("```", f"%%{magic.name} [name <<] [options]", "SQL", "```", "")
    if magic.of_line:
        yield from ("```", f"%{magic.name} [name <<] [options] SQL", "```", "")
    yield from _table(grammar)
    yield (
        "`name <<` assigns the answer. A `:name` in the SQL is bound to the notebook's variable of that name; it is"
        " never pasted into the text."
    )
    yield ""


def _command(magic: CommandMagic, command: Command) -> Iterator[str]:
    grammar = magic.grammar(command, of_cell=command.takes_cell)
    yield from (f"## `{grammar.prompt}`", "", command.summary, "", "```", grammar.usage(), "```", "")
    yield from _table(grammar)


def _table(grammar: Grammar) -> Iterator[str]:
    rows = [*map(_argument, grammar.arguments), *map(_option, grammar.options)]
    if rows:
        yield from ("| word | meaning |", "|---|---|", *rows, "")


def _argument(argument: Argument) -> str:
    shown = f"`{argument.name.upper()}`" + ("…" if argument.repeated else "")
    return f"| {shown} | {_cell(argument.help)}{'' if argument.required else ' May be left out.'} |"


def _option(option: Option) -> str:
    value = option.metavar or "|".join(option.choices)
    flags = ", ".join(f"`{flag} {value}`" if value else f"`{flag}`" for flag in option.flags)
    return f"| {_cell(flags)} | {_cell(option.help)}{' May be repeated.' if option.repeated else ''} |"


def _examples(examples: tuple[str, ...]) -> Iterator[str]:
    for example in examples:
        yield from ("```", *(line.removeprefix("  ") for line in example.splitlines()), "```", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(folder: Path = FOLDER) -> None:
    """Write the pages, and remove those of magics that are no more."""
    wanted = pages()
    for old in folder.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
