"""Named crawlers: defined once, started on demand, by a schedule or by objects that arrive; each run is kept.

Thin: one transaction or one crawl a method. A run holds a lock of the crawler's own, so that of several processes one
crawls; the lock goes with its process, and a run that it left behind is told as failed.

Source: AWS Glue API Reference, Crawlers and classifiers; read 2026-11.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from kit.base.clock import Clock, instant, now, now_ms
from kit.base.connections import Connections
from kit.base.cron import Cron
from kit.base.errors import KitError, did_you_mean
from kit.base.progress import Progress, Silent
from kit.catalog.crawler import store
from kit.catalog.crawler.crawler import CatalogWriter
from kit.catalog.crawler.definition import (
    Cause,
    Crawler,
    CrawlerStatus,
    CrawlRun,
    CustomClassifier,
    RunState,
    Target,
    changed,
    targets_of,
)
from kit.catalog.crawler.report import CrawlReport
from kit.catalog.crawler.running import Stoppable, run_crawl, scopes
from kit.catalog.crawler.store import StoredCrawler
from kit.catalog.schema import named
from kit.storage import ObjectEvent, Storage

HISTORY = 100
# A look at whether a run is alive holds its lock for a moment; a start waits that long for it.
_LOOK_SECONDS = 0.5


class CrawlTarget(CatalogWriter, Protocol):
    """What named crawlers need of the catalog."""

    def ensure_database(self, name: str) -> None: ...


class Crawlers:
    """The crawlers of one catalog. `folder` holds their locks."""

    def __init__(
        self, folder: Path, connections: Connections, *, catalog: CrawlTarget, storage: Storage, clock: Clock
    ) -> None:
        self._folder = folder
        self._connections = connections
        self._catalog = catalog
        self._storage = storage
        self._clock = clock

    def create(
        self, name: str, targets: str | Target | Sequence[str | Target], *, database: str, **settings: Any
    ) -> CrawlerStatus:
        """Define a crawler; `settings` are the other fields of `Crawler`.

        A schedule counts from now on. Raises `AlreadyExistsException`, `InvalidInputException`, and
        `EntityNotFoundException` for a classifier that there is not.
        """
        blank = Crawler(name=name, database=database.lower(), targets=targets_of(targets))
        crawler = changed(blank, settings)
        with self._writing() as connection:
            self._classifiers(connection, crawler)
            try:
                store.insert(connection, crawler, self._clock.now_ns())
            except sqlite3.IntegrityError as error:
                raise KitError(
                    "AlreadyExistsException", f"Crawler '{name}' already exists.", "update changes it, delete drops it."
                ) from error
        return self.get(name)

    def update(self, name: str, **changes: Any) -> CrawlerStatus:
        """Change fields of a crawler, also while it runs: they hold from its next run on.

        Raises `EntityNotFoundException`, `InvalidInputException`.
        """
        now_ns = self._clock.now_ns()
        with self._writing() as connection:
            old = _require(connection, name)
            crawler = changed(old.crawler, changes)
            self._classifiers(connection, crawler)
            store.update(connection, crawler, now_ns)
            if crawler.schedule != old.crawler.schedule:
                store.set_schedule(connection, name, now_ns, is_on=bool(crawler.schedule))
        return self.get(name)

    def delete(self, name: str) -> None:
        """Forget a crawler and its history; what it made stays. Raises `CrawlerRunningException` while it runs."""
        with self._lock(name), self._writing() as connection:
            _require(connection, name)
            store.delete(connection, name)

    def get(self, name: str) -> CrawlerStatus:
        """How a crawler stands. Raises `EntityNotFoundException`."""
        is_alive = self._is_alive(name)
        with self._reading() as connection:
            return _status(connection, _require(connection, name), is_alive=is_alive)

    def list(self) -> builtins.list[CrawlerStatus]:
        """How all crawlers stand, by name."""
        with self._reading() as connection:
            names = [each.crawler.name for each in store.every(connection)]
        return [self.get(name) for name in names]

    def history(self, name: str, limit: int = HISTORY) -> builtins.list[CrawlRun]:
        """Its runs, newest first. Raises `EntityNotFoundException`."""
        is_alive = self._is_alive(name)
        with self._reading() as connection:
            _require(connection, name)
            return [_told(run, is_alive=is_alive) for run in store.runs(connection, name, limit)]

    def start(self, name: str, progress: Progress | None = None) -> CrawlReport:
        """Run a crawler now, to its end.

        Raises `EntityNotFoundException`, `CrawlerRunningException`, `CrawlerStoppedException` where somebody stopped
        it, and what the crawl raises; a run that ends so is kept as FAILED or STOPPED.
        """
        return self._start(name, "ON_DEMAND", progress or Silent())

    def stop(self, name: str) -> None:
        """Make a running crawler, in whatever process, end soon. Raises `CrawlerNotRunningException`."""
        if self.get(name).state != "RUNNING":
            raise KitError("CrawlerNotRunningException", f"Crawler '{name}' isn't running.", "start runs it.")
        with self._writing() as connection:
            store.set_stopping(connection, name, is_stopping=True)

    def start_schedule(self, name: str) -> None:
        """Let the schedule count from now on. Raises `NoScheduleException`, `SchedulerRunningException`."""
        self._switch(name, is_on=True)

    def stop_schedule(self, name: str) -> None:
        """Let the schedule rest. Raises `NoScheduleException`, `SchedulerNotRunningException`."""
        self._switch(name, is_on=False)

    def run_due(self, progress: Progress | None = None) -> Sequence[tuple[str, CrawlReport]]:
        """Run every crawler that is due by the workspace's clock, and those whose objects have arrived; by name.

        However often a crawler has been due since its last run, it runs once. One that runs elsewhere is left alone.
        """
        with self._reading() as connection:
            causes = [(each.crawler.name, self._cause(connection, each)) for each in store.every(connection)]
        reports: builtins.list[tuple[str, CrawlReport]] = []
        for name, cause in causes:
            if cause is not None:
                with _passing_over_running():
                    reports.append((name, self._start(name, cause, progress or Silent())))
        return reports

    def notify(self, event: ObjectEvent) -> None:
        """Tell crawlers of `CRAWL_EVENT_MODE` whose targets hold this object; what `Storage.subscribe` calls."""
        with self._reading() as connection:
            names = [
                each.crawler.name
                for each in store.every(connection)
                if each.crawler.recrawl == "CRAWL_EVENT_MODE"
                and any(event.uri.startswith(target.uri) for target in each.crawler.targets)
            ]
        if names:
            with self._writing() as connection:
                store.add_event(connection, names, event.uri)

    def create_classifier(self, name: str, classifier: CustomClassifier) -> None:
        """Keep a custom classifier under a name that crawlers refer to. Raises `AlreadyExistsException`."""
        with self._writing() as connection:
            try:
                store.insert_classifier(connection, name, classifier)
            except sqlite3.IntegrityError as error:
                raise KitError(
                    "AlreadyExistsException", f"Classifier '{name}' already exists.", "delete_classifier drops it."
                ) from error

    def classifiers(self) -> dict[str, CustomClassifier]:
        """All custom classifiers by name."""
        with self._reading() as connection:
            return dict(store.classifiers(connection))

    def delete_classifier(self, name: str) -> None:
        """Forget a custom classifier. Raises `EntityNotFoundException`, `InvalidInputException` while it is used."""
        with self._writing() as connection:
            users = [each.crawler.name for each in store.every(connection) if name in each.crawler.classifiers]
            if users:
                raise KitError(
                    "InvalidInputException", f"Classifier '{name}' is used by {', '.join(users)}.", "Change them first."
                )
            if not store.delete_classifier(connection, name):
                raise _no_classifier(name, [])

    def _start(self, name: str, cause: Cause, progress: Progress) -> CrawlReport:
        with self._lock(name):
            with self._writing() as connection:
                stored = _require(connection, name)
                classifiers = self._classifiers(connection, stored.crawler)
                last_event, events = store.events(connection, name)
                past = store.runs(connection, name, HISTORY)
                self._close_abandoned(connection, name, past)
                seen = store.folders(connection, name)
                run = CrawlRun(
                    number=past[0].number + 1 if past else 1, state="RUNNING", cause=cause, started=now(self._clock)
                )
                store.save_run(connection, name, run)
                store.set_stopping(connection, name, is_stopping=False)
                if cause == "SCHEDULED":
                    store.set_due_from(connection, name, self._clock.now_ns())
            is_first = not any(each.state == "COMPLETED" for each in past)
            try:
                self._catalog.ensure_database(stored.crawler.database)
                tables = self._catalog.tables(stored.crawler.database)
                report, folders = run_crawl(
                    self._catalog,
                    self._storage,
                    stored.crawler,
                    classifiers,
                    scopes(stored.crawler, tables, seen, events, is_first=is_first),
                    now_ms(self._clock),
                    Stoppable(progress, lambda: self._is_stopping(name)),
                )
            except BaseException as error:
                is_stopped = isinstance(error, KitError) and error.code == "CrawlerStoppedException"
                message = error.message if isinstance(error, KitError) else str(error) or type(error).__name__
                self._end(name, run, "STOPPED" if is_stopped else "FAILED", message=message)
                raise
            with self._writing() as connection:
                store.drop_events(connection, name, last_event)
                store.add_folders(connection, name, folders)
            self._end(
                name,
                run,
                "COMPLETED",
                created=report.created,
                updated=report.updated,
                unchanged=len(report.unchanged),
                departed=tuple(each.name for each in report.departed),
                partitions_added=sum(table.partitions_added for table in report.tables),
                objects=report.objects,
                ignored=len(report.ignored),
            )
            return report

    def _cause(self, connection: sqlite3.Connection, stored: StoredCrawler) -> Cause | None:
        """Why a crawler is to run now, or None."""
        due = _next_due(stored)
        if due is not None:
            return "SCHEDULED" if due <= now(self._clock) else None
        is_event_driven = stored.crawler.recrawl == "CRAWL_EVENT_MODE" and not stored.crawler.schedule
        return "EVENT" if is_event_driven and store.event_count(connection, stored.crawler.name) else None

    def _end(self, name: str, run: CrawlRun, state: RunState, **figures: Any) -> None:
        with self._writing() as connection:
            if store.find(connection, name) is not None:
                store.save_run(connection, name, replace(run, state=state, ended=now(self._clock), **figures))

    def _close_abandoned(self, connection: sqlite3.Connection, name: str, past: Sequence[CrawlRun]) -> None:
        for run in past:
            if run.state == "RUNNING":
                store.save_run(connection, name, _told(run, is_alive=False))

    def _switch(self, name: str, *, is_on: bool) -> None:
        with self._writing() as connection:
            stored = _require(connection, name)
            if not stored.crawler.schedule:
                raise KitError("NoScheduleException", f"Crawler '{name}' has no schedule.", "update gives it one.")
            if stored.is_scheduled == is_on:
                code = "SchedulerRunningException" if is_on else "SchedulerNotRunningException"
                state = "SCHEDULED" if is_on else "NOT_SCHEDULED"
                raise KitError(code, f"The schedule of crawler '{name}' is {state} already.")
            store.set_schedule(connection, name, self._clock.now_ns(), is_on=is_on)

    def _classifiers(self, connection: sqlite3.Connection, crawler: Crawler) -> builtins.list[CustomClassifier]:
        held = dict(store.classifiers(connection))
        missing = next((name for name in crawler.classifiers if name not in held), None)
        if missing is not None:
            raise _no_classifier(missing, list(held))
        return [held[name] for name in crawler.classifiers]

    def _file_lock(self, name: str) -> FileLock:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self._folder / f"{md5(name.encode()).hexdigest()}.lock", mode=0o600)

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Hold the crawler's lock. Raises `CrawlerRunningException` where somebody else does."""
        with self._reading() as connection:
            _require(connection, name)
        lock = self._file_lock(name)
        try:
            lock.acquire(timeout=_LOOK_SECONDS)
        except Timeout as error:
            raise KitError(
                "CrawlerRunningException", f"Crawler with name {name} has already started.", "stop ends it."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _is_alive(self, name: str) -> bool:
        """Whether somebody holds the crawler's lock."""
        lock = self._file_lock(name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def _is_stopping(self, name: str) -> bool:
        with self._reading() as connection:
            return store.is_stopping(connection, name)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with named(), self._connections.snapshot() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with named(), self._connections.transaction() as connection:
            yield connection


@contextmanager
def _passing_over_running() -> Iterator[None]:
    """Pass over a crawler that runs elsewhere, or that is gone."""
    try:
        yield
    except KitError as error:
        if error.code not in {"CrawlerRunningException", "EntityNotFoundException"}:
            raise


def _status(connection: sqlite3.Connection, stored: StoredCrawler, *, is_alive: bool) -> CrawlerStatus:
    name = stored.crawler.name
    last = next(iter(store.runs(connection, name, 1)), None)
    return CrawlerStatus(
        crawler=stored.crawler,
        state="RUNNING" if is_alive and last is not None and last.state == "RUNNING" else "READY",
        is_scheduled=stored.is_scheduled,
        next_due=_next_due(stored),
        last_run=None if last is None else _told(last, is_alive=is_alive),
        pending_events=store.event_count(connection, name),
        created=instant(stored.created_ns),
        updated=instant(stored.updated_ns),
        version=stored.version,
    )


def _told(run: CrawlRun, *, is_alive: bool) -> CrawlRun:
    if run.state != "RUNNING" or is_alive:
        return run
    return replace(run, state="FAILED", message="Its process ended before the crawl did.")


def _next_due(stored: StoredCrawler) -> datetime | None:
    if not stored.is_scheduled or not stored.crawler.schedule:
        return None
    return Cron.parse(stored.crawler.schedule).next_after(instant(stored.due_from_ns))


def _require(connection: sqlite3.Connection, name: str) -> StoredCrawler:
    found = store.find(connection, name)
    if found is None:
        names = [each.crawler.name for each in store.every(connection)]
        raise KitError(
            "EntityNotFoundException", f"Crawler with name {name} does not exist.", did_you_mean(name, names)
        )
    return found


def _no_classifier(name: str, known: Sequence[str]) -> KitError:
    return KitError("EntityNotFoundException", f"Classifier '{name}' not found.", did_you_mean(name, known))
