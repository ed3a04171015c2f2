"""One run of a named crawler: which part of its targets it looks at, all of them surveyed, then written.

Knows nothing of locks, schedules and history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress
from kit.catalog.classifiers import Classifier
from kit.catalog.crawler.crawler import CatalogWriter, record, require_threshold
from kit.catalog.crawler.definition import Crawler, Target
from kit.catalog.crawler.proposal import UPDATED_BY
from kit.catalog.crawler.report import CrawlReport, merged
from kit.catalog.crawler.survey import Scope, survey
from kit.catalog.model import Table
from kit.storage import Storage

# How many objects a run classifies between two looks at whether it is to stop.
_OBJECTS_BETWEEN_LOOKS = 50


def scopes(
    crawler: Crawler, tables: Iterable[Table], seen: frozenset[str], events: Sequence[str], *, is_first: bool
) -> list[tuple[Target, Scope]]:
    """What of each target a run looks at.

    `tables` are those of the crawler's database, `seen` the folders of its earlier runs, `events` the URIs of objects
    that came or went since. An object below one of the crawler's tables means that table, another the whole target.
    """
    if is_first or crawler.recrawl == "CRAWL_EVERYTHING":
        return [(target, Scope()) for target in crawler.targets]
    own = [
        table.descriptor.location.rstrip("/") + "/"
        for table in tables
        if table.parameters.get(UPDATED_BY) == crawler.name
    ]
    found: list[tuple[Target, Scope]] = []
    for target in crawler.targets:
        known = tuple(location for location in own if location.startswith(target.uri))
        if crawler.recrawl == "CRAWL_NEW_FOLDERS_ONLY":
            found.append((target, Scope(seen=seen, known=known)))
            continue
        arrived = [uri for uri in events if uri.startswith(target.uri)]
        touched = {next((each for each in known if uri.startswith(each)), target.uri) for uri in arrived}
        if target.uri in touched:
            found.append((target, Scope()))
        elif touched:
            found.append((target, Scope(prefixes=tuple(sorted(touched)), known=tuple(sorted(touched)))))
    return found


def run_crawl(
    catalog: CatalogWriter,
    storage: Storage,
    crawler: Crawler,
    classifiers: Sequence[Classifier],
    parts: Sequence[tuple[Target, Scope]],
    now_ms: int,
    progress: Stoppable,
) -> tuple[CrawlReport, list[str]]:
    """What was found and done, and the folders that were looked at. Nothing is written before all is surveyed."""
    watch = Stopwatch()
    progress.look()
    found = [
        (
            crawler.options(target, classifiers),
            scope,
            survey(storage, target.uri, crawler.options(target, classifiers), scope, progress),
        )
        for target, scope in parts
    ]
    if found:
        require_threshold([each for _, _, each in found], found[0][0])
    reports = [record(catalog, each, crawler.database, options, scope, now_ms) for options, scope, each in found]
    uris = [target.uri for target in crawler.targets]
    folders = [folder for _, _, each in found for folder in each.folders]
    return merged(uris, crawler.database, reports, watch.ms), folders


class Stoppable:
    """Hands progress on, and raises `CrawlerStoppedException` soon after the crawler was told to stop."""

    def __init__(self, progress: Progress, is_stopping: Callable[[], bool]) -> None:
        self._progress = progress
        self._is_stopping = is_stopping
        self._updates = 0

    def update(self, fraction: float | None, message: str = "") -> None:
        self._progress.update(fraction, message)
        self._updates += 1
        if self._updates % _OBJECTS_BETWEEN_LOOKS == 0:
            self.look()

    def look(self) -> None:
        if self._is_stopping():
            raise KitError("CrawlerStoppedException", "The crawler was stopped before its end.", "start runs it again.")
