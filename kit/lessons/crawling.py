"""Exercises of `06_crawl_and_catalog`: a pattern for an unknown log, a schedule, a folder that is no table yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kit.base.cron import Cron
from kit.lessons.exercise import Exercise, NotYetError

if TYPE_CHECKING:
    from kit.workspace import Workspace

DATABASE = "shop"
_NIGHTS = 14


def _sensors(workspace: Workspace) -> str:
    table = workspace.catalog.table(DATABASE, "sensors")
    types = {column.name: column.type for column in table.columns}
    if set(types) != {"at", "room", "celsius"}:
        raise NotYetError(f"sensors has the columns {', '.join(types)}.", "Each %{PATTERN:name} is a column.")
    if types["celsius"] != "double":
        raise NotYetError(f"celsius is a {types['celsius']}.", "%{NUMBER:celsius:double}")
    lines = sum(
        workspace.storage.get(each.uri).count(b"\n") for each in workspace.storage.iter(table.descriptor.location)
    )
    ((found, rooms),) = workspace.athena.sql(
        "SELECT count(celsius), count(DISTINCT room) FROM sensors WHERE at IS NOT NULL", database=DATABASE
    ).rows
    if found != lines:
        raise NotYetError(f"{found} of {lines} lines have a temperature.", "Try the pattern on one line first.")
    return f"{lines} lines of {rooms} room{'s' * (rooms != 1)}, each with its temperature."


def _nightly(workspace: Workspace) -> str:
    status = workspace.catalog.crawlers.get("shop")
    if not status.is_scheduled:
        raise NotYetError("the crawler shop has no schedule that is on.", "%crawler shows when each is due.")
    schedule = Cron.parse(status.crawler.schedule)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    for night in range(_NIGHTS):
        midnight = start + timedelta(days=night)
        due = schedule.next_after(midnight - timedelta(minutes=1))
        again = None if due is None else schedule.next_after(due)
        wanted = midnight + timedelta(hours=3, minutes=15)
        if due != wanted or again != wanted + timedelta(days=1):
            told = "never" if due is None else f"{due:%A, %H:%M}"
            raise NotYetError(f"on {midnight:%A} it would run next at {told}.", "cron(minutes hours … )")
    return "every night at 03:15 UTC."


def _invoices(workspace: Workspace) -> str:
    ((found,),) = workspace.athena.sql("SELECT count(*) FROM invoices", database=DATABASE).rows
    if found != 2:
        raise NotYetError(f"the table has {found} rows, and there are two invoices.")
    scans = [each.uri for each in workspace.storage.iter("s3://lake/") if each.key.endswith("scan.tiff")]
    if not scans:
        raise NotYetError("the scan is gone.", "storage.copy(source, target) before storage.delete(source)")
    return f"both invoices, and the scan is at {scans[0]}."


EXERCISES = (
    Exercise(
        "06.1",
        "Crawl `s3://lake/sensors/` with a grok classifier of your own, so that `shop` has a table `sensors` with the "
        "columns `at`, `room` and `celsius`, a double.",
        _sensors,
    ),
    Exercise("06.2", "Let the crawler `shop` run every night at 03:15 UTC.", _nightly),
    Exercise(
        "06.3",
        "Get a table `invoices` in `shop` with both invoices of `s3://lake/invoices/`, without losing the scan.",
        _invoices,
    ),
)
