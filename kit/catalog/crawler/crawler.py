"""The crawler: makes the catalog say what a survey has found. Decided by `proposal`, written here.

Several crawlers, in several processes, may work on the same tables at the same time: whoever comes second sees what
the first did and starts over with that table.

Source: AWS Glue Developer Guide, How crawlers work; Scheduling and configuring crawlers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, assert_never

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress, Silent
from kit.catalog.crawler.grouping import Group, Ignored
from kit.catalog.crawler.options import CrawlOptions
from kit.catalog.crawler.proposal import (
    DEPRECATED_BY,
    UPDATED_BY,
    Change,
    Values,
    compare,
    distinct_name,
    propose,
    table_name,
)
from kit.catalog.crawler.report import CrawlReport, Departed, TableReport
from kit.catalog.crawler.survey import Scope, Survey, survey
from kit.catalog.model import Partition, Table
from kit.storage import Storage

_ATTEMPTS = 20
_RACES = frozenset({"AlreadyExistsException", "ConcurrentModificationException", "EntityNotFoundException"})


class CatalogWriter(Protocol):
    """What the crawler needs of the catalog."""

    def find_table(self, database: str, name: str) -> Table | None: ...

    def tables(self, database: str) -> list[Table]: ...

    def partitions(self, database: str, table: str) -> list[Partition]: ...

    def create_table(self, table: Table, partitions: Sequence[Partition] = ()) -> Table: ...

    def update_table(self, table: Table, *, skip_archive: bool = False) -> Table: ...

    def drop_table(self, database: str, name: str) -> None: ...

    def add_partitions(
        self, database: str, table: str, partitions: Sequence[Partition], *, if_not_exists: bool = False
    ) -> int: ...

    def update_partition(self, database: str, table: str, partition: Partition) -> None: ...

    def drop_partitions(
        self, database: str, table: str, values: Iterable[Values], *, if_exists: bool = False
    ) -> int: ...


def crawl(
    catalog: CatalogWriter,
    storage: Storage,
    uri: str,
    database: str,
    options: CrawlOptions,
    now_ms: int,
    progress: Progress | None = None,
) -> CrawlReport:
    """Crawl everything under `uri`, which is taken as a folder, into `database`."""
    watch = Stopwatch()
    found = survey(storage, uri, options, Scope(), progress or Silent())
    require_threshold([found], options)
    return replace(record(catalog, found, database, options, Scope(), now_ms), ms=watch.ms)


def require_threshold(surveys: Iterable[Survey], options: CrawlOptions) -> None:
    """Raises `InvalidInputException` where more tables were found than are allowed."""
    tables = sum(len(each.groups) for each in surveys)
    if options.table_threshold is not None and tables > options.table_threshold:
        raise KitError(
            "InvalidInputException",
            f"The number of tables detected by crawler: {tables} is greater than the table threshold value provided: "
            f"{options.table_threshold}. Failing crawler without writing to Data Catalog.",
            "Look at what the folders hold, give a table level, or raise the threshold.",
        )


def record(
    catalog: CatalogWriter, found: Survey, database: str, options: CrawlOptions, scope: Scope, now_ms: int
) -> CrawlReport:
    """Write what a survey found; objects of tables that no catalog can hold are ignored with the reason."""
    names = _names(found.root, found.groups, options)
    tables: list[TableReport] = []
    unfit: list[Ignored] = []
    writer = _Writer(catalog, database, found, options, scope, now_ms)
    for name, each in zip(names, found.groups, strict=True):
        try:
            tables.append(writer.apply(name, each))
        except KitError as error:
            if error.code != "InvalidInputException":  # names that no table can have, say
                raise
            unfit += [Ignored(one.uri, error.message.rstrip(".")) for one in each.objects]
    return CrawlReport(
        found.root,
        database.lower(),
        tuple(tables),
        tuple(sorted([*found.ignored, *unfit], key=lambda each: each.uri)),
        objects=found.objects,
        size_bytes=found.size_bytes,
        ms=0.0,
        departed=tuple(writer.depart()),
    )


def _names(root: str, groups: Sequence[Group], options: CrawlOptions) -> list[str]:
    """A name a group, each once; the folder's, or that of the bucket."""
    if options.name is not None:
        if len(groups) > 1:
            found = ", ".join("/".join(each.folders) or root for each in groups[:5])
            raise KitError(
                "InvalidInputException",
                f"name='{options.name}' fits one table, and {len(groups)} were found: {found}.",
                "Crawl one of these folders, or leave the names to the folders.",
            )
        return [options.name.lower() for _ in groups]
    above = root.removeprefix("s3://").rstrip("/").rsplit("/", 1)[-1]
    names: list[str] = []
    for each in groups:
        name = table_name(options.table_prefix, each.folders[-1] if each.folders else above)
        names.append(distinct_name(name, _location(root, each)) if name in names else name)
    return names


def _location(root: str, each: Group) -> str:
    return root + "".join(f"{folder}/" for folder in each.folders)


