"""`%crawler`: crawlers defined, run and looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from magics.command import Command, CommandMagic
from magics.grammar import Argument, Option, positive
from magics.query import DATABASE
from magics.reader import Words
from magics.session import Session

_SETTINGS = ("schedule", "recrawl", "prefix", "update", "delete", "level", "threshold")
_NAMES = {
    "prefix": "table_prefix",
    "update": "update_behavior",
    "delete": "delete_behavior",
    "level": "table_level",
    "threshold": "table_threshold",
}


def _list(session: Session, words: Words) -> Any:
    del words
    from kit.widgets import crawler_overview

    return crawler_overview.crawlers(session.workspace)


def _create(session: Session, words: Words) -> Any:
    from kit.catalog.crawler import Target
    from kit.widgets import crawler_overview

    exclusions = tuple(words.all("exclude"))
    targets = [Target(uri, exclusions, words.first("sample")) for uri in words.all("target")]
    settings = {_NAMES.get(name, name): words.first(name) for name in _SETTINGS if name in words}
    session.workspace.catalog.crawlers.create(
        words.first("crawler"),
        targets,
        database=words.first("database", session.defaults.database),
        classifiers=tuple(words.all("classifier")),
        **settings,
    )
    return crawler_overview.crawlers(session.workspace)


def _start(session: Session, words: Words) -> Any:
    with session.progress() as progress:
        return session.workspace.catalog.crawlers.start(words.first("crawler"), progress)


def _due(session: Session, words: Words) -> Any:
    del words
    from kit.widgets import crawler_overview

    with session.progress() as progress:
        session.workspace.catalog.crawlers.run_due(progress)
    return crawler_overview.crawlers(session.workspace)


def _history(session: Session, words: Words) -> Any:
    from kit.widgets import crawler_overview

    return crawler_overview.history(session.workspace, words.first("crawler"))


def _drop(session: Session, words: Words) -> None:
    session.workspace.catalog.crawlers.delete(words.first("crawler"))


def _diff(session: Session, words: Words) -> Any:
    database, name = _qualified(session, words)
    return session.workspace.catalog.diff(database, name, words.first("old"), words.first("new"))


def _analyze(session: Session, words: Words) -> Any:
    database, name = _qualified(session, words)
    return session.workspace.catalog.analyze(database, name, words.all("column"))


def _qualified(session: Session, words: Words) -> tuple[str, str]:
    database, _, name = words.first("table").rpartition(".")
    return database or words.first("database", session.defaults.database), name


def _crawlers(session: Session) -> Iterable[str]:
    return [each.name for each in session.workspace.catalog.crawlers.list()]


def _classifiers(session: Session) -> Iterable[str]:
    return session.workspace.catalog.crawlers.classifiers()


def _tables(session: Session) -> Iterable[str]:
    return session.workspace.catalog.table_names(session.defaults.database)


_NAMED = Argument("crawler", "The crawler's name.", offers=_crawlers)
_TABLE = Argument("table", "The table, which its database may qualify.", offers=_tables)

CRAWLER = CommandMagic(
    "crawler",
    "Let crawlers find out what data there are, once, by a schedule or when objects arrive.",
    (
        Command("", "The crawlers, when they are due and how their last runs went.", _list),
        Command(
            "create",
            "Define a crawler of these folders.",
            _create,
            options=(
                DATABASE,
                Option(("--schedule",), "When it is due: 'cron(0 2 * * ? *)' is two o'clock UTC.", "CRON"),
                Option(
                    ("--recrawl",),
                    "What a later run looks at: all of it, new folders, or what arrived.",
                    choices=("CRAWL_EVERYTHING", "CRAWL_NEW_FOLDERS_ONLY", "CRAWL_EVENT_MODE"),
                ),
                Option(
                    ("--update",),
                    "What becomes of schemas that changed.",
                    choices=("UPDATE_IN_DATABASE", "LOG"),
                ),
                Option(
                    ("--delete",),
                    "What becomes of tables whose data are gone.",
                    choices=("DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE", "LOG"),
                ),
                Option(("--exclude",), "Leave objects of this glob pattern alone; repeatable.", "GLOB", repeated=True),
                Option(
                    ("--classifier",),
                    "Ask this custom classifier first; repeatable.",
                    "NAME",
                    repeated=True,
                    offers=_classifiers,
                ),
                Option(("--prefix",), "Begin the tables' names with this.", "TEXT"),
                Option(("--level",), "Where tables are: the bucket is level 1.", "N", positive),
                Option(("--sample",), "Read so many objects of each folder, at most 249.", "N", positive),
                Option(("--threshold",), "Write nothing if there are more tables than these.", "N", positive),
            ),
            arguments=(
                Argument("crawler", "The crawler's name."),
                Argument("target", "The folders to crawl, like s3://lake/raw/.", repeated=True),
            ),
        ),
        Command("start", "Run a crawler now.", _start, arguments=(_NAMED,)),
        Command("due", "Run those that are due, and those whose objects have arrived.", _due),
        Command("history", "The runs of a crawler, newest first.", _history, arguments=(_NAMED,)),
        Command("drop", "Forget a crawler; what it made stays.", _drop, arguments=(_NAMED,)),
        Command(
            "diff",
            "What became different between two versions of a table; by default the last two.",
            _diff,
            options=(
                DATABASE,
                Option(("--old",), "The earlier version.", "N", positive),
                Option(("--new",), "The later version.", "N", positive),
            ),
            arguments=(_TABLE,),
        ),
        Command(
            "analyze",
            "Take statistics of a table's columns, of all or of these.",
            _analyze,
            options=(DATABASE,),
            arguments=(
                _TABLE,
                Argument("column", "The columns.", required=False, repeated=True),
            ),
        ),
    ),
    examples=(
        "  %crawler create raw s3://lake/raw/ --database nyc --recrawl CRAWL_EVENT_MODE",
        "  %crawler start raw",
        "  %crawler diff nyc.flights",
    ),
)
