"""Crawlers and their runs as results to look at. Reads, and changes nothing; instants are the workspace's clock's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kit.base import display
from kit.base.result import Result
from kit.widgets.overview import listing

if TYPE_CHECKING:
    from kit.catalog.crawler import CrawlerStatus, CrawlRun
    from kit.workspace import Workspace


def crawlers(workspace: Workspace) -> Result:
    """All crawlers by name: a row each."""
    held = workspace.catalog.crawlers.list()
    rows = [_status(each) for each in held]
    columns = ("crawler", "state", "targets", "database", "next due", "last run", "tables")
    return listing(dict.fromkeys(columns, "string"), rows, [display.count(len(rows), "crawler")])


def history(workspace: Workspace, name: str) -> Result:
    """The runs of a crawler, newest first."""
    rows = [_run(each) for each in workspace.catalog.crawlers.history(name)]
    columns = {"run": "int64", **dict.fromkeys(("started", "cause", "state", "made", "changed", "message"), "string")}
    return listing(columns, rows, [name, display.count(len(rows), "run")])


def _status(each: CrawlerStatus) -> tuple[object, ...]:
    last = each.last_run
    return (
        each.name,
        each.state,
        ", ".join(target.uri for target in each.crawler.targets),
        each.crawler.database,
        _moment(each.next_due) or (f"{each.pending_events} objects arrived" if each.pending_events else ""),
        "" if last is None else f"{last.state} {_moment(last.started)}",
        "" if last is None else str(len(last.created) + len(last.updated) + last.unchanged),
    )


def _run(run: CrawlRun) -> tuple[object, ...]:
    changed = [*run.updated, *(f"{name} (gone)" for name in run.departed)]
    return (
        run.number,
        _moment(run.started),
        run.cause,
        run.state,
        ", ".join(run.created),
        ", ".join(changed),
        run.message,
    )


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
