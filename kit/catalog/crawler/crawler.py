"""The crawler: looks at the objects under a prefix and makes the catalog say what they are.

Lists and reads objects, then writes; what becomes of them is decided by `grouping` and `proposal`. Nothing is held of
an object but its classification. Several crawlers, in several processes, may work on the same tables at the same time:
whoever comes second sees what the first did and starts over with that table.

Source: AWS Glue Developer Guide, How crawlers work; Scheduling and configuring crawlers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress, Silent
from kit.catalog.classifiers import BUILT_IN, Classifier, Refusal, classify
from kit.catalog.crawler.grouping import Classified, Group, Ignored, group
from kit.catalog.crawler.proposal import Change, Proposal, compare, distinct_name, propose, table_name
from kit.catalog.crawler.report import CrawlReport, TableReport
from kit.catalog.crawler.sample import take
from kit.catalog.model import Partition, Table
from kit.storage import ObjectInfo, Storage

UpdateBehavior = Literal["UPDATE_IN_DATABASE", "LOG"]
_ATTEMPTS = 20
_RACES = frozenset({"AlreadyExistsException", "ConcurrentModificationException", "EntityNotFoundException"})


class CatalogWriter(Protocol):
    """What the crawler needs of the catalog."""

    def find_table(self, database: str, name: str) -> Table | None: ...

    def partitions(self, database: str, table: str) -> list[Partition]: ...

    def create_table(self, table: Table, partitions: Sequence[Partition] = ()) -> Table: ...

    def update_table(self, table: Table, *, skip_archive: bool = False) -> Table: ...

    def add_partitions(
        self, database: str, table: str, partitions: Sequence[Partition], *, if_not_exists: bool = False
    ) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """How to crawl.

    `table_prefix` begins the name of every table; `name` is that of the only table. `classifiers` are asked before the
    built-in ones. `table_level` counts folders below the URI at which tables are, instead of finding out.
    `combine_schemas` makes one table of data in one format, whatever their columns. With `update_behavior` LOG, tables
    that exist keep their schema; partitions are added.
    """

    table_prefix: str = ""
    name: str | None = None
    classifiers: tuple[Classifier, ...] = ()
    table_level: int | None = None
    combine_schemas: bool = False
    update_behavior: UpdateBehavior = "UPDATE_IN_DATABASE"


def crawl(
    catalog: CatalogWriter,
    storage: Storage,
    uri: str,
    database: str,
    options: CrawlOptions,
    progress: Progress | None = None,
) -> CrawlReport:
    """Crawl everything under `uri`, which is taken as a folder, into `database`."""
    watch = Stopwatch()
    root = uri if uri.endswith("/") else uri + "/"
    listener = progress or Silent()
    objects: list[Classified] = []
    ignored: list[Ignored] = []
    for count, found in enumerate(_look(storage, root, (*options.classifiers, *BUILT_IN)), start=1):
        if isinstance(found, Ignored):
            ignored.append(found)
        else:
            objects.append(found)
        listener.update(None, f"{count:,} objects")
    if not objects and not ignored:
        _require_folder(storage, uri)
    groups, unfit = group(objects, table_level=options.table_level, combine_schemas=options.combine_schemas)
    names = _names(root, groups, options)
    tables: list[TableReport] = []
    for name, each in zip(names, groups, strict=True):
        try:
            tables.append(_apply(catalog, database, name, root, each, options))
        except KitError as error:
            if error.code != "InvalidInputException":  # names that no table can have, say
                raise
            unfit += [Ignored(one.uri, error.message.rstrip(".")) for one in each.objects]
    left_out = sorted([*ignored, *unfit], key=lambda each: each.uri)
    return CrawlReport(
        root,
        database.lower(),
        tuple(tables),
        tuple(left_out),
        objects=len(objects) + len(ignored),
        size_bytes=sum(each.size_bytes for each in objects),
        ms=watch.ms,
    )


def _require_folder(storage: Storage, uri: str) -> None:
    if "/" in uri.removeprefix("s3://").rstrip("/") and not uri.endswith("/") and storage.exists(uri):
        raise KitError(
            "InvalidInputException",
            f"'{uri}' is an object; a crawl takes a folder of them.",
            f"Crawl '{uri.rpartition('/')[0]}/'.",
        )


def _look(storage: Storage, root: str, classifiers: tuple[Classifier, ...]) -> Iterator[Classified | Ignored]:
    for info in storage.iter(root):
        *folders, name = info.uri[len(root) :].split("/")
        reason = _unread(folders, name, info)
        if reason:
            yield Ignored(info.uri, reason)
            continue
        try:
            yield _classified(storage, info, tuple(folders), classifiers)
        except KitError as error:
            if error.code != "NoSuchKey":
                raise
            yield Ignored(info.uri, "it vanished while it was being read")


def _classified(
    storage: Storage, info: ObjectInfo, folders: tuple[str, ...], classifiers: tuple[Classifier, ...]
) -> Classified | Ignored:
    sample = take(storage, info)
    if isinstance(sample, Refusal):
        return Ignored(info.uri, sample.reason)
    answer = classify(sample, classifiers)
    if isinstance(answer, Refusal):
        return Ignored(info.uri, answer.reason)
    return Classified(info.uri, folders, info.size_bytes, sample.compression, answer)


def _unread(folders: list[str], name: str, info: ObjectInfo) -> str:
    """Why an object is not even opened, or nothing."""
    hidden = next((part for part in (*folders, name) if part.startswith(("_", "."))), None)
    if hidden is not None:
        return "hidden" if hidden == name else f"in the hidden folder {hidden}"
    return "" if info.size_bytes else "empty"


def _names(root: str, groups: list[Group], options: CrawlOptions) -> list[str]:
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


def _apply(
    catalog: CatalogWriter, database: str, name: str, root: str, found: Group, options: CrawlOptions
) -> TableReport:
    """Bring one table up to date, again from the start where somebody else changed it meanwhile."""
    location = _location(root, found)
    for attempt in range(_ATTEMPTS):
        current = catalog.find_table(database, name)
        if current is not None and current.descriptor.location.rstrip("/") != location.rstrip("/"):
            name = distinct_name(name, location)
            current = catalog.find_table(database, name)
        try:
            return _apply_once(catalog, current, propose(found, database, name, location), found, options)
        except KitError as error:
            if error.code not in _RACES or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _apply_once(
    catalog: CatalogWriter, current: Table | None, proposal: Proposal, found: Group, options: CrawlOptions
) -> TableReport:
    table = proposal.table
    existing = (
        {}
        if current is None
        else {each.values: each.location for each in catalog.partitions(table.database, table.name)}
    )
    change = compare(current, existing, proposal)
    if current is not None and options.update_behavior == "LOG":
        change = replace(change, table=None, differences=tuple(f"not applied: {each}" for each in change.differences))
    _write(catalog, current, change, table)
    wrote = change.table is not None and change.new_version
    return TableReport(
        action="created" if current is None else "updated" if wrote or change.added else "unchanged",
        database=table.database,
        name=table.name,
        location=table.descriptor.location,
        classification=table.parameters["classification"],
        columns=len(table.columns),
        objects=len(found.objects),
        size_bytes=sum(each.size_bytes for each in found.objects),
        partitions_added=len(change.added),
        partitions=len(existing.keys() | {each.values for each in change.added}),
        changes=change.differences,
        notes=change.notes,
    )


def _write(catalog: CatalogWriter, current: Table | None, change: Change, table: Table) -> None:
    if current is None:
        assert change.table is not None
        catalog.create_table(change.table, change.added)
        return
    if change.table is not None:
        catalog.update_table(change.table, skip_archive=not change.new_version)
    if change.added:
        catalog.add_partitions(table.database, table.name, change.added, if_not_exists=True)
