"""What Tab offers inside our magics: options, their values, the arguments of commands, and SQL names.

Front ends differ in what they send: JupyterLab and the terminal the whole cell, others the line alone. Both come here
as IPython's context, which says where the cursor is; the rest is decided on text. An answer replaces the token that
IPython found before the cursor, so it is cut to fit it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from types import ModuleType
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from kit.base.errors import KitError
from magics.command import Command, CommandMagic
from magics.grammar import Argument, Grammar, Option
from magics.query import QueryMagic
from magics.reader import Offer, Words, expected, read
from magics.session import Session
from magics.statement import compose

_CELL = re.compile(r"\s*%%(\w+)(?=\s)")
_LINE = re.compile(r"\s*(?:[^\W\d]\w*\s*=\s*)?%(\w+)(?=\s)")
UNKNOWN_KIND = "boathouse"
_PARAMETER = re.compile(r"(?<![\w:'\"\]]):([^\W\d]\w*)?\Z")


def matcher(session: Session, magics: Sequence[QueryMagic | CommandMagic]) -> Callable[..., SimpleMatcherResult]:
    """An IPython matcher for the cells and lines of these magics."""

    @context_matcher(identifier="boathouse", priority=100)
    def boathouse_matcher(context: CompletionContext) -> SimpleMatcherResult:
        offer = offered(session, magics, context.full_text, context.cursor_line, context.cursor_position)
        found = [SimpleCompletion(text, type=kind) for text, kind in fitted(offer, context.token)] if offer else []
        return {"completions": found, "suppress": bool(found), "matched_fragment": context.token, "ordered": True}

    return boathouse_matcher


def offered(
    session: Session, magics: Sequence[QueryMagic | CommandMagic], text: str, line: int, column: int
) -> Offer | None:
    """What to offer at a zero-based place of a cell; None where no magic of ours is."""
    lines = text.split("\n")
    before = "\n".join([*lines[:line], lines[line][:column]])
    cell = _CELL.match(before)
    found = cell or _LINE.match(lines[line][:column])
    if found is None:
        return None
    magic = next((magic for magic in magics if magic.name == found[1]), None)
    header, newline, body = (before if cell else lines[line][:column])[found.end() :].partition("\n")
    try:
        match magic:
            case None:
                return None
            case QueryMagic() if newline:
                return _in_sql(session, magic, header, body, "\n".join(lines)[len(before) :])
            case QueryMagic():
                after = lines[line][column:]
                return _in_line(session, magic.grammar(of_cell=bool(cell)), header, magic, after)
            case CommandMagic(question=QueryMagic() as question) if newline and not magic.names_command(header):
                return _in_sql(session, question, header, body, "\n".join(lines)[len(before) :])
            case CommandMagic(question=QueryMagic() as question) if cell and not newline:
                command = _in_command(session, magic, header)
                return command or _in_line(session, question.grammar(of_cell=True), header, question, "")
            case CommandMagic() if not newline:
                return _in_command(session, magic, header)
            case _:
                return None
    except KitError:
        # The text is unfinished, or the catalog out of reach: there is nothing to offer, and no place to say so.
        return None


def fitted(offer: Offer, token: str) -> list[tuple[str, str]]:
    """The candidates and their kinds, as replacements of `token`: what IPython takes for the word before the cursor."""
    candidates = list(zip_longest(offer.candidates, offer.kinds, fillvalue=UNKNOWN_KIND))
    if token.endswith(offer.fragment):
        head = token[: len(token) - len(offer.fragment)]
        return [(head + text, kind) for text, kind in candidates]
    cut = len(offer.fragment) - len(token)
    if cut < 0:
        return []
    return [(text[cut:], kind) for text, kind in candidates if text.startswith(offer.fragment[:cut])]


def _in_line(session: Session, grammar: Grammar, line: str, magic: QueryMagic | None, after: str) -> Offer | None:
    wanted = expected(grammar, line)
    match wanted.what:
        case "flag":
            return _offer(wanted.fragment, (flag for option in grammar.options for flag in option.flags))
        case "text" if magic is not None:
            return _in_sql(session, magic, line[: len(line) - len(wanted.fragment)], wanted.fragment, after)
        case Option(choices=choices) if choices:
            return _offer(wanted.fragment, choices)
        case Option(offers=offers) | Argument(offers=offers) if offers is not None:
            return _offer(wanted.fragment, offers(session))
        case _:
            return None


def _in_command(session: Session, magic: CommandMagic, line: str) -> Offer | None:
    first, space, rest = line.lstrip().partition(" ")
    named = {command.name: command for command in magic.commands}
    if space and first in named:
        return _in_line(session, magic.grammar(named[first]), rest, None, "")
    names = [] if space else [name for name in named if name.startswith(first) and name]
    bare: Command | None = named.get("")
    inside = _in_line(session, magic.grammar(bare), line, None, "") if bare else None
    if inside is None:
        return Offer(first, tuple(names)) if names else None
    return Offer(inside.fragment, (*names, *inside.candidates))


def _in_sql(session: Session, magic: QueryMagic, header: str, before: str, after: str) -> Offer | None:
    parameter = _PARAMETER.search(before)
    if parameter is not None:
        return _offer(parameter[1] or "", _variables(session.names))
    if magic.complete is None:
        return None
    words = _words(magic, header)
    database = words.first("database", session.defaults.database)
    # Snippets come before the text, so that their names can be completed and their columns are known.
    snippets = session.snippets.resolve(words.all("with")) if "with" in words else ()
    statement = compose(before + after, snippets)
    written = len(statement.text) - len(after)
    return magic.complete(session.workspace, statement.text[:written], statement.text[written:], database)


def _words(magic: QueryMagic, header: str) -> Words:
    """What the line says; nothing where it is wrong."""
    try:
        return read(magic.grammar(of_cell=True), header)
    except KitError:
        return Words(header)


def _variables(names: dict[str, Any]) -> list[str]:
    """Names of values, as against those of functions, classes, modules and IPython's own."""
    return sorted(
        name
        for name, value in names.items()
        if not name.startswith("_") and not callable(value) and not isinstance(value, ModuleType)
        if name not in ("In", "Out")
    )


def _offer(fragment: str, candidates: Iterable[str]) -> Offer | None:
    matching = [candidate for candidate in candidates if candidate.lower().startswith(fragment.lower())]
    return Offer(fragment, tuple(dict.fromkeys(matching))) if matching else None
