"""What lies under a folder: objects listed, sampled, classified and put into groups. Reads storage, writes nothing.

Nothing is held of an object but its classification. Folders of Delta Lake, Hudi and Iceberg tables are left out as a
whole: their logs say which of their files count, and a query that reads them all shows rows that were removed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from kit.base.errors import KitError
from kit.base.progress import Progress
from kit.catalog.classifiers import BUILT_IN, Classifier, Refusal, classify
from kit.catalog.crawler.exclusions import excluder
from kit.catalog.crawler.grouping import Classified, Group, Ignored, group
from kit.catalog.crawler.intruders import without_intruded
from kit.catalog.crawler.options import CrawlOptions
from kit.catalog.crawler.sample import take
from kit.storage import ObjectInfo, Storage

Folders = tuple[str, ...]
EXCLUDED = "excluded"
_LOG_FOLDERS = {"_delta_log": "Delta Lake", ".hoodie": "Apache Hudi"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of a folder is looked at: all of it, or what changed since the last crawl.

    `prefixes` are the URIs below which objects are listed, none for all. Folders in `seen` (URIs) are passed over.
    `known` are the locations of tables that are there already, which a part of their data must not split.
    """

    prefixes: tuple[str, ...] = ()
    seen: frozenset[str] = frozenset()
    known: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.prefixes and not self.seen


@dataclass(frozen=True, slots=True)
class Survey:
    """What a crawl found under `root` (a URI that ends in a slash).

    `folders` are the URIs of all folders that hold visible objects, sorted; `size_bytes` counts what belongs to groups.
    """

    root: str
    groups: tuple[Group, ...]
    ignored: tuple[Ignored, ...]
    folders: tuple[str, ...]
    objects: int
    size_bytes: int

    def is_occupied(self, location: str) -> bool:
        """Whether anything lies below the location."""
        below = location.rstrip("/") + "/"
        at = bisect_left(self.folders, below)
        return at < len(self.folders) and self.folders[at].startswith(below)


def survey(storage: Storage, uri: str, options: CrawlOptions, scope: Scope, progress: Progress) -> Survey:
    """Look at everything in the scope under `uri`, which is taken as a folder."""
    root = uri if uri.endswith("/") else uri + "/"
    looker = _Looker(storage, root, options, scope)
    objects: list[Classified] = []
    ignored: list[Ignored] = []
    for count, found in enumerate(looker.look(), start=1):
        if isinstance(found, Ignored):
            ignored.append(found)
        else:
            objects.append(found)
        progress.update(None, f"{count:,} objects")
    if not objects and not ignored and scope.is_whole:
        _require_folder(storage, uri)
    seen = len(objects) + len(ignored)
    objects, foreign = _without_open_tables(root, objects, looker.open_tables)
    known = [tuple(each[len(root) :].strip("/").split("/")) if each != root else () for each in scope.known]
    groups, unfit = group(
        objects, table_level=options.table_level, combine_schemas=options.combine_schemas, known=known
    )
    ignored += [*foreign, *unfit]
    groups, unreadable = without_intruded(root, groups, ignored)
    excluded = [each.uri for each in ignored if each.reason == EXCLUDED]
    return Survey(
        root,
        tuple(_told_of_excluded(root, each, excluded) for each in groups) if excluded else tuple(groups),
        tuple(sorted([*ignored, *unreadable], key=lambda each: each.uri)),
        tuple(sorted(looker.folders)),
        seen,
        sum(each.size_bytes for one in groups for each in one.objects),
    )


