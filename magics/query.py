"""Magics that ask a service a question in SQL: what they have in common, so that each one is a declaration.

A `QueryMagic` says what it is called, what its service's call is, and which options are its own. The rest is here:
where the text comes from (the line, the cell, a file), what it builds on, what its parameters are, what becomes of the
answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.base.errors import KitError, did_you_mean
from kit.base.progress import Progress
from kit.base.result import Result
from kit.workspace import Workspace
from magics.grammar import Grammar, Option, identifier, positive
from magics.parameters import bind, binding
from magics.reader import Offer, Words, read
from magics.session import TYPES, Session
from magics.snippets import snippet_name
from magics.statement import compose, is_empty

COMMON = (
    Option(("-o", "--output"), "Assign the answer to this name, as 'name <<' does.", "NAME", identifier),
    Option(
        ("-p", "--param"),
        "Bind :name to the value of a Python expression.",
        "name=expr",
        binding,
        repeated=True,
        verbatim=True,
    ),
    Option(("-l", "--limit"), "Show this many rows; all are there.", "N", positive),
    Option(("-t", "--type"), f"Give the answer as {', '.join(TYPES)}.", "KIND", choices=TYPES),
    Option(("--no-display",), "Show nothing."),
    Option(("--explain",), "Show how the statement would be run, and do not run it."),
    Option(("-f", "--file"), "Read the statement from a file instead of the cell.", "PATH"),
    Option(("--save",), "Keep the statement as a snippet in the workspace once it has run.", "NAME", snippet_name),
    Option(
        ("--with",),
        "Put a snippet before the statement as a common table expression of its name.",
        "NAME",
        snippet_name,
        repeated=True,
        offers=lambda session: session.snippets.names(),
    ),
)


def databases(session: Session) -> list[str]:
    """The names of the catalog's databases."""
    return [database.name for database in session.workspace.catalog.databases()]


# A notebook keeps every cell's value in `Out`. What is larger than this is shown and not kept there, so that asking
# often does not fill the memory.
OUT_BYTES = 16_000_000

DATABASE = Option(("-d", "--database"), "Look for tables in this database.", "NAME", offers=databases)


@dataclass(frozen=True, slots=True)
class Question:
    """What a service is asked: `options` are the words of the magic's line, for options of the service's own."""

    statement: str
    params: Mapping[str, Any]
    database: str
    options: Words
    progress: Progress


@dataclass(frozen=True, slots=True)
class QueryMagic:
    """The declaration of `%%name` and `%name`.

    `ask` is the one call of the service; `complete` gives what Tab offers between two texts, in a database.
    Without `of_line` there is only the cell magic, so that the line magic of that name can be a `CommandMagic`.
    """

    name: str
    summary: str
    ask: Callable[[Workspace, Question], Result]
    complete: Callable[[Workspace, str, str, str], Offer | None] | None = None
    examples: tuple[str, ...] = ()
    options: tuple[Option, ...] = (DATABASE,)
    of_line: bool = True

    def grammar(self, *, of_cell: bool) -> Grammar:
        """The grammar of the line, as a cell magic's or as a line magic's."""
        prompt = ("%%" if of_cell else "%") + self.name
        return Grammar(prompt, self.summary, (*COMMON, *self.options), text="SQL", assigns=True)

    def help(self) -> str:
        """What `%%name?` shows."""
        grammar = self.grammar(of_cell=True)
        examples = "\n\n".join(self.examples)
        line = f"  %{self.name} [name <<] [options] SQL\n\n" if self.of_line else ""
        return (
            f"{self.summary}\n\n"
            f"  %%{self.name} [name <<] [options]\n  SQL\n\n{line}"
            f"Options:\n{grammar.help()}\n\n"
            "A :name in the SQL is bound to the notebook's variable of that name; it is never pasted into the text.\n"
            "An answer of more than 16 MB is shown but not kept in Out: give it a name to keep it.\n\n"
            f"Examples:\n\n{examples}\n"
        )

    def run(self, session: Session, line: str, cell: str | None, local: Mapping[str, Any]) -> Any:
        """Ask, and give back what the cell is to show."""
        words = read(self.grammar(of_cell=cell is not None), line, cell)
        target = _target(words)
        text = _text(words)
        snippets = session.snippets.resolve(words.all("with")) if "with" in words else ()
        statement = compose(text, snippets, explain="explain" in words)
        scopes = (local, session.names)
        try:
            params = bind(statement.text, words, scopes)
            with session.progress() as progress:
                database = words.first("database", session.defaults.database)
                result = self.ask(session.workspace, Question(statement.text, params, database, words, progress))
        except KitError as error:
            statement.restore(error)
            raise
        if "save" in words:
            session.snippets.save(words.first("save"), text, words.all("with"))
        value = _deliver(session, words, result, target)
        if value is None or cell is None or result.held_bytes <= OUT_BYTES:
            return value
        session.show(value)
        return None


def _text(words: Words) -> str:
    """The statement, from the one place where it stands."""
    if "file" not in words:
        if is_empty(words.rest):
            raise words.error("MISSING_STATEMENT", "There is no SQL here.", "Write it into the cell, or name a --file.")
        return words.rest
    if not is_empty(words.rest):
        raise words.error(
            "INVALID_ARGUMENT", "There is SQL in the cell and in the file.", "Keep one of them.", at="file"
        )
    path = Path(words.first("file")).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise words.error("INVALID_FILE", f"'{path}' is not text in UTF-8.", at="file") from error
    except OSError as error:
        siblings = [entry.name for entry in path.parent.glob("*.sql")]
        hint = did_you_mean(path.name, siblings) or f"Paths start at {Path.cwd()}."
        raise words.error("INVALID_FILE", f"Cannot read '{path}': {error.strerror}.", hint, at="file") from error


def _deliver(session: Session, words: Words, result: Result, target: str) -> Any:
    """Assign the answer where a name was given, and give back what the cell shows."""
    result.page_rows = words.first("limit", session.defaults.limit)
    kind = words.first("type", session.defaults.type)
    value = result if kind == "result" or not result.columns else result.to_type(kind)
    if target:
        session.assign(target, value)
    if "no_display" in words or not session.defaults.display:
        return None
    # Under a name the page and its figures are shown; without one, the value itself, so that `x = %magic` receives it.
    return result if target else value


def _target(words: Words) -> str:
    output = words.first("output", "")
    if output and words.target:
        raise words.error("INVALID_ARGUMENT", "The answer is given two names.", "Keep '<<' or -o.", at="output")
    return output or words.target