class _Writer:
    """Brings the tables of one survey up to date."""

    def __init__(
        self, catalog: CatalogWriter, database: str, found: Survey, options: CrawlOptions, scope: Scope, now_ms: int
    ) -> None:
        self._catalog = catalog
        self._database = database.lower()
        self._found = found
        self._options = options
        self._scope = scope
        self._now_ms = now_ms

    def apply(self, name: str, group: Group) -> TableReport:
        """One table, again from the start where somebody else changed it meanwhile."""
        location = _location(self._found.root, group)
        for attempt in range(_ATTEMPTS):
            current = self._catalog.find_table(self._database, name)
            if current is not None and not _is_at(current, location):
                name = distinct_name(name, location)
                current = self._catalog.find_table(self._database, name)
            try:
                return self._apply_once(current, group, name, location)
            except KitError as error:
                if error.code not in _RACES or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _apply_once(self, current: Table | None, group: Group, name: str, location: str) -> TableReport:
        proposal = propose(group, self._database, name, location, self._options.crawler)
        table = proposal.table
        existing: dict[Values, Partition] = {}
        if current is not None:
            existing = {each.values: each for each in self._catalog.partitions(table.database, table.name)}
        change = compare(current, existing, proposal, self._options.update_behavior)
        self._write(current, change, table)
        gone = [] if change.is_foreign else self._gone(existing, proposal.partitions)
        returned = [each for values in proposal.partitions if (each := existing.get(values)) and _is_deprecated(each)]
        for each in returned:
            self._catalog.update_partition(table.database, table.name, _undeprecated(each))
        notes = (*change.notes, *self._retire(table, gone))
        wrote = change.table is not None and change.new_version
        moved = wrote or change.added or returned or (gone and self._options.delete_behavior != "LOG")
        return TableReport(
            action="created" if current is None else "updated" if moved else "unchanged",
            database=table.database,
            name=table.name,
            location=table.descriptor.location,
            classification=table.parameters["classification"],
            columns=len(table.columns),
            objects=len(group.objects),
            size_bytes=sum(each.size_bytes for each in group.objects),
            partitions_added=len(change.added),
            partitions=self._count(existing, change, gone),
            changes=change.differences,
            notes=notes,
        )

    def _count(self, existing: Mapping[Values, Partition], change: Change, gone: Sequence[Partition]) -> int:
        dropped = len(gone) if self._options.delete_behavior == "DELETE_FROM_DATABASE" else 0
        return len(existing) + len(change.added) - dropped

    def _write(self, current: Table | None, change: Change, table: Table) -> None:
        if current is None:
            assert change.table is not None
            self._catalog.create_table(change.table, change.added)
            return
        if change.table is not None:
            self._catalog.update_table(change.table, skip_archive=not change.new_version)
        if change.added:
            self._catalog.add_partitions(table.database, table.name, change.added, if_not_exists=True)

    def _gone(self, existing: Mapping[Values, Partition], found: Mapping[Values, str]) -> list[Partition]:
        """The partitions below the crawled folder in whose folders nothing lies any more."""
        return [
            partition
            for values, partition in existing.items()
            if values not in found and not _is_deprecated(partition) and self._is_gone(partition.location)
        ]

    def _is_gone(self, location: str) -> bool:
        if self._scope.seen or not location.startswith(self._found.root):
            return False
        if self._scope.prefixes and not location.startswith(self._scope.prefixes):
            return False
        return not self._found.is_occupied(location)

    def _retire(self, table: Table, gone: Sequence[Partition]) -> list[str]:
        """Treat partitions without data as told; what that was, in words."""
        if not gone:
            return []
        match self._options.delete_behavior:
            case "LOG":
                return [f"{len(gone):,} partitions have no data any more; they are kept"]
            case "DELETE_FROM_DATABASE":
                values = [partition.values for partition in gone]
                self._catalog.drop_partitions(table.database, table.name, values, if_exists=True)
                return [f"{len(gone):,} partitions had no data any more; they are dropped"]
            case "DEPRECATE_IN_DATABASE":
                for partition in gone:
                    parameters = {**partition.parameters, DEPRECATED_BY: str(self._now_ms)}
                    self._catalog.update_partition(
                        table.database, table.name, replace(partition, parameters=parameters)
                    )
                return [f"{len(gone):,} partitions have no data any more; they are deprecated"]
            case _:
                assert_never(self._options.delete_behavior)

    def depart(self) -> list[Departed]:
        """Treat the crawler's own tables without data as told."""
        if not self._options.crawler:
            return []
        departed: list[Departed] = []
        for table in self._catalog.tables(self._database):
            is_own = table.parameters.get(UPDATED_BY) == self._options.crawler
            location = table.descriptor.location
            if not is_own or DEPRECATED_BY in table.parameters or not self._is_gone(location.rstrip("/") + "/"):
                continue
            match self._options.delete_behavior:
                case "LOG":
                    departed.append(Departed(table.name, location, "kept"))
                case "DELETE_FROM_DATABASE":
                    self._catalog.drop_table(table.database, table.name)
                    departed.append(Departed(table.name, location, "deleted"))
                case "DEPRECATE_IN_DATABASE":
                    parameters = {**table.parameters, DEPRECATED_BY: str(self._now_ms)}
                    self._catalog.update_table(replace(table, parameters=parameters), skip_archive=True)
                    departed.append(Departed(table.name, location, "deprecated"))
                case _:
                    assert_never(self._options.delete_behavior)
        return departed


def _is_at(table: Table, location: str) -> bool:
    return table.descriptor.location.rstrip("/") == location.rstrip("/")


def _is_deprecated(partition: Partition) -> bool:
    return DEPRECATED_BY in partition.parameters


def _undeprecated(partition: Partition) -> Partition:
    kept = {name: value for name, value in partition.parameters.items() if name != DEPRECATED_BY}
    return replace(partition, parameters=kept)
