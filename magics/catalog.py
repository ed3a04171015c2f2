"""`%catalog`, `%tables` and `%describe`: what is in the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from magics.command import Command, CommandMagic
from magics.grammar import Argument, Option
from magics.query import DATABASE, databases
from magics.reader import Words
from magics.session import Session


def _tables(session: Session, words: Words) -> Any:
    from kit.widgets import overview

    return overview.tables(session.workspace, words.first("database", ""), words.first("like", "*"))


def _describe(session: Session, words: Words) -> Any:
    from kit.widgets import overview

    database = words.first("database", session.defaults.database)
    return overview.describe(session.workspace, words.first("table"), database)


def _table_names(session: Session) -> Iterable[str]:
    catalog = session.workspace.catalog
    yield from catalog.table_names(session.defaults.database)
    for database in catalog.databases():
        yield from (f"{database.name}.{name}" for name in catalog.table_names(database.name))


def _browse(session: Session, words: Words) -> Any:
    del words
    from kit.widgets.catalog_browser import CatalogBrowser

    return CatalogBrowser(session.workspace)


CATALOG = CommandMagic(
    "catalog",
    "Walk through what the workspace holds: databases and tables, streams, the warehouse.",
    (Command("", "A tree to unfold and to search, with previews and profiles.", _browse),),
    examples=("  %catalog",),
)

TABLES = CommandMagic(
    "tables",
    "List the tables and views of the catalog.",
    (
        Command(
            "",
            "All databases, or the one that is named.",
            _tables,
            options=(Option(("--like",), "Only names of this shape: fl* or *_csv.", "PATTERN"),),
            arguments=(Argument("database", "The database to look in.", required=False, offers=databases),),
        ),
    ),
    examples=("  %tables", "  %tables nyc --like fl*"),
)

DESCRIBE = CommandMagic(
    "describe",
    "Show a table's columns, where it lies and how large it is.",
    (
        Command(
            "",
            "The table may be qualified by its database.",
            _describe,
            options=(DATABASE,),
            arguments=(Argument("table", "The table to describe.", offers=_table_names),),
        ),
    ),
    examples=("  %describe nyc.flights",),
)