@dataclass(slots=True)
class _Looker:
    """One walk over the objects; afterwards it knows their folders and the tables of open formats among them."""

    storage: Storage
    root: str
    options: CrawlOptions
    scope: Scope
    folders: set[str] = field(default_factory=set)
    open_tables: dict[Folders, str] = field(default_factory=dict)

    def look(self) -> Iterator[Classified | Ignored]:
        classifiers: tuple[Classifier, ...] = (*self.options.classifiers, *BUILT_IN)
        is_excluded = excluder(self.options.exclusions)
        sampled: Counter[Folders] = Counter()
        examples: dict[Folders, Classified] = {}
        for info in self._listed():
            key = info.uri[len(self.root) :]
            *names, name = key.split("/")
            folders = tuple(names)
            folder = info.uri[: len(info.uri) - len(name)]
            if folder in self.scope.seen:
                continue
            self._note_open_table(folders, name)
            unread = _unread(folders, name, info, is_excluded(key))
            if unread is not None:
                if not unread.is_harmless:
                    self.folders.add(folder)
                yield unread
                continue
            self.folders.add(folder)
            if self.options.sample_size is not None and sampled[folders] >= self.options.sample_size:
                example = examples.get(folders)
                yield Ignored(info.uri, "not part of the sample") if example is None else _like(example, info)
                continue
            sampled[folders] += 1
            found = self._classified(info, folders, classifiers)
            if isinstance(found, Classified):
                examples.setdefault(folders, found)
            yield found

    def _listed(self) -> Iterable[ObjectInfo]:
        if not self.scope.prefixes:
            return self.storage.iter(self.root)
        return (info for prefix in self.scope.prefixes for info in self.storage.iter(prefix))

    def _note_open_table(self, folders: Folders, name: str) -> None:
        for depth, folder in enumerate(folders):
            if folder in _LOG_FOLDERS:
                self.open_tables.setdefault(folders[:depth], _LOG_FOLDERS[folder])
        if folders and folders[-1] == "metadata" and name.endswith(".metadata.json"):
            self.open_tables.setdefault(folders[:-1], "Apache Iceberg")

    def _classified(
        self, info: ObjectInfo, folders: Folders, classifiers: tuple[Classifier, ...]
    ) -> Classified | Ignored:
        try:
            sample = take(self.storage, info)
            answer = sample if isinstance(sample, Refusal) else classify(sample, classifiers)
        except KitError as error:
            if error.code != "NoSuchKey":
                raise
            return Ignored(info.uri, "it vanished while it was being read", is_harmless=True)
        if isinstance(answer, Refusal):
            return Ignored(info.uri, answer.reason, answer.is_harmless)
        assert not isinstance(sample, Refusal)
        return Classified(info.uri, folders, info.size_bytes, sample.compression, answer)


def _unread(folders: Folders, name: str, info: ObjectInfo, is_excluded: bool) -> Ignored | None:
    """The object as one that is not even opened, or None."""
    hidden = next((part for part in (*folders, name) if part.startswith(("_", "."))), None)
    if hidden is not None:
        reason = "hidden" if hidden == name else f"in the hidden folder {hidden}"
        return Ignored(info.uri, reason, is_harmless=True)
    if not info.size_bytes:
        return Ignored(info.uri, "empty", is_harmless=True)
    # A query reads it all the same; but whoever excludes an object says that it is of no account.
    return Ignored(info.uri, EXCLUDED, is_harmless=True) if is_excluded else None


def _like(example: Classified, info: ObjectInfo) -> Classified:
    """An object that was not read, taken to be like one of its folder."""
    records = round(example.classification.records * info.size_bytes / max(example.size_bytes, 1))
    classification = replace(example.classification, records=records, notes=())
    return replace(example, uri=info.uri, size_bytes=info.size_bytes, classification=classification)


def _without_open_tables(
    root: str, objects: Iterable[Classified], open_tables: dict[Folders, str]
) -> tuple[list[Classified], list[Ignored]]:
    kept: list[Classified] = []
    ignored: list[Ignored] = []
    for each in objects:
        above = (each.folders[:depth] for depth in range(len(each.folders) + 1))
        table = next((folders for folders in above if folders in open_tables), None)
        if table is None:
            kept.append(each)
        else:
            place = root + "".join(f"{folder}/" for folder in table)
            reason = f"part of the {open_tables[table]} table {place}, whose log says which of its files count"
            ignored.append(Ignored(each.uri, reason))
    return kept, ignored


def _told_of_excluded(root: str, found: Group, excluded: Collection[str]) -> Group:
    """The group with a note of the excluded objects that a query reads nevertheless."""
    places = tuple(
        root + "".join(f"{each}/" for each in (*found.folders, *names)) for names in found.partitions or ((),)
    )
    count = sum(uri.startswith(places) for uri in excluded)
    if not count:
        return found
    note = f"{count:,} excluded {'object lies' if count == 1 else 'objects lie'} in its folder: queries read all of it"
    return replace(found, notes=(*found.notes, note))


def _require_folder(storage: Storage, uri: str) -> None:
    if "/" in uri.removeprefix("s3://").rstrip("/") and not uri.endswith("/") and storage.exists(uri):
        raise KitError(
            "InvalidInputException",
            f"'{uri}' is an object; a crawl takes a folder of them.",
            f"Crawl '{uri.rpartition('/')[0]}/'.",
        )
